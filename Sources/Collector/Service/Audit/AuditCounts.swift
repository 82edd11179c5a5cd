import MarketModel
import OrderBook
import Synchronization
import Transport
import Venues

/// What the comparisons of books with the venues' own came to, by section.
final class AuditCounts: Sendable {
    struct Counts: Sendable, Equatable {
        /// By outcome, each audit once.
        private(set) var outcomes: [BookAuditResult.Outcome: UInt64] = [:]
        /// Levels of both sides that were compared.
        private(set) var levels: UInt64 = 0
        /// When a book was last compared, by the clock that only goes forward; nil before the first.
        private(set) var comparedSteady: Int64?

        subscript(outcome: BookAuditResult.Outcome) -> UInt64 { self.outcomes[outcome] ?? 0 }

        /// Books that were compared, those that differed among them.
        var compared: UInt64 { self[.equal] &+ self[.mismatched] }

        mutating func add(_ outcome: BookAuditResult.Outcome, levels: Int, at steady: Int64) {
            self.outcomes[outcome, default: 0] &+= 1
            guard outcome == .equal || outcome == .mismatched else { return }
            self.levels &+= UInt64(max(levels, 0))
            self.comparedSteady = steady
        }
    }

    private let counts = Mutex<[SegmentID: Counts]>([:])

    subscript(segment: SegmentID) -> Counts { self.counts.withLock { $0[segment] ?? Counts() } }

    /// Books of all sections that were compared, and those of them that differed.
    var total: (compared: UInt64, mismatched: UInt64) {
        self.counts.withLock { counts in
            counts.values.reduce((0, 0)) { ($0.0 &+ $1.compared, $0.1 &+ $1[.mismatched]) }
        }
    }

    func count(_ segment: SegmentID, _ outcome: BookAuditResult.Outcome, levels: Int = 0) {
        let now = LoopClock.monotonicMicroseconds()
        self.counts.withLock { $0[segment, default: Counts()].add(outcome, levels: levels, at: now) }
    }
}

extension BookAuditResult.Outcome {
    /// As the pages name it.
    var label: String {
        switch self {
        case .equal: "equal"
        case .mismatched: "mismatched"
        case .notAligned: "not_aligned"
        case .failed: "failed"
        case .abandoned: "abandoned"
        }
    }
}
