import Glibc
import Testing

@testable import Publishing

@Suite("The spool")
struct SpoolTests {
    let files = MemoryFiles()
    let maker = RecordMaker()

    private func open(
        bytes: Int = 1 << 20, segment: Int = 4 << 10, maxAge: Duration = .seconds(1 << 20),
        sync: SpoolSync = .interval(.seconds(1)), now: Int64 = 0
    ) throws -> Spool {
        let configuration = SpoolConfiguration(
            directory: "spool", bytes: bytes, segmentBytes: segment, maxAge: maxAge, sync: sync)
        return try Spool(configuration, files: self.files, nowMicroseconds: now, syncsByItself: false)
    }

    @Test("A record comes out as it went in, with the spool's number and its origin")
    func roundTrip() throws {
        let spool = try self.open()
        let record = try self.maker.make([1, 2, 3, 4, 5], subject: "md.gap._._._", id: "x:1", type: .gap, enqueued: 99)
        record.verdict = .refused
        #expect(spool.add(record, origin: 7))
        #expect(spool.count == 0)
        #expect(spool.nextUnread() == nil)
        #expect(spool.write(nowMicroseconds: 1))
        let spooled = try #require(spool.nextUnread())
        #expect(spooled.sequence == 0 && spooled.record.sequence == 0)
        #expect(spooled.origin == 7)
        #expect(!spooled.isRecovered)
        #expect(String(cString: spooled.record.subject) == "md.gap._._._")
        #expect(Array(spooled.record.id) == Array("x:1".utf8))
        #expect(Array(spooled.record.payload) == [1, 2, 3, 4, 5])
        #expect(spooled.record.type == .gap && spooled.record.source == 3)
        #expect(spooled.record.enqueuedMicroseconds == 99 && spooled.record.receivedMicroseconds == 7)
        #expect(spooled.record.verdict == nil)
        #expect(spool.markRead())
        #expect(spool.nextUnread() == nil && spool.count == 1)
        spool.release(1)
        #expect(spool.count == 0 && spool.head == 1 && spool.nextSequence == 1)
    }

    @Test("An idle spool leaves no segment on the disk, and its numbers go on, after a restart too")
    func idle() throws {
        var spool: Spool? = try self.open()
        try spool?.put(0..<10, self.maker)
        spool?.expire(nowMicroseconds: 2)
        #expect(self.files.segments.count == 1, "what is held stays")
        _ = spool?.readAll()
        spool?.release(10)
        spool?.expire(nowMicroseconds: 3)
        #expect(self.files.segments.isEmpty && spool?.bytes == 0)
        #expect(spool?.head == 10 && spool?.nextSequence == 10)
        spool = nil

        let again = try self.open()
        #expect(again.nextSequence == 10 && again.recovery.lostRecords == 0)
        try again.put(10..<12, self.maker)
        #expect(again.readAll() == [10, 11])
    }

    @Test("What was not released is there after a restart, in order, and numbers go on")
    func restart() throws {
        var spool: Spool? = try self.open()
        try spool?.put(0..<100, self.maker)
        for _ in 0..<40 {
            _ = try #require(spool?.nextUnread())
            spool?.markRead()
        }
        spool?.release(33)
        #expect(spool?.setNote([1, 2, 3]) == true)
        spool = nil

        let again = try self.open()
        #expect(again.recovery.records == 67 && again.count == 67)
        #expect(again.recovery.recordsByType[Int(MessageType.trade.rawValue)] == 67)
        #expect(again.recovery.tornTails == 0 && again.recovery.lostRecords == 0)
        #expect(again.head == 33 && again.nextSequence == 100)
        #expect(again.note == [1, 2, 3])
        #expect(again.bytes == self.files.segmentBytes)
        try again.put(100..<110, self.maker)
        #expect(try #require(again.nextUnread()).isRecovered)
        #expect(again.readAll() == (33..<110).map { UInt64($0) })
        again.release(77)
        #expect(again.count == 0)
        #expect(self.files.segments.count == 1)
    }

    @Test("A record of a loss outlives the messages around it, in a segment of its own too")
    func carried() throws {
        let spool = try self.open(bytes: 1 << 20, segment: 64 << 10)
        var dropped: [MessageType: Int] = [:]
        spool.onDrop = { record, _ in dropped[record.record.type, default: 0] += 1 }
        // Longer than a segment, so that each has one of its own, and the loss that is carried on as well.
        try spool.put(0..<3, self.maker, bytes: 90 << 10)
        try spool.put([3], self.maker, bytes: 400, type: .gap)
        try spool.put(4..<60, self.maker, bytes: 90 << 10)
        #expect(dropped[.trade] ?? 0 > 40 && dropped[.gap] == nil)
        #expect(spool.carriedRecords > 2)
        let left = spool.readAll()
        #expect(left.filter { $0 == 3 }.count == 1 && left.last == 59)
    }

    @Test("A second opener of a directory is refused with the holder's id, and gets it once it is closed")
    func locked() throws {
        let directory = "/tmp/sluice-spool-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer {
            for name in (try? DiskFiles().list(directory)) ?? [] { unlink("\(directory)/\(name)") }
            rmdir(directory)
        }
        let configuration = SpoolConfiguration(directory: directory, bytes: 1 << 20)
        let spool = try Spool(configuration, nowMicroseconds: 0)
        let refusal = #expect(throws: SpoolError.self) { try Spool(configuration, nowMicroseconds: 0) }
        #expect(refusal?.kind == .held(by: getpid()))
        #expect(refusal?.description == "the spool \(directory) is in use by process \(getpid())")
        try spool.put(0..<10, self.maker)
        spool.close()
        #expect(spool.syncedSequence == 10)
        let again = try Spool(configuration, nowMicroseconds: 0)
        #expect(again.readAll() == (0..<10).map { UInt64($0) })
        again.close()
    }
}
