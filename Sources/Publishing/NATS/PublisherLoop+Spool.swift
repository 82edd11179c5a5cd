import Synchronization

/// The way to disk and back: what a log lane cannot deliver is spooled, and replayed in order.
///
/// From the first record of a lane in the spool until the last of them is acknowledged, the lane's new records wait in
/// its ring or queue behind in the spool; none passes another of its subject.
extension PublisherLoop {
    /// How full a lane may be before its records go to disk however young they are.
    private static let fullShare = 0.5
    /// How full a lane that cannot be spooled may be before its oldest records are given up.
    private static let overflowShare = 0.875
    private static let expireInterval: Int64 = 1_000_000
    /// Readings of the time of day on two threads are no further apart.
    private static let clocksApart: Int64 = 100_000

    /// Moves what waits for too long to the spool; true when anything moved.
    func spill() -> Bool {
        let wall = PublishClock.wall()
        let now = PublishClock.aging()
        var worked = false
        for index in self.drivers.indices where self.drivers[index].lane.kind == .log {
            if case .replay = self.drivers[index].role { continue }
            self.releaseSynced(index)
            guard self.isOverdue(index, wall) else { continue }
            worked = self.spill(index, now) || worked
        }
        if let spool = self.spooling?.store.spool, now - (self.spooling?.expiredAt ?? 0) > Self.expireInterval {
            self.spooling?.expiredAt = now
            spool.expire(nowMicroseconds: now)
            self.settleUnreadable()
        }
        return worked
    }

    /// Whether the oldest record of a lane has waited for too long, or its ring fills.
    private func isOverdue(_ index: Int, _ wall: Int64) -> Bool {
        let lane = self.drivers[index].lane
        guard let oldest = lane.oldestRecord else { return false }
        // Fences confirm what was sent in order: it cannot be taken back while the connection stands.
        if case .up = self.link, !self.drivers[index].isAcknowledged, !self.drivers[index].isSpooling,
            lane.inFlightCount > 0
        {
            return false
        }
        let waited = wall - oldest.enqueuedMicroseconds
        // What comes from later than now was queued before the clock was set back, nobody knows how long ago.
        return waited > self.configuration.spillAfter.wholeMicroseconds || waited < -Self.clocksApart
            || lane.isFilled(to: Self.fullShare)
    }

    /// Moves a batch of one lane, or gives its oldest records up when the disk does not take them and the ring is full.
    private func spill(_ index: Int, _ now: Int64) -> Bool {
        guard self.drivers[index].unsynced == nil else { return false }
        guard let spool = self.spooling?.store.spool, spool.canWrite(nowMicroseconds: now) else {
            return self.overflow(index)
        }
        self.takeBack(index)
        let lane = self.drivers[index].lane
        let first = lane.releasedCount
        var count: UInt64 = 0
        var added: UInt64 = 0
        var types = [UInt64](repeating: 0, count: MessageType.allCases.count)
        while count < UInt64(Self.batch), let record = lane.nextUnsent() {
            if record.verdict == nil {
                if spool.add(record, origin: UInt16(index)) {
                    types[Int(record.type.rawValue)] &+= 1
                    added += 1
                } else if added > 0 {
                    break
                } else {
                    // Longer than the spool takes at all.
                    record.verdict = .tooLarge
                }
            }
            lane.markSent()
            count += 1
        }
        guard count > 0 else { return false }
        guard added == 0 || spool.write(nowMicroseconds: now) else {
            lane.goBack()
            return self.overflow(index)
        }
        for type in types.indices { self.drivers[index].spooled[type] &+= types[type] }
        self.snapshot.spooled &+= added
        self.followIntoSpool(index, first)
        if self.configuration.spool?.sync == .always {
            self.drivers[index].unsynced = (count, spool.nextSequence &- added, spool.nextSequence)
            self.releaseSynced(index)
        } else {
            self.releaseSpooled(count, index)
        }
        return true
    }

    /// Ends the sending of a lane that begins to spool: what is in flight goes to the spool like the rest.
    private func takeBack(_ index: Int) {
        guard !self.drivers[index].isSpooling, let (store, replay) = self.spooling.map({ ($0.store, $0.replay) }) else {
            return
        }
        if store.spool.count == 0 {
            self.drivers[replay].window.freeFloors()
            self.drivers[replay].window.raiseFloors(to: self.resuming.tops)
        }
        if self.drivers[index].highestSent > self.drivers[index].lane.releasedCount {
            // Some of it may be stored already, and must be found before it is sent again.
            self.drivers[replay].window.lowerFloors(to: self.drivers[index].window.floors)
            self.resuming.isWanted = true
        }
        self.drivers[index].window.goBack(allowed: Self.batch)
        self.drivers[index].lane.goBack()
    }

