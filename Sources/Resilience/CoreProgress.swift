/// How far a request has come.
struct CoreProgress<C: Clock, Failure: Error> where C.Duration == Duration {
    let request: CoreRequest<C>
    let host: HostGuard<C>
    var retry: RetryState
    var attempts = 0
    var last: Failure?
    private let clock: C
    private let start: C.Instant

    init(_ request: CoreRequest<C>, host: HostGuard<C>, clock: C) {
        self.request = request
        self.host = host
        self.retry = RetryState(policy: request.policy)
        self.clock = clock
        self.start = clock.now
    }

    var elapsed: Duration { self.start.duration(to: self.clock.now) }
    /// What is left of the request's time.
    var left: Duration { max(self.request.policy.total - self.elapsed, .zero) }

    func record(_ failureClass: FailureClass, _ detail: String) {
        self.host.record(failureClass, endpoint: self.request.endpoint, detail: detail)
    }

    /// Closes the scopes that a rate limit closes.
    func close(for time: Duration) {
        for draw in self.request.draws where draw.closes { draw.limiter.close(for: time) }
    }

    func error(_ reason: RequestEnd) -> CoreError<Failure> {
        CoreError(reason: reason, attempts: self.attempts, last: self.last)
    }
}

/// All that one attempt holds.
struct CoreTurn<C: Clock>: Sendable where C.Duration == Duration {
    let host: HostGuard<C>
    let place: ConcurrencyGate<C>.Place
    let pass: CircuitBreaker.Pass
    let permits: PermitSet<C>

    /// Ends the attempt by what it says about the host, nil for nothing.
    func ended(_ isHostError: Bool?, took: Duration?) {
        let answer: ConcurrencyGate<C>.Answer =
            switch isHostError {
            case true?: .error
            case false?: .good
            case nil: .neutral
            }
        self.host.gate.leave(self.place, answer)
        self.host.ended(self.pass, isHostError: isHostError, took: took)
    }
}
