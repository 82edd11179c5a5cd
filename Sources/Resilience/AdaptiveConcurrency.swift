/// Finds out how many requests a host takes at a time: one more after a window of answers without an error, half as
/// many once too many of a window's answers were errors.
///
/// Pure: times are durations since an origin of the caller's choice. Answers to requests that began before the last
/// halving are ignored, so that one bad moment halves once.
package struct AdaptiveConcurrency: Sendable {
    package struct Settings: Hashable, Sendable {
        package var minimum: Int
        package var maximum: Int
        package var initial: Int
        /// Answers of one window.
        package var answers: Int
        /// Answers older than this are forgotten with their window.
        package var length: Duration
        /// The share of a window's answers that may be errors, 0..<1.
        package var errorShare: Double

        package init(
            minimum: Int = 2, maximum: Int = 32, initial: Int = 8, answers: Int = 20, length: Duration = .seconds(60),
            errorShare: Double = 0.1
        ) {
            precondition(
                minimum > 0 && minimum <= initial && initial <= maximum, "a host is asked once at a time at least")
            precondition(answers > 0 && length > .zero && (0..<1).contains(errorShare))
            self.minimum = minimum
            self.maximum = maximum
            self.initial = initial
            self.answers = answers
            self.length = length
            self.errorShare = errorShare
        }
    }

    /// Says since which halving a request is on its way.
    package struct Entry: Hashable, Sendable {
        fileprivate let era: UInt64
    }

    package let settings: Settings
    /// How many may be on their way now.
    package private(set) var limit: Int
    package private(set) var halvings = 0
    package private(set) var growths = 0
    private var era: UInt64 = 0
    private var answers = 0
    private var errors = 0
    private var windowBegan = Duration.zero
    /// Whether the limit was reached in this window: one that was not says nothing about a higher one.
    private var wasReached = false

    package init(settings: Settings = Settings()) {
        self.settings = settings
        self.limit = settings.initial
    }

    /// Notes that a request goes, the `inFlight`th of those on their way.
    package mutating func began(inFlight: Int) -> Entry {
        if inFlight >= self.limit { self.wasReached = true }
        return Entry(era: self.era)
    }

    /// Notes what became of a request; those that say nothing about the host are not told.
    package mutating func ended(_ entry: Entry, isError: Bool, now: Duration) {
        guard entry.era == self.era else { return }
        if self.answers > 0, now - self.windowBegan > self.settings.length { self.beginWindow() }
        if self.answers == 0 { self.windowBegan = now }
        self.answers += 1
        if isError { self.errors += 1 }
        if Double(self.errors) > self.settings.errorShare * Double(self.settings.answers) {
            let halved = max(self.limit / 2, self.settings.minimum)
            if halved < self.limit { self.halvings += 1 }
            self.limit = halved
            self.era += 1
            self.beginWindow()
        } else if self.answers >= self.settings.answers {
            if self.errors == 0, self.wasReached, self.limit < self.settings.maximum {
                self.limit += 1
                self.growths += 1
            }
            self.beginWindow()
        }
    }

    private mutating func beginWindow() {
        self.answers = 0
        self.errors = 0
        self.wasReached = false
    }
}
