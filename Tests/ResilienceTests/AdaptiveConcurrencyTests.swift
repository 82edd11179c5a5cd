import TestSupport
import Testing

@testable import Resilience

@Suite("Concurrency that adapts")
struct AdaptiveConcurrencyTests {
    private static let settings = AdaptiveConcurrency.Settings(
        minimum: 2, maximum: 12, initial: 8, answers: 10, length: .seconds(60), errorShare: 0.2)

    /// Plays a window of answers with the limit reached, the errors first.
    private func window(_ control: inout AdaptiveConcurrency, errors: Int, now: Duration = .zero) {
        let entries = (0..<10).map { _ in control.began(inFlight: control.limit) }
        for (index, entry) in entries.enumerated() { control.ended(entry, isError: index < errors, now: now) }
    }

    @Test("A window without an error allows one more, up to the maximum")
    func grows() {
        var control = AdaptiveConcurrency(settings: Self.settings)
        for limit in [9, 10, 11, 12, 12] {
            self.window(&control, errors: 0)
            #expect(control.limit == limit)
        }
        #expect(control.growths == 4)
    }

    @Test("Errors up to the share keep the limit, one more halves it once, down to the minimum")
    func halves() {
        var control = AdaptiveConcurrency(settings: Self.settings)
        self.window(&control, errors: 2)
        #expect(control.limit == 8)
        for limit in [4, 2, 2] {
            self.window(&control, errors: 10)
            #expect(control.limit == limit)
        }
        #expect(control.halvings == 2)
    }

    @Test("A limit that was not reached is not raised")
    func idle() {
        var control = AdaptiveConcurrency(settings: Self.settings)
        for _ in 0..<30 { control.ended(control.began(inFlight: 7), isError: false, now: .zero) }
        #expect(control.limit == 8)
    }

    @Test("Errors of a window that is over are forgotten")
    func stale() {
        var control = AdaptiveConcurrency(settings: Self.settings)
        for minute in 0..<10 {
            control.ended(control.began(inFlight: 8), isError: true, now: .seconds(61) * minute)
        }
        #expect(control.limit == 8)
    }

    // MARK: - The gate

    private static func gate(
        _ clock: ManualClock, limit: Int = 1, waiters: Int = 100
    ) -> ConcurrencyGate<ManualClock> {
        ConcurrencyGate(
            clock: clock,
            settings: AdaptiveConcurrency.Settings(minimum: 1, maximum: max(limit, 4), initial: limit, answers: 4),
            aging: .seconds(10), waitersPerPriority: waiters)
    }

    /// Starts to enter and returns once it waits.
    private func enter(
        _ gate: ConcurrencyGate<ManualClock>, _ priority: RatePriority, waitLimit: Duration? = nil
    ) async -> Task<Result<ConcurrencyGate<ManualClock>.Place, ConcurrencyGateError>, Never> {
        let waiting = gate.snapshot().waiting.total
        let task = Task { () -> Result<ConcurrencyGate<ManualClock>.Place, ConcurrencyGateError> in
            do throws(ConcurrencyGateError) {
                return .success(try await gate.enter(priority, waitLimit: waitLimit))
            } catch {
                return .failure(error)
            }
        }
        while gate.snapshot().waiting.total == waiting { await Task.yield() }
        return task
    }

    @Test("A place that becomes free goes to the most urgent, and to history once it is due", .timeLimit(.minutes(1)))
    func order() async throws {
        let clock = ManualClock()
        let gate = Self.gate(clock)
        var place = try await gate.enter(.resync)
        let history = await self.enter(gate, .history)
        let poll = await self.enter(gate, .polls)
        let resync = await self.enter(gate, .resync)
        for next in [resync, poll] {
            gate.leave(place, .good)
            place = try await next.value.get()
        }
        clock.advance(by: .seconds(31))
        let late = await self.enter(gate, .resync)
        gate.leave(place, .good)
        place = try await history.value.get()
        #expect(gate.snapshot().inFlight == 1)
        gate.leave(place, .good)
        gate.leave(try await late.value.get(), .good)
        #expect(gate.snapshot().inFlight == 0)
        #expect(gate.snapshot().entered.total == 5)
    }

