/// Watches the streams of one connection: each is given the patience that fits its own pace.
///
/// An acknowledged subscription proves nothing: Binance acknowledges streams that do not exist, and a stream can end
/// while its neighbours go on. A pure machine over counts of frames; time comes with every call, in microseconds of a
/// clock that only goes forward. A sparse stream, such as an option's trades, is only ever subscribed again, once in the
/// longest patience. Any other stream that is silent for too long is subscribed again; one that had data before
/// and stays silent after that costs its socket. Each step doubles that stream's patience until data comes.
package struct StreamWatch: Sendable {
    package struct Limits: Sendable, Equatable {
        /// For the first frame after the subscription was acknowledged.
        package var firstData: Int64
        /// The least patience with a stream that has had data.
        package var least: Int64
        /// The most, however slow its pace or often it failed.
        package var most: Int64
        /// Patience in mean gaps between frames.
        package var gaps: Int64 = 30

        package init(firstData: Int64, least: Int64, most: Int64) {
            self.firstData = firstData
            self.least = least
            self.most = max(most, max(firstData, least))
        }
    }

    package enum Step: Equatable, Sendable {
        case none
        /// Subscribe these streams again.
        case resubscribe([Int])
        /// The ladder's end for this stream.
        case replaceSocket(stream: Int)
    }

    private struct Entry {
        var frames: UInt64 = 0
        var lastData: Int64?
        var hasDataOnSocket = false
        /// Mean microseconds between two looks that found frames.
        var meanGap: Int64 = 0
        /// When the current step began: the subscription or the last frame.
        var since: Int64 = 0
        var wasResubscribed = false
        /// Steps in vain since the last frame: each doubles the patience.
        var failures = 0
        var isSparse = false
        /// The stream was given up.
        var isGone = false
    }

    private let limits: Limits
    private var entries: [Entry]
    /// How often a stream was subscribed again.
    package private(set) var resubscriptions: UInt64 = 0
    /// How often a silent stream cost its socket.
    package private(set) var replacements: UInt64 = 0

    package init(streams: Int = 0, limits: Limits) {
        self.entries = Array(repeating: Entry(), count: streams)
        self.limits = limits
    }

    /// Takes up a further stream; its place is the next one.
    ///
    /// - Parameter isSparse: Whether its data may stay away for long although all is well.
    package mutating func add(isSparse: Bool, at now: Int64) {
        self.entries.append(Entry(since: now, isSparse: isSparse))
    }

    /// Watches a stream no more; its place stays.
    package mutating func remove(_ place: Int) {
        guard self.entries.indices.contains(place) else { return }
        self.entries[place] = Entry(isGone: true)
    }

    /// Streams of which data has come on the current socket.
    package var withData: Int { self.entries.count { $0.hasDataOnSocket } }

    /// Streams that were given up as silent at least once since their last frame.
    package var silent: [Int] { self.entries.indices.filter { self.entries[$0].failures > 0 } }

    /// A new socket's subscriptions were acknowledged.
    package mutating func subscribed(at now: Int64) {
        for index in self.entries.indices {
            self.entries[index].hasDataOnSocket = false
            self.entries[index].since = now
            self.entries[index].wasResubscribed = false
        }
    }

    /// Compares the frames of each stream so far with the last look, and says what to do.
    ///
    /// - Parameter frames: By stream, the number of its frames since the start; one for each stream.
    package mutating func look(at now: Int64, frames: (Int) -> UInt64) -> Step {
        var due: [Int] = []
        for index in self.entries.indices where !self.entries[index].isGone {
            let count = frames(index)
            if count != self.entries[index].frames {
                self.note(count, at: now, in: &self.entries[index])
                continue
            }
            guard now - self.entries[index].since > self.patience(with: self.entries[index]) else { continue }
            self.entries[index].since = now
            self.entries[index].failures = min(self.entries[index].failures + 1, 32)
            if self.entries[index].wasResubscribed, self.entries[index].lastData != nil, !self.entries[index].isSparse {
                self.replacements &+= 1
                return .replaceSocket(stream: index)
            }
            self.entries[index].wasResubscribed = true
            due.append(index)
        }
        guard !due.isEmpty else { return .none }
        self.resubscriptions &+= UInt64(due.count)
        return .resubscribe(due)
    }

    private func note(_ count: UInt64, at now: Int64, in entry: inout Entry) {
        if entry.hasDataOnSocket, let last = entry.lastData {
            let gap = now - last
            entry.meanGap = entry.meanGap == 0 ? gap : entry.meanGap + (gap - entry.meanGap) / 8
        }
        entry.frames = count
        entry.lastData = now
        entry.hasDataOnSocket = true
        entry.since = now
        entry.wasResubscribed = false
        entry.failures = 0
    }

    private func patience(with entry: Entry) -> Int64 {
        // Two trades in a minute say nothing about the hours after.
        if entry.isSparse { return self.limits.most }
        let (paced, overflow) = entry.meanGap.multipliedReportingOverflow(by: self.limits.gaps)
        // One frame tells no pace yet.
        let isPaced = entry.hasDataOnSocket && entry.meanGap > 0
        let base = max(isPaced ? self.limits.least : self.limits.firstData, overflow ? .max : paced)
        let doubled = base.multipliedReportingOverflow(by: Int64(1) << Int64(entry.failures))
        return min(doubled.overflow ? .max : doubled.partialValue, self.limits.most)
    }
}
