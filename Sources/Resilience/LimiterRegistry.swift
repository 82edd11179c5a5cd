internal import Synchronization

/// Hands out the limiter of each scope, the same one to everyone who asks.
///
/// A process has one, that of `RequestCore.process`: neither a registry nor a limiter can be made outside of this
/// target, so that no component has a budget of its own.
///
/// Scopes come from venues and configuration, so there are few; past `scopesMaximum` all further ones share one limiter
/// under the name `_other`, which is slower and never above a budget of its own.
package final class LimiterRegistry<C: Clock>: Sendable where C.Duration == Duration {
    let store: LimiterStore<C>
    package let scopesMaximum: Int
    private let limiters = Mutex<[String: RateLimiter<C>]>([:])

    init(clock: C, scopesMaximum: Int = 1024) {
        self.store = LimiterStore(clock: clock)
        self.scopesMaximum = scopesMaximum
    }

    /// What its limiters wait on.
    package var clock: C { self.store.clock }

    /// The limiter of `scope`.
    ///
    /// Whoever asks with other limits than those that hold gets the tighter of both in every window, and so does
    /// everyone who asked before; the scope counts it as a disagreement. How long overtaking is allowed stays what the
    /// first one said.
    ///
    /// - Parameter scope: What the venue meters, as it names itself in metrics: `binance fapi.binance.com 192.0.2.7`.
    package func limiter(for scope: String, limits: RateLimits) -> RateLimiter<C> {
        self.limiters.withLock { limiters in
            let name = limiters[scope] != nil || limiters.count < self.scopesMaximum ? scope : "_other"
            if let known = limiters[name] {
                self.store.tighten(known.index, to: limits)
                return known
            }
            let limiter = RateLimiter(scope: name, limits: limits, store: self.store)
            limiters[name] = limiter
            return limiter
        }
    }

    // MARK: - Sharing

    /// Since the registry was made, as `grant` counts.
    package var now: Duration { self.store.now }

    /// Leaves all scopes, also later ones, to other processes but for a floor of each; nil ends that.
    package func share(_ terms: RateShare.Terms?) { self.store.share(terms) }

    /// What is needed of every scope, by the name that all processes know it by.
    ///
    /// That is the venue's own: which hosts a process asks differs. Of two scopes of one such name the first in the order
    /// of their names is told; the other keeps to the floor.
    package func demands() -> [String: RateDemand] {
        var demands: [String: RateDemand] = [:]
        for (name, limiter) in self.sharedLimiters { demands[name] = self.store.demand(limiter.index) }
        return demands
    }

    /// Lowers our share of a scope as far as what was used of it allows, and gives what it is then.
    package func lower(_ name: String, to target: Int) -> Int? {
        self.sharedLimiters[name].map { self.store.lower($0.index, to: target) }
    }

    /// Gives us `portion` of a scope until `time`.
    package func grant(_ portion: Int, of name: String, until time: Duration) {
        if let limiter = self.sharedLimiters[name] { self.store.grant(portion, of: limiter.index, until: time) }
    }

    /// Closes a scope, as the venue closed it to another process.
    package func closeWithOthers(_ name: String, for duration: Duration) {
        if let limiter = self.sharedLimiters[name] { self.store.closeWithOthers(limiter.index, for: duration) }
    }

    private var sharedLimiters: [String: RateLimiter<C>] {
        let limiters = self.limiters.withLock { $0 }
        var shared: [String: RateLimiter<C>] = [:]
        for (name, limiter) in limiters.sorted(by: { $0.key < $1.key }) {
            let known = String(name.prefix { $0 != " " })
            if shared[known] == nil { shared[known] = limiter }
        }
        return shared
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
