/// What the cursor file says: how far the records are done with, which numbers in between do not exist, and a note.
///
/// Two slots of 4 KiB, written in turn, so that a torn write leaves the older one:
/// ```
///  0 UInt32 magic        4 UInt32 crc32 of everything behind it   8 UInt64 generation   16 UInt64 head
/// 24 UInt32 note bytes  28 UInt32 gaps                           32 gaps: UInt64 from, UInt64 to (exclusive); note
/// ```
struct SpoolCursor {
    static let slotBytes = 4096
    static let maximumNoteBytes = 2048
    /// More gaps than any course of events short of a dying disk makes; the oldest is forgotten beyond.
    static let maximumGaps = 64
    private static let magic: UInt32 = 0x5243_534C
    private static let headerBytes = 32

    private(set) var generation: UInt64 = 0
    var head: UInt64 = 0
    var note: [UInt8] = []
    /// Ranges above the head whose records were dropped or lost, and accounted for, ascending.
    private(set) var gaps: [Range<UInt64>] = []

    /// Remembers that the records of `range` are accounted for and gone.
    mutating func addGap(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        var merged = range
        var others: [Range<UInt64>] = []
        for gap in self.gaps {
            if gap.upperBound < merged.lowerBound || gap.lowerBound > merged.upperBound {
                others.append(gap)
            } else {
                merged = min(gap.lowerBound, merged.lowerBound)..<max(gap.upperBound, merged.upperBound)
            }
        }
        others.append(merged)
        others.sort { $0.lowerBound < $1.lowerBound }
        if others.count > Self.maximumGaps { others.removeFirst() }
        self.gaps = others
    }

    /// Forgets what lies below the head.
    mutating func prune() {
        if let first = self.gaps.first, first.upperBound <= self.head {
            self.gaps.removeAll { $0.upperBound <= self.head }
        }
    }

    /// How many numbers of `range` are in no gap.
    func missing(in range: Range<UInt64>) -> UInt64 {
        self.gaps.reduce(UInt64(range.count)) { $0 - UInt64($1.clamped(to: range).count) }
    }

    // MARK: On disk

    /// Writes the next generation into the slot whose turn it is.
    mutating func write(to file: any SpoolFile) throws(SpoolFileError) {
        let next = self.generation + 1
        try withUnsafeTemporaryAllocation(byteCount: Self.slotBytes, alignment: 16) { slot throws(SpoolFileError) in
            let used = self.encode(next, into: slot.baseAddress.unsafelyUnwrapped)
            let bytes = UnsafeRawBufferPointer(rebasing: slot[..<used])
            try file.write(bytes, at: Int(next & 1) * Self.slotBytes)
        }
        self.generation = next
    }

    private func encode(_ generation: UInt64, into slot: UnsafeMutableRawPointer) -> Int {
        slot.storeBytes(of: Self.magic, as: UInt32.self)
        slot.storeBytes(of: generation, toByteOffset: 8, as: UInt64.self)
        slot.storeBytes(of: self.head, toByteOffset: 16, as: UInt64.self)
        slot.storeBytes(of: UInt32(self.note.count), toByteOffset: 24, as: UInt32.self)
        slot.storeBytes(of: UInt32(self.gaps.count), toByteOffset: 28, as: UInt32.self)
        var used = Self.headerBytes
        for gap in self.gaps {
            slot.storeBytes(of: gap.lowerBound, toByteOffset: used, as: UInt64.self)
            slot.storeBytes(of: gap.upperBound, toByteOffset: used + 8, as: UInt64.self)
            used += 16
        }
        self.note.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { (slot + used).copyMemory(from: base, byteCount: bytes.count) }
        }
        used += self.note.count
        slot.storeBytes(of: SpoolFormat.checksum(slot + 8, used - 8), toByteOffset: 4, as: UInt32.self)
        return used
    }

    /// Reads the newer of the slots that are whole; `nil` where none is.
    static func read(from file: any SpoolFile) throws(SpoolFileError) -> SpoolCursor? {
        try withUnsafeTemporaryAllocation(byteCount: Self.slotBytes, alignment: 16) { slot throws(SpoolFileError) in
            var newest: SpoolCursor?
            for index in 0..<2 {
                let count = try file.read(into: slot, at: index * Self.slotBytes)
                guard let cursor = Self.decode(UnsafeRawBufferPointer(rebasing: slot[..<count])) else { continue }
                if cursor.generation >= newest?.generation ?? 0 { newest = cursor }
            }
            return newest
        }
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) -> SpoolCursor? {
        guard bytes.count >= Self.headerBytes, let slot = bytes.baseAddress, slot.load(as: UInt32.self) == Self.magic
        else { return nil }
        let note = Int(slot.load(fromByteOffset: 24, as: UInt32.self))
        let gaps = Int(slot.load(fromByteOffset: 28, as: UInt32.self))
        guard note <= Self.maximumNoteBytes, gaps <= Self.maximumGaps else { return nil }
        let used = Self.headerBytes + gaps * 16 + note
        guard used <= bytes.count,
            slot.load(fromByteOffset: 4, as: UInt32.self) == SpoolFormat.checksum(slot + 8, used - 8)
        else { return nil }
        var cursor = SpoolCursor()
        cursor.generation = slot.load(fromByteOffset: 8, as: UInt64.self)
        cursor.head = slot.load(fromByteOffset: 16, as: UInt64.self)
        guard cursor.generation < SpoolFormat.sequenceLimit, cursor.head < SpoolFormat.sequenceLimit else { return nil }
        for index in 0..<gaps {
            let from = slot.load(fromByteOffset: Self.headerBytes + index * 16, as: UInt64.self)
            let to = slot.load(fromByteOffset: Self.headerBytes + index * 16 + 8, as: UInt64.self)
            guard from < to, to < SpoolFormat.sequenceLimit else { return nil }
            cursor.addGap(from..<to)
        }
        cursor.note = Array(UnsafeRawBufferPointer(start: slot + Self.headerBytes + gaps * 16, count: note))
        return cursor
    }
}
