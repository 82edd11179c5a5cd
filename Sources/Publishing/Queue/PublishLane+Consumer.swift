/// The publisher's side of a lane: take out, mark as sent, release. Publisher thread only.
extension PublishLane {
    /// What became of a record that leaves the lane.
    enum Outcome {
        case confirmed
        case unconfirmed
        case dropped(DropReason)
        /// It stands in the spool now, and stays on this lane's accounts.
        case spooled
    }

    var sentCount: UInt64 { self.memory.own(LaneMemory.Publisher.sentCount) }
    var releasedCount: UInt64 { self.memory.own(LaneMemory.Publisher.releasedCount) }
    var inFlightCount: UInt64 { self.sentCount &- self.releasedCount }
    var hasUnsent: Bool { self.memory.look(LaneMemory.Producer.writtenPosition) != self.sentPosition }
    var isEmpty: Bool { self.memory.look(LaneMemory.Producer.writtenPosition) == self.releasedPosition }

    /// Records queued and in flight.
    var heldCount: UInt64 { self.memory.own(LaneMemory.Producer.writtenCount) &- self.releasedCount }

    /// Whether the lane is filled to `share` of either limit or beyond.
    func isFilled(to share: Double) -> Bool {
        let messages = self.heldCount
        let bytes =
            self.memory.own(LaneMemory.Producer.writtenBytes) &- self.memory.own(LaneMemory.Publisher.releasedBytes)
        return Double(messages) >= share * Double(self.limits.messages)
            || Double(bytes) >= share * Double(self.limits.bytes)
    }

    private var sentPosition: UInt64 { self.memory.own(LaneMemory.Publisher.sentPosition) }
    private var releasedPosition: UInt64 { self.memory.own(LaneMemory.Publisher.releasedPosition) }

    /// The first record that was not sent yet.
    func nextUnsent() -> QueueRecord? {
        let sent = self.sentPosition
        guard self.memory.look(LaneMemory.Producer.writtenPosition) != sent else { return nil }
        return self.record(at: sent).record
    }

    /// Moves the sent cursor past the record `nextUnsent` gave.
    func markSent() {
        let (record, position) = self.record(at: self.sentPosition)
        let next = position &+ UInt64(record.totalBytes)
        self.memory.beginChange(LaneMemory.Publisher.version)
        self.memory.set(LaneMemory.Publisher.sentPosition, next)
        self.memory.add(LaneMemory.Publisher.sentCount)
        self.memory.endChange(LaneMemory.Publisher.version)
    }

    /// Moves the sent cursor back to the oldest record, so that everything in flight is sent once more.
    func goBack() {
        self.memory.beginChange(LaneMemory.Publisher.version)
        self.memory.set(LaneMemory.Publisher.sentPosition, self.releasedPosition)
        self.memory.set(LaneMemory.Publisher.sentCount, self.releasedCount)
        self.memory.endChange(LaneMemory.Publisher.version)
    }

    /// Lets the oldest `count` sent records go with one outcome, or with their own verdict where they have one.
    ///
    /// - Parameter visit: Sees each record before its memory is given back.
    func release(_ count: UInt64, as outcome: Outcome, visit: (QueueRecord) -> Void = { _ in }) {
        precondition(count <= self.inFlightCount, "only what was sent is released")
        var left = count
        while left > 0 {
            let step = min(left, 64)
            self.releaseStep(step, as: outcome, visit: visit)
            left &-= step
        }
    }

    /// The oldest record that was not released yet.
    var oldestRecord: QueueRecord? { self.isEmpty ? nil : self.record(at: self.releasedPosition).record }

    /// Finds a record in flight by its sequence; walks from the oldest one, for rare use.
    func record(inFlight sequence: UInt64) -> QueueRecord? {
        var position = self.releasedPosition
        for _ in 0..<self.inFlightCount {
            let (record, start) = self.record(at: position)
            if record.sequence == sequence { return record }
            position = start &+ UInt64(record.totalBytes)
        }
        return nil
    }

