import Glibc
import MarketModel
import TestSupport
import Testing

@testable import Backfill

@Suite("Archives that are read", .timeLimit(.minutes(1)))
struct ArchiveReaderTests {
    private static let start = ArchiveRig.day.lowerBound

    private func fetch(
        _ zip: [UInt8], range: Range<Int64> = ArchiveRig.day, decoder: TestDecoder.Kind = .trades,
        adjust: (inout ArchiveSettings) -> Void = { _ in }
    ) async throws -> Fetched {
        var fetched = Fetched()
        try await ArchiveRig.with(adjust: adjust) { rig in
            rig.host.serve(ArchiveRig.path, .init(body: zip))
            fetched = try await rig.fetch(range: range, decoder: decoder)
            #expect(rig.openFiles == 0)
            #expect(rig.files.isEmpty)
        }
        return fetched
    }

    @Test("Rows come in pages of bounded rows and bytes, in order, each text from its own line")
    func pages() async throws {
        let zip = TestZip.of(TestZip.table(10_000))
        let fetched = try await self.fetch(zip) { $0.pageRows = 300 }
        #expect(fetched.rows == TestZip.rows(10_000))
        #expect(fetched.pages.dropLast().allSatisfy { $0 == 300 })
        let bySize = try await self.fetch(zip) { $0.pageBytes = 1_000 }
        #expect(bySize.rows == TestZip.rows(10_000))
        #expect(bySize.pages.allSatisfy { $0 < 60 })
        #expect(bySize.counts?.bytesUnpacked == UInt64(TestZip.table(10_000).utf8.count))
    }

    @Test("Only rows inside of the range are handed on, its end not among them")
    func range() async throws {
        let zip = TestZip.of(TestZip.table(100))
        let fetched = try await self.fetch(zip, range: (Self.start + 10_000)..<(Self.start + 20_000))
        #expect(fetched.rows == Array(TestZip.rows(100)[10..<20]))
        #expect(fetched.counts?.rows == 10)
        #expect(fetched.counts?.outside == 90)
    }

    @Test("An archive with rows of which none is of its own range or symbol is unreadable; one without any is read")
    func another() async throws {
        // Of the day after, then of another symbol.
        let late = "1,1.5,1,\(ArchiveRig.day.upperBound)\n"
        let other = "other,1.5,1,\(Self.start)\n"
        let hour = Self.start..<(Self.start + 3_600_000)
        for (text, range) in [
            (late, ArchiveRig.day), (other, ArchiveRig.day), (late + other, ArchiveRig.day), (other, hour),
        ] {
            let fetched = try await self.fetch(TestZip.of("id,price\n\(text)"), range: range)
            #expect(fetched.failure?.kind == .unreadable && fetched.counts == nil)
            #expect(fetched.failure?.detail.contains("rows is of TUSDT and the range") == true)
        }
        // Of a part of the day, nothing is known.
        let part = try await self.fetch(TestZip.of("id,price\n\(late)\(other)"), range: hour)
        #expect(part.failure == nil && part.counts?.outside == 2 && part.counts?.others == 1)
        #expect(try await self.fetch(TestZip.of("id,price\n")).counts?.rows == 0)
        let some = try await self.fetch(TestZip.of("1,1.5,1,\(Self.start)\n\(late)\(other)"))
        #expect(some.rows == ["1 1.5 1"] && some.counts?.outside == 2)
    }

    @Test("A number with more digits than those before it begins a page of wider scales, and no row is lost")
    func scales() async throws {
        let text = "1,1.5,1,\(Self.start)\n2,2.5,1,\(Self.start)\n3,3.125,0.01,\(Self.start)\n4,4,1,\(Self.start)\n"
        let fetched = try await self.fetch(TestZip.of(text))
        #expect(fetched.rows == ["1 1.5 1", "2 2.5 1", "3 3.125 0.01", "4 4 1"])
        #expect(fetched.pages == [2, 2])
    }

