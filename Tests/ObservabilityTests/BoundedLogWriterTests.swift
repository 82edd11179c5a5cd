import Glibc
import Logging
import Synchronization
import Testing

@testable import Observability

@Suite("The bounded log writer")
struct BoundedLogWriterTests {
    private final class Pipe: Sendable {
        let reading: Int32
        let writing: Int32
        private let open = Mutex(Ends())

        private struct Ends {
            var reading = true
            var writing = true
        }

        init() throws {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            (self.reading, self.writing) = (ends[0], ends[1])
        }

        func closeWriting() {
            self.open.withLock { open in
                if open.writing { close(self.writing) }
                open.writing = false
            }
        }

        func closeReading() {
            self.open.withLock { open in
                if open.reading { close(self.reading) }
                open.reading = false
            }
        }

        /// Everything that was written and not read.
        func rest() -> String {
            self.closeWriting()
            var all: [UInt8] = []
            while case let piece = self.readSome(), !piece.isEmpty { all += piece }
            return String(decoding: all, as: UTF8.self)
        }

        private func readSome() -> ArraySlice<UInt8> {
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(self.reading, &piece, piece.count)
            return piece.prefix(max(count, 0))
        }

        /// Everything written until `ended`, read on the calling thread, for at most ten seconds of silence.
        func drain(until ended: () -> Bool) -> [UInt8] {
            var all: [UInt8] = []
            var silences = 0
            while silences < 100 {
                var ready = pollfd(fd: self.reading, events: Int16(POLLIN), revents: 0)
                if poll(&ready, 1, 100) > 0 {
                    all += self.readSome()
                } else if ended() {
                    return all
                } else {
                    silences += 1
                }
            }
            return all
        }

        deinit {
            self.closeWriting()
            self.closeReading()
        }
    }

    private static let notice: @Sendable (UInt64) -> [UInt8] = { Array("dropped \($0)\n".utf8) }

    @Test("Lines arrive whole and in order")
    func order() throws {
        let pipe = try Pipe()
        let writer = BoundedLogWriter(descriptor: pipe.writing, dropNotice: Self.notice)
        for number in 0..<1000 { #expect(writer.write(Array("\(number)\n".utf8))) }
        #expect(writer.finish(patience: .seconds(10)))
        #expect(pipe.rest() == (0..<1000).map { "\($0)\n" }.joined())
        #expect(writer.statistics.written == 1000)
        #expect(writer.statistics.dropped == 0)
        #expect(writer.statistics.queuedBytes == 0)
    }

    @Test("While the reader stands still lines are dropped and counted, never waited for, and told later")
    func full() throws {
        let pipe = try Pipe()
        // The pipe holds its 64 KiB, the buffer 10 lines; nobody reads.
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 9999) + [UInt8(ascii: "\n")]
        let writer = BoundedLogWriter(descriptor: pipe.writing, capacityBytes: 100_000, dropNotice: Self.notice)
        let offered: UInt64 = 100
        var taken: UInt64 = 0
        for _ in 0..<offered where writer.write(line) { taken += 1 }
        #expect(taken >= 10 && taken <= 17)
        #expect(writer.statistics.dropped == offered - taken)
        #expect(writer.statistics.queuedBytes <= 100_000)
        #expect(writer.finish(patience: .zero) == false)

        let lines = pipe.drain { writer.finish(patience: .zero) }.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count { $0.count == 9999 } == Int(taken))
        let notices = lines.map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasPrefix("dropped ") }
        #expect(notices.compactMap { UInt64($0.dropFirst("dropped ".count)) }.reduce(0, +) == offered - taken)
        #expect(writer.statistics.written == taken)
        #expect(writer.statistics.dropped == offered - taken)
    }

    @Test("A reader that is gone costs the lines, not the process")
    func readerGone() throws {
        let pipe = try Pipe()
        pipe.closeReading()
        let writer = BoundedLogWriter(descriptor: pipe.writing, dropNotice: Self.notice)
        writer.write(Array("lost\n".utf8))
        #expect(writer.finish(patience: .seconds(10)))
        #expect(writer.statistics.written == 0)
        #expect(writer.statistics.dropped == 1)
    }

    @Test("After the end lines are dropped")
    func afterEnd() throws {
        let pipe = try Pipe()
        let writer = BoundedLogWriter(descriptor: pipe.writing, dropNotice: Self.notice)
        #expect(writer.finish(patience: .seconds(10)))
        #expect(!writer.write(Array("late\n".utf8)))
        #expect(writer.statistics.dropped == 1)
        #expect(pipe.rest() == "")
    }

    @Test("From many threads every line is written or counted as dropped")
    func threads() async throws {
        let pipe = try Pipe()
        let writer = BoundedLogWriter(descriptor: pipe.writing, capacityBytes: 1000, dropNotice: Self.notice)
        // All lines together fit into the pipe.
        let taken = await withTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                group.addTask { (0..<500).count { writer.write(Array("line \(task) \($0)\n".utf8)) } }
            }
            return await group.reduce(0, +)
        }
        #expect(writer.finish(patience: .seconds(10)))
        let lines = pipe.rest().split(separator: "\n")
        let own = lines.filter { $0.hasPrefix("line ") }
        #expect(own.count == taken)
        #expect(Set(own).count == taken)
        #expect(writer.statistics.written == UInt64(taken))
        #expect(writer.statistics.dropped == UInt64(2000 - taken))
    }

    @Test("As a swift-log backend it merges metadata and keeps to its level")
    func backend() throws {
        let pipe = try Pipe()
        let writer = BoundedLogWriter(descriptor: pipe.writing, format: .human)
        var logger = Logger(label: "test") { label in
            BoundedLogHandler(label: label, format: .human, level: .info, writer: writer, clock: { 0 })
        }
        logger[metadataKey: "a"] = "outer"
        logger[metadataKey: "b"] = "outer"
        logger.debug("below the level")
        logger.warning("told", metadata: ["b": "inner"])
        #expect(writer.finish(patience: .seconds(10)))
        #expect(pipe.rest() == "1970-01-01T00:00:00.000000Z WARNING  test told a=outer b=inner\n")
    }
}
