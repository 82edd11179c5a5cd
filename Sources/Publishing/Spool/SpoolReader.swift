/// Reads records of one segment through a window of memory, and checks each.
final class SpoolReader {
    enum Outcome {
        /// A whole record; its bytes are valid until the next call.
        case record(UnsafeMutableRawPointer, length: Int)
        /// There is nothing at that place any more.
        case end
        case bad
        case failed(SpoolFileError)
    }

    private let windowBytes: Int
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var count = 0
    private(set) var file: (any SpoolFile)?

    init(windowBytes: Int) {
        self.windowBytes = windowBytes
        self.memory = .allocate(byteCount: windowBytes, alignment: 16)
    }

    deinit { self.memory.deallocate() }

    /// Reads from `file` from now on.
    func use(_ file: (any SpoolFile)?) {
        self.file = file
        self.start = 0
        self.count = 0
    }

    /// The record number `sequence` at `offset` of a segment whose data ends at `end`.
    func record(at offset: Int, end: Int, sequence: UInt64) -> Outcome {
        guard offset < end else { return .end }
        guard end - offset >= SpoolFormat.recordHeaderBytes else { return .bad }
        do {
            guard try self.load(offset, SpoolFormat.recordHeaderBytes, end) else { return .bad }
            guard let length = SpoolFormat.length(at: self.pointer(offset), limit: end - offset) else { return .bad }
            guard try self.load(offset, length, end) else { return .bad }
            let base = self.pointer(offset)
            guard SpoolFormat.isGood(at: base, length: length, sequence: sequence) else { return .bad }
            return .record(base, length: length)
        } catch {
            return .failed(error)
        }
    }

    /// The length that the record at `offset` states, for what follows an unreadable one; `nil` for none.
    func statedLength(at offset: Int, end: Int) -> Int? {
        guard end - offset >= SpoolFormat.recordHeaderBytes,
            (try? self.load(offset, SpoolFormat.recordHeaderBytes, end)) == true
        else { return nil }
        return SpoolFormat.length(at: self.pointer(offset), limit: end - offset)
    }

    /// What the segment's header says.
    func header(first: UInt64, size: Int) throws(SpoolFileError) -> SpoolFormat.Header {
        guard size >= SpoolFormat.headerBytes, try self.load(0, SpoolFormat.headerBytes, size) else { return .bad }
        return SpoolFormat.header(at: self.pointer(0), first: first)
    }

    private func pointer(_ offset: Int) -> UnsafeMutableRawPointer {
        // Safe: only called after `load`, which put `offset` into the window, whose memory is not empty.
        self.memory.baseAddress.unsafelyUnwrapped + (offset - self.start)
    }

    /// Brings `need` bytes at `offset` into the window; false when the file has fewer.
    private func load(_ offset: Int, _ need: Int, _ end: Int) throws(SpoolFileError) -> Bool {
        if offset >= self.start, offset + need <= self.start + self.count { return true }
        guard let file = self.file else { return false }
        self.resize(to: max(need, self.windowBytes))
        self.start = offset
        self.count = 0
        let wanted = UnsafeMutableRawBufferPointer(rebasing: self.memory[..<min(self.memory.count, end - offset)])
        self.count = try file.read(into: wanted, at: offset)
        return self.count >= need
    }

    /// Takes more memory for a long record, and gives it back after.
    private func resize(to bytes: Int) {
        guard bytes != self.memory.count else { return }
        self.memory.deallocate()
        self.memory = .allocate(byteCount: bytes, alignment: 16)
    }
}
