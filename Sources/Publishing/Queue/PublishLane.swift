import Synchronization

/// A bounded queue of encoded messages from one loop to the publisher, in a single allocation.
///
/// One thread produces (`reserve`, `commit`, `countDropped`, `countConflated`), the publisher thread consumes, any
/// thread may take a `cut`. Three cursors move through the ring: written ≥ sent ≥ released; a record leaves only
/// when it was confirmed, or given up and counted. Nothing allocates or locks.
///
/// A lane that is found empty goes on at the ring's start, so that a publisher who keeps up leaves most of the ring
/// untouched: memory that was never touched is not resident.
package final class PublishLane: @unchecked Sendable {
    /// How much of the ring is used before its producer looks, once a page, whether it can go back to the start.
    private static let restartBytes: UInt64 = 64 << 10
    private static let pageBytes: UInt64 = 4096

    // Safe: every word has one writer and is atomic; the ring's bytes pass by release and acquire of the cursors.
    let memory: LaneMemory
    let mask: UInt64
    package let kind: LaneKind
    package let limits: QueueLimits
    /// The longest subject + NUL + id + payload this lane takes.
    package let maximumBodyBytes: Int
    private let waker: PublisherWaker

    package init(kind: LaneKind, limits: QueueLimits, waker: PublisherWaker) {
        var capacity = 64 << 10
        while capacity < limits.bytes { capacity <<= 1 }
        self.kind = kind
        self.limits = limits
        // Half of the ring: a longer record might fit nowhere in one piece, even with the ring empty.
        self.maximumBodyBytes = min(limits.bytes, capacity / 2) - QueueRecord.headerBytes - 8
        self.memory = LaneMemory(capacity: capacity)
        self.mask = UInt64(capacity) - 1
        self.waker = waker
    }

    deinit { self.memory.deallocate() }

    package var mode: PublishMode { self.kind.mode }

    // MARK: Producing

    /// Lends memory for one record's body: subject, NUL, id and payload, one after the other.
    ///
    /// A reservation that is not committed costs nothing; the next one takes its place.
    ///
    /// - Parameter maxBytes: The most the body can need, up to `maximumBodyBytes`.
    /// - Returns: `nil` when the lane is full for that size.
    /// - Complexity: O(1), no allocation.
    @inline(__always)
    package func reserve(upTo maxBytes: Int) -> UnsafeMutableRawBufferPointer? {
        guard maxBytes >= 0, maxBytes <= self.maximumBodyBytes else { return nil }
        let need = UInt64((QueueRecord.headerBytes + maxBytes + 7) & ~7)
        guard self.fits(need) || (self.lookAtReleased() && self.fits(need)) else { return nil }
        let written = self.memory.own(LaneMemory.Producer.writtenPosition)
        self.restartIfEmpty(need, at: written)
        let start = self.start(for: need, at: written)
        self.memory.set(LaneMemory.Producer.reservedPosition, start)
        self.memory.set(LaneMemory.Producer.reservedBytes, UInt64(maxBytes))
        return UnsafeMutableRawBufferPointer(
            start: self.memory.ring + Int(start & self.mask) + QueueRecord.headerBytes, count: maxBytes)
    }

    /// Queues what was written into the last reservation, and wakes the publisher if it sleeps.
    ///
    /// - Parameters:
    ///   - source: What the message is about, as the producer numbers it; latencies are told by it.
    ///   - isAwaited: Whether the ledger counts what it brings as missing until it is safe.
    ///   - subjectLength: Without its NUL; past 65,535 the message is dropped as too large.
    ///   - idLength: Likewise; 0 when the message has no id for JetStream to tell duplicates by.
    ///   - enqueuedMicroseconds: Now, since the epoch.
    ///   - receivedMicroseconds: When the frame arrived, since the epoch; 0 when there was none.
    @inline(__always)
    package func commit(
        type: MessageType, source: UInt8 = 0, isAwaited: Bool = false, subjectLength: Int, idLength: Int,
        payloadLength: Int, enqueuedMicroseconds: Int64, receivedMicroseconds: Int64
    ) {
        guard subjectLength <= Int(UInt16.max), idLength <= Int(UInt16.max) else {
            self.countDropped(type, .tooLarge)
            return
        }
        let body = subjectLength + 1 + idLength + payloadLength
        precondition(
            body <= Int(self.memory.own(LaneMemory.Producer.reservedBytes)), "a record longer than its reservation")
        let written = self.memory.own(LaneMemory.Producer.writtenPosition)
        let start = self.memory.own(LaneMemory.Producer.reservedPosition)
        let total = UInt64((QueueRecord.headerBytes + body + 7) & ~7)
        let sequence = self.memory.own(LaneMemory.Producer.writtenCount)
        if start != written, !self.isRestart(written) {
            (self.memory.ring + Int(written & self.mask)).storeBytes(of: QueueRecord.wrapMarker, as: UInt32.self)
        }
        let record = self.memory.ring + Int(start & self.mask)
        record.storeBytes(of: UInt32(truncatingIfNeeded: total), as: UInt32.self)
        record.storeBytes(of: type.rawValue, toByteOffset: 4, as: UInt8.self)
        record.storeBytes(of: source, toByteOffset: 5, as: UInt8.self)
        record.storeBytes(of: UInt16(subjectLength), toByteOffset: 6, as: UInt16.self)
        record.storeBytes(of: UInt16(idLength), toByteOffset: 8, as: UInt16.self)
        record.storeBytes(of: 0, toByteOffset: 10, as: UInt8.self)
        record.storeBytes(of: isAwaited ? 1 : 0, toByteOffset: 11, as: UInt8.self)
        record.storeBytes(of: UInt32(payloadLength), toByteOffset: 12, as: UInt32.self)
        record.storeBytes(of: enqueuedMicroseconds, toByteOffset: 16, as: Int64.self)
        record.storeBytes(of: receivedMicroseconds, toByteOffset: 24, as: Int64.self)
        record.storeBytes(of: sequence, toByteOffset: 32, as: UInt64.self)
        self.memory.set(LaneMemory.Producer.reservedBytes, 0)
        self.memory.add(LaneMemory.Table.produced(type))

        self.memory.beginChange(LaneMemory.Producer.version)
        self.memory.add(LaneMemory.Producer.produced)
        self.memory.add(LaneMemory.Producer.writtenBytes, total)
        self.memory.set(LaneMemory.Producer.writtenCount, sequence &+ 1)
        self.memory.publish(LaneMemory.Producer.writtenPosition, start &+ total)
        self.memory.endChange(LaneMemory.Producer.version)
        self.waker.wakeIfSleeping()
    }

    /// Counts a message that was produced and given up before it was queued.
    package func countDropped(_ type: MessageType, _ reason: DropReason, count: UInt64 = 1) {
        self.memory.add(LaneMemory.Table.produced(type), count)
        self.memory.add(LaneMemory.Table.droppedByProducer(type, reason), count)
        self.memory.beginChange(LaneMemory.Producer.version)
        self.memory.add(LaneMemory.Producer.produced, count)
        self.memory.add(LaneMemory.Producer.dropped, count)
        self.memory.endChange(LaneMemory.Producer.version)
    }

    /// Counts a state that was not queued because a later one will say more.
    package func countConflated(_ type: MessageType, count: UInt64 = 1) {
        self.memory.add(LaneMemory.Table.produced(type), count)
        self.memory.add(LaneMemory.Table.conflated(type), count)
        self.memory.beginChange(LaneMemory.Producer.version)
        self.memory.add(LaneMemory.Producer.produced, count)
        self.memory.add(LaneMemory.Producer.conflated, count)
        self.memory.endChange(LaneMemory.Producer.version)
    }

    /// Whether a body of `bytes` would get its reservation now.
    @inline(__always)
    package func hasRoom(for bytes: Int) -> Bool {
        guard bytes >= 0, bytes <= self.maximumBodyBytes else { return false }
        let need = UInt64((QueueRecord.headerBytes + bytes + 7) & ~7)
        return self.fits(need) || (self.lookAtReleased() && self.fits(need))
    }

    /// Whether the lane is filled to its watermark or beyond; the producer conflates then.
    @inline(__always)
    package var isAboveWatermark: Bool {
        self.exceedsWatermark && self.lookAtReleased() && self.exceedsWatermark
    }

    // MARK: The producer's arithmetic

    private var exceedsWatermark: Bool {
        self.messagesSeen >= UInt64(self.limits.watermarkMessages)
            || self.bytesSeen >= UInt64(self.limits.watermarkBytes)
    }

    private var messagesSeen: UInt64 {
        self.memory.own(LaneMemory.Producer.writtenCount) &- self.memory.own(LaneMemory.Producer.seenReleasedCount)
    }

    private var bytesSeen: UInt64 {
        self.memory.own(LaneMemory.Producer.writtenBytes) &- self.memory.own(LaneMemory.Producer.seenReleasedBytes)
    }

    @inline(__always)
    private func fits(_ need: UInt64) -> Bool {
        let written = self.memory.own(LaneMemory.Producer.writtenPosition)
        let end = self.start(for: need, at: written) &+ need
        // What a restart passed over holds no record.
        let seen = self.memory.own(LaneMemory.Producer.seenReleasedPosition)
        let released = self.isRestart(seen) ? self.memory.nextStart(after: seen) : seen
        return end &- released <= UInt64(self.memory.capacity)
            && self.bytesSeen &+ need <= UInt64(self.limits.bytes) && self.messagesSeen < UInt64(self.limits.messages)
    }

    /// Where a record of `need` bytes begins: at `position`, or at the ring's start if it does not fit before the end
    /// or the ring was restarted there.
    @inline(__always)
    private func start(for need: UInt64, at position: UInt64) -> UInt64 {
        let next = self.memory.nextStart(after: position)
        return next &- position >= need && !self.isRestart(position) ? position : next
    }

    @inline(__always)
    private func isRestart(_ position: UInt64) -> Bool {
        position == self.memory.own(LaneMemory.Producer.restartedPosition)
    }

    /// Sends the next record to the ring's start if the lane is empty and the record would begin another page.
    @inline(__always)
    private func restartIfEmpty(_ need: UInt64, at position: UInt64) {
        let offset = position & self.mask
        guard offset >= Self.restartBytes, (offset ^ (offset &+ need)) >= Self.pageBytes, self.lookAtReleased(),
            self.memory.own(LaneMemory.Producer.seenReleasedPosition) == position
        else { return }
        // The publisher reads it after the position that the record's commit publishes.
        self.memory.set(LaneMemory.Producer.restartedPosition, position)
    }

    /// Looks at the publisher's cursors again; always true.
    private func lookAtReleased() -> Bool {
        // The position is read first and released last, so that the bytes it frees are no longer read.
        let position = self.memory.look(LaneMemory.Publisher.releasedPosition)
        self.memory.set(LaneMemory.Producer.seenReleasedPosition, position)
        self.memory.set(LaneMemory.Producer.seenReleasedCount, self.memory.own(LaneMemory.Publisher.releasedCount))
        self.memory.set(LaneMemory.Producer.seenReleasedBytes, self.memory.own(LaneMemory.Publisher.releasedBytes))
        return true
    }
}
