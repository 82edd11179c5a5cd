import Synchronization

/// What the publisher knows of the streams' contents: where its own messages end, and which of those it holds are stored.
struct ResumeState {
    /// The highest sequence of each stream that was ever acknowledged.
    var tops = StreamFloors()
    /// Streams of which it is known where they ended before anything of this publisher came, and the empty ones of them.
    var known: Set<UInt8> = []
    var empty: Set<UInt8> = []
    /// The streams are to be read before anything more of the log lanes is sent.
    var isWanted = false
    var attempt: ResumeAttempt?
    /// The attempt serves the ledger alone: nothing waits for it.
    var isForLedger = false
    var reconciling = Reconciling(start: StreamFloors())
    /// They were read since the start: from here on what they hold may be our own.
    var hasRead = false
    /// The streams were read to their end since the start, so that it is known what an earlier process left in them.
    var isReconciled = false
    /// Readings in a row that the server left unfinished.
    var failures = 0
    /// The floors as they stand on disk.
    var kept = StreamFloors()
    var namesKept = 0
    /// Ids that the streams hold, of what was not acknowledged; empty once all that was pending is dealt with.
    var stored: StoredIDs?

    /// Whether nothing of the log lanes may be sent yet.
    var isReading: Bool { self.isWanted || (self.attempt != nil && !self.isForLedger) }

    mutating func abandon() {
        self.attempt = nil
        self.isWanted = false
    }
}

/// Messages whose acknowledgement was lost are found in the streams and not sent again.
extension PublisherLoop {
    /// Readings that are tried before the log lanes go on without: a server that never answers must not stop them.
    private static let readingsMost = 3

    /// Begins or ends the reading of the streams.
    func resume(_ connection: NATSConnection, _ now: Int64) {
        if let attempt = self.resuming.attempt, !(self.resuming.isForLedger && self.resuming.isWanted) {
            guard let result = attempt.take() else { return }
            self.resuming.attempt = nil
            self.resumed(result)
        } else if self.resuming.isWanted {
            self.resuming.isWanted = false
            self.resuming.attempt = nil
            self.resuming.isForLedger = false
            let floors = self.named(self.openFloors)
            let isNeeded = self.hasPending || (!self.resuming.isReconciled && self.ledger != nil)
            // Without a floor no stream ever acknowledged anything: there is nothing to find.
            if floors.isEmpty { self.resuming.isReconciled = true }
            guard !floors.isEmpty, isNeeded else { return }
            self.read(connection, from: floors)
        } else if self.snapshot.hasJetStream, let floors = self.resuming.reconciling.take(at: now) {
            self.resuming.isForLedger = true
            self.read(connection, from: self.named(floors))
        }
    }

    private func read(_ connection: NATSConnection, from floors: [(stream: String, sequence: UInt64)]) {
        let prefix = self.ledger.map { $0.output.subjects.prefix(of: .trade) } ?? ""
        self.resuming.attempt = ResumeAttempt(
            connection, floors: floors, tradePrefix: prefix, limit: self.configuration.resumeMessages,
            deadline: self.configuration.resumeTimeout, waker: self.waker)
    }

    private func resumed(_ result: ResumeAttempt.Outcome) {
        self.snapshot.resumes &+= 1
        self.snapshot.resumedMessages &+= UInt64(result.read)
        if let problem = result.problem {
            self.snapshot.resumesIncomplete &+= 1
            self.observer.publisher(did: .resumeIncomplete(read: result.read, reason: problem))
            self.resuming.failures += 1
            if result.mayRetry, !self.resuming.isForLedger, self.resuming.failures < Self.readingsMost {
                self.resuming.isWanted = true
                return
            }
        }
        self.resuming.failures = 0
        self.tellLedger(result.trades)
        guard !self.resuming.isForLedger else { return }
        self.resuming.hasRead = true
        if result.problem == nil { self.resuming.isReconciled = true }
        // What an earlier reading found may be lost with a server that was killed.
        guard result.ids.count > 0 else {
            if result.problem == nil { self.resuming.stored = nil }
            return
        }
        self.resuming.stored = result.ids
        self.markWhatIsPending()
    }

    /// Tells the ledger of trades that the streams hold.
    private func tellLedger(_ trades: [[UInt8]: TradeRuns]) {
        guard let output = self.ledger?.output else { return }
        for (subject, runs) in trades {
            if !self.resuming.isForLedger, !self.resuming.hasRead, let store = self.spooling?.store {
                store.reconcile(subject, holding: runs, with: output)
            } else {
                // Some of it may be our own, and was not passed over.
                output.ledger.holds(subject.withUnsafeBytes { output.subjects.gapSubject(of: $0) }, trades: runs)
            }
        }
    }

