/// A place in the spool: the number of a record, and where it stands if its segment is still that one.
struct SpoolPlace {
    var sequence: UInt64
    /// The first number of the segment `offset` is about.
    var segment: UInt64
    var offset: Int
}

extension Spool {
    /// Whether there are records that were not read yet.
    package var hasUnread: Bool { self.count > self.unreleasedCount }

    /// The oldest record that was not marked as read, checked again; its bytes are valid until the next call.
    ///
    /// - Returns: `nil` when all were read, or when the disk does not give it now (see `state`).
    func nextUnread() -> SpooledRecord? {
        while self.hasUnread, let index = self.findUnread() {
            guard self.mayRead else { return nil }
            switch self.read(index) {
            case .record(let base, let length):
                self.given = (self.readPlace.sequence, length)
                if self.readFailures > 0 {
                    self.readFailures = 0
                    self.succeeded()
                }
                return SpooledRecord(
                    at: base, sequence: self.readPlace.sequence, isRecovered: self.segments[index].isRecovered)
            case .failed(let error):
                self.failed(error)
                self.readFailures += 1
                guard self.readFailures >= Self.readAttempts else { return nil }
                self.giveUpRest(of: index)
            case .bad, .end:
                self.giveUpRest(of: index)
            }
        }
        return nil
    }

    /// Moves on past the record that `nextUnread` gave last.
    ///
    /// - Returns: `false` when a write or `expire` in between dropped that record.
    @discardableResult
    func markRead() -> Bool {
        guard let given = self.given, self.findUnread() != nil, self.readPlace.sequence == given.sequence else {
            return false
        }
        self.given = nil
        self.readPlace.sequence += 1
        self.readPlace.offset += given.length
        self.unreleasedCount += 1
        return true
    }

    /// Lets the oldest `count` read records go: the head moves on, finished segments are deleted.
    package func release(_ count: UInt64) {
        precondition(count <= self.unreleasedCount, "only what was read is released")
        guard count > 0 else { return }
        var left = count
        for segment in self.segments {
            let start = max(self.head, segment.first)
            guard left > 0, segment.end > start else {
                if left > 0 { continue }
                break
            }
            let step = min(left, segment.end - start)
            self.cursor.head = start + step
            left -= step
        }
        self.unreleasedCount -= count
        self.count -= count
        self.settleHead()
        self.writeCursor()
    }

    /// Removes the segments that are wholly released, but for the newest, whose name keeps the numbers going on.
    func settleHead() {
        while let first = self.segments.first, first.end <= self.head, self.segments.count > 1 {
            self.removeSegment(at: 0)
        }
        if let oldest = self.segments.first, oldest.end > self.head {
            self.cursor.head = max(self.head, oldest.first)
        } else {
            self.cursor.head = self.nextSequence
        }
        if self.readPlace.sequence < self.head { self.readPlace.sequence = self.head }
    }

    // MARK: Private

    /// Only reading that failed waits; a full disk can still be read.
    private var mayRead: Bool { self.readFailures == 0 || self.mayTry }

    /// Brings the place to the next record that exists; the index of its segment.
    func findUnread() -> Int? {
        guard let index = self.segments.firstIndex(where: { $0.end > self.readPlace.sequence }) else { return nil }
        let segment = self.segments[index]
        if self.readPlace.segment != segment.first || self.readPlace.sequence < segment.first {
            self.reader.use(nil)
            self.readPlace = SpoolPlace(
                sequence: segment.first, segment: segment.first, offset: SpoolFormat.headerBytes)
        }
        return index
    }

    private func read(_ index: Int) -> SpoolReader.Outcome {
        let segment = self.segments[index]
        if self.reader.file == nil {
            do {
                self.reader.use(try self.files.open(self.path(segment.first), .read))
            } catch {
                return .failed(error)
            }
        }
        return self.reader.record(
            at: self.readPlace.offset, end: segment.dataBytes, sequence: self.readPlace.sequence)
    }

    /// Gives up a segment from the unreadable record at the place on; what is readable behind goes to `onDrop`.
    private func giveUpRest(of index: Int) {
        self.readFailures = 0
        let segment = self.segments[index]
        let from = self.readPlace.sequence
        var dropped: UInt64 = 0
        var offset = self.readPlace.offset
        for sequence in from..<segment.end {
            switch self.reader.record(at: offset, end: segment.dataBytes, sequence: sequence) {
            case .record(let base, _):
                dropped += 1
                self.onDrop?(
                    SpooledRecord(at: base, sequence: sequence, isRecovered: segment.isRecovered), .corrupt)
            case .end, .bad, .failed:
                break
            }
            guard let length = self.reader.statedLength(at: offset, end: segment.dataBytes) else { break }
            offset += length
        }
        self.lostRecords += segment.end - from - dropped
        self.count -= segment.end - from
        self.cursor.addGap(from..<segment.end)
        if index == self.segments.count - 1 { self.tail = nil }
        self.segments[index].end = from
        self.segments[index].dataBytes = self.readPlace.offset
        self.settleHead()
        self.writeCursor()
    }
}
