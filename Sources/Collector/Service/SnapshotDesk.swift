import MarketModel
import Resilience

/// Which books of a loop have asked for a snapshot, and which must wait before they ask again.
///
/// A pure machine: time comes with every call, in microseconds of a clock that only goes forward. At most one request
/// a book is under way; a book whose requests come to nothing asks at growing intervals with full jitter, so that a
/// symbol without answers does not use up what the others need. A request whose end is never told is given up after
/// its longest time.
struct SnapshotDesk<Generator: RandomNumberGenerator> {
    /// What one book's requests came to.
    private struct Entry {
        /// Until when a request is under way; nil when none is.
        var askedUntil: Int64?
        var asked: Int64 = 0
        var failures = 0
        var notBefore = Int64.min
    }

    /// What a book waits at least after a request that the venue will most likely refuse again.
    private static var permanentPause: Duration { .seconds(60) }

    private let backoff: Backoff
    private var generator: Generator
    /// By instrument: as many as the loop has.
    private var entries: ContiguousArray<Entry> = []
    /// Requests under way.
    private(set) var asked = 0
    /// Requests whose end was never told.
    private(set) var expired: UInt64 = 0

    init(backoff: Backoff, generator: Generator) {
        self.backoff = backoff
        self.generator = generator
    }

    /// Whether a book may ask now.
    func mayAsk(_ instrument: InstrumentID, at now: Int64) -> Bool {
        guard let entry = self.entry(instrument) else { return true }
        if let askedUntil = entry.askedUntil, now < askedUntil { return false }
        return now >= entry.notBefore
    }

    /// Since when a request is under way; nil when none is.
    func askedSince(_ instrument: InstrumentID) -> Int64? {
        guard let entry = self.entry(instrument), entry.askedUntil != nil else { return nil }
        return entry.asked
    }

    /// Takes note of a request.
    ///
    /// - Parameter longest: The time within which its end is told, unless that is lost on its way.
    mutating func ask(_ instrument: InstrumentID, at now: Int64, longest: Duration) {
        while self.entries.count <= Int(instrument.index) { self.entries.append(Entry()) }
        let index = Int(instrument.index)
        guard self.mayAsk(instrument, at: now) else { return }
        if self.entries[index].askedUntil == nil { self.asked += 1 } else { self.expired &+= 1 }
        self.entries[index].asked = now
        self.entries[index].askedUntil = now + longest.nanoseconds / 1_000
    }

    /// Takes note of a request's end: whether it served its book and, where not, whether asking again can be of use soon.
    mutating func end(_ instrument: InstrumentID, served: Bool, isPermanent: Bool = false, at now: Int64) {
        guard self.entry(instrument)?.askedUntil != nil else { return }
        let index = Int(instrument.index)
        self.entries[index].askedUntil = nil
        self.asked -= 1
        if served {
            self.entries[index].failures = 0
            self.entries[index].notBefore = .min
            return
        }
        self.entries[index].failures = min(self.entries[index].failures + 1, 1_000)
        let jitter = self.backoff.delay(failures: self.entries[index].failures, using: &self.generator)
        let wait = isPermanent ? Self.permanentPause + jitter : jitter
        self.entries[index].notBefore = now + wait.nanoseconds / 1_000
    }

    private func entry(_ instrument: InstrumentID) -> Entry? {
        let index = Int(instrument.index)
        return index < self.entries.count ? self.entries[index] : nil
    }
}
