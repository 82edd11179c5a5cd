import Glibc
import TestSupport
import Testing

@testable import Publishing

@Suite("The spool on a failing disk")
struct SpoolFailureTests {
    private let files = MemoryFiles()
    private let maker = RecordMaker()

    private func open(_ sync: SpoolSync = .interval(.seconds(1))) throws -> Spool {
        try Spool(
            SpoolConfiguration(directory: "spool", bytes: 1 << 20, segmentBytes: 64 << 10, sync: sync),
            files: self.files, nowMicroseconds: 0, syncsByItself: false)
    }

    private func fail(_ code: Int32, _ kinds: Set<MemoryFiles.Kind>, after: Int = 0, times: Int = 1) {
        self.files.fault = MemoryFiles.Fault(code: code, kinds: kinds, after: after, times: times)
    }

    private func tryPut(_ spool: Spool, _ number: UInt64, now: Int64) throws -> Bool {
        try #require(spool.add(try self.maker.make(number), origin: UInt16(number & 0xFFF)))
        return spool.write(nowMicroseconds: now)
    }

    @Test(
        "A write that fails leaves nothing behind, is said, and is tried again after a pause that doubles to 30 s",
        arguments: [ENOSPC, EROFS, EIO])
    func write(code: Int32) throws {
        let spool = try self.open()
        try spool.put(0..<3, self.maker)
        let bytes = self.files.segmentBytes
        var now: Int64 = 5_000_000
        let since = now
        for pause in [1, 2, 4, 8, 16, 30, 30] as [Int64] {
            self.fail(code, [.change])
            #expect(try !self.tryPut(spool, 99, now: now))
            #expect("\(spool.state)" == "failing(operation: \"write\", errno: \(code), since: \(since))")
            #expect(self.files.segmentBytes == bytes && spool.bytes == bytes && spool.count == 3)
            // The disk is left alone meanwhile.
            let failures = spool.failureCount
            now += pause * 1_000_000 - 1
            #expect(!spool.canWrite(nowMicroseconds: now))
            #expect(try !self.tryPut(spool, 99, now: now))
            #expect(spool.failureCount == failures && self.files.segmentBytes == bytes)
            now += 1
            #expect(spool.canWrite(nowMicroseconds: now))
        }
        try spool.put([3], self.maker, now: now)
        #expect(spool.state.isReady)
        #expect(spool.readAll() == [0, 1, 2, 3])
    }

    @Test("What a failed write left and nobody could remove is not read, and not found at the next start")
    func remains() throws {
        do {
            let spool = try self.open()
            try spool.put(0..<3, self.maker)
            self.fail(ENOSPC, [.change], times: 2)
            #expect(try !self.tryPut(spool, 99, now: 0))
            #expect(spool.bytes == self.files.segmentBytes)
            try spool.put([3], self.maker, now: 2_000_000)
            #expect(self.files.segments.count == 2)
            #expect(spool.readAll() == [0, 1, 2, 3])
        }
        let spool = try self.open()
        #expect(spool.recovery.lostRecords == 0 && spool.recovery.records == 4)
        #expect(spool.readAll() == [0, 1, 2, 3])
    }

    @Test("A disk that has room again is found out also when nothing is to be written")
    func roomAgain() throws {
        let spool = try self.open()
        self.fail(ENOSPC, [.change], times: 2)
        #expect(try !self.tryPut(spool, 0, now: 0))
        spool.expire(nowMicroseconds: 999_999)
        #expect(!spool.state.isReady)
        self.fail(ENOSPC, [.change], times: 1)
        spool.expire(nowMicroseconds: 1_000_000)
        #expect(!spool.state.isReady, "the disk refused once more")
        spool.expire(nowMicroseconds: 3_000_000)
        #expect(spool.state.isReady && spool.count == 0)
        try spool.put([0], self.maker, now: 3_000_000)
        #expect(spool.readAll() == [0])
    }

    @Test("A segment that cannot be begun is begun later", arguments: 0..<2)
    func begin(after: Int) throws {
        let spool = try self.open()
        self.fail(ENOSPC, [.change], after: after)
        #expect(try !self.tryPut(spool, 0, now: 0))
        #expect(!spool.state.isReady && self.files.segments.isEmpty && spool.bytes == 0)
        try spool.put([0], self.maker, now: 1_000_000)
        #expect(spool.readAll() == [0])
    }

    @Test("A file that cannot be removed keeps counting until it is gone")
    func remove() throws {
        let spool = try self.open()
        try spool.put(0..<100, self.maker, bytes: 1000)
        let files = self.files.segments.count
        _ = spool.readAll()
        self.fail(EROFS, [.change])
        spool.release(90)
        #expect(!spool.state.isReady)
        #expect(self.files.segments.count == files)
        #expect(spool.bytes == self.files.segmentBytes)
        spool.expire(nowMicroseconds: 1_000_000)
        #expect(spool.state.isReady)
        #expect(self.files.segments.count == files - 1)
        #expect(spool.bytes == self.files.segmentBytes)
    }

