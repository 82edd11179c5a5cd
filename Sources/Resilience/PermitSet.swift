internal import Synchronization

/// What a request takes from one scope.
package struct RateDraw<C: Clock>: Sendable where C.Duration == Duration {
    package let limiter: RateLimiter<C>
    /// What the venue counts for the request in this scope.
    package let weight: Int
    /// Whether a rate limit told in the answer closes this scope.
    package let closes: Bool

    package init(_ limiter: RateLimiter<C>, weight: Int = 1, closes: Bool = true) {
        self.limiter = limiter
        self.weight = weight
        self.closes = closes
    }
}

/// The permits of one request, of all the scopes it draws on.
///
/// They are held from the grant on, and count in every window until `send`, which is when they begin to leave: what is
/// granted early and sent late passes no budget. Permits that nobody sent are returned at the latest with the set.
package final class PermitSet<C: Clock>: Sendable where C.Duration == Duration {
    private enum State {
        case held
        case sent(at: Duration)
        case ended
    }

    private let store: LimiterStore<C>
    private let draws: [RateScopes.Draw]
    private let state = Mutex(State.held)

    fileprivate init(store: LimiterStore<C>, draws: [RateScopes.Draw]) {
        self.store = store
        self.draws = draws
    }

    deinit {
        self.state.withLock { state in
            if case .held = state { self.store.release(self.draws) }
        }
    }

    /// Counts the request as sent now; `false` when a scope was closed meanwhile, and the permits are returned then.
    package func send() -> Bool {
        self.state.withLock { state in
            guard case .held = state else { return false }
            guard let time = self.store.send(self.draws) else {
                self.store.release(self.draws)
                state = .ended
                return false
            }
            state = .sent(at: time)
            return true
        }
    }

    /// Returns the permits of a request that did not reach the venue; a second time returns nothing.
    package func giveBack() {
        self.state.withLock { state in
            switch state {
            case .held: self.store.release(self.draws)
            case .sent(let time): self.store.giveBack(self.draws, spentAt: time)
            case .ended: break
            }
            state = .ended
        }
    }

    /// Waits until every scope has room for its draw, and takes from all of them at one instant.
    ///
    /// - Parameters:
    ///   - draws: The narrowest scope first, of one registry; two of one scope are one of their sum.
    ///   - waitLimit: The longest wait; `nil` waits as long as it takes.
    /// - Throws: `RateLimiterError`; nothing is taken then.
    package static func acquire(
        _ draws: [RateDraw<C>], priority: RatePriority, waitLimit: Duration? = nil
    ) async throws(RateLimiterError) -> PermitSet {
        guard let store = draws.first?.limiter.store else {
            preconditionFailure("a request without a budget would pass every limit")
        }
        var taken: [RateScopes.Draw] = []
        for draw in draws {
            precondition(draw.limiter.store === store, "scopes of two registries cannot be taken at one instant")
            let weight = max(draw.weight, 0)
            if let same = taken.firstIndex(where: { $0.scope == draw.limiter.index }) {
                let (sum, overflow) = taken[same].weight.addingReportingOverflow(weight)
                taken[same] = RateScopes.Draw(scope: taken[same].scope, weight: overflow ? .max : sum)
            } else {
                taken.append(RateScopes.Draw(scope: draw.limiter.index, weight: weight))
            }
        }
        _ = try await store.acquire(taken, holds: true, priority: priority, waitLimit: waitLimit)
        return PermitSet(store: store, draws: taken)
    }
}
