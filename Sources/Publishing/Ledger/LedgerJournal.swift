/// Keeps on disk which trades are known to be lost and not known to have been told, over a killed process.
///
/// Two files are written in turn, each whole, so that a torn write leaves the older one:
/// ```
///  0 UInt32 magic   4 UInt32 crc32 of everything behind it   8 UInt64 generation   16 UInt32 bytes   20 UInt32 entries
/// 24 entries: UInt64 first, last, missing; Int64 from, to, told, µs; UInt8 cause; UInt16 runs of ids that were found,
///    each its first and last as UInt64; then id, venue, market, symbol and the venue's symbol, each a UInt16 of its
///    length, 65535 for none, and its text
/// ```
/// One thread only. What the disk did not take is tried again by the next `write`.
final class LedgerJournal {
    /// Entries kept at most; the oldest are left out beyond.
    static let maximumEntries = 4096
    private static let magic: UInt32 = 0x4C44_4754
    private static let headerBytes = 24
    private static let maximumBytes = 8 << 20

    private let paths: [String]
    private let files: any SpoolFiles
    private var generation: UInt64 = 0
    private var written: [UInt8] = []
    private(set) var failureCount: UInt64 = 0

    /// - Parameter path: Of both files, without their endings.
    init(path: String, files: any SpoolFiles = DiskFiles()) {
        self.paths = [path + ".0", path + ".1"]
        self.files = files
    }

    /// Reads what an earlier process kept: the newer of the files that are whole.
    func read() -> [LedgerEntry] {
        var newest: (generation: UInt64, body: ArraySlice<UInt8>)?
        for path in self.paths {
            guard let bytes = try? self.contents(of: path), let found = Self.checked(bytes) else { continue }
            if found.generation >= newest?.generation ?? 0 { newest = found }
        }
        guard let newest else { return [] }
        self.generation = newest.generation
        self.written = Array(newest.body)
        var reader = JournalReader(newest.body)
        var entries: [LedgerEntry] = []
        while let entry = reader.entry() { entries.append(entry) }
        return entries
    }

    /// Writes the entries where they differ from what stands on disk; false when the disk did not take them.
    func write(_ entries: [LedgerEntry]) -> Bool {
        var body: [UInt8] = []
        for entry in entries.suffix(Self.maximumEntries) { JournalReader.append(entry, to: &body) }
        guard body != self.written else { return true }
        do {
            try self.write(body, count: min(entries.count, Self.maximumEntries))
            self.written = body
            return true
        } catch {
            self.failureCount &+= 1
            return false
        }
    }

    private func write(_ body: [UInt8], count: Int) throws(SpoolFileError) {
        let next = self.generation &+ 1
        var bytes = [UInt8](repeating: 0, count: Self.headerBytes)
        bytes += body
        let file = try self.files.open(self.paths[Int(next & 1)], .update)
        let result = bytes.withUnsafeMutableBytes { bytes in
            Result { () throws(SpoolFileError) in
                guard let base = bytes.baseAddress else { return }
                base.storeBytes(of: Self.magic, as: UInt32.self)
                base.storeBytes(of: next, toByteOffset: 8, as: UInt64.self)
                base.storeBytes(of: UInt32(clamping: body.count), toByteOffset: 16, as: UInt32.self)
                base.storeBytes(of: UInt32(clamping: count), toByteOffset: 20, as: UInt32.self)
                base.storeBytes(of: SpoolFormat.checksum(base + 8, bytes.count - 8), toByteOffset: 4, as: UInt32.self)
                try file.write(UnsafeRawBufferPointer(bytes), at: 0)
                try file.truncate(to: bytes.count)
            }
        }
        try result.get()
        self.generation = next
    }

