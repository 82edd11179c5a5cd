import TestSupport
import Testing

@testable import Resilience

@Suite("Retries")
struct RetryTests {
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
}
