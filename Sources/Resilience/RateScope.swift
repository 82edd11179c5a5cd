/// One scope's windows, its line of waiting requests and its counts; knows no clock, lock or task.
///
/// The line is ordered by when a request is due: the time it came plus one `aging` for every step of priority below
/// `resync`. That order never changes while one waits. A request goes when it fits beside all that wait before it.
///
/// Times are durations since an origin of the driver's choice and must not be negative.
struct RateScope: Sendable {
    struct Waiter: Sendable {
        let ticket: RateScopes.Ticket
        let weight: Int
        let priority: RatePriority
        /// When it counts as most urgent.
        let due: Duration
        /// Until then another scope holds it back, and nobody has to leave room for it here.
        var activeFrom: Duration
    }

    /// Past so many different limits, each request for further ones counts as a disagreement.
    private static let otherLimitsMaximum = 8

    private(set) var limits: RateLimits
    private(set) var closedUntil: Duration?
    /// Up to when the venue closed it to this process, which others are told: what they told is not passed on.
    private var refusedUntil: Duration?
    private var windows: [SlidingWindow]
    /// What of `windows` was granted above priority `history`; empty unless the scope is shared.
    private var urgentWindows: [SlidingWindow] = []
    /// The part of every window that is ours; nil where all of it is.
    private var share: RateShare?
    private var advancedTo = Duration.zero
    private var lastSpend: Duration?
    private var line: [Waiter] = []
    /// Granted and not sent yet: counts in every window for as long as it is.
    private var heldWeight = 0
    private var heldRequests = 0
    /// The limits that were asked for, once they differed.
    private var otherLimits: [RateLimits] = []
    private var disagreements = 0
    private var waiting = PerPriority()
    private var granted = PerPriority()
    private var refused = 0
    private var cancelled = 0
    private var closures = 0
    private var waits = DurationHistogram(bounds: DurationHistogram.waitBounds)

    init(limits: RateLimits) {
        self.limits = limits
        self.windows = limits.windows.map(SlidingWindow.init)
    }

    // MARK: - Limits

    /// Takes over what is tighter in `other`; `false` when it was asked for before.
    ///
    /// What was spent before in a window that is new here is not known, so that it begins full where anything was.
    @discardableResult
    mutating func tighten(to other: RateLimits, now: Duration) -> Bool {
        guard other != self.limits, !self.otherLimits.contains(other) else { return false }
        self.disagreements += 1
        if self.otherLimits.isEmpty { self.otherLimits.append(self.limits) }
        if self.otherLimits.count < Self.otherLimitsMaximum { self.otherLimits.append(other) }
        self.advance(to: now)
        for window in other.windows {
            if let known = self.windows.firstIndex(where: {
                $0.window.meter == window.meter && $0.window.length == window.length
            }) {
                self.windows[known].limit(to: window.limit)
            } else {
                var added = SlidingWindow(window)
                added.advance(to: now)
                if self.granted.total > 0 { added.spend(window.limit) }
                self.windows.append(added)
                if self.share != nil { self.urgentWindows.append(added) }
            }
        }
        self.limits.windows = self.windows.map(\.window)
        self.limits.headroom = max(self.limits.headroom, other.headroom)
        self.limits.reserve = max(self.limits.reserve, other.reserve)
        self.limits.waitersPerPriority = min(self.limits.waitersPerPriority, other.waitersPerPriority)
        return true
    }

    func fitsAtAll(_ weight: Int) -> Bool {
        for window in self.windows where window.window.cost(ofWeight: weight) > self.open(of: window, due: true) {
            return false
        }
        return true
    }

    /// Whether what is held may still be sent: a share may have run out since it was granted.
    func maySend(_ weight: Int) -> Bool {
        guard let share = self.share else { return true }
        let promised = share.promised(at: self.advancedTo)
        return self.windows.allSatisfy { window in
            self.isSpacing(window.window)
                || window.used + window.window.cost(ofWeight: weight)
                    <= RateShare.portion(promised, of: self.open(of: window, due: true))
        }
    }

    // MARK: - The line

    /// Whether more of a priority wait than may.
    func isOverfull(_ priority: RatePriority) -> Bool {
        self.waiting[priority] > self.limits.waitersPerPriority
    }

    /// Puts a request behind everyone who is due no later.
    mutating func insert(_ waiter: Waiter) {
        self.line.insert(waiter, at: self.place(behind: waiter.due, waiter.ticket))
        self.waiting[waiter.priority] += 1
    }

    mutating func remove(_ ticket: RateScopes.Ticket, due: Duration) {
        guard let place = self.place(of: ticket, due: due) else { return }
        self.waiting[self.line.remove(at: place).priority] -= 1
    }

