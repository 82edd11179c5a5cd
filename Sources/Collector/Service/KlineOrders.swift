import MarketModel
import Synchronization
import Venues

/// A wish to have bars confirmed: while their connection was away, the frames that closed them may have been missed.
struct KlineOrder: Sendable {
    let segment: SegmentID
    let symbol: String
    let interval: KlineInterval
    /// From when data last came before to when the streams were taken up again, microseconds since the epoch.
    let missed: ClosedRange<Int64>
}

/// The bounded way of such wishes from the loops to the control plane.
///
/// When it is full a wish is refused and counted: those bars stay as they were told before the connection ended.
struct KlineOrders: Sendable {
    /// As many as a thousand symbols have with a few intervals each.
    private static let limit = 8_192

    let orders: AsyncStream<KlineOrder>
    private let continuation: AsyncStream<KlineOrder>.Continuation
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

    func submit(_ order: KlineOrder) {
        if case .enqueued = self.continuation.yield(order) { return }
        self.counted.refused.add(1, ordering: .relaxed)
    }

    func finish() {
        self.continuation.finish()
    }
}
