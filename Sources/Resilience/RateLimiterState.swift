/// Decides who of a scope may send now and how long the others wait; knows no clock, lock or task.
///
/// Waiters are ordered by the time they came plus one `aging` for every step of priority below `resync`. That order
/// never changes while one waits, so each has finitely many before it and nobody starves. A request is granted when it
/// fits beside everything that waits before it.
///
/// Times are durations since an origin of the driver's choice and must not be negative.
package struct RateLimiterState: Sendable {
    /// Names one waiting request.
    package struct Ticket: Hashable, Sendable {
        fileprivate let number: UInt64
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

    private struct Waiter: Sendable {
        let ticket: Ticket
        let weight: Int
        let priority: RatePriority
        let cameAt: Duration
        /// When it counts as most urgent; the order of service.
        let due: Duration
    }

    /// How long a waiter sleeps at most before it looks again, so that room left by a cancelled one is not lost.
    private static let napMaximum = Duration.seconds(1)

    package let limits: RateLimits
    private var windows: [SlidingWindow]
    private var waiters: [Waiter] = []
    private var nextTicket: UInt64 = 1
    private var closedUntil: Duration?
    private var waiting = PerPriority()
    private var granted = PerPriority()
    private var refused = 0
    private var cancelled = 0
    private var closures = 0
    private var waits = WaitHistogram()

    package init(limits: RateLimits) {
        self.limits = limits
        self.windows = limits.windows.map(SlidingWindow.init)
    }

    /// Asks for `weight`, which is taken at once when `.granted`; a negative weight counts as none.
    package mutating func request(weight: Int, priority: RatePriority, now: Duration) -> Decision {
        let weight = max(weight, 0)
        self.advance(to: now)
        guard self.fitsAtAll(weight) else {
            self.refused += 1
            return .refused(.neverFits)
        }
        let waiter = Waiter(
            ticket: Ticket(number: self.nextTicket), weight: weight, priority: priority, cameAt: now,
            due: now + self.limits.aging * priority.rawValue)
        let place = self.place(for: waiter.due)
        let opening = self.opening(for: waiter, behind: self.waiters[..<place], now: now)
        if opening <= now {
            self.take(waiter, now: now)
            return .granted
        }
        guard self.waiting[priority] < self.limits.waitersPerPriority else {
            self.refused += 1
            return .refused(.tooManyWaiting)
        }
        self.nextTicket += 1
        self.waiters.insert(waiter, at: place)
        self.waiting[priority] += 1
        return .wait(waiter.ticket, until: self.napEnd(opening, now: now))
    }

    /// Asks again for a waiting request; when `.granted` its weight is taken and its ticket gone.
    package mutating func request(again ticket: Ticket, now: Duration) -> Decision {
        self.advance(to: now)
        guard let place = self.waiters.firstIndex(where: { $0.ticket == ticket }) else {
            return .refused(.unknownTicket)
        }
        let waiter = self.waiters[place]
        let opening = self.opening(for: waiter, behind: self.waiters[..<place], now: now)
        guard opening <= now else { return .wait(ticket, until: self.napEnd(opening, now: now)) }
        self.waiters.remove(at: place)
        self.waiting[waiter.priority] -= 1
        self.take(waiter, now: now)
        return .granted
    }

    /// Forgets a waiting request; `false` when it was granted or cancelled before.
    @discardableResult
    package mutating func cancel(_ ticket: Ticket) -> Bool {
        guard let place = self.waiters.firstIndex(where: { $0.ticket == ticket }) else { return false }
        self.waiting[self.waiters[place].priority] -= 1
        self.waiters.remove(at: place)
        self.cancelled += 1
        return true
    }

    /// Returns weight that was granted at `grantedAt` and never sent.
    package mutating func giveBack(weight: Int, grantedAt: Duration, now: Duration) {
        self.advance(to: now)
        for index in self.windows.indices {
            let cost = self.windows[index].window.cost(ofWeight: max(weight, 0))
            self.windows[index].giveBack(cost, spentAt: grantedAt)
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
        used: Int, meter: RateWindow.Meter = .weight, per length: Duration, now: Duration
    ) -> Bool {
        self.advance(to: now)
        let match = self.windows.firstIndex { $0.window.meter == meter && $0.window.length == length }
        guard let match else { return false }
        let unknown = used.subtractingReportingOverflow(self.windows[match].used)
        if !unknown.overflow, unknown.partialValue > 0 {
            self.windows[match].spend(unknown.partialValue)
        }
        return true
    }

    /// Grants nothing before `time`; a closure only ever becomes longer.
    package mutating func close(until time: Duration, now: Duration) {
        guard time > now else { return }
        self.closures += 1
        self.closedUntil = max(self.closedUntil ?? .zero, time)
    }

    /// What the metrics show at `now`.
    package mutating func snapshot(now: Duration) -> RateLimiterSnapshot {
        self.advance(to: now)
        let windows = self.windows.map { RateLimiterSnapshot.Window(window: $0.window, used: $0.used) }
        return RateLimiterSnapshot(
            windows: windows, waiting: self.waiting,
            waitingMost: self.limits.waitersPerPriority * RatePriority.allCases.count, granted: self.granted,
            refused: self.refused,
            cancelled: self.cancelled, closures: self.closures, closedFor: self.closedUntil.map { $0 - now },
            waits: self.waits)
    }

    // MARK: - Private

    private mutating func advance(to now: Duration) {
        for index in self.windows.indices { self.windows[index].advance(to: now) }
        if let closedUntil, closedUntil <= now { self.closedUntil = nil }
    }

    private mutating func take(_ waiter: Waiter, now: Duration) {
        for index in self.windows.indices {
            self.windows[index].spend(self.windows[index].window.cost(ofWeight: waiter.weight))
        }
        self.granted[waiter.priority] += 1
        self.waits.record(now - waiter.cameAt)
    }

    /// The index behind everyone due no later than `due`, found by bisection.
    private func place(for due: Duration) -> Int {
        var low = 0
        var high = self.waiters.count
        while low < high {
            let middle = (low + high) / 2
            if self.waiters[middle].due <= due { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// What of a window may be used: all but the headroom once due, without the reserve before.
    private func ceiling(of window: RateWindow, due: Bool) -> Int {
        let open = Double(window.limit) * (1 - self.limits.headroom)
        return Int(due ? open : open * (1 - self.limits.reserve))
    }

    private func fitsAtAll(_ weight: Int) -> Bool {
        self.limits.windows.allSatisfy { $0.cost(ofWeight: weight) <= self.ceiling(of: $0, due: true) }
    }

    /// The first instant `waiter` could go if all `ahead` go first and nothing else is spent.
    private func opening(for waiter: Waiter, behind ahead: ArraySlice<Waiter>, now: Duration) -> Duration {
        var opening = self.closedUntil ?? .zero
        for window in self.windows {
            var total = window.window.cost(ofWeight: waiter.weight)
            for other in ahead {
                let sum = total.addingReportingOverflow(window.window.cost(ofWeight: other.weight))
                total = sum.overflow ? .max : sum.partialValue
            }
            let fits = window.fits(total, below: self.ceiling(of: window.window, due: waiter.due <= now))
            // More waits than one window admits, or the reserve is needed: look again when it is open.
            opening = max(opening, fits ?? (waiter.due <= now ? now + window.window.length : waiter.due))
        }
        return opening
    }

    /// When to look again: at the opening, but not after a nap's length unless the whole scope is closed.
    private func napEnd(_ opening: Duration, now: Duration) -> Duration {
        max(min(opening, now + Self.napMaximum), self.closedUntil ?? .zero)
    }
}
