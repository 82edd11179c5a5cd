import MarketModel
import OrderBook
import Testing

@Suite("A linked book against the venue's own")
struct LinkedBookPropertyTests {
    struct Shape: CustomTestStringConvertible {
        var semantics: DepthSemantics
        var depth: Int
        var retain: Int
        var testDescription: String { "\(self.semantics), depth \(self.depth), retain \(self.retain)" }

        /// Whether everything is kept that the venue tells.
        var isWhole: Bool {
            switch self.semantics {
            case .window(let levels): self.retain >= levels
            case .full, .snapshotLimited: self.retain >= 500
            }
        }
    }

    /// What the runs of all seeds met.
    struct Totals {
        var gaps = 0
        var stale = 0
        var replaced = 0
        var staleSnapshots = 0
        var restarts = 0
        var keepAlives = 0
        var rotations = 0
        var unexplained = 0
        var short = 0
        var refreshes: UInt64 = 0
    }

    /// Where the book should stand, by the true order of what arrived.
    struct Place {
        var position: Int?
        /// The place of the snapshot since which it saw ids go on or start anew: what another connection brings of
        /// before it, it may also take for a gap, or for a snapshot of ids that started anew.
        var knownFrom = 0
        /// The id that it last stood at.
        var stoodAt: UInt64 = .max
    }

    static let shapes = [
        Shape(semantics: .full, depth: 5, retain: 500), Shape(semantics: .full, depth: 5, retain: 12),
        Shape(semantics: .window(20), depth: 5, retain: 500), Shape(semantics: .window(20), depth: 20, retain: 20),
        Shape(semantics: .window(20), depth: 30, retain: 500), Shape(semantics: .window(20), depth: 5, retain: 10),
        Shape(semantics: .window(70), depth: 10, retain: 500),
    ]

    @Test(
        "Every frame: applied, stale or a gap as it truly is; the view agrees or says how much less it knows",
        arguments: shapes)
    func agrees(_ shape: Shape) {
        var totals = Totals()
        for seed in UInt64(1)...6 {
            var settings = BookSettings(depth: shape.depth, retain: shape.retain)
            settings.refreshSpacingMicroseconds = 200_000
            settings.snapshotIntervalMicroseconds = 40_000
            settings.refreshTimeoutMicroseconds = 400_000
            let fixture = BookFixture(settings, shape.semantics)
            var venue = LinkedVenue(seed: seed, semantics: shape.semantics)
            var reader = NaiveReader(depth: shape.depth)
            var place = Place()
            for step in 0..<600 {
                venue.advance()
                for item in venue.takeItems() {
                    let events = Self.deliver(item, of: venue, to: fixture, &place, &totals, seed: seed)
                    reader.take(events, fixture.levels)
                    Self.compare(fixture, venue, &place, shape, &totals, "seed \(seed), step \(step)")
                }
                let requests = fixture.keeper.takeRequests()
                #expect(requests.count <= 1)
                if !venue.isAsked, !requests.isEmpty || fixture.needsSeed { venue.subscribeAgain() }
                reader.take(fixture.pass(microseconds: 0), fixture.levels)
            }
            let counts = fixture.keeper.withBook(fixture.id) { $0.counts }
            #expect(reader.problems.isEmpty, "seed \(seed): \(reader.problems.prefix(3))")
            #expect(reader.applied > 50 && reader.compared > 5, "seed \(seed): the reader hardly followed")
            #expect(counts.breaks.mismatch == 0 && counts.breaks.crossed == 0, "seed \(seed)")
            totals.refreshes += counts.refreshes
            totals.restarts += venue.restarts
            totals.keepAlives += venue.keepAlives
            totals.rotations += venue.rotations
        }
        // Each path was walked.
        #expect(totals.gaps > 8 && totals.stale > 400 && totals.replaced > 20 && totals.staleSnapshots > 5)
        #expect(totals.restarts > 8 && totals.keepAlives > 200 && totals.rotations > 25)
        #expect(totals.unexplained < totals.gaps, "most gaps are real ones")
        // Only a book that retains less than it is told knows less than it should, and asks for it.
        if shape.isWhole { #expect(totals.short == 0) }
        #expect((totals.refreshes > 0) == !shape.isWhole)
    }

    /// Gives the book what arrived, and checks what it makes of it.
    private static func deliver(
        _ item: LinkedVenue.Item, of venue: LinkedVenue, to fixture: BookFixture, _ place: inout Place,
        _ totals: inout Totals, seed: UInt64
    ) -> [MarketEvent] {
        switch item {
        case .snapshot(let position):
            let snapshot = venue.snapshot(position)
            let events = fixture.reset(snapshot.last, bids: snapshot.bids, asks: snapshot.asks)
            let isBehind = place.position.map { position < $0 } ?? false
            guard isBehind else {
                totals.replaced += place.position == nil ? 0 : 1
                if snapshot.last < place.stoodAt { place.knownFrom = position }
                place.position = position
                return events
            }
            if !events.isEmpty, position < place.knownFrom {
                totals.unexplained += 1
                place.position = position
                place.knownFrom = position
            } else {
                totals.staleSnapshots += 1
                #expect(events.isEmpty, "seed \(seed): a snapshot that was passed changes nothing")
            }
            return events
        case .frame(let frame):
            let events = fixture.delta(frame.before, frame.last, bids: frame.bids, asks: frame.asks)
            guard let position = place.position else { return events }
            if frame.from == position {
                place.position = frame.to
            } else if frame.to > position {
                totals.gaps += 1
                place.position = nil
            } else if fixture.last == nil, frame.from < place.knownFrom {
                totals.unexplained += 1
                place.position = nil
            } else {
                totals.stale += 1
                #expect(events.isEmpty, "seed \(seed): what was had already changes nothing")
            }
            return events
        }
    }

    /// Compares the book with the true one: place, view, and everything up to where it is trusted.
    private static func compare(
        _ fixture: BookFixture, _ venue: LinkedVenue, _ place: inout Place, _ shape: Shape, _ totals: inout Totals,
        _ name: String
    ) {
        #expect(fixture.last == place.position.map { venue.history[$0].last }, "\(name)")
        guard let position = place.position, let last = fixture.last else { return }
        place.stoodAt = last
        let truth = venue.history[position]
        let trusted = fixture.keeper.withBook(fixture.id) { $0.trustedDepth(shape.depth) }
        let (bids, asks) = fixture.top(trusted)
        #expect(bids == Array(truth.bids.prefix(trusted)), "\(name)")
        #expect(asks == Array(truth.asks.prefix(trusted)), "\(name)")
        let wanted = if case .window(let levels) = shape.semantics { min(levels, shape.depth) } else { shape.depth }
        if trusted < wanted { totals.short += 1 }
        let (bidsFrom, asksFrom) = fixture.keeper.withBook(fixture.id) { ($0.bids.trustedFrom, $0.asks.trustedFrom) }
        let held = fixture.top(Int.max)
        #expect(held.bids == truth.bids.filter { $0.price >= bidsFrom }, "\(name)")
        #expect(held.asks == truth.asks.filter { -$0.price >= asksFrom }, "\(name)")
    }
}
