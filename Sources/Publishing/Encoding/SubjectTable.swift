/// The subjects of one loop: for each its text, the part of its messages that never changes, and its count.
///
/// All text lies in one arena, so that a message is two copies and a few numbers.
struct SubjectTable: ~Copyable {
    /// One subject's place in the table.
    struct Entry {
        var subjectOffset: Int32
        var subjectCount: Int32
        var prefixOffset: Int32
        var prefixCount: Int32
        /// What the subject is about, as it goes with each message; 0 for nothing of that kind.
        var source: UInt8
        /// Messages produced under the subject since the boot; a dropped one uses up its number.
        var produced: UInt64
    }

    private var arena: UnsafeMutableRawBufferPointer
    private var used = 0
    private(set) var entries: ContiguousArray<Entry> = []

    init() {
        self.arena = .allocate(byteCount: 4_096, alignment: 8)
    }

    deinit {
        self.arena.deallocate()
    }

    var bytes: Int { self.arena.count + self.entries.capacity * MemoryLayout<Entry>.stride }

    /// Registers a subject and gives its place.
    mutating func add(subject: String, prefix: String, source: UInt8 = 0) -> Int {
        let subjectOffset = self.store(subject)
        let prefixOffset = self.store(prefix)
        self.entries.append(
            Entry(
                subjectOffset: Int32(subjectOffset), subjectCount: Int32(subject.utf8.count),
                prefixOffset: Int32(prefixOffset), prefixCount: Int32(prefix.utf8.count), source: source, produced: 0))
        return self.entries.count - 1
    }

    @inline(__always)
    func subject(_ place: Int) -> UnsafeRawBufferPointer {
        let entry = self.entries[place]
        let start = Int(entry.subjectOffset)
        return UnsafeRawBufferPointer(rebasing: self.arena[start..<(start + Int(entry.subjectCount))])
    }

    @inline(__always)
    func prefix(_ place: Int) -> UnsafeRawBufferPointer {
        let entry = self.entries[place]
        let start = Int(entry.prefixOffset)
        return UnsafeRawBufferPointer(rebasing: self.arena[start..<(start + Int(entry.prefixCount))])
    }

    @inline(__always)
    func source(_ place: Int) -> UInt8 { self.entries[place].source }

    /// Counts a message under the subject and gives its number, from 1.
    @inline(__always)
    mutating func next(_ place: Int) -> UInt64 {
        self.entries[place].produced &+= 1
        return self.entries[place].produced
    }

    private mutating func store(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        while self.used + bytes.count > self.arena.count {
            let wider = UnsafeMutableRawBufferPointer.allocate(byteCount: self.arena.count * 2, alignment: 8)
            wider.copyMemory(from: UnsafeRawBufferPointer(self.arena))
            self.arena.deallocate()
            self.arena = wider
        }
        let offset = self.used
        for (index, byte) in bytes.enumerated() { self.arena[offset + index] = byte }
        self.used += bytes.count
        return offset
    }
}
