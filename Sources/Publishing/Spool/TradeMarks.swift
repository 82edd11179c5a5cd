/// Remembers the last id of each trade stream over restarts, in a file of fixed slots.
///
/// A slot has 32 bytes, native byte order, and is written whole; one whose checksum fails, because it was torn or
/// never used, is free:
/// ```
///  0 UInt64 key   8 UInt64 id   16 Int64 time, µs   24 UInt32 crc32 of the 24 bytes before   28 UInt32 0
/// ```
/// One thread only. Errors of the disk are counted, and what was not written is tried again by the next `flush`.
package final class TradeMarks {
    package static let maximumSlots = 65_536
    private static let slotBytes = 32

    private struct Mark {
        var key: UInt64
        var id: UInt64
        var microseconds: Int64
        /// The id that stands in the file.
        var keptID: UInt64
        var isChanged: Bool
    }

    private let path: String
    private let files: any SpoolFiles
    private var file: (any SpoolFile)?
    /// By slot; `nil` where it is free.
    private var marks: [Mark?] = []
    private var slots: [UInt64: Int] = [:]
    private var free: [Int] = []
    private var changed: [Int] = []

    /// Marks that found no slot.
    package private(set) var overflowCount: UInt64 = 0
    /// Slots at start that were neither whole nor empty.
    package private(set) var tornCount = 0
    package private(set) var failureCount: UInt64 = 0
    package private(set) var lastFailure: SpoolFileError?

    package var count: Int { self.slots.count }

    /// Opens the file, made where it is missing, and reads it.
    package init(path: String, files: any SpoolFiles = DiskFiles()) {
        self.path = path
        self.files = files
        do {
            _ = try self.openFile()
        } catch {
            self.failed(error)
        }
    }

    /// The key of a subject: its FNV-1a hash of 64 bits.
    package static func key(of subject: some Sequence<UInt8>) -> UInt64 {
        subject.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// The last id of every key, and when it was queued.
    package var all: [UInt64: (id: UInt64, microseconds: Int64)] {
        self.slots.compactMapValues { slot in self.marks[slot].map { ($0.id, $0.microseconds) } }
    }

    package func last(of key: UInt64) -> (id: UInt64, microseconds: Int64)? {
        guard let slot = self.slots[key], let mark = self.marks[slot] else { return nil }
        return (mark.id, mark.microseconds)
    }

    /// The last id of a key that stands in the file.
    func kept(_ key: UInt64) -> UInt64? { self.slots[key].flatMap { self.marks[$0]?.keptID } }

    /// Remembers an id; a smaller one than the last only counts with `restart`, when the venue began anew.
    package func set(_ key: UInt64, id: UInt64, microseconds: Int64, restart: Bool = false) {
        guard let slot = self.slots[key] ?? self.takeSlot(key) else {
            self.overflowCount += 1
            return
        }
        let old = self.marks[slot]
        guard restart || old.map({ id > $0.id }) ?? true else { return }
        if old?.isChanged != true { self.changed.append(slot) }
        self.marks[slot] = Mark(
            key: key, id: id, microseconds: microseconds, keptID: restart ? 0 : old?.keptID ?? 0, isChanged: true)
    }

    /// Writes what changed, adjacent slots in one go; false when something is left for the next time.
    @discardableResult
    package func flush() -> Bool {
        guard !self.changed.isEmpty else { return true }
        self.changed.sort()
        do {
            let file = try self.openFile()
            while let last = self.changed.last {
                var first = self.changed.count - 1
                while first > 0, self.changed[first - 1] == self.changed[first] - 1 { first -= 1 }
                try self.write(self.changed[first]...last, to: file)
                for slot in self.changed[first]...last {
                    self.marks[slot]?.isChanged = false
                    if let id = self.marks[slot]?.id { self.marks[slot]?.keptID = id }
                }
                self.changed.removeSubrange(first...)
            }
            return true
        } catch {
            self.failed(error)
            return false
        }
    }

    // MARK: Private

    private func failed(_ error: SpoolFileError) {
        self.failureCount += 1
        self.lastFailure = error
    }

    /// Opens the file; what stands in it comes first, what was set before it could be read is set again.
    private func openFile() throws(SpoolFileError) -> any SpoolFile {
        if let file = self.file { return file }
        let file = try self.files.open(self.path, .update)
        let early = self.marks.compactMap { $0 }
        let bytes = try self.contents(of: file)
        (self.marks, self.slots, self.free, self.changed) = ([], [:], [], [])
        for offset in stride(from: 0, to: bytes.count * 8, by: Self.slotBytes) {
            bytes.withUnsafeBytes { self.take(UnsafeRawBufferPointer(rebasing: $0[offset...].prefix(Self.slotBytes))) }
        }
        for mark in early { self.set(mark.key, id: mark.id, microseconds: mark.microseconds) }
        self.file = file
        return file
    }

    private func takeSlot(_ key: UInt64) -> Int? {
        let slot: Int
        if let free = self.free.popLast() {
            slot = free
        } else {
            guard self.marks.count < Self.maximumSlots else { return nil }
            slot = self.marks.count
            self.marks.append(nil)
        }
        self.slots[key] = slot
        return slot
    }

    private func contents(of file: any SpoolFile) throws(SpoolFileError) -> [UInt64] {
        let size = min(try file.size(), Self.maximumSlots * Self.slotBytes)
        var words = [UInt64](repeating: 0, count: (size + Self.slotBytes - 1) / Self.slotBytes * 4)
        let result = words.withUnsafeMutableBytes { buffer in
            Result { () throws(SpoolFileError) in
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]), at: 0)
            }
        }
        _ = try result.get()
        return words
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        let slot = self.marks.count
        self.marks.append(nil)
        let key = base.load(as: UInt64.self)
        let id = base.load(fromByteOffset: 8, as: UInt64.self)
        let mark = Mark(
            key: key, id: id, microseconds: base.load(fromByteOffset: 16, as: Int64.self), keptID: id,
            isChanged: false)
        guard base.load(fromByteOffset: 24, as: UInt32.self) == SpoolFormat.checksum(base, 24) else {
            if bytes.contains(where: { $0 != 0 }) { self.tornCount += 1 }
            self.free.append(slot)
            return
        }
        if let other = self.slots[key] {
            // Two slots of one key are none of our making; the further one holds.
            self.free.append(slot)
            if let old = self.marks[other], old.id < mark.id { self.marks[other] = mark }
            return
        }
        self.marks[slot] = mark
        self.slots[key] = slot
    }

    private func write(_ slots: ClosedRange<Int>, to file: any SpoolFile) throws(SpoolFileError) {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: slots.count * Self.slotBytes, alignment: 16)
        defer { bytes.deallocate() }
        guard var base = bytes.baseAddress else { return }
        for slot in slots {
            guard let mark = self.marks[slot] else { continue }
            base.storeBytes(of: mark.key, as: UInt64.self)
            base.storeBytes(of: mark.id, toByteOffset: 8, as: UInt64.self)
            base.storeBytes(of: mark.microseconds, toByteOffset: 16, as: Int64.self)
            base.storeBytes(of: SpoolFormat.checksum(base, 24), toByteOffset: 24, as: UInt32.self)
            base.storeBytes(of: 0, toByteOffset: 28, as: UInt32.self)
            base += Self.slotBytes
        }
        try file.write(UnsafeRawBufferPointer(bytes), at: slots.lowerBound * Self.slotBytes)
    }
}
