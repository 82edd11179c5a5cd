import TestSupport
import Testing

@testable import Resilience

@Suite("Retries")
struct RetryTests {
    private enum Failure: Error, Equatable {
        case unreachable
        case rateLimited(retryAfter: Duration?)
        case refused

        var recovery: Recovery {
            switch self {
            case .unreachable: .retry(after: nil)
            case .rateLimited(let time): .closeScope(for: time)
            case .refused: .giveUp
            }
        }
    }

    private let policy = RetryPolicy(
        attempts: 3, total: .seconds(300), backoff: Backoff(base: .seconds(1), cap: .seconds(4)), closure: .seconds(60),
        closures: 2)

    @Test("Failures are retried within the backoff's bound, then given up")
    func attempts() {
        var generator = SeededGenerator(seed: 1)
        var state = RetryState(policy: self.policy)
        for failure in 1...2 {
            guard case .retry(let delay) = state.failed(.retry(after: nil), elapsed: .zero, using: &generator) else {
                Issue.record("failure \(failure) was not retried")
                return
            }
            #expect(delay <= self.policy.backoff.bound(failures: failure))
        }
        #expect(
            state.failed(.retry(after: nil), elapsed: .zero, using: &generator)
                == .giveUp(.attemptsSpent, closingScopeFor: nil))
    }

    @Test("A closed scope costs no attempt but closures are bounded")
    func closures() {
        var generator = SeededGenerator(seed: 1)
        var state = RetryState(policy: self.policy)
        #expect(
            state.failed(.closeScope(for: .seconds(7)), elapsed: .zero, using: &generator)
                == .closeScope(for: .seconds(7)))
        #expect(
            state.failed(.closeScope(for: nil), elapsed: .zero, using: &generator) == .closeScope(for: .seconds(60)))
        #expect(state.failures == 0)
        #expect(
            state.failed(.closeScope(for: nil), elapsed: .zero, using: &generator)
                == .giveUp(.closuresSpent, closingScopeFor: .seconds(60)))
    }

    @Test("A ban longer than the total time closes the scope and gives up at once")
    func longBan() {
        var generator = SeededGenerator(seed: 1)
        var state = RetryState(policy: self.policy)
        #expect(
            state.failed(.closeScope(for: .seconds(259_200)), elapsed: .seconds(1), using: &generator)
                == .giveUp(.timeSpent, closingScopeFor: .seconds(259_200)))
    }

    @Test("The total time bounds retries, also when the other side asks for a long wait")
    func totalTime() {
        var generator = SeededGenerator(seed: 1)
        var state = RetryState(policy: self.policy)
        #expect(
            state.failed(.retry(after: .seconds(11)), elapsed: .seconds(290), using: &generator)
                == .giveUp(.timeSpent, closingScopeFor: nil))
    }

    /// Advances `clock` whenever one sleeps on it, for as long as `body` runs.
    private func whileMoving<Value: Sendable>(
        _ clock: ManualClock, _ body: sending @escaping @isolated(any) () async -> Value
    ) async -> Value {
        let mover = Task {
            while !Task.isCancelled {
                if let next = clock.nextDeadline, next > clock.now.offset { clock.advance(by: next - clock.now.offset) }
                await Task.yield()
            }
        }
        defer { mover.cancel() }
        return await body()
    }

    @Test("The driver tries again until it succeeds, closing the scope for everybody on a rate limit")
    func driver() async {
        let clock = ManualClock()
        let limits = RateLimits(windows: [RateWindow(.weight, limit: 10, per: .seconds(60))])
        let limiter = LimiterRegistry(clock: clock).limiter(for: "venue", limits: limits)
        let policy = self.policy
        let (value, seen, closures) = await self.whileMoving(clock) { () -> (Int?, [Failure], Int) in
            var generator = SeededGenerator(seed: 3)
            var seen: [Failure] = []
            let script: [Failure] = [
                .unreachable, .rateLimited(retryAfter: .seconds(30)), .rateLimited(retryAfter: nil), .unreachable,
            ]
            let value = try? await retrying(
                policy, clock: clock, limiter: limiter, using: &generator, recovery: { $0.recovery },
                failed: { failure, _ in seen.append(failure) },
                operation: { attempt throws(Failure) in
                    if attempt <= script.count { throw script[attempt - 1] }
                    return attempt
                })
            return (value, seen, limiter.snapshot().closures)
        }
        #expect(value == 5)
        #expect(seen.count == 4)
        #expect(closures == 2)
        #expect(clock.now.offset >= .seconds(90))
    }

    @Test("What cannot succeed is tried once")
    func permanent() async {
        let clock = ManualClock()
        var generator = SeededGenerator(seed: 3)
        var attempts = 0
        do throws(RetryError<Failure>) {
            try await retrying(
                self.policy, clock: clock, using: &generator, recovery: { $0.recovery },
                operation: { _ throws(Failure) in
                    attempts += 1
                    throw .refused
                })
            Issue.record("it did not throw")
        } catch {
            #expect(error.reason == .ended(.permanent))
            #expect(error.last == .refused)
        }
        #expect(attempts == 1)
    }

    @Test("Cancelling ends the wait between tries")
    func cancellation() async {
        let clock = ManualClock()
        let policy = self.policy
        let task = Task { () -> RetryError<Failure>.Reason? in
            var generator = SeededGenerator(seed: 3)
            do throws(RetryError<Failure>) {
                try await retrying(
                    policy, clock: clock, using: &generator, recovery: { $0.recovery },
                    operation: { _ throws(Failure) in throw .unreachable })
                return nil
            } catch {
                return error.reason
            }
        }
        await clock.waitForSleepers(1)
        task.cancel()
        #expect(await task.value == .cancelled)
    }
}
