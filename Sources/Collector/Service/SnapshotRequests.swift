import MarketModel
import OrderBook

/// A loop's request for a snapshot, with what is needed to ask the venue.
struct SnapshotOrder: Sendable {
    let loop: Int
    let request: SnapshotRequest
    let instrument: Instrument
}

/// The bounded way of snapshot requests from the loops to the control plane.
///
/// A book has at most one request under way, so the limit is the number of books; past it a request is refused and
/// its book asks again at the next tick.
struct SnapshotRequests: Sendable {
    let orders: AsyncStream<SnapshotOrder>
    private let continuation: AsyncStream<SnapshotOrder>.Continuation

    init(limit: Int) {
        (self.orders, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(limit))
    }

    func submit(_ order: SnapshotOrder) -> Bool {
        if case .enqueued = self.continuation.yield(order) { return true }
        return false
    }

    func finish() {
        self.continuation.finish()
    }
}
