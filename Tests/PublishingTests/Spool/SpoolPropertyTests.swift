import Glibc
import TestSupport
import Testing

@testable import Publishing

/// The spool beside a naive model, under random actions, faults, ends of the process and power cuts.
@Suite("The spool under random actions")
struct SpoolPropertyTests {
    @Test("Ends of the process lose nothing, and counts are exact", arguments: UInt64(0)..<12)
    func kills(seed: UInt64) throws {
        try SpoolCourse(seed: seed, ends: [.kill], hasFaults: false).run(steps: 200)
    }

    @Test("Power cuts, torn at any byte, lose nothing that was synced", arguments: UInt64(100)..<124)
    func powerCuts(seed: UInt64) throws {
        try SpoolCourse(seed: seed, ends: [.kill, .powerCut], hasFaults: false).run(steps: 200)
    }

    @Test("Nor do failing disks: full, read-only, broken, at any operation", arguments: UInt64(200)..<224)
    func faults(seed: UInt64) throws {
        try SpoolCourse(seed: seed, ends: [.kill, .powerCut], hasFaults: true).run(steps: 200)
    }
}

/// One run of random actions; what it expects stands in plain arrays.
private final class SpoolCourse {
    enum End { case kill, powerCut }

    struct Held {
        let number: UInt64
        let sequence: UInt64
    }

    private let seed: UInt64
    private let ends: [End]
    private let hasFaults: Bool
    private var random: SeededGenerator
    private let files = MemoryFiles()
    private let maker = RecordMaker()
    private let configuration: SpoolConfiguration
    private var spool: Spool
    private var now: Int64 = 0

    /// Written and not released, oldest first; the first `read` of them were read.
    private var held: [Held] = []
    private var read = 0
    /// What is in the batch.
    private var batched: [UInt64] = []
    private var nextNumber: UInt64 = 0
    /// Everything that ever was in a batch; nothing else may come out.
    private var known: Set<UInt64> = []
    private var dropped: Set<UInt64> = []
    /// Batches whose write failed: they may come back if what they left could not be removed.
    private var refused: Set<UInt64> = []
    private var lost: UInt64 = 0
    private var restarts = 0
    private var syncedHead: UInt64 = 0

    init(seed: UInt64, ends: [End], hasFaults: Bool) throws {
        self.seed = seed
        self.ends = ends
        self.hasFaults = hasFaults
        self.random = SeededGenerator(seed: seed)
        // Small enough that limits are reached in some seeds.
        self.configuration = SpoolConfiguration(
            directory: "spool", bytes: 1 << 20, segmentBytes: 4096 << Int.random(in: 0...6, using: &self.random),
            maxAge: .seconds(Int.random(in: 20...2000, using: &self.random)), sync: .interval(.seconds(1)))
        self.spool = try Spool(self.configuration, files: self.files, nowMicroseconds: 0, syncsByItself: false)
        self.observe()
    }

    private func observe() {
        self.spool.onDrop = { [unowned self] spooled, cause in
            guard let index = self.held.firstIndex(where: { $0.sequence == spooled.sequence }) else {
                Issue.record("seed \(self.seed): dropped \(spooled.sequence), which is not held")
                return
            }
            #expect(index >= self.read, "seed \(self.seed): what was read is not dropped")
            #expect(RecordMaker.number(spooled.record) == self.held[index].number, "seed \(self.seed)")
            #expect(cause != .corrupt || self.hasFaults, "seed \(self.seed)")
            self.dropped.insert(self.held.remove(at: index).sequence)
        }
    }

    func run(steps: Int) throws {
        for _ in 0..<steps {
            self.now += Int64.random(in: 0...300_000, using: &self.random)
            switch Int.random(in: 0..<100, using: &self.random) {
            case 0..<35: try self.append()
            case 35..<60: try self.readSome()
            case 60..<75: self.release()
            case 75..<84: if self.spool.syncNow() { self.synced() }
            case 84..<88: self.spool.expire(nowMicroseconds: self.now)
            case 88..<92: self.spool.setNote([UInt8](repeating: 7, count: Int.random(in: 0...99, using: &self.random)))
            case 92..<96: if self.hasFaults { self.fail() }
            default: try self.restart()
            }
            self.compare()
        }
        #expect(self.restarts > 0)
    }