    /// Visits what is in flight, oldest first, for rare use.
    func visitInFlight(_ visit: (QueueRecord) -> Void) {
        var position = self.releasedPosition
        for _ in 0..<self.inFlightCount {
            let (record, start) = self.record(at: position)
            visit(record)
            position = start &+ UInt64(record.totalBytes)
        }
    }

    /// Releases so few records that a reader of the accounts never waits long for the block's version.
    private func releaseStep(_ count: UInt64, as outcome: Outcome, visit: (QueueRecord) -> Void) {
        var position = self.releasedPosition
        var bytes: UInt64 = 0
        var confirmed: UInt64 = 0
        var unconfirmed: UInt64 = 0
        var dropped: UInt64 = 0
        var spooled: UInt64 = 0
        for _ in 0..<count {
            let (record, start) = self.record(at: position)
            visit(record)
            let type = record.type
            switch record.verdict.map({ Outcome.dropped($0) }) ?? outcome {
            case .confirmed:
                confirmed &+= 1
                self.memory.add(LaneMemory.Table.confirmed(type))
            case .unconfirmed:
                unconfirmed &+= 1
                self.memory.add(LaneMemory.Table.unconfirmed(type))
            case .dropped(let reason):
                dropped &+= 1
                self.memory.add(LaneMemory.Table.droppedByPublisher(type, reason))
            case .spooled:
                spooled &+= 1
            }
            let total = UInt64(record.totalBytes)
            bytes &+= total
            position = start &+ total
        }
        self.memory.beginChange(LaneMemory.Publisher.version)
        self.memory.add(LaneMemory.Publisher.confirmed, confirmed)
        self.memory.add(LaneMemory.Publisher.unconfirmed, unconfirmed)
        self.memory.add(LaneMemory.Publisher.dropped, dropped)
        self.memory.add(LaneMemory.Publisher.spooled, spooled)
        self.memory.add(LaneMemory.Publisher.releasedBytes, bytes)
        self.memory.add(LaneMemory.Publisher.releasedCount, count)
        self.memory.publish(LaneMemory.Publisher.releasedPosition, position)
        self.memory.endChange(LaneMemory.Publisher.version)
    }

    /// Takes note of a record that an earlier process left in the spool: it counts as made by this one.
    func foundInSpool(_ type: MessageType) {
        self.memory.add(LaneMemory.Table.produced(type))
        self.memory.beginChange(LaneMemory.Producer.version)
        self.memory.beginChange(LaneMemory.Publisher.version)
        self.memory.add(LaneMemory.Producer.produced)
        self.memory.add(LaneMemory.Publisher.spooled)
        self.memory.endChange(LaneMemory.Publisher.version)
        self.memory.endChange(LaneMemory.Producer.version)
    }

    /// Takes note of what became of a record of this lane that leaves the spool.
    func leftSpool(_ type: MessageType, as outcome: Outcome) {
        let total: Int
        switch outcome {
        case .confirmed:
            total = LaneMemory.Publisher.confirmed
            self.memory.add(LaneMemory.Table.confirmed(type))
        case .unconfirmed:
            total = LaneMemory.Publisher.unconfirmed
            self.memory.add(LaneMemory.Table.unconfirmed(type))
        case .dropped(let reason):
            total = LaneMemory.Publisher.dropped
            self.memory.add(LaneMemory.Table.droppedByPublisher(type, reason))
        case .spooled: return
        }
        self.memory.beginChange(LaneMemory.Publisher.version)
        self.memory.add(LaneMemory.Publisher.unspooled)
        self.memory.add(total)
        self.memory.endChange(LaneMemory.Publisher.version)
    }

    /// The record at or, past a wrap marker or a restart, after `position`, with the position where it really begins.
    private func record(at position: UInt64) -> (record: QueueRecord, position: UInt64) {
        let here = self.memory.ring + Int(position & self.mask)
        guard
            position == self.memory.own(LaneMemory.Producer.restartedPosition)
                || here.load(as: UInt32.self) == QueueRecord.wrapMarker
        else { return (QueueRecord(base: here), position) }
        return (QueueRecord(base: self.memory.ring), self.memory.nextStart(after: position))
    }
}