    @Test("Who is cancelled, waits too long or finds the line full takes no place", .timeLimit(.minutes(1)))
    func refusals() async throws {
        let clock = ManualClock()
        let gate = Self.gate(clock, waiters: 1)
        let place = try await gate.enter(.polls)
        let cancelled = await self.enter(gate, .polls)
        await #expect(throws: ConcurrencyGateError.tooManyWaiting) { try await gate.enter(.polls) }
        cancelled.cancel()
        #expect(await cancelled.value.error == .cancelled)
        let late = await self.enter(gate, .polls, waitLimit: .seconds(5))
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(5))
        #expect(await late.value.error == .waitedTooLong)
        gate.leave(place, .neutral)
        let snapshot = gate.snapshot()
        #expect(snapshot.inFlight == 0 && snapshot.waiting.total == 0)
        #expect(snapshot.cancelled == 1 && snapshot.refused == 1 && snapshot.timedOut == 1)
        _ = try await gate.enter(.history)
    }

    @Test(
        "A raised limit lets the next in at once, a halved one nobody until enough have left", .timeLimit(.minutes(1)))
    func limitChanges() async throws {
        let gate = Self.gate(ManualClock(), limit: 2)
        var places = [try await gate.enter(.polls), try await gate.enter(.polls)]
        var waiting: [Task<Result<ConcurrencyGate<ManualClock>.Place, ConcurrencyGateError>, Never>] = []
        for _ in 0..<6 { waiting.append(await self.enter(gate, .polls)) }
        for _ in 0..<4 {
            gate.leave(places.removeFirst(), .good)
            places.append(try await waiting.removeFirst().value.get())
        }
        #expect(gate.snapshot().limit == 3 && gate.snapshot().inFlight == 3)
        places.append(try await waiting.removeFirst().value.get())
        gate.leave(places.removeFirst(), .error)
        #expect(gate.snapshot().limit == 1 && gate.snapshot().inFlight == 2)
        gate.leave(places.removeFirst(), .error)
        #expect(gate.snapshot().inFlight == 1 && gate.snapshot().waiting.total == 1)
        gate.leave(places.removeFirst(), .good)
        gate.leave(try await waiting.removeFirst().value.get(), .good)
        #expect(gate.snapshot().inFlight == 0)
    }

    @Test(
        "With tasks cancelled at random, every place comes back and no more are out than may", .timeLimit(.minutes(1)),
        arguments: UInt64(1)...30)
    func noPlaceLost(seed: UInt64) async {
        let clock = ManualClock()
        let gate = Self.gate(clock, limit: 3)
        var generator = SeededGenerator(seed: seed)
        let tasks = (0..<60).map { _ in
            let priority = RatePriority.allCases.randomElement(using: &generator) ?? .polls
            let waitLimit: Duration? = Bool.random(using: &generator) ? .seconds(1_000) : nil
            let steps = Int.random(in: 0...5, using: &generator)
            return Task { () -> Bool in
                guard let place = try? await gate.enter(priority, waitLimit: waitLimit) else { return false }
                let snapshot = gate.snapshot()
                let isWithin = snapshot.inFlight <= snapshot.limit
                for _ in 0..<steps { await Task.yield() }
                gate.leave(place, .good)
                return isWithin
            }
        }
        var cancelled = 0
        for task in tasks where Int.random(in: 0..<3, using: &generator) == 0 {
            await Task.yield()
            task.cancel()
            cancelled += 1
        }
        var entered = 0
        for task in tasks where await task.value { entered += 1 }
        let snapshot = gate.snapshot()
        #expect(snapshot.inFlight == 0 && snapshot.waiting.total == 0, "seed \(seed)")
        #expect(entered >= tasks.count - cancelled && snapshot.entered.total == entered, "seed \(seed)")
        #expect(clock.sleepers == 0)
    }
}