    private func append() throws {
        for _ in 0..<Int.random(in: 1...30, using: &self.random) {
            let number = self.nextNumber
            let size = Bool.random(using: &self.random) ? 100 : Int.random(in: 0...5000, using: &self.random)
            guard self.spool.add(try self.maker.make(number, bytes: size), origin: UInt16(number & 0xFFF)) else {
                break
            }
            self.nextNumber += 1
            self.known.insert(number)
            self.batched.append(number)
        }
        guard !self.batched.isEmpty else { return }
        let isWritten = self.spool.write(nowMicroseconds: self.now)
        if isWritten {
            let first = self.spool.nextSequence - UInt64(self.batched.count)
            for (index, number) in self.batched.enumerated() {
                self.held.append(Held(number: number, sequence: first + UInt64(index)))
                // After a power cut a number is given again.
                self.dropped.remove(first + UInt64(index))
            }
        } else {
            self.refused.formUnion(self.batched)
            #expect(!self.spool.state.isReady || self.spool.refusedBatches > 0, "seed \(self.seed)")
        }
        self.batched = []
    }

    private func readSome() throws {
        for _ in 0..<Int.random(in: 1...40, using: &self.random) {
            let next = self.spool.nextUnread()
            self.settleLost()
            guard let spooled = next else {
                if self.read < self.held.count {
                    #expect(!self.spool.state.isReady, "seed \(self.seed): there is more to read")
                }
                return
            }
            try #require(self.read < self.held.count, "seed \(self.seed): nothing is left to be read")
            let expected = self.held[self.read]
            try #require(spooled.sequence == expected.sequence, "seed \(self.seed)")
            try #require(RecordMaker.number(spooled.record) == expected.number, "seed \(self.seed)")
            self.spool.markRead()
            self.read += 1
        }
    }

    private func release() {
        let count = Int.random(in: 0...self.read, using: &self.random)
        self.spool.release(UInt64(count))
        self.held.removeFirst(count)
        self.read -= count
    }

    private func fail() {
        let code = [ENOSPC, EROFS, EIO].randomElement(using: &self.random) ?? EIO
        let kinds: Set<MemoryFiles.Kind> = code == EIO ? [.change, .sync, .read] : [.change]
        self.files.fault = MemoryFiles.Fault(
            code: code, kinds: kinds, after: Int.random(in: 0...12, using: &self.random),
            times: Bool.random(using: &self.random) ? 1 : Int.random(in: 1...30, using: &self.random))
    }

    private func synced() {
        #expect(self.hasFaults || self.spool.syncedSequence == self.spool.nextSequence, "seed \(self.seed)")
        // A cursor that does not reach the disk falls back to this, and no further.
        if !self.spool.isCursorBehind { self.syncedHead = self.spool.head }
    }

    /// Takes out what a dying disk did not give; it was counted, one for one.
    private func settleLost() {
        let lost = self.spool.lostRecords - self.lost
        guard lost > 0 else { return }
        self.lost = self.spool.lostRecords
        let gone = Set(self.held.map(\.sequence)).filter { sequence in
            !self.spool.segments.contains { $0.first <= sequence && sequence < $0.end }
        }
        #expect(self.hasFaults && UInt64(gone.count) == lost, "seed \(self.seed)")
        self.held.removeAll { gone.contains($0.sequence) }
        self.dropped.formUnion(gone)
    }

    private func compare() {
        self.settleLost()
        #expect(self.spool.count == UInt64(self.held.count), "seed \(self.seed)")
        #expect(self.spool.head == self.held.first?.sequence ?? self.spool.nextSequence, "seed \(self.seed)")
        #expect(self.spool.unreleasedCount == UInt64(self.read), "seed \(self.seed)")
        #expect(self.spool.bytes <= self.configuration.bytes, "seed \(self.seed)")
        if !self.hasFaults {
            #expect(self.spool.bytes == self.files.segmentBytes, "seed \(self.seed)")
            #expect(self.spool.state.isReady, "seed \(self.seed)")
        }
    }

