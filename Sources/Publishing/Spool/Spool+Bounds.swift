extension Spool {
    /// Drops the segments whose youngest record is older than `maxAge`, and does again what the disk refused.
    package func expire(nowMicroseconds now: Int64) {
        self.now = now
        self.retryRemoving()
        if self.isCursorBehind, self.mayTry { self.writeCursor() }
        // A clock that was ahead once must not keep what was written then for that long.
        for index in self.segments.indices where self.segments[index].lastWritten > now {
            self.segments[index].lastWritten = now
        }
        let limit = now - self.configuration.maxAgeMicroseconds
        self.startSyncing()
        while let index = self.firstDroppable() {
            let segment = self.segments[index]
            guard segment.lastWritten < limit, segment.end > self.head else { break }
            self.drop(index, .expired, carrying: self.configuration.carryBytes)
        }
        self.freeIdleSegment()
        self.probe()
    }

    /// Finds out whether a disk that refused takes something again, where nothing is to be written that would show it.
    private func probe() {
        guard self.failure != nil, self.mayTry, self.count == 0, !self.isCursorBehind, self.undeleted.isEmpty else {
            return
        }
        let path = self.configuration.directory + "/probe"
        // More than a file may have room for besides its name.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        do {
            try self.files.open(path, .create).write(UnsafeRawBufferPointer(bytes), at: 0)
            try self.files.remove(path)
            self.succeeded()
        } catch {
            // A name without contents may have found room.
            try? self.files.remove(path)
            self.failed(error)
        }
    }

    /// Lets the newest segment go once everything in it is released, so that an idle spool leaves the disk to others.
    ///
    /// The cursor knows its last number; a disk that was full has room again.
    private func freeIdleSegment() {
        guard self.count == 0, self.segments.count == 1, self.segments[0].bytes > SpoolFormat.headerBytes, self.mayTry
        else { return }
        self.removeSegment(at: 0)
        self.settleHead()
        self.writeCursor()
        if self.undeleted.isEmpty { self.succeeded() }
    }

    /// Drops the oldest segments until `need` more bytes are within the limit; false when nothing more can go.
    func makeRoom(_ need: Int) -> Bool {
        let limit = self.configuration.bytes - self.configuration.carryBytes
        var carry = max(self.configuration.carryBytes, self.configuration.bytes / 8)
        while self.bytes + need > limit {
            guard let index = self.firstDroppable() else { return false }
            carry -= self.drop(index, .full, carrying: min(carry, self.configuration.carryBytes))
        }
        return true
    }

    /// The oldest segment that holds records, none of them read and not released.
    private func firstDroppable() -> Int? {
        let read = self.unreleasedCount > 0 ? self.readPlace.sequence : self.head
        return self.segments.firstIndex { segment in
            segment.end > segment.first && max(segment.first, self.head) >= min(segment.end, read)
        }
    }

    /// Gap records of a segment that goes, and the numbers they had in it.
    private struct Carried {
        let batch: SpoolBatch
        var sequences: [UInt64] = []
    }

    /// Lets a segment go; gap records in it are appended again behind, as far as there is room.
    ///
    /// - Parameter limit: Bytes to append again at most; bounded in all, or dropping gap records came to no end.
    /// - Returns: Bytes of what was appended again.
    @discardableResult
    private func drop(_ index: Int, _ cause: SpoolDropCause, carrying limit: Int) -> Int {
        let segment = self.segments[index]
        if index == self.segments.count - 1 { self.tail = nil }
        let carried = self.empty(segment, cause, carrying: limit)
        // Written before the old ones go, unless only their going makes the room.
        let isWritten = self.append(carried)
        self.count -= segment.end - min(max(segment.first, self.head), segment.end)
        self.cursor.addGap(segment.first..<segment.end)
        self.writeCursor()
        if let index = self.segments.firstIndex(where: { $0.first == segment.first }) {
            self.removeSegment(at: index)
        }
        if !isWritten, !self.append(carried) { self.giveUp(carried, segment, cause) }
        self.settleHead()
        self.writeCursor()
        return carried.batch.bytes
    }

    /// Appends carried records; true when there is nothing to do.
    private func append(_ carried: Carried) -> Bool {
        let batch = carried.batch
        guard batch.records > 0 else { return true }
        guard self.bytes + batch.bytes + SpoolFormat.headerBytes <= self.configuration.bytes, self.append(batch) else {
            return false
        }
        self.carriedRecords += UInt64(batch.records)
        return true
    }

    private func giveUp(_ carried: Carried, _ segment: SpoolSegment, _ cause: SpoolDropCause) {
        var sequences = carried.sequences.makeIterator()
        carried.batch.forEach { base, _ in
            let sequence = sequences.next() ?? 0
            self.onDrop?(SpooledRecord(at: base, sequence: sequence, isRecovered: segment.isRecovered), cause)
        }
    }

    /// Gives every unreleased record of a segment to `onDrop`, but for the gap records it returns.
    private func empty(_ segment: SpoolSegment, _ cause: SpoolDropCause, carrying limit: Int) -> Carried {
        let room = max(min(limit, segment.bytes) - SpoolFormat.headerBytes, 0)
        var carried = Carried(batch: SpoolBatch(limit: room, longest: room, records: .max))
        let reader = SpoolReader(windowBytes: 256 << 10)
        reader.use(try? self.files.open(self.path(segment.first), .read))
        var offset = SpoolFormat.headerBytes
        for sequence in segment.first..<segment.end {
            let outcome = reader.record(at: offset, end: segment.dataBytes, sequence: sequence)
            guard case .record(let base, let length) = outcome else {
                self.lostRecords += segment.end - min(max(sequence, self.head), segment.end)
                break
            }
            offset += length
            guard sequence >= self.head else { continue }
            let spooled = SpooledRecord(at: base, sequence: sequence, isRecovered: segment.isRecovered)
            let isCarried =
                spooled.record.type == .gap
                && carried.batch.add(
                    spooled.record, origin: spooled.origin, isFromEarlierBoot: spooled.isRecovered)
            if isCarried {
                carried.sequences.append(sequence)
            } else {
                self.onDrop?(spooled, cause)
            }
        }
        return carried
    }
}
