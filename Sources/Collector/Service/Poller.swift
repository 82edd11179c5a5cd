import Backfill
import Logging
import MarketModel
import Resilience
import Synchronization
import Transport
import Venues

/// Asks a venue at intervals for what it does not push of the instruments of a section.
///
/// Every question has a time of its own, spread over the first seconds, so that a thousand of them are no burst. A
/// question that is still under way is not asked again; what is no longer wanted is asked no more.
final class Poller: Sendable {
    struct Answer: Sendable {
        let poll: VenuePoll
        let body: [UInt8]
        let receivedMicroseconds: Int64
    }

    /// What became of the questions.
    struct Counts: Sendable, Equatable {
        var answered: UInt64 = 0
        var failed: UInt64 = 0
        /// Questions that are asked at intervals now.
        var planned = 0
        /// Questions that wait for their answer.
        var underWay = 0
    }

    private struct Entry {
        var interval: Duration
        var due: ContinuousClock.Instant
        var isUnderWay = false
        var failures = 0
        /// When it was asked last and answered, milliseconds of the wall clock.
        var answered: Int64?
    }

    private struct State {
        var entries: [VenuePoll: Entry] = [:]
        /// By the budgets that they draw on.
        var underWay: [[String]: Int] = [:]
        var counts = Counts()
    }

    /// How many questions that draw on the same budgets are under way at most: those that wait for a budget hold up
    /// none that draw on another.
    static let concurrencyMost = 4
    /// Budgets that the questions of one section draw on: an endpoint each for its polled types, and one for all.
    static let budgetsMost = DataType.allCases.count + 1
    /// How often the clock is looked at.
    private static let tick = Duration.milliseconds(100)
    /// Over what time the first questions are spread, at most.
    private static let spread = Duration.seconds(10)
    /// What is waited at least before a question that failed is asked again, beside its interval.
    private static let backoff = Backoff(base: .seconds(1), cap: .seconds(300))

    private let segment: SegmentID
    private let state = Mutex(State())

    init(_ segment: SegmentID) {
        self.segment = segment
    }

    var counts: Counts {
        self.state.withLock { state in
            var counts = state.counts
            counts.planned = state.entries.count
            counts.underWay = state.underWay.values.reduce(0, +)
            return counts
        }
    }

    /// Takes what is to be asked from now on; questions that stay keep their time.
    func update(_ polls: [(poll: VenuePoll, interval: Duration)]) {
        let now = ContinuousClock.now
        self.state.withLock { state in
            let former = state.entries
            state.entries.removeAll(keepingCapacity: true)
            for (index, wanted) in polls.enumerated() {
                let spread = min(wanted.interval, Self.spread) * (Double(index) / Double(polls.count))
                var entry = former[wanted.poll] ?? Entry(interval: wanted.interval, due: now + spread)
                entry.interval = wanted.interval
                entry.due = min(entry.due, now + wanted.interval)
                state.entries[wanted.poll] = entry
            }
        }
    }

    /// Asks until the task is cancelled.
    func run(_ rest: VenueRequests, log: SampledLog, deliver: @escaping @Sendable (Answer) -> Void) async {
        await withDiscardingTaskGroup { group in
            while true {
                for poll in self.takeDue() {
                    group.addTask { await self.ask(poll, rest, log, deliver) }
                }
                do { try await Task.sleep(for: Self.tick) } catch { return }
            }
        }
    }

    /// Marks what is due as under way, the longest due first, as far as there is room.
    func takeDue() -> [VenuePoll] {
        let now = ContinuousClock.now
        return self.state.withLock { state in
            let due = state.entries.filter { $0.value.due <= now && !$0.value.isUnderWay }
                .sorted { $0.value.due < $1.value.due }.map(\.key)
            return due.filter { poll in
                let count = state.underWay[Self.budgets(of: poll), default: 0]
                guard count < Self.concurrencyMost else { return false }
                state.underWay[Self.budgets(of: poll)] = count + 1
                state.entries[poll]?.isUnderWay = true
                return true
            }
        }
    }

    private static func budgets(of poll: VenuePoll) -> [String] { poll.request.costs.map(\.scope) }

    private func ask(
        _ poll: VenuePoll, _ rest: VenueRequests, _ log: SampledLog, _ deliver: @Sendable (Answer) -> Void
    ) async {
        do throws(RequestFailure) {
            let asked = LoopClock.wallMicroseconds() / 1_000
            let last = self.state.withLock { $0.entries[poll]?.answered }
            let body = try await rest.get(poll.request(atMilliseconds: asked, last: last), priority: .polls)
            deliver(Answer(poll: poll, body: body, receivedMicroseconds: LoopClock.wallMicroseconds()))
            self.ended(poll, answered: asked)
        } catch {
            if error.kind != .cancelled {
                log.tell(
                    "no answer to a poll", about: "\(self.segment) \(poll.type.rawValue)",
                    metadata: ["segment": "\(self.segment)", "type": "\(poll.type.rawValue)", "error": "\(error)"])
            }
            self.ended(poll, answered: nil)
        }
    }

    /// - Parameter answered: When it was asked, where an answer came.
    private func ended(_ poll: VenuePoll, answered: Int64?) {
        let now = ContinuousClock.now
        let isAnswered = answered != nil
        self.state.withLock { state in
            state.underWay[Self.budgets(of: poll), default: 1] -= 1
            if isAnswered { state.counts.answered &+= 1 } else { state.counts.failed &+= 1 }
            guard var entry = state.entries[poll] else { return }
            entry.isUnderWay = false
            entry.answered = answered ?? entry.answered
            entry.failures = isAnswered ? 0 : min(entry.failures + 1, 1_000)
            var generator = SystemRandomNumberGenerator()
            let pause = isAnswered ? .zero : Self.backoff.delay(failures: entry.failures, using: &generator)
            entry.due = isAnswered ? max(entry.due + entry.interval, now) : now + max(entry.interval, pause)
            state.entries[poll] = entry
        }
    }
}
