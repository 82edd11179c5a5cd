import CZlib

/// The bytes of segment files, native byte order.
///
/// A segment is a header of 64 bytes and records one after the other, each a multiple of 8 bytes:
/// ```
/// header   0 UInt64 magic          8 UInt32 byte order mark   12 UInt32 version   16 UInt64 first sequence
///         24 UInt64 boot mark     32 Int64 made, µs           60 UInt32 crc32 of the 60 bytes before
/// record   0 UInt32 bytes of the record   4 UInt32 crc32 of everything behind it   8 UInt64 sequence
///         16 UInt16 origin        18 UInt8 1 if an earlier boot wrote it           24 the queue record
/// ```
enum SpoolFormat {
    static let headerBytes = 64
    static let recordHeaderBytes = 24
    static let version: UInt32 = 1
    /// No file holds a longer queue record.
    static let maximumRecordBytes = 64 << 20
    /// Numbers above are not ours; below, adding to one never overflows.
    static let sequenceLimit: UInt64 = 1 << 62

    private static let magic: UInt64 = 0x4C4F_4F50_5345_434C
    private static let byteOrderMark: UInt32 = 0x0102_0304

    // MARK: Names

    static func name(first: UInt64) -> String {
        let digits = String(first)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits + ".log"
    }

    /// The first sequence that a segment's name tells; `nil` for a file that is not ours.
    static func first(ofName name: String) -> UInt64? {
        let bytes = Array(name.utf8)
        guard bytes.count == 24, bytes[20...].elementsEqual(".log".utf8) else { return nil }
        var value: UInt64 = 0
        for byte in bytes[..<20] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (product, tooMany) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !tooMany, !overflow else { return nil }
            value = sum
        }
        return value < Self.sequenceLimit ? value : nil
    }

    // MARK: Headers

    enum Header {
        case good(created: Int64)
        case otherVersion(UInt32)
        case bad
    }

    static func writeHeader(
        to base: UnsafeMutableRawPointer, first: UInt64, bootMark: UInt64, created: Int64
    ) {
        base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.headerBytes)
        base.storeBytes(of: Self.magic, as: UInt64.self)
        base.storeBytes(of: Self.byteOrderMark, toByteOffset: 8, as: UInt32.self)
        base.storeBytes(of: Self.version, toByteOffset: 12, as: UInt32.self)
        base.storeBytes(of: first, toByteOffset: 16, as: UInt64.self)
        base.storeBytes(of: bootMark, toByteOffset: 24, as: UInt64.self)
        base.storeBytes(of: created, toByteOffset: 32, as: Int64.self)
        base.storeBytes(of: Self.checksum(base, 60), toByteOffset: 60, as: UInt32.self)
    }

    static func header(at base: UnsafeRawPointer, first: UInt64) -> Header {
        guard base.load(fromByteOffset: 60, as: UInt32.self) == Self.checksum(base, 60),
            base.load(as: UInt64.self) == Self.magic,
            base.load(fromByteOffset: 8, as: UInt32.self) == Self.byteOrderMark
        else { return .bad }
        let version = base.load(fromByteOffset: 12, as: UInt32.self)
        guard version == Self.version else { return .otherVersion(version) }
        guard base.load(fromByteOffset: 16, as: UInt64.self) == first else { return .bad }
        return .good(created: base.load(fromByteOffset: 32, as: Int64.self))
    }

    // MARK: Records

    /// The length that a record's first bytes state, if it can be one within `limit` bytes.
    static func length(at base: UnsafeRawPointer, limit: Int) -> Int? {
        let length = Int(base.load(as: UInt32.self))
        guard length >= Self.recordHeaderBytes + QueueRecord.headerBytes, length & 7 == 0, length <= limit,
            length <= Self.maximumRecordBytes + Self.recordHeaderBytes
        else { return nil }
        return length
    }

    /// Whether `length` bytes are a whole record of that number whose inner lengths stay inside it.
    static func isGood(at base: UnsafeMutableRawPointer, length: Int, sequence: UInt64) -> Bool {
        guard base.load(fromByteOffset: 4, as: UInt32.self) == Self.checksum(base + 8, length - 8),
            base.load(fromByteOffset: 8, as: UInt64.self) == sequence
        else { return false }
        return Self.isSound(Self.record(at: base), bytes: length - Self.recordHeaderBytes)
    }

    /// Whether a queue record's lengths agree with the bytes it has.
    private static func isSound(_ record: QueueRecord, bytes: Int) -> Bool {
        let used = Self.usedBytes(record)
        return record.totalBytes == bytes && used <= bytes && bytes - used < 8
            && (record.base + QueueRecord.headerBytes + record.subjectLength).load(as: UInt8.self) == 0
    }

    static func usedBytes(_ record: QueueRecord) -> Int {
        QueueRecord.headerBytes + record.subjectLength + 1 + record.idLength + record.payloadLength
    }

    static func record(at base: UnsafeMutableRawPointer) -> QueueRecord {
        QueueRecord(base: base + Self.recordHeaderBytes)
    }

    static func origin(at base: UnsafeRawPointer) -> UInt16 { base.load(fromByteOffset: 16, as: UInt16.self) }

    static func isFromEarlierBoot(at base: UnsafeRawPointer) -> Bool {
        base.load(fromByteOffset: 18, as: UInt8.self) & 1 != 0
    }

    /// Writes a record without its number and checksum, which `seal` adds.
    static func write(
        _ record: QueueRecord, origin: UInt16, isFromEarlierBoot: Bool, to base: UnsafeMutableRawPointer
    ) {
        let total = record.totalBytes
        base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.recordHeaderBytes)
        base.storeBytes(of: UInt32(truncatingIfNeeded: total + Self.recordHeaderBytes), as: UInt32.self)
        base.storeBytes(of: origin, toByteOffset: 16, as: UInt16.self)
        base.storeBytes(of: isFromEarlierBoot ? 1 : 0, toByteOffset: 18, as: UInt8.self)
        let copy = base + Self.recordHeaderBytes
        copy.copyMemory(from: record.base, byteCount: total)
        // The verdict was about the record's place in the lane; padding is whatever the ring held.
        QueueRecord(base: copy).verdict = nil
        let used = Self.usedBytes(record)
        if used < total {
            (copy + used).initializeMemory(as: UInt8.self, repeating: 0, count: total - used)
        }
    }

    static func seal(at base: UnsafeMutableRawPointer, length: Int, sequence: UInt64) {
        base.storeBytes(of: sequence, toByteOffset: 8, as: UInt64.self)
        base.storeBytes(of: sequence, toByteOffset: Self.recordHeaderBytes + 32, as: UInt64.self)
        base.storeBytes(of: Self.checksum(base + 8, length - 8), toByteOffset: 4, as: UInt32.self)
    }

    static func checksum(_ base: UnsafeRawPointer, _ count: Int) -> UInt32 {
        let bytes = base.assumingMemoryBound(to: UInt8.self)
        return UInt32(truncatingIfNeeded: crc32(0, bytes, UInt32(truncatingIfNeeded: count)))
    }
}
