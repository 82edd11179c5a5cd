/// What may be done about an error; the error says it.
package enum Recovery: Hashable, Sendable {
    /// Try again after the policy's own wait, which is added to the time the other side asked for: whoever was told the
    /// same time shall not come back in the same instant.
    case retry(after: Duration?)
    /// The venue refused everybody in the scope (429, 418, `Retry-After`): all wait, and it costs no attempt.
    case closeScope(for: Duration?)
    /// Trying again gives the same.
    case giveUp
}

/// How often and how long a request is tried.
package struct RetryPolicy: Hashable, Sendable {
    /// Tries that may fail, the first included.
    package var attempts: Int
    /// From the first try to the start of the last, waits for a closed scope included.
    package var total: Duration
    package var backoff: Backoff
    /// How long a scope is closed when the venue gives no time.
    package var closure: Duration
    /// Closures that one request sits through.
    package var closures: Int

    package init(
        attempts: Int = 5, total: Duration = .seconds(60),
        backoff: Backoff = Backoff(base: .milliseconds(200), cap: .seconds(10)), closure: Duration = .seconds(60),
        closures: Int = 10
    ) {
        precondition(attempts > 0 && total >= .zero && closure > .zero && closures >= 0)
        self.attempts = attempts
        self.total = total
        self.backoff = backoff
        self.closure = closure
        self.closures = closures
    }
}

/// Counts one request's failures and decides what follows each.
package struct RetryState: Sendable {
    package enum End: Hashable, Sendable {
        /// The error says that trying again gives the same.
        case permanent
        case attemptsSpent
        case timeSpent
        case closuresSpent
    }

    package enum Action: Hashable, Sendable {
        case retry(after: Duration)
        /// Close the scope for this long, wait as long, then try again.
        case closeScope(for: Duration)
        /// The scope must be closed even though this request is not tried again.
        case giveUp(End, closingScopeFor: Duration?)
    }

    package let policy: RetryPolicy
    package private(set) var failures = 0
    package private(set) var closures = 0

    package init(policy: RetryPolicy) {
        self.policy = policy
    }

    /// - Parameter elapsed: Since the first try began.
    package mutating func failed(
        _ recovery: Recovery, elapsed: Duration, using generator: inout some RandomNumberGenerator
    ) -> Action {
        switch recovery {
        case .giveUp:
            self.failures += 1
            return .giveUp(.permanent, closingScopeFor: nil)
        case .closeScope(let asked):
            self.closures += 1
            let closure = max(asked ?? self.policy.closure, .zero)
            if self.closures > self.policy.closures { return .giveUp(.closuresSpent, closingScopeFor: closure) }
            if elapsed + closure > self.policy.total { return .giveUp(.timeSpent, closingScopeFor: closure) }
            return .closeScope(for: closure)
        case .retry(let asked):
            self.failures += 1
            if self.failures >= self.policy.attempts { return .giveUp(.attemptsSpent, closingScopeFor: nil) }
            let jitter = self.policy.backoff.delay(failures: self.failures, using: &generator)
            let delay = max(asked ?? .zero, .zero) + jitter
            if elapsed + delay > self.policy.total { return .giveUp(.timeSpent, closingScopeFor: nil) }
            return .retry(after: delay)
        }
    }
}