    @Test("Ends of lines may be of either kind, and the last may have none; empty lines say nothing")
    func lines() async throws {
        let line = { (id: String) in "\(id),1.5,1,\(Self.start)" }
        let text = "id,price\r\n\(line("1"))\r\n\n\r\n\(line("2"))\n\(line("3"))"
        let fetched = try await self.fetch(TestZip.of(text))
        #expect(fetched.rows == ["1 1.5 1", "2 1.5 1", "3 1.5 1"])
        #expect(fetched.counts?.refused == 0)
    }

    @Test("Lines that cannot be read are counted, and what is no trade of the market is not")
    func refused() async throws {
        let text =
            "1,1.5,1,\(Self.start)\nrubbish\nfund,1,1,\(Self.start)\n2,x,1,\(Self.start)\n3,1.5,1,\(Self.start)\n"
        let fetched = try await self.fetch(TestZip.of(text))
        #expect(fetched.rows == ["1 1.5 1", "3 1.5 1"])
        #expect(fetched.counts?.refused == 2)
    }

    @Test("A line that gives what has no past is refused as a whole")
    func noPast() async throws {
        let fetched = try await self.fetch(TestZip.of("1,1.5,1,\(Self.start)\n"), decoder: .tradesAndSigns)
        #expect(fetched.failure == nil)
        #expect(fetched.rows.isEmpty)
        #expect(fetched.counts?.refused == 1)
    }

    @Test("Too many lines that cannot be read are a file that is something else")
    func unreadable() async throws {
        let rubbish = String(repeating: "rubbish\n", count: 11)
        let failure = try await self.fetch(TestZip.of(rubbish)) { $0.refusedLinesMost = 10 }.failure
        #expect(failure?.kind == .unreadable)
        #expect(failure?.isPermanent == true)
    }

    @Test("A line longer than lines may be is passed over, wherever it stands", arguments: [200, 70_000, 200_000])
    func longLines(_ length: Int) async throws {
        let long = String(repeating: "x", count: length)
        let text = "1,1.5,1,\(Self.start)\n\(long)\n2,1.5,1,\(Self.start)\n\(long)\n\(long)"
        let fetched = try await self.fetch(TestZip.of(text)) { $0.lineBytesMost = 100 }
        #expect(fetched.rows == ["1 1.5 1", "2 1.5 1"])
        #expect(fetched.counts?.refused == 3)
    }

    @Test("What unpacks to more than it may is given up on the way")
    func bomb() async throws {
        let text = TestZip.table(3) + String(repeating: "\n", count: 1_500_000)
        let zip = TestZip.of(text)
        #expect(zip.count < 20_000)
        let bySize = try await self.fetch(zip) { $0.unpackedBytesMost = 1 << 20 }.failure
        #expect(bySize?.kind == .tooLarge)
        let byRatio = try await self.fetch(zip) {
            $0.expansionFree = 1 << 20
            $0.expansionMost = 100
        }.failure
        #expect(byRatio?.kind == .tooLarge)
        #expect(try await self.fetch(zip).rows == TestZip.rows(3))
    }

    @Test("A ZIP that is cut, damaged or none fails, also where its rows could be read up to there")
    func damaged() async throws {
        let zip = TestZip.of(TestZip.table(20_000))
        var flipped = zip
        flipped[zip.count / 2] ^= 0x10
        for bytes in [[], Array("<html>".utf8), Array(zip.prefix(zip.count / 2)), flipped, TestZip.of([])] {
            let failure = try await self.fetch(bytes).failure
            #expect(failure?.kind == .damaged, "\(bytes.count)")
            #expect(failure?.isPermanent == false)
        }
    }

