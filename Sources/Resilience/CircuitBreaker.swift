/// Stops asking a host that keeps failing, and lets single probes find out when it is back.
///
/// Pure: times are durations since an origin of the caller's choice. Every allowed request must end in exactly one of
/// `succeeded`, `failed` or `abandoned`; answers to requests from before the last change of state are ignored.
package struct CircuitBreaker: Sendable {
    package struct Settings: Hashable, Sendable {
        /// Failures in a row that open it.
        package var failures: Int
        /// How long it stays open the first time; doubles with every failed probe.
        package var open: Duration
        package var openMaximum: Duration
        /// Requests at a time while half open.
        package var probes: Int
        /// Successful probes that close it.
        package var successes: Int

        package init(
            failures: Int = 5, open: Duration = .seconds(5), openMaximum: Duration = .seconds(120), probes: Int = 1,
            successes: Int = 2
        ) {
            precondition(failures > 0 && probes > 0 && successes > 0 && open > .zero && openMaximum >= open)
            self.failures = failures
            self.open = open
            self.openMaximum = openMaximum
            self.probes = probes
            self.successes = successes
        }
    }

    package enum State: Hashable, Sendable {
        case closed(failures: Int)
        case open(until: Duration)
        case halfOpen(inFlight: Int, successes: Int)
    }

    /// Says in which era of the breaker a request was allowed.
    package struct Pass: Hashable, Sendable {
        fileprivate let era: UInt64
    }

    package enum Decision: Hashable, Sendable {
        case allowed(Pass)
        /// `until` is when asking again makes sense; `nil` while probes are on their way.
        case refused(until: Duration?)
    }

    package let settings: Settings
    package private(set) var state = State.closed(failures: 0)
    /// How often it has opened.
    package private(set) var openings = 0
    private var era: UInt64 = 0
    private var openedInARow = 0

    package init(settings: Settings = Settings()) {
        self.settings = settings
    }

    /// What `allow` would answer at `now`, without letting a probe go; nil where it would allow.
    package func refusal(now: Duration) -> Decision? {
        switch self.state {
        case .open(let until) where now < until: .refused(until: until)
        case .halfOpen(let inFlight, _) where inFlight >= self.settings.probes: .refused(until: nil)
        case .closed, .open, .halfOpen: nil
        }
    }

    /// Asks whether a request may go at `now`.
    package mutating func allow(now: Duration) -> Decision {
        switch self.state {
        case .closed:
            return .allowed(Pass(era: self.era))
        case .open(let until) where now < until:
            return .refused(until: until)
        case .open:
            self.enter(.halfOpen(inFlight: 1, successes: 0))
            return .allowed(Pass(era: self.era))
        case .halfOpen(let inFlight, _) where inFlight >= self.settings.probes:
            return .refused(until: nil)
        case .halfOpen(let inFlight, let successes):
            self.state = .halfOpen(inFlight: inFlight + 1, successes: successes)
            return .allowed(Pass(era: self.era))
        }
    }

    package mutating func succeeded(_ pass: Pass) {
        guard pass.era == self.era else { return }
        switch self.state {
        case .closed:
            self.state = .closed(failures: 0)
        case .halfOpen(let inFlight, let successes):
            if successes + 1 >= self.settings.successes {
                self.openedInARow = 0
                self.enter(.closed(failures: 0))
            } else {
                self.state = .halfOpen(inFlight: inFlight - 1, successes: successes + 1)
            }
        case .open:
            break  // no request is allowed while open, and opening began an era
        }
    }

    package mutating func failed(_ pass: Pass, now: Duration) {
        guard pass.era == self.era else { return }
        switch self.state {
        case .closed(let failures):
            if failures + 1 >= self.settings.failures {
                self.open(now: now)
            } else {
                self.state = .closed(failures: failures + 1)
            }
        case .halfOpen:
            self.open(now: now)
        case .open:
            break  // no request is allowed while open, and opening began an era
        }
    }

    /// Ends a request that says nothing about the host: cancelled, or refused before it was sent.
    package mutating func abandoned(_ pass: Pass) {
        guard pass.era == self.era else { return }
        if case .halfOpen(let inFlight, let successes) = self.state {
            self.state = .halfOpen(inFlight: inFlight - 1, successes: successes)
        }
    }

    private mutating func open(now: Duration) {
        let doublings = min(self.openedInARow, 30)
        let length = min(self.settings.open * (1 << doublings), self.settings.openMaximum)
        self.openings += 1
        self.openedInARow += 1
        self.enter(.open(until: now + length))
    }

    private mutating func enter(_ state: State) {
        self.era += 1
        self.state = state
    }
}
