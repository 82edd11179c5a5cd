import Synchronization
import Venues

/// What became of the requests for snapshots, by segment.
final class SnapshotCounts: Sendable {
    struct Counts: Sendable {
        var fetched: UInt64 = 0
        var failed: UInt64 = 0
    }

    private let counts = Mutex<[SegmentID: Counts]>([:])

    subscript(segment: SegmentID) -> Counts {
        self.counts.withLock { $0[segment] ?? Counts() }
    }

    func count(_ segment: SegmentID, isFetched: Bool) {
        self.counts.withLock { counts in
            if isFetched {
                counts[segment, default: Counts()].fetched &+= 1
            } else {
                counts[segment, default: Counts()].failed &+= 1
            }
        }
    }
}
