import Testing

@testable import Publishing

@Suite("The spool's bounds")
struct SpoolBoundsTests {
    private final class Drops {
        var numbers: [UInt64] = []
        var byType: [MessageType: Int] = [:]
        var causes: Set<SpoolDropCause> = []
        var sequences: [UInt64] = []

        func watch(_ spool: Spool) {
            spool.onDrop = { spooled, cause in
                self.numbers.append(RecordMaker.number(spooled.record) ?? .max)
                self.byType[spooled.record.type, default: 0] += 1
                self.causes.insert(cause)
                self.sequences.append(spooled.sequence)
            }
        }
    }

    private let files = MemoryFiles()
    private let maker = RecordMaker()
    private let drops = Drops()

    private func open(segment: Int = 64 << 10, maxAge: Duration = .seconds(1 << 20)) throws -> Spool {
        let spool = try Spool(
            SpoolConfiguration(directory: "spool", bytes: 1 << 20, segmentBytes: segment, maxAge: maxAge),
            files: self.files, nowMicroseconds: 0, syncsByItself: false)
        self.drops.watch(spool)
        return spool
    }

    @Test("The limit in bytes holds at every write; the oldest go first, each told with its type")
    func bytes() throws {
        let spool = try self.open()
        for number in UInt64(0)..<3000 {
            let type: MessageType = number % 3 == 0 ? .liquidation : .trade
            try spool.put([number], self.maker, bytes: 1000, type: type)
            #expect(self.files.segmentBytes <= 1 << 20)
            #expect(spool.bytes == self.files.segmentBytes)
        }
        let dropped = UInt64(self.drops.numbers.count)
        #expect(dropped > 1900)
        #expect(self.drops.numbers == Array(0..<dropped) && self.drops.sequences == Array(0..<dropped))
        #expect(self.drops.causes == [.full])
        #expect(self.drops.byType == [.liquidation: Int(dropped + 2) / 3, .trade: Int(dropped * 2) / 3])
        #expect(spool.count == 3000 - dropped && spool.head == dropped)
        #expect(spool.readAll() == (dropped..<3000).map { $0 })
    }

    @Test("What was read and not released stays; the next oldest go, and a restart knows that they went")
    func inFlight() throws {
        var spool: Spool? = try self.open()
        try spool?.put(0..<700, self.maker, bytes: 1000)
        for _ in 0..<100 {
            _ = try #require(spool?.nextUnread())
            #expect(spool?.markRead() == true)
        }
        try spool?.put(700..<1000, self.maker, bytes: 1000)
        // Two segments hold what is in flight.
        let first = try #require(self.drops.numbers.first)
        let last = try #require(self.drops.numbers.last)
        #expect(first >= 100 && first < 130)
        #expect(self.drops.numbers == Array(first...last))
        #expect(spool?.unreleasedCount == 100 && spool?.head == 0)
        // A record lent by the last call went with its segment: it is not marked as read.
        #expect(spool?.markRead() == false)
        spool?.release(10)
        #expect(spool?.head == 10)
        spool = nil

        let again = try self.open()
        #expect(again.recovery.lostRecords == 0 && again.recovery.corruptSegments == 0)
        #expect(again.readAll() == Array(10..<first) + Array((last + 1)..<1000))
        again.release(again.count)
        #expect(again.count == 0 && again.head == 1000)
    }

    @Test("With everything in flight nothing can go: the batch is refused, and fits once some is released")
    func allInFlight() throws {
        let spool = try self.open()
        try spool.put(0..<800, self.maker, bytes: 1000)
        #expect(spool.readAll().count == 800)
        var next: UInt64 = 800
        while spool.refusedBatches == 0 {
            try #require(spool.add(try self.maker.make(next, bytes: 1000), origin: UInt16(next & 0xFFF)))
            if spool.write(nowMicroseconds: 0) {
                _ = spool.readAll()
                next += 1
            }
        }
        #expect(self.drops.numbers.isEmpty && spool.count == next && spool.state.isReady)
        spool.release(200)
        try spool.put([next], self.maker, bytes: 1000)
        #expect(spool.readAll() == [next])
    }

    @Test("Gap records of a segment that goes are appended again behind, before any data of theirs is let go")
    func gaps() throws {
        let spool = try self.open()
        for number in UInt64(0)..<3000 {
            try spool.put([number], self.maker, bytes: 1000, type: number % 50 == 0 ? .gap : .trade)
            #expect(self.files.segmentBytes <= 1 << 20)
        }
        #expect(self.drops.byType[.gap] == nil)
        #expect(spool.carriedRecords > 40)
        var gaps: Set<UInt64> = []
        var trades: [UInt64] = []
        while let spooled = spool.nextUnread() {
            let number = try #require(RecordMaker.number(spooled.record))
            #expect(spooled.origin == UInt16(number & 0xFFF))
            if spooled.record.type == .gap { gaps.insert(number) } else { trades.append(number) }
            spool.markRead()
        }
        #expect(gaps == Set(stride(from: UInt64(0), to: 3000, by: 50)))
        #expect(trades == trades.sorted() && trades.last == 2999)
        #expect(UInt64(trades.count + gaps.count) == spool.count)
    }