    /// The first instant a request of the line could go if all before it go first and nothing else is spent.
    ///
    /// - Parameter activeFrom: Until when another scope holds it back.
    mutating func opening(
        of ticket: RateScopes.Ticket, due: Duration, activeFrom: Duration, now: Duration
    ) -> Duration {
        guard let place = self.place(of: ticket, due: due) else { return now }
        self.line[place].activeFrom = activeFrom
        let weight = self.line[place].weight
        var opening = self.closedUntil ?? .zero
        for window in self.windows {
            let ceiling = self.isSpacing(window.window) ? 1 : self.ceiling(of: window, due: due <= now)
            let cost = window.window.cost(ofWeight: weight)
            let length = window.window.length
            // Further windows are of no use to who looks again after a nap.
            let most = ceiling * max(1, Int(RateScopes.napMaximum / length))
            var total = cost + (window.window.meter == .weight ? self.heldWeight : self.heldRequests)
            var index = 0
            while index < place, total <= most {
                if self.line[index].activeFrom <= now {
                    total += window.window.cost(ofWeight: self.line[index].weight)
                }
                index += 1
            }
            if self.isSpacing(window.window) {
                opening = max(opening, self.spacing(window, behind: total - cost, now: now))
            } else if let fits = window.fits(total, below: ceiling) {
                opening = max(opening, fits)
            } else if ceiling > 0, cost <= ceiling {
                // No stretch admits more than the ceiling, so that those before it take so many whole ones.
                let earliest = now + length * ((total - 1) / ceiling)
                opening = max(opening, due <= now ? earliest : min(earliest, due))
            } else {
                // It needs the reserve: look again when that is open to it.
                opening = max(opening, due <= now ? now + length : due)
            }
        }
        return opening
    }

    private func place(of ticket: RateScopes.Ticket, due: Duration) -> Int? {
        let place = self.place(behind: due, ticket) - 1
        return place >= 0 && self.line[place].ticket.number == ticket.number ? place : nil
    }

