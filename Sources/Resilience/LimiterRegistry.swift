import Synchronization

/// Hands out the limiter of each scope, the same one to everyone who asks.
///
/// Scopes come from venues and configuration, so there are few; past `scopesMaximum` all further ones share one limiter
/// under the name `_other`, which is slower and never above a budget of its own.
package final class LimiterRegistry<C: Clock>: Sendable where C.Duration == Duration {
    /// What its limiters wait on.
    package let clock: C
    private let scopesMaximum: Int
    private let limiters = Mutex<[String: RateLimiter<C>]>([:])

    package init(clock: C, scopesMaximum: Int = 1024) {
        self.clock = clock
        self.scopesMaximum = scopesMaximum
    }

    /// The limiter of `scope`; who asks first sets its limits.
    ///
    /// - Parameter scope: What the venue meters, as it names itself in metrics: `binance fapi.binance.com 192.0.2.7`.
    package func limiter(for scope: String, limits: RateLimits) -> RateLimiter<C> {
        self.limiters.withLock { limiters in
            if let known = limiters[scope] { return known }
            let name = limiters.count < self.scopesMaximum ? scope : "_other"
            if let known = limiters[name] { return known }
            let limiter = RateLimiter(scope: name, limits: limits, clock: self.clock)
            limiters[name] = limiter
            return limiter
        }
    }

    /// Every scope with what its limiter looks like, ordered by name.
    package func snapshots() -> [(scope: String, snapshot: RateLimiterSnapshot)] {
        let limiters = self.limiters.withLock { $0 }
        return limiters.sorted { $0.key < $1.key }.map { (scope: $0.key, snapshot: $0.value.snapshot()) }
    }
}

extension LimiterRegistry where C == ContinuousClock {
    /// The registry of this process: venues meter the address, so two registries would spend twice.
    package static let process = LimiterRegistry(clock: ContinuousClock())
}
