/// Decides who may send now and how long the others wait, over all scopes that a request draws on; knows no clock,
/// lock or task.
///
/// A request takes from all of its scopes at one instant or from none, and waits in the line of each with one due time.
/// So whoever is due first is the first in all of its lines, and nobody starves or blocks another for ever.
///
/// A request holds room in a scope only while the scopes it named before have room for it: name the narrowest first, so
/// that a closed endpoint keeps no budget of its host unused.
///
/// Times are durations since an origin of the driver's choice and must not be negative.
package struct RateScopes: Sendable {
    /// Names one waiting request.
    package struct Ticket: Hashable, Sendable {
        let number: UInt64
    }

    /// What a request takes from one scope.
    package struct Draw: Hashable, Sendable {
        package let scope: Int
        package let weight: Int

        /// - Parameter weight: Held to 0...2^31, so that no sum overflows.
        package init(scope: Int, weight: Int) {
            self.scope = scope
            self.weight = min(max(weight, 0), 1 << 31)
        }
    }

    package enum Refusal: Hashable, Sendable {
        /// As many requests of this priority wait as may.
        case tooManyWaiting
        /// The weight is above what a window admits at all.
        case neverFits
        /// The ticket is not waiting: granted or cancelled before.
        case unknownTicket
    }

    package enum Decision: Hashable, Sendable {
        case granted
        /// Ask again with the ticket at this time; asking earlier is harmless.
        case wait(Ticket, until: Duration)
        case refused(Refusal)
    }

    private struct Request: Sendable {
        let draws: [Draw]
        let priority: RatePriority
        let holds: Bool
        let cameAt: Duration
        let due: Duration
    }

    /// How long a waiter sleeps at most before it looks again, so that room left by a cancelled one is not lost.
    static let napMaximum = Duration.seconds(1)

    private var scopes: [RateScope] = []
    private var waiting: [Ticket: Request] = [:]
    private var nextTicket: UInt64 = 1
    /// What we have of every scope, where they are shared with other processes.
    private var terms: RateShare.Terms?

    package init() {}

    /// Adds a scope and gives its number.
    package mutating func add(_ limits: RateLimits) -> Int {
        var scope = RateScope(limits: limits)
        if let terms = self.terms { scope.share(terms) }
        self.scopes.append(scope)
        return self.scopes.count - 1
    }

    /// Takes over what is tighter in `limits`; `false` when they were asked for before.
    @discardableResult
    package mutating func tighten(_ scope: Int, to limits: RateLimits, now: Duration) -> Bool {
        self.scopes[scope].tighten(to: limits, now: now)
    }

    /// Asks for all of `draws`, which are taken at once when `.granted`.
    ///
    /// - Parameter holds: Whether what is granted is only held, until `send` or `release`; else it counts as sent now.
    package mutating func request(
        _ draws: [Draw], holds: Bool = false, priority: RatePriority, now: Duration
    ) -> Decision {
        var aging = Duration.zero
        for draw in draws { aging = max(aging, self.scopes[draw.scope].limits.aging) }
        let request = Request(
            draws: draws, priority: priority, holds: holds, cameAt: now, due: now + aging * priority.rawValue)
        let ticket = Ticket(number: self.nextTicket)
        self.nextTicket += 1
        for draw in draws {
            self.scopes[draw.scope].insert(
                RateScope.Waiter(
                    ticket: ticket, weight: draw.weight, priority: priority, due: request.due, activeFrom: .zero))
        }
        let decision = self.decide(request, ticket, now: now)
        guard case .wait = decision else { return decision }
        for draw in draws where self.scopes[draw.scope].isOverfull(priority) {
            self.leave(ticket, request)
            return self.refuse(draws, .tooManyWaiting)
        }
        self.waiting[ticket] = request
        return decision
    }

    /// Asks again for a waiting request; when `.granted` its weight is taken and its ticket gone.
    package mutating func request(again ticket: Ticket, now: Duration) -> Decision {
        guard let request = self.waiting[ticket] else { return .refused(.unknownTicket) }
        let decision = self.decide(request, ticket, now: now)
        if case .wait = decision { return decision }
        self.waiting[ticket] = nil
        return decision
    }

    /// Forgets a waiting request; `false` when it was granted or cancelled before.
    @discardableResult
    package mutating func cancel(_ ticket: Ticket) -> Bool {
        guard let request = self.waiting.removeValue(forKey: ticket) else { return false }
        self.leave(ticket, request)
        for draw in request.draws { self.scopes[draw.scope].countCancelled() }
        return true
    }

    /// Spends at `now` what was held; `false`, and still held, when one of the scopes was closed meanwhile or our share
    /// of it ran out.
    package mutating func send(_ draws: [Draw], now: Duration) -> Bool {
        for draw in draws { self.scopes[draw.scope].advance(to: now) }
        guard
            draws.allSatisfy({
                self.scopes[$0.scope].closedUntil == nil && self.scopes[$0.scope].maySend($0.weight)
            })
        else { return false }
        for draw in draws {
            self.scopes[draw.scope].release(draw.weight)
            self.scopes[draw.scope].spend(draw.weight)
        }
        return true
    }

    /// Returns what was held.
    package mutating func release(_ draws: [Draw]) {
        for draw in draws { self.scopes[draw.scope].release(draw.weight) }
    }

    /// Returns what was spent at `time` and never reached the venue.
    package mutating func giveBack(_ draws: [Draw], spentAt time: Duration, now: Duration) {
        for draw in draws {
            self.scopes[draw.scope].advance(to: now)
            self.scopes[draw.scope].giveBack(draw.weight, spentAt: time)
        }
    }

    /// Takes the venue's own count for its current window of `length`.
    ///
    /// Only more than we counted ourselves is believed, as spent by others just now: the venue's window is aligned to
    /// its clock and never holds more of ours than our sliding one, and an answer may be older than what was granted
    /// since.
    ///
    /// - Returns: `false` when no window has this meter and length.
    @discardableResult
    package mutating func observed(
        _ scope: Int, used: Int, meter: RateWindow.Meter = .weight, per length: Duration, now: Duration
    ) -> Bool {
        self.scopes[scope].advance(to: now)
        return self.scopes[scope].observed(used: used, meter: meter, per: length)
    }

    /// Grants nothing of a scope before `time`; a closure only ever becomes longer.
    package mutating func close(_ scope: Int, until time: Duration, now: Duration) {
        self.scopes[scope].close(until: time, now: now)
    }

    /// Grants nothing of a scope before `time`, up to when the venue closed it to another process.
    package mutating func closeWithOthers(_ scope: Int, until time: Duration, now: Duration) {
        self.scopes[scope].advance(to: now)
        self.scopes[scope].closeWithOthers(until: time)
    }

    /// What the metrics show of a scope at `now`.
    package mutating func snapshot(_ scope: Int, now: Duration) -> RateLimiterSnapshot {
        self.scopes[scope].snapshot(now: now)
    }

    // MARK: - Sharing

    /// Leaves all scopes to others but for a floor and what `grant` gives beyond it, also those that are added later.
    package mutating func share(_ terms: RateShare.Terms?, now: Duration) {
        self.terms = terms
        for index in self.scopes.indices {
            self.scopes[index].advance(to: now)
            self.scopes[index].share(terms)
        }
    }

    /// What is needed of a scope.
    package mutating func demand(_ scope: Int, now: Duration) -> RateDemand {
        self.scopes[scope].advance(to: now)
        return self.scopes[scope].demand()
    }

    /// Lowers our share of a scope to `target`, as far as what was used allows, and gives what it is then.
    package mutating func lower(_ scope: Int, to target: Int, now: Duration) -> Int {
        self.scopes[scope].advance(to: now)
        return self.scopes[scope].lower(to: target)
    }

    /// Takes `portion` of a scope until `time`.
    package mutating func grant(_ portion: Int, of scope: Int, until time: Duration) {
        self.scopes[scope].grant(portion, until: time)
    }

    // MARK: - Private

    /// Grants or refuses a request that stands in the lines, which it leaves then, or says when to look again.
    private mutating func decide(_ request: Request, _ ticket: Ticket, now: Duration) -> Decision {
        var opening = Duration.zero
        var closedUntil = Duration.zero
        for draw in request.draws {
            self.scopes[draw.scope].advance(to: now)
            // The limits may have become tighter while it waited.
            guard self.scopes[draw.scope].fitsAtAll(draw.weight) else {
                self.leave(ticket, request)
                return self.refuse(request.draws, .neverFits)
            }
            opening = max(
                opening,
                self.scopes[draw.scope].opening(of: ticket, due: request.due, activeFrom: opening, now: now))
            closedUntil = max(closedUntil, self.scopes[draw.scope].closedUntil ?? .zero)
        }
        guard opening <= now else {
            // At the opening, but not after a nap's length unless a scope is closed.
            return .wait(ticket, until: max(min(opening, now + Self.napMaximum), closedUntil))
        }
        self.leave(ticket, request)
        self.take(request, now: now)
        return .granted
    }

    private mutating func refuse(_ draws: [Draw], _ refusal: Refusal) -> Decision {
        for draw in draws { self.scopes[draw.scope].countRefused() }
        return .refused(refusal)
    }

    private mutating func take(_ request: Request, now: Duration) {
        for draw in request.draws {
            if request.holds {
                self.scopes[draw.scope].hold(draw.weight)
            } else {
                self.scopes[draw.scope].spend(draw.weight)
            }
            self.scopes[draw.scope].countGranted(
                request.priority, weight: draw.weight, waited: now - request.cameAt)
        }
    }

    private mutating func leave(_ ticket: Ticket, _ request: Request) {
        for draw in request.draws { self.scopes[draw.scope].remove(ticket, due: request.due) }
    }
}
