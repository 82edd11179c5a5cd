/// Lets the first few events of every key through in each period and counts the rest.
///
/// Pure: times are durations since an origin of the caller's choice. Keys are bounded: once `keysMaximum` are known,
/// those whose period is over are forgotten, and if none is, further keys share one.
package struct LogSampler: Sendable {
    package enum Decision: Hashable, Sendable {
        /// Log it, and say that `suppressed` of its key were not logged in the period before.
        case log(suppressed: UInt64)
        case suppress
    }

    private struct Entry: Sendable {
        var periodStart: Duration
        var passed: Int
        var suppressed: UInt64
    }

    private static let overflowKey = "_other"

    package let burst: Int
    package let period: Duration
    package let keysMaximum: Int
    /// Every event that was not to be logged.
    package private(set) var suppressed: UInt64 = 0
    private var entries: [String: Entry] = [:]
    /// Looking for keys to forget costs time, and strange keys may come fast.
    private var nextSweep = Duration.zero

    package init(burst: Int = 5, period: Duration = .seconds(60), keysMaximum: Int = 1024) {
        precondition(burst > 0 && period > .zero && keysMaximum > 0, "a sampler must let something through")
        self.burst = burst
        self.period = period
        self.keysMaximum = keysMaximum
    }

    /// How many keys are remembered, the shared one included.
    package var keys: Int { self.entries.count }

    /// Decides about one event.
    ///
    /// - Parameter key: What the event is about: `bad frame/binance-spot-0`.
    package mutating func sample(_ key: String, now: Duration) -> Decision {
        let name = self.place(for: key, now: now)
        var entry = self.entries[name] ?? Entry(periodStart: now, passed: 0, suppressed: 0)
        defer { self.entries[name] = entry }
        var told: UInt64 = 0
        if now - entry.periodStart >= self.period {
            told = entry.suppressed
            entry = Entry(periodStart: now, passed: 0, suppressed: 0)
        }
        guard entry.passed < self.burst else {
            entry.suppressed += 1
            self.suppressed += 1
            return .suppress
        }
        entry.passed += 1
        return .log(suppressed: told)
    }

    /// The key under which `key` is counted, having made room for it if it can be.
    private mutating func place(for key: String, now: Duration) -> String {
        if self.entries[key] != nil || self.entries.count < self.keysMaximum { return key }
        guard now >= self.nextSweep else { return Self.overflowKey }
        self.nextSweep = now + self.period / 16
        let period = self.period
        self.entries = self.entries.filter { now - $0.value.periodStart < period }
        return self.entries.count < self.keysMaximum ? key : Self.overflowKey
    }
}
