import TestSupport
import Testing

@testable import Publishing

/// What a crash, a bad disk or a stranger may have left in the directory.
@Suite("The spool on damaged files")
struct SpoolDamageTests {
    private static let configuration = SpoolConfiguration(
        directory: "spool", bytes: 1 << 20, segmentBytes: 4 << 10, maxAge: .seconds(1 << 20))
    /// Bytes of a record that the maker makes of 100 bytes and a number of two digits.
    private static let recordBytes = 24 + (40 + 30 + 1 + 2 + 100 + 7) / 8 * 8
    private static let numbers: Range<UInt64> = 10..<70

    private func open(_ files: MemoryFiles) throws -> Spool {
        try Spool(Self.configuration, files: files, nowMicroseconds: 0, syncsByItself: false)
    }

    /// The files of a spool of 60 records in several segments, by path.
    private func image(upTo end: UInt64 = Self.numbers.upperBound) throws -> [String: [UInt8]] {
        let files = MemoryFiles()
        let spool = try self.open(files)
        try spool.put(Self.numbers.lowerBound..<end, RecordMaker())
        return files.entries.mapValues(\.data).filter { $0.key != "spool/lock" }
    }

    private func files(_ image: [String: [UInt8]]) -> MemoryFiles {
        let files = MemoryFiles()
        for (path, data) in image { files.plant(path, data) }
        return files
    }

    @Test("A tail torn at any byte is cut off and counted once, and the records before it stay")
    func torn() throws {
        let image = try self.image(upTo: 15)
        let path = try #require(image.keys.sorted().last { $0.hasSuffix(".log") })
        let whole = try #require(image[path])
        try #require(whole.count == 64 + 5 * Self.recordBytes)
        for size in 0..<whole.count {
            var torn = image
            torn[path] = Array(whole[..<size])
            let files = self.files(torn)
            let records = max(0, size - 64) / Self.recordBytes
            let rest = size < 64 ? size : (size - 64) % Self.recordBytes
            do {
                let spool = try self.open(files)
                #expect(spool.recovery.records == UInt64(records), "\(size) bytes")
                #expect(spool.recovery.tornBytes == rest, "\(size) bytes")
                #expect(spool.recovery.tornTails == (rest == 0 ? 0 : 1), "\(size) bytes")
                #expect(spool.recovery.lostRecords == 0 && spool.recovery.corruptSegments == 0)
                #expect(spool.nextSequence == UInt64(records))
                try spool.put(90..<92, RecordMaker())
                #expect(spool.readAll() == (10..<(10 + UInt64(records))).map { $0 } + [90, 91], "\(size) bytes")
            }
            let again = try self.open(files)
            #expect(again.recovery.tornTails == 0 && again.recovery.records == UInt64(records) + 2, "\(size) bytes")
        }
    }