    private func contents(of path: String) throws(SpoolFileError) -> [UInt8] {
        let file = try self.files.open(path, .read)
        var bytes = [UInt8](repeating: 0, count: min(try file.size(), Self.maximumBytes))
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(SpoolFileError) in try file.read(into: buffer, at: 0) }
        }
        bytes.removeLast(bytes.count - (try result.get()))
        return bytes
    }

    /// The generation and the entries of a file that is whole.
    private static func checked(_ bytes: [UInt8]) -> (generation: UInt64, body: ArraySlice<UInt8>)? {
        bytes.withUnsafeBytes { buffer in
            guard buffer.count >= Self.headerBytes, let base = buffer.baseAddress,
                base.loadUnaligned(as: UInt32.self) == Self.magic
            else { return nil }
            let length = Int(base.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
            guard length <= buffer.count - Self.headerBytes,
                base.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
                    == SpoolFormat.checksum(base + 8, Self.headerBytes + length - 8)
            else { return nil }
            let generation = base.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            return (generation, bytes[Self.headerBytes..<Self.headerBytes + length])
        }
    }
}

/// Entries as bytes, and back.
private struct JournalReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.rest = bytes }

    static func append(_ entry: LedgerEntry, to bytes: inout [UInt8]) {
        let loss = entry.loss
        let times = [loss.fromMicroseconds, loss.toMicroseconds ?? .min, entry.toldAt].map { UInt64(bitPattern: $0) }
        for value in [loss.first, loss.last, loss.missing ?? 0] + times {
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
        bytes.append(UInt8(clamping: loss.cause.ordinal))
        let runs = entry.foundIDs.runs
        withUnsafeBytes(of: UInt16(clamping: runs.count).littleEndian) { bytes += $0 }
        for value in runs.flatMap({ [$0.lowerBound, $0.upperBound] }) {
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
        let subject = loss.subject
        for text in [entry.id, subject.venue, subject.market, subject.symbol, subject.venueSymbol] {
            let count = text.map { UInt16(clamping: min($0.utf8.count, 4096)) } ?? .max
            withUnsafeBytes(of: count.littleEndian) { bytes += $0 }
            if let text { bytes += text.utf8.prefix(4096) }
        }
    }

    mutating func entry() -> LedgerEntry? {
        guard let first = self.word(), let last = self.word(), let missing = self.word(),
            let from = self.word(), let to = self.word(), let told = self.word(), let ordinal = self.rest.popFirst(),
            GapCause.allCases.indices.contains(Int(ordinal)), let found = self.runs(), let id = self.text() ?? nil,
            let venue = self.text(), let market = self.text(), let symbol = self.text(), let own = self.text(),
            first <= last
        else { return nil }
        let end = Int64(bitPattern: to)
        let loss = GapLoss(
            GapSubject(venue: venue, market: market, symbol: symbol, venueSymbol: own), of: .messages(.trade),
            cause: GapCause.allCases[Int(ordinal)], from: Int64(bitPattern: from), to: end == .min ? nil : end,
            missing: missing)
        return LedgerEntry(
            kept: id, loss.numbered(.tradeID, first, last), foundIDs: found, toldAt: Int64(bitPattern: told))
    }

    private mutating func runs() -> TradeRuns? {
        guard let count = self.short() else { return nil }
        var runs = TradeRuns()
        for _ in 0..<count {
            guard let first = self.word(), let last = self.word(), first <= last else { return nil }
            runs.insert(first...last)
        }
        return runs
    }

    private mutating func short() -> Int? {
        guard let low = self.rest.popFirst(), let high = self.rest.popFirst() else { return nil }
        return Int(low) | Int(high) << 8
    }

    private mutating func word() -> UInt64? {
        guard self.rest.count >= 8 else { return nil }
        defer { self.rest.removeFirst(8) }
        return self.rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Nil at the end of the bytes; none where there is no text.
    private mutating func text() -> String?? {
        guard let count = self.short() else { return nil }
        if count == Int(UInt16.max) { return .some(nil) }
        guard self.rest.count >= count else { return nil }
        defer { self.rest.removeFirst(count) }
        return .some(String(decoding: self.rest.prefix(count), as: UTF8.self))
    }
}
