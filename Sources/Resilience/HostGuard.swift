internal import Synchronization

/// What the process knows of one host: its breaker, its gate and its failures.
package final class HostGuard<C: Clock>: Sendable where C.Duration == Duration {
    /// Failures that are kept for a host.
    private static var recordsMaximum: Int { 16 }

    struct Refusal {
        /// How long it stays so; nil while probes are on their way.
        let time: Duration?
    }

    private struct State {
        var breaker: CircuitBreaker
        var breakerRefusals = 0
        var failures = FailureLog<FailureRecord>(capacity: HostGuard.recordsMaximum)
        var byClass: [FailureClass: Int] = [:]
        var answers = DurationHistogram(bounds: DurationHistogram.answerBounds)
        var attempts = AttemptHistogram()
    }

    package let host: String
    let gate: ConcurrencyGate<C>
    private let clock: C
    private let origin: C.Instant
    private let state: Mutex<State>

    init(host: String, clock: C, settings: HostSettings) {
        self.host = host
        self.clock = clock
        self.origin = clock.now
        self.gate = ConcurrencyGate(clock: clock, settings: settings.concurrency)
        self.state = Mutex(State(breaker: CircuitBreaker(settings: settings.breaker)))
    }

    /// Says whether the breaker refuses requests; nil when it lets one go.
    func refusal() -> Refusal? {
        let now = self.now
        return self.state.withLock { state in
            state.breaker.refusal(now: now).map { Refusal(time: Self.wait($0, now: now)) }
        }
    }

    /// Lets a request go, whose pass is ended by `ended` exactly once; nil when the breaker refuses it.
    func allow() -> CircuitBreaker.Pass? {
        let now = self.now
        return self.state.withLock { state in
            guard case .allowed(let pass) = state.breaker.allow(now: now) else { return nil }
            return pass
        }
    }

    /// Notes that a request had to wait or end because of the breaker.
    func countRefusal() {
        self.state.withLock { $0.breakerRefusals += 1 }
    }

    /// Ends a pass by what the attempt says about the host; nil says nothing.
    func ended(_ pass: CircuitBreaker.Pass, isHostError: Bool?, took: Duration?) {
        let now = self.now
        self.state.withLock { state in
            switch isHostError {
            case true?: state.breaker.failed(pass, now: now)
            case false?: state.breaker.succeeded(pass)
            case nil: state.breaker.abandoned(pass)
            }
            if let took { state.answers.record(took) }
        }
    }

    func record(_ failureClass: FailureClass, endpoint: String, detail: String) {
        let record = FailureRecord(time: self.now, endpoint: endpoint, failureClass: failureClass, detail: detail)
        self.state.withLock { state in
            state.failures.record(record)
            state.byClass[failureClass, default: 0] += 1
        }
    }

    /// Notes how many attempts a request took, whatever became of it.
    func finished(attempts: Int) {
        self.state.withLock { $0.attempts.record(attempts) }
    }

    package func snapshot() -> HostSnapshot {
        let now = self.now
        let gate = self.gate.snapshot()
        return self.state.withLock { state in
            HostSnapshot(
                host: self.host, breaker: state.breaker.state, openings: state.breaker.openings,
                breakerRefusals: state.breakerRefusals,
                refusedFor: state.breaker.refusal(now: now).flatMap { Self.wait($0, now: now) }, gate: gate,
                failures: state.failures.total, failuresByClass: state.byClass,
                recent: state.failures.entries.map { HostSnapshot.Failure(record: $0, age: now - $0.time) },
                recentMost: state.failures.capacity, answers: state.answers, attempts: state.attempts)
        }
    }

    private var now: Duration { self.origin.duration(to: self.clock.now) }

    private static func wait(_ decision: CircuitBreaker.Decision, now: Duration) -> Duration? {
        guard case .refused(let until?) = decision else { return nil }
        return until - now
    }
}

/// How carefully a host is asked.
package struct HostSettings: Hashable, Sendable {
    package var breaker = CircuitBreaker.Settings()
    package var concurrency = AdaptiveConcurrency.Settings()

    package init() {}
}