    @Test(
        "A head that could not be written is written by the next release, or after the pause", arguments: [true, false])
    func cursor(byRelease: Bool) throws {
        do {
            let spool = try self.open()
            try spool.put(0..<10, self.maker)
            _ = spool.readAll()
            self.fail(EROFS, [.change])
            spool.release(4)
            #expect(!spool.state.isReady && spool.head == 4)
            if byRelease { spool.release(1) } else { spool.expire(nowMicroseconds: 1_000_000) }
            #expect(spool.state.isReady)
        }
        #expect(try self.open().head == (byRelease ? 5 : 4))
    }

    @Test("A record that the disk does not give is tried again, then given up with the rest of its segment")
    func read() throws {
        let spool = try self.open()
        try spool.put(0..<100, self.maker, bytes: 1000)
        self.fail(EIO, [.read])
        #expect(spool.nextUnread() == nil)
        #expect(!spool.state.isReady && spool.hasUnread)
        spool.expire(nowMicroseconds: 1_000_000)
        #expect(spool.nextUnread()?.sequence == 0)
        #expect(spool.state.isReady && spool.lostRecords == 0)
        spool.markRead()
        spool.release(1)

        // Past what the window holds already.
        while let spooled = spool.nextUnread(), spooled.sequence < 50 { spool.markRead() }
        self.files.fault = nil
        let rest = spool.readAll()
        #expect(rest.last == 99 && spool.lostRecords == 0)

        let again = try self.reopened(spool)
        self.fail(EIO, [.read], times: 1 << 20)
        var now: Int64 = 0
        for _ in 0..<4 {
            #expect(again.nextUnread() == nil)
            #expect(again.lostRecords == 0)
            now += 30_000_000
            again.expire(nowMicroseconds: now)
        }
        #expect(again.nextUnread() == nil)
        #expect(again.lostRecords > 30)
        self.files.fault = nil
        now += 30_000_000
        again.expire(nowMicroseconds: now)
        #expect(again.nextUnread()?.sequence == 1 + again.lostRecords)
        #expect(again.count == 99 - again.lostRecords)
        #expect(again.readAll().last == 99)
    }

    private func reopened(_ spool: consuming Spool) throws -> Spool {
        spool.close()
        return try self.open()
    }

    @Test("After a failed sync nothing is claimed until the records in doubt are released")
    func sync() throws {
        let spool = try self.open()
        try spool.put(0..<5, self.maker)
        #expect(spool.syncNow() && spool.syncedSequence == 5)
        try spool.put(5..<10, self.maker)
        self.fail(EIO, [.sync])
        #expect(!spool.syncNow())
        #expect(spool.syncFailureCount == 1)
        #expect("\(spool.state)".hasPrefix("failing(operation: \"sync\", errno: \(EIO), since: 1"))
        #expect(spool.syncNow() && spool.state.isReady)
        #expect(spool.syncedSequence == 5)
        _ = spool.readAll()
        spool.release(9)
        #expect(spool.syncNow() && spool.syncedSequence == 5)
        try spool.put(10..<12, self.maker)
        _ = spool.readAll()
        spool.release(1)
        #expect(spool.syncNow() && spool.syncedSequence == 12)
    }

    @Test(
        "What was found at start is claimed once it was synced, since the process may have ended before its kernel wrote"
    )
    func syncFound() throws {
        do { try self.open().put(0..<5, self.maker) }
        var random = SeededGenerator(seed: 3)
        do {
            let spool = try self.open()
            #expect(spool.syncedSequence == 0)
            #expect(spool.syncNow() && spool.syncedSequence == 5)
        }
        self.files.crash(using: &random)
        #expect(try self.open().recovery.records == 5)
        let never = try self.reopened(self.open(.never))
        #expect(never.count == 5)
    }

    @Test("Without syncing nothing is claimed")
    func never() throws {
        let spool = try self.open(.never)
        try spool.put(0..<5, self.maker)
        #expect(spool.syncNow() && spool.syncedSequence == 0)
    }

    @Test("The thread of its own syncs what was written", arguments: [SpoolSync.always, .interval(.milliseconds(5))])
    func thread(sync: SpoolSync) throws {
        let directory = "/tmp/sluice-spool-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer {
            for name in (try? DiskFiles().list(directory)) ?? [] { unlink("\(directory)/\(name)") }
            rmdir(directory)
        }
        let spool = try Spool(SpoolConfiguration(directory: directory, bytes: 1 << 20, sync: sync), nowMicroseconds: 0)
        for number in UInt64(0)..<20 {
            try spool.put([number], self.maker)
            let deadline = ContinuousClock.now + .seconds(20)
            while spool.syncedSequence <= number, ContinuousClock.now < deadline { sched_yield() }
            try #require(spool.syncedSequence == number + 1)
        }
        spool.close()
    }

    @Test("A directory that cannot be made is refused with the reason")
    func unusable() {
        let configuration = SpoolConfiguration(directory: "/proc/none/spool", bytes: 1 << 20)
        let refusal = #expect(throws: SpoolError.self) { try Spool(configuration, nowMicroseconds: 0) }
        #expect(refusal?.kind == .unusable(errno: ENOENT))
        #expect(refusal?.description == "the spool /proc/none/spool cannot be used: No such file or directory")
    }
}
