import Synchronization

/// The ledger of losses: takes them from any thread, joins those that belong together, and gives them out as entries.
///
/// Losses of one subject, kind and cause are one entry while they follow each other; an entry is published once it has
/// been quiet for a second or grown for ten, and again under the same id when it changes. Bounded: past
/// `Limits.entries` losses join the entry of their cause alone, so that a number is never lost.
package final class GapLedger: Sendable {
    package struct Limits: Sendable {
        /// Entries that may still change, and published ones that may still be repaired.
        package var entries = 8192
        /// How long an entry is quiet before it is published, and how long it may grow before it is, µs.
        package var quietMicroseconds: Int64 = 1_000_000
        package var growthMicroseconds: Int64 = 10_000_000

        package init() {}
    }

    /// Counts since the start.
    package struct Counts: Sendable, Equatable {
        /// Losses told, and the entries made of them.
        package var losses: UInt64 = 0
        package var entries: UInt64 = 0
        /// Messages and ids in them, of those that can be counted, by the order of `GapCause.allCases`.
        package var missing = [UInt64](repeating: 0, count: GapCause.allCases.count)
        package var repaired: UInt64 = 0
        /// Losses that joined the entry of their cause, because there were too many subjects.
        package var joined: UInt64 = 0
        /// Losses of trades that are named by their ids.
        package var tradeRanges: UInt64 = 0
        /// Entries that wait to be published.
        package var waiting = 0

        package init() {}
    }

    struct Key: Hashable {
        var subject: GapSubject
        var of: GapKind
        var cause: GapCause
    }

    private struct State {
        var open: [Key: LedgerEntry] = [:]
        /// Entries that changed after they had made way for another of their key.
        var due: [LedgerEntry] = []
        /// Published entries about trades that may still be found, oldest first.
        var settled: [LedgerEntry] = []
        /// Ids that a stream or the spool turned out to hold, by place, for a loss that is told later.
        var stored: [GapSubject: TradeRuns] = [:]
        /// Ids that are told to be lost already, by restarts or by an earlier process, by place.
        var told: [GapSubject: TradeRuns] = [:]
        /// Entries about trades that were given out and that the next process must know of, with the number in the lane
        /// behind their message.
        var given: [(entry: LedgerEntry, end: UInt64)] = []
        var next: UInt64 = 1
        var counts = Counts()
    }

    package let instance: String
    package let boot: String
    private let limits: Limits
    private let repairs: Bool
    private let clock: @Sendable () -> Int64
    private let state = Mutex(State())

    /// - Parameters:
    ///   - repairs: Whether somebody looks for missing trades; entries stay open until that has ended.
    ///   - clock: Microseconds that only go forward.
    package init(
        instance: String, boot: String, limits: Limits = Limits(), repairs: Bool = false,
        clock: @escaping @Sendable () -> Int64 = { PublishClock.monotonic() }
    ) {
        self.instance = instance
        self.boot = boot
        self.limits = limits
        self.repairs = repairs
        self.clock = clock
    }

    package var counts: Counts {
        self.state.withLock { state in
            var counts = state.counts
            counts.waiting = state.due.count + state.open.values.count { $0.isChanged }
            return counts
        }
    }

    /// Losses of trades that were ever told with their ids.
    var tradeRanges: UInt64 { self.state.withLock { $0.counts.tradeRanges } }

    // MARK: Telling

    /// Takes a loss; one without an end lasts until the same is told with one.
    package func record(_ loss: GapLoss) {
        let now = self.clock()
        self.state.withLock { state in
            for loss in Self.rest(of: loss, state) {
                if loss.cause == .restart { self.note(loss, &state) }
                self.record(loss, now, &state)
            }
        }
    }

    /// Notes ids that are told, so that a restart is not said to have cost them once more.
    private func note(_ loss: GapLoss, _ state: inout State) {
        let place = loss.subject.place
        guard loss.numbering == .tradeID, loss.first <= loss.last,
            state.told[place] != nil || state.told.count < self.limits.entries
        else { return }
        state.told[place, default: TradeRuns()].insert(TradeRuns(loss.first...loss.last))
    }

    private func record(_ loss: GapLoss, _ now: Int64, _ state: inout State) {
        var loss = loss
        guard loss.missing != 0 else { return }
        state.counts.losses &+= 1
        if loss.numbering == .tradeID { state.counts.tradeRanges &+= 1 }
        state.counts.missing[loss.cause.ordinal] &+= loss.missing ?? 0
        var key = Key(subject: loss.subject, of: loss.of, cause: loss.cause)
        if state.open[key] == nil, state.open.count >= self.limits.entries { self.makeRoom(&state) }
        if state.open[key] == nil, state.open.count >= self.limits.entries {
            state.counts.joined &+= 1
            loss.numbering = nil
            key.subject = GapSubject(venue: nil)
            loss.subject = key.subject
        }
        if state.open[key]?.join(loss, at: now) == true { return }
        if let former = state.open.removeValue(forKey: key) { self.retire(former, &state) }
        state.open[key] = self.makeEntry(loss, now, &state)
    }

    private func makeEntry(_ loss: GapLoss, _ now: Int64, _ state: inout State) -> LedgerEntry {
        LedgerEntry(id: self.nextID(&state), loss, at: now)
    }

    private func nextID(_ state: inout State) -> String {
        defer { state.next &+= 1 }
        state.counts.entries &+= 1
        return GapEntry.id(instance: self.instance, boot: self.boot, number: state.next)
    }

    /// Takes note of ids that were counted as missing and are safe now: they came late, or were fetched.
    package func found(_ subject: GapSubject, trades ids: ClosedRange<UInt64>) {
        self.found(subject, trades: TradeRuns(ids))
    }

    package func found(_ subject: GapSubject, trades runs: TradeRuns) {
        let place = subject.place
        let now = self.clock()
        self.state.withLock { state in
            for (key, entry) in state.open where key.of == .messages(.trade) && key.subject.place == place {
                var entry = entry
                let repaired = entry.found(runs, at: now)
                guard repaired > 0 else { continue }
                state.counts.repaired &+= repaired
                state.open[key] = entry.isNothing ? nil : entry
            }
            for index in state.due.indices where state.due[index].namesTrades(at: place) {
                state.counts.repaired &+= state.due[index].found(runs, at: now)
            }
            state.counts.repaired &+= Self.change(&state, at: place) { $0.found(runs, at: now) }
        }
    }

    /// Changes settled entries; those that did change are to be told again.
    private static func change(
        _ state: inout State, at place: GapSubject, _ body: (inout LedgerEntry) -> UInt64
    ) -> UInt64 {
        var total: UInt64 = 0
        for index in state.settled.indices.reversed() where state.settled[index].namesTrades(at: place) {
            total &+= body(&state.settled[index])
            if state.settled[index].isChanged { state.due.append(state.settled.remove(at: index)) }
        }
        return total
    }

    // MARK: Repairing

    /// Ids of trades that are missing and may still be found, by entry, those of a place in ascending order.
    package func holes() -> [TradeHole] {
        guard self.repairs else { return [] }
        let entries = self.state.withLock { state in
            Array(state.open.values.filter(\.isOfTrades)) + state.due + state.settled
        }
        return entries.compactMap(TradeHole.init).sorted { $0.first < $1.first }
    }

    /// Takes note that nothing more will be tried to find what an entry misses.
    package func giveUp(_ id: String) {
        let now = self.clock()
        self.state.withLock { state in
            if let key = state.open.first(where: { $0.value.id == id })?.key { state.open[key]?.giveUp(at: now) }
            for index in state.due.indices where state.due[index].id == id { state.due[index].giveUp(at: now) }
            for index in state.settled.indices.reversed() where state.settled[index].id == id {
                state.settled[index].giveUp(at: now)
                if state.settled[index].isChanged { state.due.append(state.settled.remove(at: index)) }
            }
        }
    }

    /// Takes note of the answer to a question about a series that was recorded as missing.
    ///
    /// - Parameters:
    ///   - found: How many of it came.
    ///   - asked: How many were recorded.
    package func answered(
        _ subject: GapSubject, _ type: MessageType, cause: GapCause, found: UInt64, of asked: UInt64
    ) {
        let now = self.clock()
        let key = Key(subject: subject, of: .messages(type), cause: cause)
        func isIt(_ entry: LedgerEntry) -> Bool {
            entry.loss.subject == subject && entry.loss.of == key.of && entry.loss.cause == cause && entry.isAwaited
        }
        self.state.withLock { state in
            state.counts.repaired &+= found
            if let entry = state.open[key], isIt(entry) {
                state.open[key]?.answered(found: found, of: asked, at: now)
            } else if let index = state.due.firstIndex(where: isIt) {
                state.due[index].answered(found: found, of: asked, at: now)
            } else if let index = state.settled.lastIndex(where: isIt) {
                state.settled[index].answered(found: found, of: asked, at: now)
                state.due.append(state.settled.remove(at: index))
            }
        }
    }

    /// Takes note that a venue counts an instrument's trades anew: what it would give for the old ids are others.
    package func renumbered(_ subject: GapSubject) {
        for hole in self.holes() where hole.subject.place == subject.place { self.giveUp(hole.id) }
    }

    /// Takes note of trades that a stream or the spool holds, from an earlier process or from another collector: they were
    /// never lost.
    package func holds(_ subject: GapSubject, trades runs: TradeRuns) {
        let place = subject.place
        let now = self.clock()
        self.state.withLock { state in
            if state.stored[place] != nil || state.stored.count < self.limits.entries {
                state.stored[place, default: TradeRuns()].insert(runs)
            }
            for (key, entry) in state.open where key.of == .messages(.trade) && key.subject.place == place {
                state.open[key] = self.without(runs, entry, now, &state)
            }
            for index in state.due.indices.reversed() where state.due[index].namesTrades(at: place) {
                let entry = state.due.remove(at: index)
                if let rest = self.without(runs, entry, now, &state) { state.due.insert(rest, at: index) }
            }
            for index in state.settled.indices.reversed() where state.settled[index].namesTrades(at: place) {
                guard let rest = self.without(runs, state.settled[index], now, &state), rest.isChanged else { continue }
                state.settled.remove(at: index)
                state.due.append(rest)
            }
        }
    }

    /// An entry without the ids of `runs`; what lies behind a run becomes an entry of its own.
    private func without(
        _ runs: TradeRuns, _ entry: LedgerEntry, _ now: Int64, _ state: inout State
    ) -> LedgerEntry? {
        var entry = entry
        let (found, others) = entry.remove(runs, at: now)
        state.counts.repaired &+= found
        for loss in others { state.due.append(LedgerEntry(id: self.nextID(&state), loss, of: entry, at: now)) }
        return entry.isNothing ? nil : entry
    }

    // MARK: Giving out

    /// Takes up to `limit` entries whose time has come; they count as published.
    ///
    /// - Parameter isLast: Whether the process ends, so that nothing waits any more.
    package func takeDue(_ limit: Int, wall: Int64, isLast: Bool = false) -> [GapEntry] {
        let now = self.clock()
        return self.state.withLock { state in
            var taken: [GapEntry] = []
            while taken.count < limit, !state.due.isEmpty {
                var entry = state.due.removeFirst()
                taken.append(entry.publish(wall: wall, mayClose: self.repairs))
                Self.give(entry, &state)
                self.settle(entry, &state)
            }
            guard taken.count < limit else { return taken }
            for (key, entry) in state.open where taken.count < limit {
                var entry = entry
                if entry.isChanged, isLast || entry.isDue(at: now, self.limits) {
                    taken.append(entry.publish(wall: wall, mayClose: self.repairs))
                    Self.give(entry, &state)
                    state.open[key] = entry
                } else if entry.isOver(at: now, self.limits) {
                    state.open[key] = nil
                    self.settle(entry, &state)
                }
            }
            return taken
        }
    }

    // MARK: Over restarts

    private static func give(_ entry: LedgerEntry, _ state: inout State) {
        guard entry.isOfTrades else { return }
        state.given.removeAll { $0.entry.id == entry.id }
        state.given.append((entry, .max))
    }

    /// Takes note that what was given out so far stands in the lane below `number`.
    func queued(below number: UInt64) {
        self.state.withLock { state in
            for index in state.given.indices where state.given[index].end == .max { state.given[index].end = number }
        }
    }

    /// Gives the entries about trades that the next process must know of, in the order they were made.
    ///
    /// - Parameters:
    ///   - number: Messages below it have left the lane, and are safe.
    ///   - isReconciled: Whether it is known what earlier processes left in the streams; until then an entry of a
    ///     restart may yet prove wrong, and must be there to be put right.
    ///   - isPassed: Whether what comes after the ids of an entry is safe, so that nobody counts them as lost again.
    func unsafeTrades(
        releasedBelow number: UInt64, isReconciled: Bool, isPassed: (GapLoss) -> Bool
    ) -> [LedgerEntry] {
        self.state.withLock { state in
            state.given.removeAll { entry, end in
                end <= number && (isReconciled || entry.loss.cause != .restart) && isPassed(entry.loss)
                    && !(self.repairs && entry.hasHoles)
            }
            if state.given.count > self.limits.entries { state.given.removeFirst(self.limits.entries / 8) }
            var entries: [String: LedgerEntry] = [:]
            for (entry, _) in state.given { entries[entry.id] = entry }
            for entry in state.due where entry.isOfTrades { entries[entry.id] = entry }
            for entry in state.open.values where entry.isOfTrades && entry.isChanged { entries[entry.id] = entry }
            return entries.values.sorted { ($0.loss.fromMicroseconds, $0.id) < ($1.loss.fromMicroseconds, $1.id) }
        }
    }

    /// Takes up the entries that an earlier process kept; they are told again under their ids.
    func restore(_ entries: [LedgerEntry]) {
        self.state.withLock { state in
            for entry in entries {
                state.due.append(entry)
                self.note(entry.loss, &state)
            }
        }
    }

    /// Lets open entries go that are published, so that another has room; those of a cause alone are beyond the limit.
    private func makeRoom(_ state: inout State) {
        while state.open.count >= self.limits.entries,
            let key = state.open.first(where: { !$0.value.isChanged && !$0.value.lasts })?.key,
            let entry = state.open.removeValue(forKey: key)
        {
            self.settle(entry, &state)
        }
    }

    private func retire(_ entry: LedgerEntry, _ state: inout State) {
        if entry.isChanged, state.due.count < self.limits.entries {
            state.due.append(entry)
        } else {
            self.settle(entry, &state)
        }
    }

    private func settle(_ entry: LedgerEntry, _ state: inout State) {
        guard entry.isOfTrades || entry.isAwaited else { return }
        if state.settled.count >= self.limits.entries { state.settled.removeFirst(self.limits.entries / 8) }
        state.settled.append(entry)
    }

    /// What is left of a loss besides what is known to be held.
    private static func rest(of loss: GapLoss, _ state: State) -> [GapLoss] {
        guard loss.cause == .restart, loss.numbering == .tradeID else { return [loss] }
        let place = loss.subject.place
        guard var known = state.stored[place] ?? state.told[place] else { return [loss] }
        if let told = state.told[place] { known.insert(told) }
        return loss.without(known)
    }
}

extension GapCause {
    /// Its place in `allCases`.
    package var ordinal: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
