import MarketModel
import Publishing
import Synchronization
import Venues

/// A wish to have a series told whose frames may have been missed while their connection was away.
struct SeriesOrder: Sendable {
    enum Series: Hashable, Sendable {
        /// Bars that ended meanwhile, and the one that was growing.
        case klines(KlineInterval)
        /// Rates that were charged meanwhile.
        case funding
    }

    let segment: SegmentID
    let symbol: String
    /// What the ledger calls it.
    let subject: GapSubject
    let series: Series
    /// From when data last came before to when the streams were taken up again, microseconds since the epoch.
    let missed: ClosedRange<Int64>
    let cause: GapCause
}

/// The bounded way of such wishes from the loops to the control plane.
///
/// When it is full a wish is refused and counted: bars stay as they were told before the connection ended.
struct SeriesOrders: Sendable {
    /// As many as a thousand symbols have with a few intervals each.
    private static let limit = 8_192

    let orders: AsyncStream<SeriesOrder>
    private let continuation: AsyncStream<SeriesOrder>.Continuation
    private let counted = Counted()

    /// Shared by the copies.
    private final class Counted: Sendable {
        let refused = Atomic<UInt64>(0)
    }

    init() {
        (self.orders, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.limit))
    }

    /// Wishes that found the way full.
    var refused: UInt64 { self.counted.refused.load(ordering: .relaxed) }

    func submit(_ order: SeriesOrder) {
        if case .enqueued = self.continuation.yield(order) { return }
        self.counted.refused.add(1, ordering: .relaxed)
    }

    func finish() {
        self.continuation.finish()
    }
}
