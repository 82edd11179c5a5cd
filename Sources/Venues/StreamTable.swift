/// Finds what a stream's name stands for, by its bytes, without copying them.
///
/// Open addressing over a power of two, at most half full. Names are registered at start and when the universe
/// changes, never on the frame path.
package struct StreamTable: ~Copyable {
    /// The most names: a connection carries 1024 streams at most.
    package static let limit = 8_192
    /// The longest name, bytes.
    package static let nameMax = 256

    private struct Slot {
        var hash: UInt64 = 0
        var value: Int32 = -1
        var offset: Int32 = 0
        var count: Int32 = 0
    }

    private var slots = [Slot](repeating: Slot(), count: 64)
    private var names: [UInt8] = []
    package private(set) var count = 0

    package init() {}

    /// Registers a name; false when the table is full or the name too long.
    package mutating func insert(_ name: some Sequence<UInt8>, value: Int32) -> Bool {
        let bytes = Array(name)
        guard self.count < Self.limit, bytes.count <= Self.nameMax, value >= 0 else { return false }
        if self.count * 2 >= self.slots.count { self.grow() }
        let hash = Self.hash(bytes.span, 0..<bytes.count)
        var index = self.place(of: hash)
        while self.slots[index].value >= 0 {
            if self.slots[index].hash == hash, self.matches(self.slots[index], bytes.span, 0..<bytes.count) {
                self.slots[index].value = value
                return true
            }
            index = (index + 1) & (self.slots.count - 1)
        }
        self.slots[index] = Slot(
            hash: hash, value: value, offset: Int32(self.names.count), count: Int32(bytes.count))
        self.names.append(contentsOf: bytes)
        self.count += 1
        return true
    }

    /// Takes the name of a value out, so that it is found no more and may be registered again.
    ///
    /// The table is built anew, off the frame path: a hole would end a search too early.
    package mutating func removeName(of value: Int32) {
        let kept = self.slots.filter { $0.value >= 0 && $0.value != value }
        guard kept.count < self.count else { return }
        self.count = kept.count
        var names: [UInt8] = []
        self.slots = [Slot](repeating: Slot(), count: self.slots.count)
        for var slot in kept {
            let text = self.names[Int(slot.offset)..<(Int(slot.offset) + Int(slot.count))]
            slot.offset = Int32(names.count)
            names.append(contentsOf: text)
            var index = self.place(of: slot.hash)
            while self.slots[index].value >= 0 { index = (index + 1) & (self.slots.count - 1) }
            self.slots[index] = slot
        }
        self.names = names
    }

    /// Gives the value registered for the name at `range`, or nil.
    package func value(of bytes: Span<UInt8>, at range: Range<Int>) -> Int32? {
        let hash = Self.hash(bytes, range)
        var index = self.place(of: hash)
        while true {
            let slot = self.slots[index]
            if slot.value < 0 { return nil }
            if slot.hash == hash, self.matches(slot, bytes, range) { return slot.value }
            index = (index + 1) & (self.slots.count - 1)
        }
    }

    private func place(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> 32) & (self.slots.count - 1)
    }

    private func matches(_ slot: Slot, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard Int(slot.count) == range.count else { return false }
        let start = Int(slot.offset)
        let names = self.names.span.bytes
        let raw = bytes.bytes
        var offset = 0
        while offset + 8 <= range.count {
            let name = names.unsafeLoadUnaligned(fromByteOffset: start + offset, as: UInt64.self)
            let word = raw.unsafeLoadUnaligned(fromByteOffset: range.lowerBound + offset, as: UInt64.self)
            guard name == word else { return false }
            offset += 8
        }
        while offset < range.count {
            guard self.names[start + offset] == bytes[range.lowerBound + offset] else { return false }
            offset += 1
        }
        return true
    }

    private mutating func grow() {
        let old = self.slots
        self.slots = [Slot](repeating: Slot(), count: old.count * 2)
        for slot in old where slot.value >= 0 {
            var index = self.place(of: slot.hash)
            while self.slots[index].value >= 0 { index = (index + 1) & (self.slots.count - 1) }
            self.slots[index] = slot
        }
    }

    /// Mixes the bytes eight at a time.
    private static func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: range.count)
        let raw = bytes.bytes
        var offset = range.lowerBound
        while offset + 8 <= range.upperBound {
            let word = raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            hash = Self.mix(hash ^ word)
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < range.upperBound {
            tail = tail << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return Self.mix(hash ^ tail)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
