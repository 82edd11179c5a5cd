@testable import Resilience

/// The machine with one scope, which every request draws on.
struct OneScope {
    private var scopes = RateScopes()
    private let scope: Int

    init(limits: RateLimits) {
        self.scope = self.scopes.add(limits)
    }

    mutating func request(weight: Int, priority: RatePriority, now: Duration) -> RateScopes.Decision {
        self.scopes.request([RateScopes.Draw(scope: self.scope, weight: weight)], priority: priority, now: now)
    }

    mutating func request(again ticket: RateScopes.Ticket, now: Duration) -> RateScopes.Decision {
        self.scopes.request(again: ticket, now: now)
    }

    mutating func cancel(_ ticket: RateScopes.Ticket) -> Bool {
        self.scopes.cancel(ticket)
    }

    mutating func giveBack(weight: Int, grantedAt: Duration, now: Duration) {
        self.scopes.giveBack([RateScopes.Draw(scope: self.scope, weight: weight)], spentAt: grantedAt, now: now)
    }

    @discardableResult
    mutating func observed(used: Int, per length: Duration, now: Duration) -> Bool {
        self.scopes.observed(self.scope, used: used, per: length, now: now)
    }

    mutating func close(until time: Duration, now: Duration) {
        self.scopes.close(self.scope, until: time, now: now)
    }

    @discardableResult
    mutating func tighten(to limits: RateLimits, now: Duration) -> Bool {
        self.scopes.tighten(self.scope, to: limits, now: now)
    }

    mutating func snapshot(now: Duration) -> RateLimiterSnapshot {
        self.scopes.snapshot(self.scope, now: now)
    }
}
