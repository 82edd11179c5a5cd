import Synchronization

/// Why a limiter let a request not go.
package enum RateLimiterError: Error, Hashable {
    /// The waiting task was cancelled; nothing was taken.
    case cancelled
    /// As many requests of this priority wait as may.
    case tooManyWaiting
    /// The weight is above what the scope's windows admit at all.
    case neverFits
    /// The request could not go within the time its caller gave; nothing was taken.
    case waitedTooLong
}

/// The one budget of a scope that a venue meters, shared by all that draw on it.
///
/// Made by `LimiterRegistry` only, so that a scope has one. Every waiting task sleeps by itself, outside the lock, until
/// the time the machine told it, then asks again; the limiter owns no task.
package final class RateLimiter<C: Clock>: Sendable where C.Duration == Duration {
    /// What was granted, to be given back if it is not sent.
    package struct Permit: Sendable {
        fileprivate let weight: Int
        fileprivate let grantedAt: Duration
    }

    package let scope: String
    private let clock: C
    private let origin: C.Instant
    private let state: Mutex<RateLimiterState>

    init(scope: String, limits: RateLimits, clock: C) {
        self.scope = scope
        self.clock = clock
        self.origin = clock.now
        self.state = Mutex(RateLimiterState(limits: limits))
    }

    /// Waits until `weight` may be sent, in order of priority.
    ///
    /// - Parameters:
    ///   - weight: What the venue counts for the request.
    ///   - waitLimit: The longest wait; `nil` waits as long as it takes.
    /// - Throws: `RateLimiterError`; nothing is taken then.
    @discardableResult
    package func acquire(
        weight: Int = 1, priority: RatePriority, waitLimit: Duration? = nil
    ) async throws(RateLimiterError) -> Permit {
        guard !Task.isCancelled else { throw .cancelled }
        let start = self.now
        let deadline = waitLimit.map { start + $0 }
        var now = start
        var decision = self.state.withLock { $0.request(weight: weight, priority: priority, now: now) }
        while true {
            switch decision {
            case .granted:
                return Permit(weight: weight, grantedAt: now)
            case .refused(let refusal):
                throw Self.error(for: refusal)
            case .wait(let ticket, let until):
                if let deadline, now >= deadline {
                    self.cancel(ticket)
                    throw .waitedTooLong
                }
                do {
                    let wakeAt = deadline.map { min($0, until) } ?? until
                    try await self.clock.sleep(until: self.origin.advanced(by: wakeAt), tolerance: nil)
                } catch {
                    self.cancel(ticket)
                    throw .cancelled
                }
                now = self.now
                decision = self.state.withLock { $0.request(again: ticket, now: now) }
            }
        }
    }

    /// Returns a permit whose request was never sent; at most once each.
    package func giveBack(_ permit: Permit) {
        let now = self.now
        self.state.withLock { $0.giveBack(weight: permit.weight, grantedAt: permit.grantedAt, now: now) }
    }

    /// Takes the venue's own count from an answer's header; see `RateLimiterState.observed`.
    @discardableResult
    package func observed(used: Int, meter: RateWindow.Meter = .weight, per length: Duration) -> Bool {
        let now = self.now
        return self.state.withLock { $0.observed(used: used, meter: meter, per: length, now: now) }
    }

    /// Grants nothing for `duration`, as 429, 418 and `Retry-After` ask; a closure only ever becomes longer.
    package func close(for duration: Duration) {
        let now = self.now
        self.state.withLock { $0.close(until: now + duration, now: now) }
    }

    package func snapshot() -> RateLimiterSnapshot {
        let now = self.now
        return self.state.withLock { $0.snapshot(now: now) }
    }

    private var now: Duration { self.origin.duration(to: self.clock.now) }

    private func cancel(_ ticket: RateLimiterState.Ticket) {
        self.state.withLock { _ = $0.cancel(ticket) }
    }

    private static func error(for refusal: RateLimiterState.Refusal) -> RateLimiterError {
        switch refusal {
        case .tooManyWaiting: .tooManyWaiting
        case .neverFits: .neverFits
        case .unknownTicket: preconditionFailure("a ticket is asked for by the one task that holds it, until granted")
        }
    }
}
