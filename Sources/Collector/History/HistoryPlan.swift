import Backfill
package import MarketModel
import Resilience
package import Venues

/// What an order will take: pieces, requests, weight, time inside the budgets. Pure but for the list of instruments.
package struct HistoryPlan: Sendable {
    /// One kind of a section.
    package struct Part: Hashable, Sendable {
        package let segment: SegmentID
        package let kind: HistoryKind
        package var series = 0
        package var archives = 0
        package var restPieces = 0
        /// Requests over REST; of trades, whose number nobody knows before, those that find the first ones.
        package var requests: Int64 = 0
        /// Time of all series together that is complete already, and that nobody has, milliseconds.
        package var presentMilliseconds: Int64 = 0
        package var unavailableMilliseconds: Int64 = 0
        package var reasons: [String] = []
    }

    /// What is drawn from one of a venue's budgets.
    package struct Draw: Hashable, Sendable {
        package let venue: VenueID
        package let scope: String
        package var requests: Int64 = 0
        package var weight: Int64 = 0
        /// The time that it takes where nobody else draws on it.
        package var time = Duration.zero
    }

    package var parts: [Part] = []
    package var draws: [Draw] = []
    package var hasTrades = false

    /// The time of the budget that takes longest.
    package var time: Duration { self.draws.map(\.time).max() ?? .zero }
    package var pieces: Int { self.parts.reduce(0) { $0 + $1.archives + $1.restPieces } }

    /// Reasons that are kept of a part.
    private static let reasonsMost = 3

    mutating func add(
        _ series: HistorySeries, _ steps: some Sequence<HistoryPlanner.Step>, _ offer: HistoryOffer?
    ) {
        let index: Int
        if let known = self.parts.firstIndex(where: { $0.segment == series.segment && $0.kind == series.kind }) {
            index = known
        } else {
            index = self.parts.count
            self.parts.append(Part(segment: series.segment, kind: series.kind))
        }
        self.parts[index].series += 1
        for step in steps {
            self.parts[index].presentMilliseconds += step.skippedMilliseconds
            if let unavailable = step.unavailable {
                let range = unavailable.rangeMilliseconds
                self.parts[index].unavailableMilliseconds += range.upperBound - range.lowerBound
                let reasons = self.parts[index].reasons
                if reasons.count < Self.reasonsMost, !reasons.contains(unavailable.reason) {
                    self.parts[index].reasons.append(unavailable.reason)
                }
            }
            guard let piece = step.piece else { continue }
            switch piece.source {
            case .archive: self.parts[index].archives += 1
            case .rest:
                self.parts[index].restPieces += 1
                guard let offer else { continue }
                let requests = RESTPieceFetcher.requests(for: piece, offer)
                self.parts[index].requests += requests
                if series.kind == .trade { self.hasTrades = true }
                for cost in offer.costs { self.draw(cost, requests, series.segment.venue) }
            }
        }
    }

    private mutating func draw(_ cost: VenueRequest.Cost, _ requests: Int64, _ venue: VenueID) {
        let index: Int
        if let known = self.draws.firstIndex(where: { $0.venue == venue && $0.scope == cost.scope }) {
            index = known
        } else {
            index = self.draws.count
            self.draws.append(Draw(venue: venue, scope: cost.scope))
        }
        self.draws[index].requests += requests
        self.draws[index].weight += requests * Int64(cost.weight)
    }

    /// Works out the time of each budget.
    mutating func time(_ scopes: (VenueID) -> [String: RateLimits]) {
        for index in self.draws.indices {
            let draw = self.draws[index]
            guard let limits = scopes(draw.venue)[draw.scope] else { continue }
            self.draws[index].time =
                limits.windows.map { window in
                    let used = window.meter == .weight ? draw.weight : draw.requests
                    let usable = max(1, Double(window.limit) * (1 - limits.headroom) * (1 - limits.reserve))
                    return window.length * (Double(used) / usable)
                }.max() ?? .zero
        }
    }
}
