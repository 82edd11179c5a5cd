/// Decides which update follows in a book: a pure machine over ids, the same for every venue.
///
/// A frame covers the ids `(before, last]`. It is stale if it ends at or before the book's last id, applied if it
/// starts at or before it, and a gap otherwise.
package struct BookSynchronizer: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        /// No valid book: updates are kept until a snapshot arrives.
        case waiting
        /// Stands on a snapshot that no update has confirmed yet.
        case seeded(last: UInt64)
        case live(last: UInt64)
    }

    package enum UpdateAction: Equatable, Sendable {
        case keep
        case discardStale
        case apply
        /// The book is void; the update is to be kept for the next snapshot.
        case breakAndKeep(expected: UInt64, received: UInt64)
    }

    package enum SnapshotAction: Equatable, Sendable {
        /// Start the book from it, then handle the kept updates in order.
        case seed
        /// A valid book stands: the snapshot can only tell it how deep it may be trusted.
        case compare
    }

    package private(set) var state = State.waiting

    package init() {}

    /// The id of the last update in the book, nil without a valid book.
    package var last: UInt64? {
        switch self.state {
        case .waiting: nil
        case .seeded(let last), .live(let last): last
        }
    }

    @inline(__always)
    package mutating func updateReceived(before: UInt64, last: UInt64) -> UpdateAction {
        switch self.state {
        case .waiting:
            return .keep
        case .seeded(let current), .live(let current):
            if last <= current { return .discardStale }
            if before <= current {
                self.state = .live(last: last)
                return .apply
            }
            self.state = .waiting
            return .breakAndKeep(expected: current &+ 1, received: before &+ 1)
        }
    }

    package mutating func snapshotReceived(last: UInt64) -> SnapshotAction {
        switch self.state {
        case .waiting:
            self.state = .seeded(last: last)
            return .seed
        case .seeded, .live:
            return .compare
        }
    }

    /// Voids the book: it crossed, contradicted a snapshot, or its connection was replaced.
    package mutating func broke() {
        self.state = .waiting
    }
}
