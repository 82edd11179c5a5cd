/// What the process knows of a host at one instant.
package struct HostSnapshot: Sendable {
    package struct Failure: Sendable {
        package let record: FailureRecord
        /// How long ago it was.
        package let age: Duration
    }

    package let host: String
    package let breaker: CircuitBreaker.State
    /// How often the breaker has opened.
    package let openings: Int
    /// How often requests waited or ended because the breaker was open.
    package let breakerRefusals: Int
    /// How long it stays open; nil when it is not.
    package let refusedFor: Duration?
    package let gate: ConcurrencyGateSnapshot
    /// All failures, kept or not.
    package let failures: Int
    package let failuresByClass: [FailureClass: Int]
    /// The last failures, oldest first.
    package let recent: [Failure]
    /// How many of them are kept.
    package let recentMost: Int
    /// How long attempts took until their answer or their failure.
    package let answers: DurationHistogram
    package let attempts: AttemptHistogram
}

/// How many attempts requests took.
package struct AttemptHistogram: Hashable, Sendable {
    /// Upper bounds of all buckets but the last, which has none; requests that were never sent are in the first.
    package static let bounds = [0, 1, 2, 3, 5, 10]

    /// Requests per bucket, not summed up; one more than `bounds`.
    package private(set) var counts = Array(repeating: 0, count: Self.bounds.count + 1)
    package private(set) var total = 0

    package init() {}

    mutating func record(_ attempts: Int) {
        self.counts[Self.bounds.firstIndex { attempts <= $0 } ?? Self.bounds.count] += 1
        self.total += attempts
    }
}
