import Venues

/// The bounded way of news that a section's list of instruments changed, from the loops to the control plane.
///
/// News of one section that waits says as much as ten of them: when it is full, the oldest goes, and the list is loaded
/// again at its interval anyway.
struct ListChanges: Sendable {
    let changes: AsyncStream<SegmentID>
    private let continuation: AsyncStream<SegmentID>.Continuation

    init() {
        (self.changes, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    func tell(_ segment: SegmentID) {
        self.continuation.yield(segment)
    }

    func finish() {
        self.continuation.finish()
    }
}
