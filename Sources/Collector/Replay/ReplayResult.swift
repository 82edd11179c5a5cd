package import MarketModel
import OrderBook
import Venues

/// What a replay measured.
package struct ReplayResult: Sendable {
    /// Frames that were received; what the recorder sent is none.
    package private(set) var frames: UInt64 = 0
    package var nanoseconds: UInt64 = 0
    package var p50Nanoseconds: UInt64 = 0
    package var p99Nanoseconds: UInt64 = 0
    package var maxNanoseconds: UInt64 = 0
    package var messages: UInt64 = 0
    package var encodedBytes: UInt64 = 0
    package var peakResidentBytes: UInt64 = 0
    /// In the order of first appearance.
    package private(set) var venues: [ReplayedVenue] = []
    /// Frames of connections that no venue of the catalog has.
    package private(set) var framesOfNobody: UInt64 = 0
    /// The document for comparison with a reference, when it was asked for.
    package var report: String?

    package init() {}

    package var applied: UInt64 { self.sum(\.applied) }
    package var trusted: UInt64 { self.sum(\.trusted) }
    package var gaps: UInt64 { self.sum(\.gaps) }
    package var refused: UInt64 { self.sum(\.refused) }

    private func sum(_ count: KeyPath<ReplayedVenue, UInt64>) -> UInt64 {
        self.venues.reduce(0) { $0 &+ $1[keyPath: count] }
    }

    /// Adds what came on a connection.
    mutating func add(_ connection: ReplayConnection) {
        self.frames &+= connection.frames
        guard let venue = connection.sections.first?.id.venue else {
            self.framesOfNobody &+= connection.frames
            return
        }
        let index = self.index(of: venue)
        self.venues[index].frames &+= connection.frames
        self.venues[index].answers &+= connection.answers
        self.venues[index].notCollected &+= connection.framesNotCollected
        for (ordinal, count) in connection.refusals.enumerated() { self.venues[index].refusals[ordinal] &+= count }
    }

    /// Adds what became of a book and of trades.
    mutating func add(_ counts: BookCounts, _ trades: TradeSequence, of venue: VenueID) {
        let index = self.index(of: venue)
        self.venues[index].instruments &+= 1
        self.venues[index].snapshots &+= counts.snapshots
        self.venues[index].applied &+= counts.applied
        self.venues[index].levels &+= counts.levels
        self.venues[index].trusted &+= counts.framesTrusted
        self.venues[index].gaps &+= counts.gaps
        self.venues[index].crossed &+= counts.crossed
        self.venues[index].checksums &+= counts.checksums
        self.venues[index].checksumFailures &+= counts.checksumFailures
        self.venues[index].trades &+= trades.taken
        self.venues[index].tradesTwice &+= trades.duplicates
    }

    private mutating func index(of venue: VenueID) -> Int {
        if let index = self.venues.firstIndex(where: { $0.venue == venue }) { return index }
        self.venues.append(ReplayedVenue(venue))
        return self.venues.count - 1
    }
}

/// What a replay found of one venue.
package struct ReplayedVenue: Sendable {
    package let venue: VenueID
    package var frames: UInt64 = 0
    /// Answers to requests, and signs of life.
    package var answers: UInt64 = 0
    /// Frames of streams that the recorder asked for and that are not collected.
    package var notCollected: UInt64 = 0
    /// By `FrameRefusal.ordinal`.
    package var refusals = [UInt64](repeating: 0, count: FrameRefusal.labels.count)
    package var instruments: UInt64 = 0
    package var snapshots: UInt64 = 0
    /// Changes of books that were applied.
    package var applied: UInt64 = 0
    package var levels: UInt64 = 0
    /// Changes after which the view was known to its full depth.
    package var trusted: UInt64 = 0
    package var gaps: UInt64 = 0
    /// Changes after which the best bid was not below the best ask.
    package var crossed: UInt64 = 0
    package var checksums: UInt64 = 0
    package var checksumFailures: UInt64 = 0
    package var trades: UInt64 = 0
    /// Trades that had come before.
    package var tradesTwice: UInt64 = 0

    package init(_ venue: VenueID) {
        self.venue = venue
    }

    package var refused: UInt64 { self.refusals.reduce(0, &+) }

    /// What was refused, by the label of its reason.
    package var refusedByReason: [(reason: String, count: UInt64)] {
        zip(FrameRefusal.labels, self.refusals).filter { $0.1 > 0 }.map { ($0, $1) }
    }
}
