/// Finds out at start what the directory holds, and mends what can be mended.
struct SpoolRecoverer {
    private struct Found {
        var segment: SpoolSegment
        var isWhole: Bool
        /// Where the first record at or above the head stands.
        var headOffset: Int
    }

    let files: any SpoolFiles
    let directory: String
    private let reader = SpoolReader(windowBytes: 1 << 20)

    private(set) var recovery = SpoolRecovery()
    private(set) var cursor = SpoolCursor()
    private(set) var segments: [SpoolSegment] = []
    private(set) var next: UInt64 = 0
    /// Of the record at the head in the first segment.
    private(set) var headOffset = SpoolFormat.headerBytes

    init(files: any SpoolFiles, directory: String) {
        self.files = files
        self.directory = directory
    }

    mutating func run(cursorFile: (any SpoolFile)?) throws(SpoolError) {
        let firsts = try self.list()
        let cursor = cursorFile.flatMap { try? SpoolCursor.read(from: $0) }
        self.recovery.isCursorLost = cursor == nil && !firsts.isEmpty
        self.cursor = cursor ?? SpoolCursor()

        var found: [Found] = []
        for (index, first) in firsts.enumerated() {
            let limit = index + 1 < firsts.count ? firsts[index + 1] : nil
            // The newest stays until there is another: its name keeps the numbers going on.
            if let limit, self.isGone(first..<limit) {
                self.remove(first)
            } else {
                found.append(try self.read(first, limit: limit))
            }
        }
        if let last = found.indices.last { self.cutTail(&found[last]) }
        self.settle(found)
    }

    private func list() throws(SpoolError) -> [UInt64] {
        do {
            return try self.files.list(self.directory).compactMap(SpoolFormat.first(ofName:)).sorted()
        } catch {
            throw SpoolError(kind: .unusable(errno: error.code), directory: self.directory)
        }
    }

    /// Whether every number of `range` was released, or dropped and accounted for.
    private func isGone(_ range: Range<UInt64>) -> Bool {
        guard range.upperBound > self.cursor.head else { return true }
        return self.cursor.missing(in: max(range.lowerBound, self.cursor.head)..<range.upperBound) == 0
    }

    // MARK: One segment

    /// Reads and checks a segment up to its first bad record; `limit` is where the next segment begins.
    private mutating func read(_ first: UInt64, limit: UInt64?) throws(SpoolError) -> Found {
        var found = Found(
            segment: SpoolSegment(
                first: first, end: first, bytes: 0, dataBytes: 0, created: 0, lastWritten: 0, isRecovered: true),
            isWhole: false, headOffset: SpoolFormat.headerBytes)
        let file: any SpoolFile
        do {
            file = try self.files.open(SpoolPath.segment(self.directory, first), .read)
            found.segment.bytes = try file.size()
        } catch {
            // Nothing is known of its contents: to go on without it might be to remove it.
            throw SpoolError(kind: .unusable(errno: error.code), directory: self.directory)
        }
        self.reader.use(file)
        defer { self.reader.use(nil) }
        // What cannot be read from the disk is as good as bad.
        switch (try? self.reader.header(first: first, size: found.segment.bytes)) ?? .bad {
        case .bad: return found
        case .otherVersion(let version):
            throw SpoolError(kind: .otherVersion(version), directory: self.directory)
        case .good(let created):
            found.segment = SpoolSegment(
                first: first, end: first, bytes: found.segment.bytes, dataBytes: SpoolFormat.headerBytes,
                created: created, lastWritten: created, isRecovered: true)
            self.readRecords(&found, limit: limit ?? SpoolFormat.sequenceLimit)
            return found
        }
    }

    private mutating func readRecords(_ found: inout Found, limit: UInt64) {
        while found.segment.end < limit {
            let sequence = found.segment.end
            let outcome = self.reader.record(
                at: found.segment.dataBytes, end: found.segment.bytes, sequence: sequence)
            guard case .record(let base, let length) = outcome else {
                if case .end = outcome { found.isWhole = true }
                return
            }
            let record = SpoolFormat.record(at: base)
            if sequence >= self.cursor.head {
                self.recovery.recordsByType[Int(record.type.rawValue)] += 1
                self.recovery.records += 1
                if record.type == .trade { self.takeTrade(record) }
            }
            found.segment.end += 1
            found.segment.dataBytes += length
            if found.segment.end <= self.cursor.head { found.headOffset = found.segment.dataBytes }
            found.segment.lastWritten = max(found.segment.lastWritten, record.enqueuedMicroseconds)
        }
        found.isWhole = true
    }

    private mutating func takeTrade(_ record: QueueRecord) {
        guard let ids = TradeSpan.ids(record.id) else { return }
        let subject = UnsafeRawBufferPointer(start: record.subject, count: record.subjectLength)
        self.recovery.trades[Array(subject), default: TradeRuns()].insert(ids)
    }

    /// Cuts off what stands behind the last good record of the newest segment.
    private mutating func cutTail(_ found: inout Found) {
        guard !found.isWhole, found.segment.bytes > 0 else { return }
        self.recovery.tornTails += 1
        self.recovery.tornBytes += found.segment.bytes - found.segment.dataBytes
        do {
            let file = try self.files.open(SpoolPath.segment(self.directory, found.segment.first), .update)
            try file.truncate(to: found.segment.dataBytes)
            found.segment.bytes = found.segment.dataBytes
        } catch {
            // It is not read in any case: the next segment's first number ends this one.
        }
    }

    private func remove(_ first: UInt64) {
        // What cannot be removed is found gone at the next start too.
        try? self.files.remove(SpoolPath.segment(self.directory, first))
    }

    // MARK: The whole

    /// Counts the numbers of `from..<to` that nobody accounted for yet; false when there are none.
    private mutating func countLost(_ from: UInt64, _ to: UInt64) -> Bool {
        let range = max(from, self.cursor.head)..<max(to, self.cursor.head)
        let missing = self.cursor.missing(in: range)
        guard missing > 0 else { return false }
        self.recovery.lostRecords += missing
        self.cursor.addGap(range)
        return true
    }

    /// Counts what is missing between the segments, and decides where the head and the next number are.
    private mutating func settle(_ found: [Found]) {
        self.next = max(
            self.cursor.head, self.cursor.gaps.last?.upperBound ?? 0, found.last?.segment.end ?? 0)
        for (found, following) in zip(found, found.dropFirst()) {
            if self.countLost(found.segment.end, following.segment.first) { self.recovery.corruptSegments += 1 }
        }
        // The cursor may know of more than the newest segment has left.
        if let last = found.last { _ = self.countLost(last.segment.end, self.next) }
        let last = found.last?.segment.first
        for found in found {
            // Empty ones hold nothing but, the newest, the number of what comes next.
            if found.segment.end > max(found.segment.first, self.cursor.head) || found.segment.first == last {
                self.segments.append(found.segment)
                self.recovery.bytes += found.segment.bytes
            } else {
                self.remove(found.segment.first)
            }
        }
        if let first = self.segments.first {
            self.cursor.head = first.end > self.cursor.head ? max(self.cursor.head, first.first) : self.next
            self.headOffset = found.first { $0.segment.first == first.first }?.headOffset ?? SpoolFormat.headerBytes
        }
        self.cursor.prune()
    }
}

enum SpoolPath {
    static func segment(_ directory: String, _ first: UInt64) -> String {
        "\(directory)/\(SpoolFormat.name(first: first))"
    }
}
