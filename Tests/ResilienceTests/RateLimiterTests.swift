import TestSupport
import Testing

@testable import Resilience

@Suite("The limiter's waiting tasks")
struct RateLimiterTests {
    private static func limits(_ limit: Int = 10) -> RateLimits {
        RateLimits(windows: [RateWindow(.weight, limit: limit, per: .seconds(60))], headroom: 0, reserve: 0)
    }

    /// Moves `clock` to its next deadline once `count` sleep on it.
    private func step(_ clock: ManualClock, sleepers count: Int) async {
        await clock.waitForSleepers(count)
        if let next = clock.nextDeadline { clock.advance(by: next - clock.now.offset) }
    }

    @Test("A request that does not fit sleeps outside the lock until it does")
    func waits() async throws {
        let clock = ManualClock()
        let limiter = LimiterRegistry(clock: clock).limiter(for: "venue", limits: Self.limits())
        try await limiter.acquire(weight: 10, priority: .polls)
        async let second = limiter.acquire(weight: 5, priority: .polls)
        await clock.waitForSleepers(1)
        #expect(limiter.snapshot().waiting[.polls] == 1)
        while limiter.snapshot().granted.total == 1 {
            await self.step(clock, sleepers: 1)
            if clock.now.offset >= .seconds(61) { break }
        }
        _ = try await second
        #expect(clock.now.offset == .seconds(61))
        #expect(limiter.snapshot().waiting.total == 0)
    }

    @Test("A cancelled waiter takes nothing and leaves nothing behind")
    func cancellation() async {
        let clock = ManualClock()
        let limiter = LimiterRegistry(clock: clock).limiter(for: "venue", limits: Self.limits())
        _ = try? await limiter.acquire(weight: 10, priority: .polls)
        let waiter = Task { () -> RateLimiterError? in
            do throws(RateLimiterError) {
                try await limiter.acquire(weight: 5, priority: .polls)
                return nil
            } catch {
                return error
            }
        }
        await clock.waitForSleepers(1)
        waiter.cancel()
        #expect(await waiter.value == .cancelled)
        let snapshot = limiter.snapshot()
        #expect(snapshot.waiting.total == 0)
        #expect(snapshot.cancelled == 1)
        #expect(snapshot.windows[0].used == 10)
    }

    @Test("A wait limit ends the wait, and what never fits is refused at once")
    func refusals() async throws {
        let clock = ManualClock()
        let limiter = LimiterRegistry(clock: clock).limiter(for: "venue", limits: Self.limits())
        await #expect(throws: RateLimiterError.neverFits) {
            try await limiter.acquire(weight: 11, priority: .resync)
        }
        try await limiter.acquire(weight: 10, priority: .polls)
        let waiter = Task { try await limiter.acquire(weight: 1, priority: .polls, waitLimit: .milliseconds(400)) }
        await clock.waitForSleepers(1)
        clock.advance(by: .milliseconds(400))
        await #expect(throws: RateLimiterError.waitedTooLong) { try await waiter.value }
        #expect(limiter.snapshot().waiting.total == 0)
    }

    @Test("Two who ask for the same scope share one budget, other scopes have their own")
    func registry() async throws {
        let clock = ManualClock()
        let registry = LimiterRegistry(clock: clock)
        let snapshots = registry.limiter(for: "host a", limits: Self.limits())
        let history = registry.limiter(for: "host a", limits: Self.limits(1000))
        #expect(snapshots === history)
        try await history.acquire(weight: 10, priority: .history)
        #expect(snapshots.snapshot().windows[0].used == 10)
        #expect(registry.limiter(for: "host b", limits: Self.limits()).snapshot().windows[0].used == 0)
        #expect(registry.snapshots().map(\.scope) == ["host a", "host b"])
        #expect(snapshots.snapshot().disagreements == 1)
    }

    @Test("The limiters of the process are those of its core")
    func process() {
        #expect(RequestCore.process.limiters === LimiterRegistry.process)
    }

    @Test("Scopes past the registry's bound share one limiter")
    func boundedRegistry() {
        let registry = LimiterRegistry(clock: ManualClock(), scopesMaximum: 2)
        let limiters = ["a", "b", "c", "d"].map { registry.limiter(for: $0, limits: Self.limits()) }
        #expect(limiters[2] === limiters[3])
        #expect(registry.snapshots().map(\.scope) == ["_other", "a", "b"])
    }

    @Test("A permit that was not sent is free for the next")
    func giveBack() async throws {
        let limiter = LimiterRegistry(clock: ManualClock()).limiter(for: "venue", limits: Self.limits())
        let permit = try await limiter.acquire(weight: 10, priority: .polls)
        limiter.giveBack(permit)
        try await limiter.acquire(weight: 10, priority: .polls)
        #expect(limiter.snapshot().windows[0].used == 10)
    }

    @Test("With tasks cancelled at random, permits returned equal permits taken", arguments: UInt64(1)...20)
    func noPermitLost(seed: UInt64) async {
        let clock = ManualClock()
        let limiter = LimiterRegistry(clock: clock).limiter(for: "venue", limits: Self.limits(20))
        var generator = SeededGenerator(seed: seed)
        let tasks = (0..<40).map { _ in
            let weight = Int.random(in: 1...8, using: &generator)
            let priority = RatePriority.allCases.randomElement(using: &generator) ?? .polls
            return Task { () -> Int? in
                (try? await limiter.acquire(weight: weight, priority: priority)).map { _ in weight }
            }
        }
        let mover = Task {
            while !Task.isCancelled {
                if let next = clock.nextDeadline, next > clock.now.offset { clock.advance(by: next - clock.now.offset) }
                await Task.yield()
            }
        }
        for task in tasks where Int.random(in: 0..<3, using: &generator) == 0 {
            await Task.yield()
            task.cancel()
        }
        var returned = 0
        for task in tasks where await task.value != nil { returned += 1 }
        mover.cancel()
        let snapshot = limiter.snapshot()
        #expect(snapshot.granted.total == returned)
        #expect(snapshot.waiting.total == 0)
        #expect(snapshot.waits.counts.reduce(0, +) == returned)
        #expect(snapshot.windows[0].used <= 20)
        #expect(clock.sleepers == 0)
    }
}
