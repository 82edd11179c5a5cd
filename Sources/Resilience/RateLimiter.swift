/// Why a limiter let a request not go.
package enum RateLimiterError: Error, Hashable {
    /// The waiting task was cancelled; nothing was taken.
    case cancelled
    /// As many requests of this priority wait as may.
    case tooManyWaiting
    /// The weight is above what the scope's windows admit at all.
    case neverFits
    /// The request could not go within the time its caller gave; nothing was taken.
    case waitedTooLong
}

/// The one budget of a scope that a venue meters, shared by all that draw on it.
///
/// Made by `LimiterRegistry` only, so that a scope has one.
package final class RateLimiter<C: Clock>: Sendable where C.Duration == Duration {
    /// What was granted, to be given back if it is not sent.
    package struct Permit: Sendable {
        fileprivate let draws: [RateScopes.Draw]
        fileprivate let grantedAt: Duration
    }

    package let scope: String
    let store: LimiterStore<C>
    let index: Int

    init(scope: String, limits: RateLimits, store: LimiterStore<C>) {
        self.scope = scope
        self.store = store
        self.index = store.add(limits)
    }

    /// Waits until `weight` may be sent, in order of priority.
    ///
    /// - Parameters:
    ///   - weight: What the venue counts for the request.
    ///   - waitLimit: The longest wait; `nil` waits as long as it takes.
    /// - Throws: `RateLimiterError`; nothing is taken then.
    @discardableResult
    package func acquire(
        weight: Int = 1, priority: RatePriority, waitLimit: Duration? = nil
    ) async throws(RateLimiterError) -> Permit {
        let draws = [RateScopes.Draw(scope: self.index, weight: weight)]
        let grantedAt = try await self.store.acquire(draws, holds: false, priority: priority, waitLimit: waitLimit)
        return Permit(draws: draws, grantedAt: grantedAt)
    }

    /// Returns a permit whose request was never sent; at most once each.
    package func giveBack(_ permit: Permit) {
        self.store.giveBack(permit.draws, spentAt: permit.grantedAt)
    }

    /// Takes the venue's own count from an answer's header; see `RateScopes.observed`.
    @discardableResult
    package func observed(used: Int, meter: RateWindow.Meter = .weight, per length: Duration) -> Bool {
        self.store.observed(self.index, used: used, meter: meter, per: length)
    }

    /// Grants nothing for `duration`, as 429, 418 and `Retry-After` ask; a closure only ever becomes longer.
    package func close(for duration: Duration) {
        self.store.close(self.index, for: duration)
    }

    package func snapshot() -> RateLimiterSnapshot {
        self.store.snapshot(self.index)
    }
}
