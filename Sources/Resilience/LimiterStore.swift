internal import Synchronization

/// Drives the decisions of all scopes of a registry on its clock, under one lock.
///
/// Every waiting task sleeps by itself, outside the lock, until the time the machine told it, then asks again; the
/// store owns no task.
final class LimiterStore<C: Clock>: Sendable where C.Duration == Duration {
    let clock: C
    private let origin: C.Instant
    private let scopes = Mutex(RateScopes())

    init(clock: C) {
        self.clock = clock
        self.origin = clock.now
    }

    /// Since the store was made.
    var now: Duration { self.origin.duration(to: self.clock.now) }

    func sleep(until time: Duration) async throws {
        try await self.clock.sleep(until: self.origin.advanced(by: time), tolerance: nil)
    }

    func add(_ limits: RateLimits) -> Int {
        self.scopes.withLock { $0.add(limits) }
    }

    func tighten(_ scope: Int, to limits: RateLimits) {
        self.at { scopes, now in _ = scopes.tighten(scope, to: limits, now: now) }
    }

    /// Waits until all of `draws` may be taken, and takes them.
    ///
    /// - Returns: When they were taken.
    func acquire(
        _ draws: [RateScopes.Draw], holds: Bool, priority: RatePriority, waitLimit: Duration?
    ) async throws(RateLimiterError) -> Duration {
        guard !Task.isCancelled else { throw .cancelled }
        let start = self.now
        let deadline = waitLimit.map { start + $0 }
        var now = start
        var decision = self.scopes.withLock { $0.request(draws, holds: holds, priority: priority, now: now) }
        while true {
            switch decision {
            case .granted:
                return now
            case .refused(let refusal):
                throw Self.error(for: refusal)
            case .wait(let ticket, let until):
                if let deadline, now >= deadline {
                    self.cancel(ticket)
                    throw .waitedTooLong
                }
                do {
                    try await self.sleep(until: deadline.map { min($0, until) } ?? until)
                } catch {
                    self.cancel(ticket)
                    throw .cancelled
                }
                now = self.now
                decision = self.scopes.withLock { $0.request(again: ticket, now: now) }
            }
        }
    }

    func send(_ draws: [RateScopes.Draw]) -> Duration? {
        self.at { scopes, now in scopes.send(draws, now: now) ? now : nil }
    }

    func release(_ draws: [RateScopes.Draw]) {
        self.scopes.withLock { $0.release(draws) }
    }

    func giveBack(_ draws: [RateScopes.Draw], spentAt time: Duration) {
        self.at { scopes, now in scopes.giveBack(draws, spentAt: time, now: now) }
    }

    func observed(_ scope: Int, used: Int, meter: RateWindow.Meter, per length: Duration) -> Bool {
        self.at { scopes, now in scopes.observed(scope, used: used, meter: meter, per: length, now: now) }
    }

    func close(_ scope: Int, for duration: Duration) {
        self.at { scopes, now in scopes.close(scope, until: now + duration, now: now) }
    }

    func closeWithOthers(_ scope: Int, for duration: Duration) {
        self.at { scopes, now in scopes.closeWithOthers(scope, until: now + duration, now: now) }
    }

    func snapshot(_ scope: Int) -> RateLimiterSnapshot {
        self.at { scopes, now in scopes.snapshot(scope, now: now) }
    }

    func share(_ terms: RateShare.Terms?) {
        self.at { scopes, now in scopes.share(terms, now: now) }
    }

    func demand(_ scope: Int) -> RateDemand {
        self.at { scopes, now in scopes.demand(scope, now: now) }
    }

    func lower(_ scope: Int, to target: Int) -> Int {
        self.at { scopes, now in scopes.lower(scope, to: target, now: now) }
    }

    func grant(_ portion: Int, of scope: Int, until time: Duration) {
        self.scopes.withLock { $0.grant(portion, of: scope, until: time) }
    }

    private func at<Value: Sendable>(_ body: (inout RateScopes, Duration) -> Value) -> Value {
        let now = self.now
        return self.scopes.withLock { body(&$0, now) }
    }

    private func cancel(_ ticket: RateScopes.Ticket) {
        self.scopes.withLock { _ = $0.cancel(ticket) }
    }

    private static func error(for refusal: RateScopes.Refusal) -> RateLimiterError {
        switch refusal {
        case .tooManyWaiting: .tooManyWaiting
        case .neverFits: .neverFits
        case .unknownTicket: preconditionFailure("a ticket is asked for by the one task that holds it, until granted")
        }
    }
}