    /// Has records from `first` of a lane on, which may have been sent before, treated like that behind in the spool.
    private func followIntoSpool(_ index: Int, _ first: UInt64) {
        guard let replay = self.spooling?.replay else { return }
        if first < self.drivers[index].highestSent { self.drivers[replay].window.holdFloors(until: self.replayEnd) }
        if self.resuming.stored != nil, first < self.drivers[index].lookedUpTo {
            self.drivers[replay].lookedUpTo = self.replayEnd
        }
    }

    /// One past the number that the newest record of the spool will have in the replay lane.
    var replayEnd: UInt64 {
        guard let store = self.spooling?.store else { return 0 }
        return store.replay.releasedCount &+ store.replay.heldCount &+ store.spool.count
            &- store.spool.unreleasedCount
    }

    /// Lets go what is synced; while the disk does not sync, what is written counts as safe as it can be.
    private func releaseSynced(_ index: Int) {
        guard let (count, _, until) = self.drivers[index].unsynced, let spool = self.spooling?.store.spool,
            spool.syncedSequence >= until || spool.syncer.failure != nil
        else { return }
        self.drivers[index].unsynced = nil
        self.releaseSpooled(count, index)
    }

    private func releaseSpooled(_ count: UInt64, _ index: Int) {
        self.release(count, index, as: .spooled)
        let lane = self.drivers[index].lane
        self.drivers[index].window.skip(to: lane.releasedCount)
        self.drivers[index].highestSent = max(self.drivers[index].highestSent, lane.releasedCount)
    }

    /// Whether the server takes a lane's records now, so that what is oldest is about to leave anyway.
    private func isTaken(_ index: Int) -> Bool {
        guard case .up = self.link, self.drivers[index].isAcknowledged, !self.isBehindSpool(index) else { return false }
        return self.snapshot.streamProblem == nil
    }

    /// Gives up the oldest records of a full lane whose records have nowhere to go.
    private func overflow(_ index: Int) -> Bool {
        let lane = self.drivers[index].lane
        guard lane.isFilled(to: Self.overflowShare), !self.isTaken(index) else { return false }
        self.drivers[index].window.goBack(allowed: Self.batch)
        lane.goBack()
        var count: UInt64 = 0
        while count < UInt64(Self.batch), lane.nextUnsent() != nil {
            lane.markSent()
            count += 1
        }
        self.release(count, index, as: .dropped(.queueFull))
        self.drivers[index].window.skip(to: lane.releasedCount)
        self.drivers[index].queue?.messagesLost()
        return count > 0
    }

    /// Whether nothing of a log lane may go to the server now: older records of it stand in the spool, or the streams
    /// are being read.
    func mustWait(_ index: Int) -> Bool {
        if self.resuming.isReading { return true }
        switch self.drivers[index].role {
        case .loop, .ledger: return self.isBehindSpool(index)
        case .replay: return false
        }
    }

    /// Whether older records of a lane's subjects stand in the spool; an earlier process' may be of any subject.
    func isBehindSpool(_ index: Int) -> Bool {
        self.drivers[index].isSpooling
            || self.spooling.map { self.drivers[$0.replay].spooled.contains { $0 > 0 } } ?? false
    }

    /// Writes what the next start needs, and tells when the disk fails or works again.
    func keepStore(_ now: Int64) {
        guard now - self.keptAt >= 100_000 else { return }
        self.keptAt = now
        self.tellFound()
        let losses = self.ledger?.output.ledger.tradeRanges ?? 0
        self.resuming.reconciling.look(losses: losses, floors: self.resuming.tops, at: now)
        guard let spooling = self.spooling else { return }
        self.keepPlaces()
        self.snapshot.spool = SpoolFigures(spooling.store)
        let state = spooling.store.spool.state
        guard state.isReady != spooling.works else { return }
        self.spooling?.works = state.isReady
        switch state {
        case .ready: self.observer.publisher(did: .spoolWorks)
        case .failing(let operation, let code, _):
            self.observer.publisher(did: .spoolFailing(operation: "\(operation)", code: code))
        }
    }

    /// Keeps losses, marks and floors; what is known to be lost comes first, since the others pass over it.
    private func keepPlaces() {
        guard self.keepLosses() else { return }
        self.spooling?.store.marks.flush()
        self.keepFloors()
    }

    // MARK: Back

    /// Reads on in the spool while the replay lane has room; true when anything was read.
    func fillReplay() -> Bool {
        guard let spooling = self.spooling, !self.resuming.isReading else { return false }
        let spool = spooling.store.spool
        // What still stands in a ring until it is synced is not sent from here.
        let limit = self.drivers.reduce(UInt64.max) { min($0, $1.unsynced?.from ?? .max) }
        var count = 0
        while count < Self.batch,
            spooling.store.replay.heldCount < UInt64(2 * self.configuration.windowMessages),
            let spooled = spool.nextUnread(), spooled.sequence < limit, self.queueForReplay(spooled)
        {
            spool.markRead()
            count += 1
        }
        return count > 0
    }

