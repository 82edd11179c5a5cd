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

/// What a limiter looks like from outside at one instant.
package struct RateLimiterSnapshot: Sendable {
    package struct Window: Sendable {
        package let window: RateWindow
        /// Spent within the last `window.length`, by us and as far as the venue told by others.
        package let used: Int
    }

    package let windows: [Window]
    /// Requests that were granted and are not sent yet; they count in every window beside what is used.
    package let held: Int
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
    /// How often the scope was asked for with limits that differ from those that held; the tighter hold since.
    package let disagreements: Int
    /// What of the limits is ours now, in parts of `RateShare.whole`; nil where the scope is not shared.
    package let share: Int?
    /// How long granted requests had waited.
    package let waits: DurationHistogram
}