    @Test("However lines lie to the blocks that are read, they come as a plain cut gives them")
    func anyLines() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<30 {
            var text: [UInt8] = []
            while text.count < 200_000 {
                let lengths = [0...3, 90...110, 60_000...70_000]
                let length = Int.random(in: lengths[Int.random(in: 0..<24, using: &generator) / 11], using: &generator)
                text += [UInt8](repeating: UInt8.random(in: 65...90, using: &generator), count: length)
                text += [[10], [13, 10]][Int.random(in: 0..<2, using: &generator)]
            }
            if Bool.random(using: &generator) { text.removeLast() }
            var expected = text.split(separator: 10, omittingEmptySubsequences: false).map { line in
                let line = line.last == 13 ? line.dropLast() : line
                return line.count <= 100 ? String(decoding: line, as: UTF8.self) : "too long"
            }
            if text.last == 10 { expected.removeLast() }
            #expect(try self.lines(of: TestZip.of([("a.csv", text)])) == expected)
        }
    }

    @Test("Any damage to a file gives its lines or a failure")
    func anyDamage() throws {
        let zip = TestZip.of(TestZip.table(300))
        let whole = try self.lines(of: zip)
        var generator = SeededGenerator(seed: 11)
        var failures = 0
        for _ in 0..<400 {
            var damaged = zip
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                damaged[Int.random(in: 0..<zip.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if Int.random(in: 0..<4, using: &generator) == 0 {
                damaged.removeLast(Int.random(in: 0..<zip.count, using: &generator))
            }
            do throws(ArchiveFailure) {
                let lines = try self.lines(of: damaged)
                #expect(lines == whole)
            } catch {
                failures += 1
            }
        }
        #expect(failures > 200)
    }

    /// All lines of a file's table, of a hundred bytes at most.
    private func lines(of zip: [UInt8]) throws(ArchiveFailure) -> [String] {
        let path = "/tmp/archive-lines-\(UInt64.random(in: 0 ... .max)).zip"
        defer { ArchiveFile.remove(path) }
        let file = try ArchiveFile(path: path, O_WRONLY | O_CREAT)
        let written = zip.withUnsafeBytes { bytes in
            Result { () throws(ArchiveFailure) in try file.write(bytes, at: 0) }
        }
        try written.get()
        let table = try ArchiveTable(path: path, limits: .init(lineBytes: 100, unpackedBytes: 1 << 24))
        defer { table.close() }
        var lines: [String] = []
        while true {
            switch try table.next() {
            case .line(let line):
                lines.append(String(decoding: line, as: UTF8.self))
                table.consume()
            case .tooLong: lines.append("too long")
            case .end: return lines
            }
        }
    }

    @Test("A second table is refused, what a packer adds is not")
    func tables() async throws {
        let table = Array(TestZip.table(2).utf8)
        let twice = try await self.fetch(TestZip.of([("a.csv", table), ("b.csv", table)]))
        #expect(twice.failure?.kind == .unreadable)
        let added = try await self.fetch(TestZip.of([("__MACOSX/a.csv", [1, 2, 3]), ("a.csv", table)]))
        #expect(added.rows == TestZip.rows(2))
    }

    @Test("The next page is read when the one before was taken; what the output refuses ends the fetch")
    func backpressure() async throws {
        try await ArchiveRig.with {
            $0.pageRows = 10
        } _: { rig in
            rig.host.serve(ArchiveRig.path, .init(body: TestZip.of(TestZip.table(100))))
            let fetcher = try rig.fetcher()
            var taken = 0
            do throws(ArchiveFailure) {
                _ = try await fetcher.fetch(
                    TestArchives.named(), instrument: TestArchives.instrument, range: ArchiveRig.day
                ) { page throws(HistoryOutputError) in
                    taken += 1
                    await Task.yield()
                    if taken == 3 { throw HistoryOutputError("wrong", .rows) }
                }
                Issue.record("it did not fail")
            } catch {
                #expect(error.kind == .output(.rows))
                #expect(error.isPermanent)
            }
            #expect(taken == 3)
            #expect(rig.openFiles == 0)
            #expect(rig.files.isEmpty)
        }
    }

    @Test("An archive that a list names is fetched from where the list says")
    func listed() async throws {
        try await ArchiveRig.with { rig in
            let address = "http://127.0.0.1:\(rig.port)/cdn/T.zip?signature=1"
            rig.host.serve("/list", text: address)
            rig.host.serve("/cdn/T.zip", .init(body: TestZip.of(TestZip.table(5))))
            let there = try await rig.fetch(TestArchives.listed)
            #expect(there.rows == TestZip.rows(5))
            rig.host.serve("/list", text: "")
            let missing = try await rig.fetch(TestArchives.listed).failure
            #expect(missing?.isMissing == true)
            rig.host.serve("/list", text: "?")
            let unreadable = try await rig.fetch(TestArchives.listed).failure
            #expect(unreadable?.kind == .unreadable)
        }
    }
}