    /// The index behind everyone who is due before, or then and came no later; tickets are numbered as they come.
    private func place(behind due: Duration, _ ticket: RateScopes.Ticket) -> Int {
        var low = 0
        var high = self.line.count
        while low < high {
            let middle = (low + high) / 2
            let isBefore =
                self.line[middle].due < due
                || self.line[middle].due == due && self.line[middle].ticket.number <= ticket.number
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: - What is spent

    mutating func advance(to now: Duration) {
        self.advancedTo = max(self.advancedTo, now)
        for index in self.windows.indices { self.windows[index].advance(to: now) }
        for index in self.urgentWindows.indices { self.urgentWindows[index].advance(to: now) }
        if let closedUntil, closedUntil <= now { self.closedUntil = nil }
        if let refusedUntil, refusedUntil <= now { self.refusedUntil = nil }
    }

    /// Enters a request that goes now.
    mutating func spend(_ weight: Int) {
        self.lastSpend = self.advancedTo
        for index in self.windows.indices {
            self.windows[index].spend(self.windows[index].window.cost(ofWeight: weight))
        }
    }

    /// Keeps room for a request that goes soon, until `release`.
    mutating func hold(_ weight: Int) {
        self.heldWeight += weight
        self.heldRequests += 1
    }

    mutating func release(_ weight: Int) {
        self.heldWeight -= weight
        self.heldRequests -= 1
    }

    /// Returns what was spent at `time` and never sent.
    mutating func giveBack(_ weight: Int, spentAt time: Duration) {
        for index in self.windows.indices {
            self.windows[index].giveBack(self.windows[index].window.cost(ofWeight: weight), spentAt: time)
        }
    }

    /// Enters what the venue counted beyond what we did; see `RateScopes.observed`.
    mutating func observed(used: Int, meter: RateWindow.Meter, per length: Duration) -> Bool {
        let match = self.windows.firstIndex { $0.window.meter == meter && $0.window.length == length }
        guard let match else { return false }
        // The venue counts all who share the scope: what they may use is no news.
        let others = self.windows[match].window.limit - self.portion(of: self.windows[match].window.limit)
        let unknown = used.subtractingReportingOverflow(self.windows[match].used + others)
        if !unknown.overflow, unknown.partialValue > 0 {
            self.windows[match].spend(unknown.partialValue)
        }
        return true
    }

    /// Grants nothing before `time`; a closure only ever becomes longer.
    mutating func close(until time: Duration, now: Duration) {
        guard time > now else { return }
        self.closures += 1
        self.closedUntil = max(self.closedUntil ?? .zero, time)
        self.refusedUntil = max(self.refusedUntil ?? .zero, time)
    }

    /// Grants nothing before `time`, up to when the venue closed the scope to another process.
    mutating func closeWithOthers(until time: Duration) {
        guard time > self.advancedTo else { return }
        self.closedUntil = max(self.closedUntil ?? .zero, time)
    }

    // MARK: - Counts

    mutating func countGranted(_ priority: RatePriority, weight: Int, waited: Duration) {
        self.granted[priority] += 1
        if priority < .history {
            for index in self.urgentWindows.indices {
                self.urgentWindows[index].spend(self.urgentWindows[index].window.cost(ofWeight: weight))
            }
        }
        self.waits.record(waited)
    }

    mutating func countRefused() { self.refused += 1 }
    mutating func countCancelled() { self.cancelled += 1 }

    mutating func snapshot(now: Duration) -> RateLimiterSnapshot {
        self.advance(to: now)
        let windows = self.windows.map { RateLimiterSnapshot.Window(window: $0.window, used: $0.used) }
        return RateLimiterSnapshot(
            windows: windows, held: self.heldRequests, waiting: self.waiting,
            waitingMost: self.limits.waitersPerPriority * RatePriority.allCases.count, granted: self.granted,
            refused: self.refused, cancelled: self.cancelled, closures: self.closures,
            closedFor: self.closedUntil.map { $0 - now }, disagreements: self.disagreements,
            share: self.share?.portion(at: now), waits: self.waits)
    }

    // MARK: - Sharing

    /// Leaves the scope to others but for a floor, and for what `grant` gives beyond it; nil ends that.
    mutating func share(_ terms: RateShare.Terms?) {
        guard let terms else {
            self.share = nil
            self.urgentWindows = []
            return
        }
        self.share = RateShare(floor: terms.floor)
        let units = self.windows.map { window in
            window.window.meter == .weight || self.isSpacing(window.window)
                ? 0 : RateShare.parts(1, of: self.open(of: window, due: false))
        }
        self.share = RateShare(floor: terms.floor(unit: units.max() ?? 0))
        self.urgentWindows = self.windows.map { window in
            var urgent = SlidingWindow(window.window)
            urgent.advance(to: self.advancedTo)
            return urgent
        }
    }

    /// What this process needs of the scope, as parts of its whole limits.
    func demand() -> RateDemand {
        var demand = RateDemand(length: .zero, floor: self.share?.floor ?? RateShare.whole)
        for (index, window) in self.windows.enumerated() where !self.isSpacing(window.window) {
            demand.length = max(demand.length, window.window.length)
            var (urgent, total) = (0, window.used + self.held(window.window.meter))
            if self.urgentWindows.indices.contains(index) { urgent = min(total, self.urgentWindows[index].used) }
            for waiter in self.line {
                let cost = window.window.cost(ofWeight: waiter.weight)
                total = min(total + cost, Int.max / 4)
                if waiter.priority < .history { urgent = min(urgent + cost, Int.max / 4) }
            }
            let open = self.open(of: window, due: false)
            demand.urgent = max(demand.urgent, RateShare.parts(urgent, of: open))
            demand.total = max(demand.total, RateShare.parts(total, of: open))
        }
        demand.closedFor = self.refusedUntil.map { $0 - self.advancedTo } ?? .zero
        return demand
    }

    /// Lowers the share to `target`, but not below what was used of it and still counts.
    ///
    /// - Returns: What of the scope may have been used or will be, until further is granted.
    mutating func lower(to target: Int) -> Int {
        guard let share = self.share else { return RateShare.whole }
        var used = 0
        for window in self.windows where !self.isSpacing(window.window) {
            let open = self.open(of: window, due: true)
            used = max(used, RateShare.parts(window.used + self.held(window.window.meter), of: open))
        }
        // What ran out may be another's by now; what was used of it counts still, and nobody has that yet.
        let wanted = self.advancedTo < share.until ? max(target, used) : used
        let lowered = max(share.floor, min(share.granted, wanted))
        self.share?.granted = lowered
        self.share?.target = target
        return lowered
    }

    /// Takes `portion` until `time`, then the floor again; of it no more than the target is used.
    mutating func grant(_ portion: Int, until time: Duration) {
        self.share?.granted = portion
        self.share?.until = time
    }

    private func held(_ meter: RateWindow.Meter) -> Int {
        meter == .weight ? self.heldWeight : self.heldRequests
    }

    /// What of a number is ours now.
    private func portion(of number: Int) -> Int {
        guard let share = self.share else { return number }
        return RateShare.portion(share.portion(at: self.advancedTo), of: number)
    }

    /// Whether a window of a shared scope only spaces requests evenly, beside a longer one that counts them.
    private func isSpacing(_ window: RateWindow) -> Bool {
        guard self.share != nil, window.limit == 1 else { return false }
        return self.windows.contains { $0.window.meter == window.meter && $0.window.length > window.length }
    }

    /// When the next may go where requests are spaced evenly: the smaller the share, the wider.
    private func spacing(_ window: SlidingWindow, behind others: Int, now: Duration) -> Duration {
        let portion = self.share?.portion(at: now) ?? RateShare.whole
        let distance = window.window.length * RateShare.whole / max(portion, 1)
        guard others == 0 else { return now + distance * min(others, 1_000) }
        return self.lastSpend.map { $0 + distance } ?? .zero
    }

    /// What of our share of a window may be used.
    private func ceiling(of window: SlidingWindow, due: Bool) -> Int {
        self.portion(of: self.open(of: window, due: due))
    }

    /// What of a whole window may be used: all but the headroom once due, without the reserve before.
    private func open(of window: SlidingWindow, due: Bool) -> Int {
        let open = Double(window.window.limit) * (1 - self.limits.headroom)
        return Int(due ? open : open * (1 - self.limits.reserve))
    }
}
