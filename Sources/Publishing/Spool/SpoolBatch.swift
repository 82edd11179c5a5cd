/// Records collected to be written in one go.
final class SpoolBatch {
    private let limit: Int
    private let maximumRecords: Int
    private let longest: Int
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var records = 0
    private(set) var bytes = 0

    /// - Parameters:
    ///   - limit: Bytes of all records; a single longer one is taken alone.
    ///   - longest: Bytes of one record at most.
    ///   - records: Records at most.
    init(limit: Int, longest: Int, records: Int = 256) {
        self.maximumRecords = records
        self.limit = limit
        self.longest = longest
        self.memory = .allocate(byteCount: limit, alignment: 16)
    }

    deinit { self.memory.deallocate() }

    var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self.memory[..<self.bytes]) }

    /// Copies a record; false when there is no room, or when it is too long for any batch.
    func add(_ record: QueueRecord, origin: UInt16, isFromEarlierBoot: Bool) -> Bool {
        let length = record.totalBytes + SpoolFormat.recordHeaderBytes
        guard record.totalBytes <= self.longest, self.records < self.maximumRecords, self.makeRoom(length),
            let base = self.memory.baseAddress
        else { return false }
        SpoolFormat.write(record, origin: origin, isFromEarlierBoot: isFromEarlierBoot, to: base + self.bytes)
        self.records += 1
        self.bytes += length
        return true
    }

    /// Numbers the records from `sequence` on and adds their checksums.
    func seal(from sequence: UInt64) {
        var sequence = sequence
        self.forEach { base, length in
            SpoolFormat.seal(at: base, length: length, sequence: sequence)
            sequence += 1
        }
    }

    /// Visits each record's first byte and length.
    func forEach(_ visit: (UnsafeMutableRawPointer, Int) -> Void) {
        guard let base = self.memory.baseAddress else { return }
        var offset = 0
        while offset < self.bytes {
            let length = Int((base + offset).load(as: UInt32.self))
            visit(base + offset, length)
            offset += length
        }
    }

    func clear() {
        self.records = 0
        self.bytes = 0
        if self.memory.count > self.limit { self.resize(to: self.limit) }
    }

    private func makeRoom(_ length: Int) -> Bool {
        if self.bytes + length <= self.limit { return true }
        guard self.bytes == 0 else { return false }
        self.resize(to: length)
        return true
    }

    private func resize(to bytes: Int) {
        self.memory.deallocate()
        self.memory = .allocate(byteCount: bytes, alignment: 16)
    }
}
