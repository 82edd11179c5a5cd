/// The one way to a venue's REST: every request passes the breaker of its host, the limiters of its scopes and the gate
/// of its host, and is tried again as its policy says.
///
/// Cancelled anywhere, a request returns what it holds. Nothing sleeps inside a lock. A process has one,
/// `RequestCore.process`, and with it one limiter a scope and one breaker a host.
package final class RequestCore<C: Clock>: Sendable where C.Duration == Duration {
    package let limiters: LimiterRegistry<C>
    package let hosts: HostRegistry<C>
    package let clock: C

    init(limiters: LimiterRegistry<C>, hosts: HostRegistry<C>) {
        self.limiters = limiters
        self.hosts = hosts
        self.clock = limiters.clock
    }

    convenience init(clock: C, settings: HostSettings = HostSettings()) {
        self.init(limiters: LimiterRegistry(clock: clock), hosts: HostRegistry(clock: clock, settings: settings))
    }

    /// Runs `operation` until it succeeds or the policy ends it.
    ///
    /// - Parameter operation: One attempt, with its number from 1. It has permits and a place, and bounds its own time.
    package func run<Value, Failure: ClassifiedFailure>(
        _ request: CoreRequest<C>, operation: (Int) async throws(Failure) -> Value
    ) async throws(CoreError<Failure>) -> Value {
        var generator = SystemRandomNumberGenerator()
        return try await self.run(request, using: &generator, operation: operation)
    }

    /// Runs `operation` with the jitter of a generator.
    package func run<Value, Failure: ClassifiedFailure>(
        _ request: CoreRequest<C>, using generator: inout some RandomNumberGenerator,
        operation: (Int) async throws(Failure) -> Value
    ) async throws(CoreError<Failure>) -> Value {
        var progress = CoreProgress<C, Failure>(request, host: self.hosts.host(request.host), clock: self.clock)
        defer { progress.host.finished(attempts: progress.attempts) }
        while true {
            let turn: CoreTurn<C>
            switch await self.turn(&progress, &generator) {
            case .go(let granted): turn = granted
            case .again(let wait):
                try await self.sleep(wait, progress)
                continue
            case .end(let reason): throw progress.error(reason)
            }
            progress.attempts += 1
            let began = self.clock.now
            let failure: Failure
            do throws(Failure) {
                let value = try await operation(progress.attempts)
                turn.ended(false, took: began.duration(to: self.clock.now))
                return value
            } catch {
                failure = error
            }
            let failureClass = failure.failureClass
            let tellsTime = failureClass != .cancelled && failure.mayHaveBeenSent
            turn.ended(failureClass.isHostError, took: tellsTime ? began.duration(to: self.clock.now) : nil)
            if !failure.mayHaveBeenSent { turn.permits.giveBack() }
            progress.last = failure
            if failureClass == .cancelled { throw progress.error(.cancelled) }
            progress.record(failureClass, failure.detail)
            try await self.recover(failure.recovery, &progress, &generator)
        }
    }

    /// What every host and scope looks like, ordered by name.
    package func snapshot() -> (hosts: [HostSnapshot], scopes: [(scope: String, snapshot: RateLimiterSnapshot)]) {
        (self.hosts.snapshots(), self.limiters.snapshots())
    }

    // MARK: - Private

    private enum Step {
        case go(CoreTurn<C>)
        case again(after: Duration)
        case end(RequestEnd)
    }

    /// Gets everything that one attempt needs: permits of all scopes, then a place, then the breaker's pass.
    ///
    /// The permits come first, since waiting for budget takes longest and must keep nobody else out of the gate; they
    /// begin to count as sent when the rest is there.
    private func turn<Failure>(
        _ progress: inout CoreProgress<C, Failure>, _ generator: inout some RandomNumberGenerator
    ) async -> Step {
        let host = progress.host
        if let refusal = host.refusal() { return self.wait(for: refusal, &progress, &generator) }
        let permits: PermitSet<C>
        do throws(RateLimiterError) {
            permits = try await PermitSet.acquire(
                progress.request.draws, priority: progress.request.priority, waitLimit: progress.left)
        } catch {
            return self.step(error, &progress, &generator)
        }
        let place: ConcurrencyGate<C>.Place
        do throws(ConcurrencyGateError) {
            place = try await host.gate.enter(progress.request.priority, waitLimit: progress.left)
        } catch {
            permits.giveBack()
            return self.step(error, &progress, &generator)
        }
        guard !Task.isCancelled, let pass = host.allow() else {
            host.gate.leave(place, .neutral)
            permits.giveBack()
            return Task.isCancelled ? .end(.cancelled) : .again(after: .zero)
        }
        let turn = CoreTurn(host: host, place: place, pass: pass, permits: permits)
        guard permits.send() else {
            turn.ended(nil, took: nil)
            return .again(after: .zero)
        }
        return .go(turn)
    }

    /// Waits for a host that is not asked, if the request's time allows it; costs no attempt.
    private func wait<Failure>(
        for refusal: HostGuard<C>.Refusal, _ progress: inout CoreProgress<C, Failure>,
        _ generator: inout some RandomNumberGenerator
    ) -> Step {
        progress.host.countRefusal()
        let backoff = progress.request.policy.backoff
        // Whoever waits for a probe looks again soon, but never at once.
        let wait = max(refusal.time ?? backoff.base, .zero) + backoff.delay(failures: 1, using: &generator)
        guard wait <= progress.left else {
            progress.record(.hostDown, "the host keeps failing")
            return .end(.hostDown(for: refusal.time))
        }
        return .again(after: wait)
    }

    private func step<Failure>(
        _ error: RateLimiterError, _ progress: inout CoreProgress<C, Failure>,
        _ generator: inout some RandomNumberGenerator
    ) -> Step {
        switch error {
        case .cancelled: return .end(.cancelled)
        case .tooManyWaiting: return self.crowded("too many wait for budget", &progress, &generator)
        case .neverFits:
            progress.record(.impossible, "the weight is above the whole budget")
            return .end(.neverFits)
        case .waitedTooLong:
            progress.record(.noBudget, "no budget in time")
            return .end(.waitedTooLong)
        }
    }

    private func step<Failure>(
        _ error: ConcurrencyGateError, _ progress: inout CoreProgress<C, Failure>,
        _ generator: inout some RandomNumberGenerator
    ) -> Step {
        switch error {
        case .cancelled: return .end(.cancelled)
        case .tooManyWaiting: return self.crowded("too many wait for their turn", &progress, &generator)
        case .waitedTooLong:
            progress.record(.noBudget, "no turn in time")
            return .end(.waitedTooLong)
        }
    }

    /// Counts a full line as a failed attempt.
    private func crowded<Failure>(
        _ detail: String, _ progress: inout CoreProgress<C, Failure>, _ generator: inout some RandomNumberGenerator
    ) -> Step {
        progress.last = nil
        progress.record(.noBudget, detail)
        switch progress.retry.failed(.retry(after: nil), elapsed: progress.elapsed, using: &generator) {
        case .retry(let delay), .closeScope(let delay): return .again(after: delay)
        case .giveUp(let end, _): return .end(.ended(end))
        }
    }

    /// Closes the scopes if the failure says so and waits for the next attempt, or throws when there is none.
    private func recover<Failure>(
        _ recovery: Recovery, _ progress: inout CoreProgress<C, Failure>,
        _ generator: inout some RandomNumberGenerator
    ) async throws(CoreError<Failure>) {
        switch progress.retry.failed(recovery, elapsed: progress.elapsed, using: &generator) {
        case .retry(let delay):
            try await self.sleep(delay, progress)
        case .closeScope(let closure):
            progress.close(for: closure)
            try await self.sleep(closure, progress)
        case .giveUp(let end, let closure):
            if let closure { progress.close(for: closure) }
            throw progress.error(.ended(end))
        }
    }

    private func sleep<Failure>(
        _ wait: Duration, _ progress: CoreProgress<C, Failure>
    ) async throws(CoreError<Failure>) {
        guard wait > .zero else { return }
        do {
            try await self.clock.sleep(until: self.clock.now.advanced(by: wait), tolerance: nil)
        } catch {
            throw progress.error(.cancelled)
        }
    }
}

extension RequestCore where C == ContinuousClock {
    /// The core of this process.
    package static let process = RequestCore(limiters: .process, hosts: HostRegistry(clock: ContinuousClock()))
}
