/// One count for each priority.
package struct PerPriority: Hashable, Sendable {
    private var resync = 0
    private var gapRepair = 0
    private var polls = 0
    private var history = 0

    package init() {}

    package subscript(priority: RatePriority) -> Int {
        get {
            switch priority {
            case .resync: self.resync
            case .gapRepair: self.gapRepair
            case .polls: self.polls
            case .history: self.history
            }
        }
        set {
            switch priority {
            case .resync: self.resync = newValue
            case .gapRepair: self.gapRepair = newValue
            case .polls: self.polls = newValue
            case .history: self.history = newValue
            }
        }
    }

    package var total: Int { self.resync + self.gapRepair + self.polls + self.history }
}

/// How long granted requests had waited, in fixed buckets.
package struct WaitHistogram: Hashable, Sendable {
    /// Upper bounds of all buckets but the last, which has none.
    package static let bounds: [Duration] = [
        .zero, .milliseconds(10), .milliseconds(100), .seconds(1), .seconds(5), .seconds(15), .seconds(60),
        .seconds(300),
    ]

    /// Requests per bucket, not summed up; one more than `bounds`.
    package private(set) var counts = Array(repeating: 0, count: Self.bounds.count + 1)
    package private(set) var total = Duration.zero
    package private(set) var longest = Duration.zero

    package init() {}

    mutating func record(_ wait: Duration) {
        let bucket = Self.bounds.firstIndex { wait <= $0 } ?? Self.bounds.count
        self.counts[bucket] += 1
        self.total += wait
        self.longest = max(self.longest, wait)
    }
}

/// What a limiter looks like from outside at one instant.
package struct RateLimiterSnapshot: Sendable {
    package struct Window: Sendable {
        package let window: RateWindow
        /// Spent within the last `window.length`, by us and as far as the venue told by others.
        package let used: Int
    }

    package let windows: [Window]
    package let waiting: PerPriority
    /// How many may wait, all priorities together.
    package let waitingMost: Int
    package let granted: PerPriority
    /// Requests refused because too many waited or they could never fit.
    package let refused: Int
    package let cancelled: Int
    /// How often the scope was closed by the venue.
    package let closures: Int
    /// How long the scope stays closed, `nil` when it is open.
    package let closedFor: Duration?
    package let waits: WaitHistogram
}
