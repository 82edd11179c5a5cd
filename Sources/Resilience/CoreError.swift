/// Why a request was given up.
package enum RequestEnd: Hashable, Sendable {
    /// The last attempt failed, and no other follows.
    case ended(RetryState.End)
    case cancelled
    /// A weight above a whole budget.
    case neverFits
    /// Its budget or its turn did not come in the request's time.
    case waitedTooLong
    /// The host keeps failing and is not asked for so long, nil while probes are on their way.
    case hostDown(for: Duration?)
}

/// A request that was given up, with its last failure.
package struct CoreError<Failure: Error>: Error {
    package let reason: RequestEnd
    /// Attempts that were made.
    package let attempts: Int
    /// Nil when none was made, or the last was kept from being made because too many waited.
    package let last: Failure?
}