    /// Bounds the look-ups to what was pending when the streams were read: what comes later is new.
    private func markWhatIsPending() {
        for index in self.drivers.indices where self.drivers[index].lane.kind == .log {
            let lane = self.drivers[index].lane
            switch self.drivers[index].role {
            case .loop, .ledger: self.drivers[index].lookedUpTo = lane.releasedCount &+ lane.heldCount
            case .replay: self.drivers[index].lookedUpTo = self.replayEnd
            }
        }
    }

    /// Whether a stream holds the record already; then it counts as confirmed.
    func isStored(_ record: QueueRecord, _ index: Int) -> Bool {
        guard self.resuming.stored != nil, self.drivers[index].isAcknowledged,
            self.drivers[index].lane.kind == .log
        else { return false }
        guard record.sequence < self.drivers[index].lookedUpTo else {
            self.forgetStored()
            return false
        }
        guard record.idLength > 0, self.resuming.stored?.contains(record) == true else { return false }
        self.snapshot.alreadyStored &+= 1
        return true
    }

    /// Forgets the ids once no lane holds anything that could be among them.
    private func forgetStored() {
        let isNeeded = self.drivers.contains { driver in
            driver.lane.kind == .log && driver.lane.sentCount < driver.lookedUpTo
        }
        if !isNeeded { self.resuming.stored = nil }
    }

    /// Whether anything waits that a stream may hold already.
    private var hasPending: Bool {
        self.drivers.contains { $0.lane.kind == .log && !$0.lane.isEmpty }
            || (self.spooling?.store.spool.count ?? 0) > 0
    }

    /// Takes note of where streams end to which nothing was sent yet.
    func takeEnds(_ ends: [(stream: String, sequence: UInt64)]) {
        for end in ends {
            let name = Array(end.stream.utf8)
            let number = name.withUnsafeBytes { self.signals.streamNames.number(of: $0) }
            guard number > 0, self.resuming.known.insert(number).inserted else { continue }
            if end.sequence == 0 { self.resuming.empty.insert(number) }
            self.resuming.tops.raise(number, to: end.sequence)
            self.resuming.reconciling.begin(number, at: end.sequence)
            for index in self.drivers.indices
            where self.drivers[index].highestSent <= self.drivers[index].lane.releasedCount {
                self.drivers[index].window.raiseFloor(of: number, to: end.sequence)
            }
        }
        // A process that is killed right after its first message must not count as one that sent none.
        self.keepFloors()
    }

    /// Where reading each stream begins, of those whose end was known.
    private func named(_ floors: StreamFloors) -> [(stream: String, sequence: UInt64)] {
        self.signals.streamNames.all.enumerated().compactMap { offset, name in
            let floor = floors[UInt8(offset + 1)]
            let isKnown = floor > 0 || self.resuming.empty.contains(UInt8(offset + 1))
            return isKnown ? (String(decoding: name, as: UTF8.self), floor) : nil
        }
    }

    /// Up to which sequence of each stream everything this publisher ever sent is settled.
    private var openFloors: StreamFloors {
        var floors = self.resuming.tops.lower(self.resuming.reconciling.behind)
        for driver in self.drivers
        where driver.lane.mode == .jetstream && driver.highestSent > driver.lane.releasedCount {
            floors = floors.lower(driver.window.floors)
        }
        if let (store, replay) = self.spooling.map({ ($0.store, $0.replay) }), store.spool.count > 0 {
            floors = floors.lower(self.drivers[replay].window.floors)
        }
        return floors
    }

    // MARK: On disk

    /// Keeps the floors beside the spool, for the next start.
    func keepFloors() {
        guard let spool = self.spooling?.store.spool else { return }
        let floors = self.openFloors
        let names = self.signals.streamNames.all
        guard floors != self.resuming.kept || names.count != self.resuming.namesKept else { return }
        self.resuming.kept = floors
        self.resuming.namesKept = names.count
        var note: [UInt8] = []
        for (offset, name) in names.enumerated() {
            note.append(UInt8(name.count))
            note += name
            withUnsafeBytes(of: floors[UInt8(offset + 1)].littleEndian) { note += $0 }
        }
        spool.setNote(note)
    }

    /// Takes up the floors of the process before.
    func takeFloors() {
        guard let (store, replay) = self.spooling.map({ ($0.store, $0.replay) }) else { return }
        var rest = store.spool.note[...]
        while let count = rest.popFirst(), rest.count >= Int(count) + 8 {
            let name = Array(rest.prefix(Int(count)))
            rest.removeFirst(Int(count))
            let sequence = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            rest.removeFirst(8)
            let number = name.withUnsafeBytes { self.signals.streamNames.number(of: $0) }
            self.resuming.tops.raise(number, to: sequence)
            self.resuming.known.insert(number)
            if sequence == 0 { self.resuming.empty.insert(number) }
        }
        self.resuming.kept = self.resuming.tops
        self.resuming.reconciling = Reconciling(start: self.resuming.tops)
        for (offset, _) in self.signals.streamNames.all.enumerated() {
            let number = UInt8(offset + 1)
            self.drivers[replay].window.raiseFloor(of: number, to: self.resuming.tops[number])
        }
    }
}