    // MARK: Ending

    private func restart() throws {
        self.restarts += 1
        let end = self.ends.randomElement(using: &self.random) ?? .kill
        let synced = self.spool.syncedSequence
        let head = self.spool.head
        let next = self.spool.nextSequence
        self.files.fault = nil
        try self.replace {
            if end == .powerCut { self.files.crash(using: &self.random) }
        }
        let recovery = self.spool.recovery
        let found = try self.readBack()
        #expect(recovery.records == UInt64(found.count), "seed \(self.seed)")
        #expect(zip(found, found.dropFirst()).allSatisfy { $0.sequence < $1.sequence }, "seed \(self.seed)")
        #expect(found.allSatisfy { $0.sequence >= self.spool.head }, "seed \(self.seed)")
        #expect(found.allSatisfy { self.known.contains($0.number) }, "seed \(self.seed)")

        let numbers = Set(found.map(\.number))
        for record in self.held where record.sequence < synced {
            #expect(numbers.contains(record.number), "seed \(self.seed): synced \(record.sequence) is lost")
        }
        // Missing are those that were dropped, or never reached the disk.
        let missing = self.spool.nextSequence - self.spool.head - UInt64(found.count)
        let gone = self.dropped.count { $0 >= self.spool.head && $0 < self.spool.nextSequence }
        // Those before the first record that is left are behind the new head.
        let passed = self.spool.head - min(self.syncedHead, self.spool.head)
        #expect(recovery.lostRecords <= missing + passed, "seed \(self.seed)")
        #expect(recovery.lostRecords + UInt64(gone) >= missing, "seed \(self.seed)")
        if end == .kill, !self.hasFaults {
            #expect(found.map(\.number) == self.held.map(\.number), "seed \(self.seed)")
            #expect(self.spool.head == head && self.spool.nextSequence == next, "seed \(self.seed)")
            #expect(recovery.lostRecords == 0 && recovery.tornTails == 0, "seed \(self.seed)")
        }
        self.held = found
        self.read = 0
        self.lost = 0
        // They are accounted for once.
        self.dropped.formUnion(self.spool.head..<self.spool.nextSequence)
        self.dropped.subtract(found.map(\.sequence))
    }

    /// Reads everything, then starts once more: reading changes nothing, and what was mended stays so.
    private func readBack() throws -> [Held] {
        var found: [Held] = []
        while let spooled = self.spool.nextUnread() {
            let number = try #require(
                RecordMaker.number(spooled.record), "seed \(self.seed): \(spooled.sequence) is not as it was made")
            #expect(spooled.isRecovered && spooled.origin == UInt16(number & 0xFFF), "seed \(self.seed)")
            found.append(Held(number: number, sequence: spooled.sequence))
            self.spool.markRead()
        }
        let (head, next) = (self.spool.head, self.spool.nextSequence)
        let records = self.spool.recovery.records
        try self.replace {}
        let again = self.spool.recovery
        #expect(again.records == records && self.spool.head == head, "seed \(self.seed)")
        #expect(self.spool.nextSequence == next, "seed \(self.seed)")
        #expect(again.lostRecords == 0 && again.tornTails == 0 && again.tornBytes == 0, "seed \(self.seed)")
        return found
    }

    /// Ends the spool without closing it, and opens the directory anew after `end`.
    private func replace(_ end: () -> Void) throws {
        // A stand-in in a directory of its own, for the lock to be free.
        self.spool = try Spool(self.configuration, files: MemoryFiles(), nowMicroseconds: 0, syncsByItself: false)
        end()
        self.spool = try Spool(self.configuration, files: self.files, nowMicroseconds: self.now, syncsByItself: false)
        self.observe()
    }
}