    @Test("A gap record alone in its segment is carried over too, and a spool full of such segments comes to an end")
    func smallGapSegments() throws {
        let spool = try self.open(maxAge: .seconds(16))
        // A segment takes records for a second.
        for second in UInt64(0)..<1200 {
            let type: MessageType = second < 50 || second >= 350 ? .gap : .trade
            try spool.put([second], self.maker, bytes: 2000, type: type, now: Int64(second) * 1_100_000)
            #expect(spool.bytes <= 1 << 20)
            if second == 650 { #expect(self.drops.byType[.gap] == nil && self.drops.byType[.trade] ?? 0 > 50) }
        }
        #expect(self.drops.byType[.trade] == 300)
        #expect(Set(self.drops.numbers).count == self.drops.numbers.count)
        #expect(spool.count == 1200 - UInt64(self.drops.numbers.count))
    }

    @Test("Where gap records alone pass the limit, the oldest of them go and are told")
    func gapsOnly() throws {
        let spool = try self.open()
        try spool.put(0..<3000, self.maker, bytes: 1000, type: .gap)
        #expect(self.files.segmentBytes <= 1 << 20)
        #expect(self.drops.byType.keys.elementsEqual([.gap]))
        var left: Set<UInt64> = []
        while let spooled = spool.nextUnread() {
            left.insert(try #require(RecordMaker.number(spooled.record)))
            spool.markRead()
        }
        #expect(left.isDisjoint(with: self.drops.numbers))
        #expect(left.union(self.drops.numbers) == Set(0..<3000))
        #expect(left.count + self.drops.numbers.count == 3000)
    }

    @Test("A gap record that is carried over stays one of an earlier boot")
    func carriedFromEarlierBoot() throws {
        do {
            let spool = try self.open()
            try spool.put([0], self.maker, bytes: 1000, type: .gap)
            try spool.put(1..<20, self.maker, bytes: 1000)
        }
        let spool = try self.open(maxAge: .seconds(10))
        try spool.put([20], self.maker, bytes: 1000, type: .gap, now: 20_000_000)
        spool.expire(nowMicroseconds: 20_000_001)
        #expect(self.drops.numbers == Array(1..<20) && self.drops.causes == [.expired])
        var recovered: [UInt64: Bool] = [:]
        while let spooled = spool.nextUnread() {
            recovered[try #require(RecordMaker.number(spooled.record))] = spooled.isRecovered
            spool.markRead()
        }
        #expect(recovered == [0: true, 20: false])
    }

    @Test("What is older than the limit in age goes with its segment, no later than a 16th of it after")
    func age() throws {
        let spool = try self.open(maxAge: .seconds(160))
        for second in 0..<400 {
            let now = Int64(second) * 1_000_000
            try spool.put([UInt64(second)], self.maker, now: now)
            spool.expire(nowMicroseconds: now)
            let oldest = second - Int(spool.count) + 1
            #expect(second - oldest <= 172)
            #expect(self.drops.numbers.last.map { second - Int($0) > 160 } ?? true)
        }
        #expect(self.drops.causes == [.expired])
        #expect(spool.count == 400 - UInt64(self.drops.numbers.count))
        spool.expire(nowMicroseconds: 1_000_000_000)
        #expect(spool.count == 0 && self.drops.numbers == Array(0..<400))
    }

    @Test("A clock that was ahead when records were written does not keep them for longer than the limit from now on")
    func clockAhead() throws {
        do {
            let spool = try self.open(maxAge: .seconds(160))
            try spool.put(0..<10, self.maker, now: 1 << 60)
        }
        let spool = try self.open(maxAge: .seconds(160))
        try spool.put(10..<20, self.maker, now: 1 << 50)
        spool.expire(nowMicroseconds: 1_000_000)
        #expect(spool.count == 20)
        spool.expire(nowMicroseconds: 161_000_000)
        #expect(spool.count == 20)
        spool.expire(nowMicroseconds: 161_000_001)
        #expect(spool.count == 0 && self.drops.numbers == Array(0..<20))
    }

    @Test("A batch takes 256 records or a MiB, and a single record longer than that alone; too long is refused")
    func batch() throws {
        let spool = try Spool(
            SpoolConfiguration(directory: "spool", bytes: 32 << 20, segmentBytes: 64 << 10), files: self.files,
            nowMicroseconds: 0, syncsByItself: false)
        var count: UInt64 = 0
        while spool.add(try self.maker.make(count), origin: 0) { count += 1 }
        #expect(count == 256)
        #expect(spool.write(nowMicroseconds: 0) && spool.count == 256)
        // Longer than a segment: it gets one of its own.
        #expect(spool.add(try self.maker.make(256, bytes: 100_000), origin: 256))
        #expect(!spool.add(try self.maker.make(257), origin: 257))
        #expect(spool.write(nowMicroseconds: 0))
        try spool.put([257], self.maker)
        #expect(self.files.segments.count == 3)
        var last: UInt64 = 0
        while let spooled = spool.nextUnread() {
            last = try #require(RecordMaker.number(spooled.record))
            spool.markRead()
        }
        #expect(last == 257 && spool.unreleasedCount == 258)

        let small = try Spool(
            SpoolConfiguration(directory: "small", bytes: 1 << 20), files: MemoryFiles(), nowMicroseconds: 0,
            syncsByItself: false)
        let longest = small.configuration.maximumRecordBytes
        #expect(longest == 128 << 10)
        #expect(!small.add(try self.maker.make(1, bytes: longest), origin: 0))
        #expect(small.add(try self.maker.make(1, bytes: longest - 120), origin: 0))
    }
}