    /// Copies a record into the replay lane; false when that has no room.
    private func queueForReplay(_ spooled: SpooledRecord) -> Bool {
        guard let lane = self.spooling?.store.replay else { return false }
        let record = spooled.record
        // An earlier process may have had larger rings.
        let isTooLong = record.body.count > lane.maximumBodyBytes
        let payload = isTooLong ? 0 : record.payloadLength
        let body = record.body.prefix(record.subjectLength + 1 + record.idLength + payload)
        guard let room = lane.reserve(upTo: body.count), let base = room.baseAddress else { return false }
        room.copyBytes(from: body)
        lane.commit(
            type: record.type,
            source: spooled.isRecovered ? Spooling.recoveredOrigin : UInt8(clamping: spooled.origin),
            subjectLength: record.subjectLength, idLength: record.idLength, payloadLength: payload,
            enqueuedMicroseconds: record.enqueuedMicroseconds, receivedMicroseconds: record.receivedMicroseconds)
        if isTooLong { QueueRecord(base: base - QueueRecord.headerBytes).verdict = .tooLarge }
        return true
    }

    /// Takes note of a record that leaves the spool on the accounts of the lane it came from.
    func leftSpool(_ type: MessageType, origin: UInt8, as outcome: PublishLane.Outcome) {
        let origin = origin == Spooling.recoveredOrigin ? nil : Int(origin)
        guard let place = origin ?? self.spooling?.replay, place < self.drivers.count else { return }
        self.drivers[place].spooled[Int(type.rawValue)] &-= 1
        let lane = origin == nil ? self.spooling?.store.recovered : self.drivers[place].lane
        lane?.leftSpool(type, as: outcome)
    }

    /// Takes note of a record that went from the spool without having been delivered.
    func droppedFromSpool(_ spooled: SpooledRecord, _ cause: SpoolDropCause) {
        let reason: DropReason =
            switch cause {
            case .full: .spoolFull
            case .expired: .spoolExpired
            case .corrupt: .spoolCorrupt
            }
        let origin = spooled.isRecovered ? Spooling.recoveredOrigin : UInt8(clamping: spooled.origin)
        self.leftSpool(spooled.record.type, origin: origin, as: .dropped(reason))
        self.tellLost(spooled.record, as: .dropped(reason))
    }

    /// Settles the accounts of records that the spool could not read any more, once nothing else is left in it.
    func settleUnreadable() {
        guard let store = self.spooling?.store, store.spool.lostRecords != self.spooling?.lostSettled,
            store.spool.count == 0, store.replay.isEmpty
        else { return }
        self.spooling?.lostSettled = store.spool.lostRecords
        let wall = PublishClock.wall()
        for index in self.drivers.indices {
            for type in MessageType.allCases where self.drivers[index].spooled[Int(type.rawValue)] > 0 {
                let count = self.drivers[index].spooled[Int(type.rawValue)]
                let origin = index == self.spooling?.replay ? Spooling.recoveredOrigin : UInt8(clamping: index)
                for _ in 0..<count { self.leftSpool(type, origin: origin, as: .dropped(.spoolCorrupt)) }
                self.ledger?.output.ledger.record(
                    GapLoss(
                        GapSubject(venue: nil), of: .messages(type), cause: .spoolCorrupt, from: wall, to: wall,
                        missing: count))
            }
        }
    }

    // MARK: The end

    /// Puts what the log lanes still hold into the spool, so that the next start delivers it, and closes it.
    func spoolEverything() {
        guard let store = self.spooling?.store else { return }
        for index in self.drivers.indices where self.drivers[index].lane.kind == .log {
            if case .loop = self.drivers[index].role { self.spoolRest(of: index) }
        }
        self.tellFound()
        // Last, since room may have been made at the cost of older records.
        _ = self.writeLedger(PublishClock.monotonic(), isLast: true)
        for index in self.drivers.indices {
            if case .ledger = self.drivers[index].role { self.spoolRest(of: index) }
        }
        self.keepPlaces()
        store.spool.close()
    }

    private func spoolRest(of index: Int) {
        if let (count, _, _) = self.drivers[index].unsynced {
            self.drivers[index].unsynced = nil
            self.releaseSpooled(count, index)
        }
        while !self.drivers[index].lane.isEmpty {
            let before = self.drivers[index].lane.releasedCount
            guard self.spill(index, PublishClock.aging()) else { return }
            if let (count, _, _) = self.drivers[index].unsynced {
                self.drivers[index].unsynced = nil
                self.releaseSpooled(count, index)
            }
            guard self.drivers[index].lane.releasedCount != before else { return }
        }
    }
}
