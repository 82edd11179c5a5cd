/// How a failure counts in records and metrics, and what it says about the host.
package enum FailureClass: String, CaseIterable, Hashable, Sendable {
    /// The connection failed, or no answer came in time.
    case noAnswer = "no_answer"
    /// The host answered that it cannot now: 5xx and what a venue words likewise.
    case unavailable
    case rateLimited = "rate_limited"
    /// The host will not serve this: a wrong symbol, a wrong parameter.
    case refused
    /// It cannot succeed as it is: no address, a certificate that is not trusted, an answer that is none.
    case impossible
    /// Its budget or its turn did not come in time, or too many waited.
    case noBudget = "no_budget"
    /// The host kept failing and was not asked.
    case hostDown = "host_down"
    case cancelled

    /// Whether it counts against the host in its breaker and its concurrency; nil where it says nothing about it.
    ///
    /// A rate limit is told by a host that works: it closes the limiter's scope instead.
    var isHostError: Bool? {
        switch self {
        case .noAnswer, .unavailable: true
        case .refused: false
        case .rateLimited, .impossible, .noBudget, .hostDown, .cancelled: nil
        }
    }
}

/// A failed attempt that says what it was and what may be done about it.
package protocol ClassifiedFailure: Error, Sendable {
    var failureClass: FailureClass { get }
    var recovery: Recovery { get }
    /// Whether the request may have reached the venue, which then counts it.
    var mayHaveBeenSent: Bool { get }
    /// One line for people.
    var detail: String { get }
}