    @Test("A flipped bit at any byte of any file loses what stands behind it in that segment, counted, and no more")
    func flipped() throws {
        let image = try self.image()
        let segments = image.keys.filter { $0.hasSuffix(".log") }.sorted()
        try #require(segments.count >= 3)
        var random = SeededGenerator(seed: 4)
        let all = Array(Self.numbers)
        for path in segments {
            let data = try #require(image[path])
            let first = try #require(SpoolFormat.first(ofName: String(path.dropFirst(6))))
            let records = (data.count - 64) / Self.recordBytes
            for offset in data.indices {
                var damaged = data
                damaged[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                var files = image
                files[path] = damaged
                let spool = try self.open(self.files(files))
                // Bytes that no check covers are none: a flip anywhere is found.
                let good = offset < 64 ? 0 : (offset - 64) / Self.recordBytes
                let from = Int(first) + good
                let expected = all[..<from] + all[(Int(first) + records)...]
                #expect(spool.readAll() == expected.map { $0 }, "\(path) at \(offset)")
                let lost = path == segments.last ? 0 : records - good
                #expect(spool.recovery.lostRecords == UInt64(lost), "\(path) at \(offset)")
                #expect(spool.recovery.corruptSegments == (lost > 0 ? 1 : 0), "\(path) at \(offset)")
            }
        }
    }

    @Test("A record that goes bad while the spool is open is not handed out; what is readable behind it is dropped")
    func badWhileOpen() throws {
        for offset in 0..<Self.recordBytes {
            let files = MemoryFiles()
            let spool = try self.open(files)
            try spool.put(Self.numbers, RecordMaker())
            let path = try #require(files.segments.first)
            var data = try #require(files.entries[path]).data
            let records = UInt64((data.count - 64) / Self.recordBytes)
            data[64 + 3 * Self.recordBytes + offset] ^= 0x10
            files.plant(path, data)
            var dropped: [UInt64] = []
            spool.onDrop = { spooled, cause in
                #expect(cause == .corrupt)
                dropped.append(RecordMaker.number(spooled.record) ?? 0)
            }
            let numbers = spool.readAll()
            #expect(numbers == Array(10..<13) + Array((10 + records)..<70), "at \(offset)")
            // Without its length nobody knows where the next one begins.
            let isLengthBad = offset < 4
            #expect(spool.lostRecords == (isLengthBad ? records - 3 : 1), "at \(offset)")
            #expect(dropped == (isLengthBad ? [] : Array(14..<(10 + records))), "at \(offset)")
            #expect(spool.count == 60 - (records - 3) && spool.count == spool.unreleasedCount)
            spool.release(spool.count)
            #expect(spool.count == 0 && spool.head == spool.nextSequence)
        }
    }

    @Test("A segment that is gone from the middle is counted at one start only")
    func missingSegment() throws {
        var image = try self.image()
        let segments = image.keys.filter { $0.hasSuffix(".log") }.sorted()
        let data = try #require(image[segments[1]])
        image[segments[1]] = nil
        let records = UInt64((data.count - 64) / Self.recordBytes)
        let files = self.files(image)
        do {
            let spool = try self.open(files)
            #expect(spool.recovery.lostRecords == records && spool.recovery.corruptSegments == 1)
            #expect(spool.count == 60 - records)
        }
        let again = try self.open(files)
        #expect(again.recovery.lostRecords == 0 && again.recovery.corruptSegments == 0)
        #expect(again.count == 60 - records && again.nextSequence == 60)
    }

    @Test("A number that is left out inside a segment is as bad as a bad record")
    func discontinuity() throws {
        var image = try self.image()
        let path = try #require(image.keys.filter { $0.hasSuffix(".log") }.min())
        let data = try #require(image[path])
        let records = UInt64((data.count - 64) / Self.recordBytes)
        let third = 64 + 3 * Self.recordBytes
        image[path] = Array(data[..<third] + data[(third + Self.recordBytes)...])
        let spool = try self.open(self.files(image))
        #expect(spool.recovery.lostRecords == records - 3 && spool.recovery.corruptSegments == 1)
        #expect(spool.readAll() == Array(10..<13) + Array((10 + records)..<70))
    }

    @Test("A torn cursor leaves the older one; without any, everything is there again")
    func tornCursor() throws {
        let files = MemoryFiles()
        do {
            let spool = try self.open(files)
            try spool.put(Self.numbers, RecordMaker())
            for _ in 0..<9 {
                _ = try #require(spool.nextUnread())
                spool.markRead()
            }
            spool.release(4)
            spool.release(5)
        }
        let image = files.entries.mapValues(\.data)
        let cursor = try #require(image["spool/cursor"])
        // The fourth generation is the newest: two at start, one for each release.
        let newest = 0..<32
        for offset in newest {
            var damaged = image
            damaged["spool/cursor"]?[offset] ^= 0x40
            #expect(try self.open(self.files(damaged)).head == 4, "at \(offset)")
        }
        #expect(try self.open(self.files(image)).head == 9)
        for size in 0..<32 {
            var damaged = image
            damaged["spool/cursor"] = Array(cursor[..<size])
            let spool = try self.open(self.files(damaged))
            #expect(spool.head == 0 && spool.count == 60 && spool.recovery.isCursorLost)
        }
    }

    @Test("A cursor ahead of what exists does no harm: nothing is there, and numbers go on behind it")
    func cursorAhead() throws {
        let files = MemoryFiles()
        do {
            let spool = try self.open(files)
            try spool.put(Self.numbers, RecordMaker())
            #expect(spool.readAll().count == 60)
            spool.release(60)
        }
        var image = files.entries.mapValues(\.data)
        for path in image.keys where path.hasSuffix(".log") { image[path] = [] }
        let spool = try self.open(self.files(image))
        #expect(spool.count == 0 && spool.nextSequence == 60 && spool.head == 60)
        try spool.put([77], RecordMaker())
        #expect(spool.readAll() == [77])
    }

    @Test(
        "Files that are not ours are left alone",
        arguments: [
            "0.log", "note.txt", "0000000000000000000x.log", "99999999999999999999.log", "18446744073709551615.log",
            "00000000000000000000.log.bak",
        ])
    func strangers(name: String) throws {
        let files = MemoryFiles()
        files.plant("spool/" + name, [1, 2, 3])
        let spool = try self.open(files)
        try spool.put(Self.numbers, RecordMaker())
        #expect(spool.readAll().count == 60)
        spool.release(60)
        #expect(files.entries["spool/" + name]?.data == [1, 2, 3])
        #expect(spool.bytes < 1 << 16 && spool.recovery.tornTails == 0)
    }

    @Test("Another version's files are refused, not cut")
    func otherVersion() throws {
        var image = try self.image(upTo: 15)
        let path = try #require(image.keys.first { $0.hasSuffix(".log") })
        image[path]?.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: 2, toByteOffset: 12, as: UInt32.self)
            bytes.storeBytes(
                of: SpoolFormat.checksum(UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped), 60), toByteOffset: 60,
                as: UInt32.self)
        }
        let files = self.files(image)
        let refusal = #expect(throws: SpoolError.self) { try self.open(files) }
        #expect(refusal?.kind == .otherVersion(2))
        #expect(files.entries[path]?.data == image[path])
    }

    @Test("Lengths that lie under a right checksum trap nowhere")
    func lies() throws {
        let image = try self.image(upTo: 13)
        let path = try #require(image.keys.first { $0.hasSuffix(".log") })
        let data = try #require(image[path])
        let at = 64 + Self.recordBytes
        var random = SeededGenerator(seed: 9)
        // The record's length, the queue record's, its subject's, id's and payload's.
        for (field, size) in [(0, 4), (24, 4), (30, 2), (32, 2), (36, 4)] {
            for _ in 0..<300 {
                let value = UInt32.random(in: 0...(.max >> UInt32.random(in: 0..<32, using: &random)), using: &random)
                var damaged = data
                for byte in 0..<size {
                    damaged[at + field + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte)))
                }
                if damaged == data { continue }
                damaged.withUnsafeMutableBytes { bytes in
                    let base = bytes.baseAddress.unsafelyUnwrapped + at
                    let length = field == 0 ? min(max(Int(value), 8), bytes.count - at) : Self.recordBytes
                    base.storeBytes(of: SpoolFormat.checksum(base + 8, length - 8), toByteOffset: 4, as: UInt32.self)
                }
                var files = image
                files[path] = damaged
                // A payload said to be a little shorter still fits; what follows is there only then.
                let numbers = try self.open(self.files(files)).readAll()
                #expect(numbers == [10] || numbers.count == 3 && numbers.last == 12, "field \(field), \(value)")
                #expect(numbers.first == 10)
            }
        }
    }

    @Test("Random bytes in every file trap nowhere, and nothing comes out of them")
    func noise() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<300 {
            let files = MemoryFiles()
            for name in ["cursor", "00000000000000000007.log", "00000000000000000100.log"] {
                let size = Int.random(in: 0...9000, using: &random)
                files.plant(
                    "spool/" + name, (0..<size / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } })
            }
            let spool = try self.open(files)
            #expect(spool.readAll().isEmpty && spool.count == 0 && spool.nextSequence == 100)
        }
    }
}
