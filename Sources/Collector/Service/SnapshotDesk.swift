import MarketModel
import Resilience

/// Which books of a loop have asked for a snapshot, and which must wait before they ask again.
///
/// A pure machine: time comes with every call, in microseconds of a clock that only goes forward. At most one request
/// a book is under way; a book whose requests come to nothing asks at growing intervals with full jitter, so that a
/// symbol without answers does not use up what the others need.
struct SnapshotDesk<Generator: RandomNumberGenerator> {
    /// What one book's requests came to.
    private struct Entry {
        var isAsked = false
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

    init(backoff: Backoff, generator: Generator) {
        self.backoff = backoff
        self.generator = generator
    }

    /// Whether a book may ask now.
    func mayAsk(_ instrument: InstrumentID, at now: Int64) -> Bool {
        guard let entry = self.entry(instrument) else { return true }
        return !entry.isAsked && now >= entry.notBefore
    }

    mutating func ask(_ instrument: InstrumentID) {
        while self.entries.count <= Int(instrument.index) { self.entries.append(Entry()) }
        guard !self.entries[Int(instrument.index)].isAsked else { return }
        self.entries[Int(instrument.index)].isAsked = true
        self.asked += 1
    }

    /// Takes note of a request's end: whether it served its book and, where not, whether asking again can be of use soon.
    mutating func end(_ instrument: InstrumentID, served: Bool, isPermanent: Bool = false, at now: Int64) {
        guard self.entry(instrument)?.isAsked == true else { return }
        let index = Int(instrument.index)
        self.entries[index].isAsked = false
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
