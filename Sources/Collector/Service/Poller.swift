import Backfill
import Logging
import MarketModel
import Resilience
import Transport
import Venues

/// Asks a venue at intervals for what it does not push of some instruments of a section.
///
/// Every question has a time of its own, spread over its interval, so that a thousand of them are no burst. A question
/// that is still under way is not asked again.
struct Poller: Sendable {
    struct Answer: Sendable {
        let poll: VenuePoll
        let body: [UInt8]
        let receivedMicroseconds: Int64
    }

    /// How many questions are under way at most.
    private static let concurrencyMost = 8
    /// What is waited at least before a question that failed is asked again, beside its interval.
    private static let backoff = Backoff(base: .seconds(1), cap: .seconds(300))

    private let segment: SegmentID
    private let polls: [(poll: VenuePoll, interval: Duration)]

    init(_ segment: VenueSegment, _ settings: SegmentSettings, _ instruments: [Instrument]) {
        self.segment = segment.id
        let venue = VenueCatalog.venue(segment.id.venue)
        let polls = venue?.polls(of: instruments, in: segment, wanted: settings.wanted) ?? []
        self.polls = polls.compactMap { poll in
            settings.pollIntervals.interval(of: poll.type).map { (poll, $0) }
        }
    }

    /// One question's place in the schedule.
    private struct Place: Comparable {
        var due: ContinuousClock.Instant
        let index: Int
        var failures = 0

        static func < (lhs: Place, rhs: Place) -> Bool { lhs.due < rhs.due }
    }

    /// Asks until the task is cancelled.
    func run(
        _ rest: VenueRequests, log: SampledLog, deliver: @escaping @Sendable (Answer) async -> Void
    ) async {
        guard !self.polls.isEmpty else { return }
        var waiting = self.firstPlaces()
        await withTaskGroup(of: Place.self) { group in
            var underWay = 0
            while !Task.isCancelled {
                if underWay >= Self.concurrencyMost || waiting.isEmpty {
                    guard let done = await group.next() else { return }
                    underWay -= 1
                    Self.insert(done, into: &waiting)
                    continue
                }
                let next = waiting.removeLast()
                do { try await Task.sleep(until: next.due, clock: .continuous) } catch { break }
                underWay += 1
                group.addTask { await self.ask(next, rest, log, deliver) }
            }
            group.cancelAll()
        }
    }

    /// Questions of one kind start spread over the first seconds, at most over their interval.
    private func firstPlaces() -> [Place] {
        let now = ContinuousClock.now
        let places = self.polls.indices.map { index in
            let spread = min(self.polls[index].interval, .seconds(10))
            return Place(due: now + spread * (Double(index) / Double(self.polls.count)), index: index)
        }
        return places.sorted(by: >)
    }

    /// Puts a place where it is due, the next one last.
    private static func insert(_ place: Place, into waiting: inout [Place]) {
        var low = 0
        var high = waiting.count
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle] > place { low = middle + 1 } else { high = middle }
        }
        waiting.insert(place, at: low)
    }

    private func ask(
        _ place: Place, _ rest: VenueRequests, _ log: SampledLog, _ deliver: @Sendable (Answer) async -> Void
    ) async -> Place {
        let (poll, interval) = self.polls[place.index]
        var next = place
        do throws(RequestFailure) {
            let body = try await rest.get(poll.request, priority: .polls)
            await deliver(Answer(poll: poll, body: body, receivedMicroseconds: LoopClock.wallMicroseconds()))
            next.failures = 0
            next.due = max(place.due + interval, ContinuousClock.now)
        } catch {
            if error.kind != .cancelled {
                log.tell(
                    "no answer to a poll", about: "\(self.segment) \(poll.type.rawValue)",
                    metadata: ["segment": "\(self.segment)", "type": "\(poll.type.rawValue)", "error": "\(error)"])
            }
            next.failures = min(place.failures + 1, 1_000)
            var generator = SystemRandomNumberGenerator()
            let pause = Self.backoff.delay(failures: next.failures, using: &generator)
            next.due = ContinuousClock.now + max(interval, pause)
        }
        return next
    }
}
