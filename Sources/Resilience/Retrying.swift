/// Why a request was given up, with its last error.
package struct RetryError<Failure: Error>: Error {
    package enum Reason: Hashable, Sendable {
        case ended(RetryState.End)
        /// The task was cancelled while it waited for the next try.
        case cancelled
    }

    package let reason: Reason
    package let attempts: Int
    package let last: Failure
}

/// Runs `operation` until it succeeds or `policy` ends it, sleeping on `clock` between tries.
///
/// - Parameters:
///   - limiter: Closed for everybody when an error says so; `operation` draws its permits from it.
///   - recovery: What may be done about an error.
///   - failed: Told of every failure, with the number of the try, before the wait.
///   - operation: Gets the number of the try, from 1.
package func retrying<C: Clock, Value, Failure: Error>(
    _ policy: RetryPolicy, clock: C, limiter: RateLimiter<C>? = nil, using generator: inout some RandomNumberGenerator,
    recovery: (Failure) -> Recovery, failed: (Failure, Int) -> Void = { _, _ in },
    operation: (Int) async throws(Failure) -> Value
) async throws(RetryError<Failure>) -> Value where C.Duration == Duration {
    var state = RetryState(policy: policy)
    let start = clock.now
    var attempt = 0
    while true {
        attempt += 1
        let failure: Failure
        do {
            return try await operation(attempt)
        } catch {
            failure = error
        }
        failed(failure, attempt)
        let wait: Duration
        switch state.failed(recovery(failure), elapsed: start.duration(to: clock.now), using: &generator) {
        case .retry(let delay):
            wait = delay
        case .closeScope(let closure):
            limiter?.close(for: closure)
            wait = closure
        case .giveUp(let end, let closure):
            if let closure { limiter?.close(for: closure) }
            throw RetryError(reason: .ended(end), attempts: attempt, last: failure)
        }
        do {
            try await clock.sleep(until: clock.now.advanced(by: wait), tolerance: nil)
        } catch {
            throw RetryError(reason: .cancelled, attempts: attempt, last: failure)
        }
    }
}
