extension Spool {
    /// Copies a record into the batch that `write` writes.
    ///
    /// - Parameter origin: The lane it came from; comes back with the record.
    /// - Returns: `false` when the batch is full (256 records, 1 MiB), or when the record is longer than
    ///   `SpoolConfiguration.maximumRecordBytes` and will never be taken.
    func add(_ record: QueueRecord, origin: UInt16) -> Bool {
        self.batch.add(record, origin: origin, isFromEarlierBoot: false)
    }

    /// Writes the batch in one go, all or nothing, and empties it in either case.
    ///
    /// Where the limit would be passed, the oldest segments go first.
    ///
    /// - Returns: `false` when nothing of the batch is in the spool: the disk refused, or is left alone for a pause
    ///   after it did (see `state`), or everything in the spool is read and waits for being released.
    package func write(nowMicroseconds now: Int64) -> Bool {
        self.now = now
        defer { self.batch.clear() }
        self.retryRemoving()
        guard self.batch.records > 0 else { return true }
        guard self.mayTry else { return false }
        guard self.makeRoom(self.batch.bytes + SpoolFormat.headerBytes) else {
            self.refusedBatches += 1
            return false
        }
        return self.append(self.batch)
    }

    /// Whether `write` would touch the disk now; false during the pause after a failure.
    package func canWrite(nowMicroseconds now: Int64) -> Bool {
        self.now = now
        return self.mayTry
    }

    /// Appends a batch to the newest segment, or to a new one where that is full.
    func append(_ batch: SpoolBatch) -> Bool {
        do {
            let file = try self.tailFile(for: batch.bytes)
            batch.seal(from: self.nextSequence)
            try self.append(batch, to: file)
        } catch {
            self.failed(error)
            return false
        }
        self.succeeded()
        self.settleHead()
        return true
    }

    private func tailFile(for bytes: Int) throws(SpoolFileError) -> any SpoolFile {
        if let tail = self.tail, let segment = self.segments.last {
            let isEmpty = segment.end == segment.first
            let isOld = self.now - segment.created > self.configuration.maxAgeMicroseconds / 16
            if isEmpty || (segment.bytes + bytes <= self.configuration.segmentBytes && !isOld) { return tail }
            self.tail = nil
        }
        return try self.makeSegment()
    }

    private func append(_ batch: SpoolBatch, to file: any SpoolFile) throws(SpoolFileError) {
        let index = self.segments.count - 1
        let offset = self.segments[index].dataBytes
        do {
            try file.write(batch.contents, at: offset)
        } catch {
            self.takeBack(file, index, offset)
            throw error
        }
        self.nextSequence += UInt64(batch.records)
        self.count += UInt64(batch.records)
        self.bytes += batch.bytes
        self.segments[index].end = self.nextSequence
        self.segments[index].bytes += batch.bytes
        self.segments[index].dataBytes += batch.bytes
        self.segments[index].lastWritten = self.now
        let first = self.segments[index].first
        self.syncer.wrote(file, path: self.path(first), upTo: self.nextSequence)
    }

    /// Removes what a failed write left; where that fails too, the segment is finished and its rest never read.
    private func takeBack(_ file: any SpoolFile, _ index: Int, _ offset: Int) {
        do {
            try file.truncate(to: offset)
        } catch {
            self.failureCount += 1
            self.tail = nil
            let size = (try? file.size()) ?? offset
            self.bytes += size - self.segments[index].bytes
            self.segments[index].bytes = size
        }
    }
}
