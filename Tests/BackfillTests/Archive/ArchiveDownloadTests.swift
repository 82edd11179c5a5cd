import Glibc
import Testing
import TestSupport
import Transport

@testable import Backfill
@testable import Resilience

@Suite("Archives that are fetched", .timeLimit(.minutes(1)))
struct ArchiveDownloadTests {
    private static let rows = 400
    private static let zip = TestZip.of(TestZip.table(Self.rows))
    /// Of as many bytes, so that only its validator tells it apart.
    private static let otherZip: [UInt8] = {
        var other = Self.zip
        other[other.count - 1] ^= 1
        return other
    }()

    private static func file(_ zip: [UInt8] = Self.zip, tag: String? = "\"1\"") -> ArchiveHost.File {
        ArchiveHost.File(body: zip, entityTag: tag)
    }

    private func expectWhole(_ fetched: Fetched, _ rig: ArchiveRig) {
        #expect(fetched.failure == nil)
        #expect(fetched.rows == TestZip.rows(Self.rows))
        #expect(fetched.counts?.rows == UInt64(Self.rows))
        #expect(rig.files.isEmpty)
        #expect(rig.openFiles == 0)
    }

    // MARK: - Going on

    @Test("A download that breaks goes on where it ended, on the condition that the file is the same")
    func resumes() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.fail(ArchiveRig.path, [.cut(after: 1_000), .cut(after: 500)])
            let fetched = try await rig.fetch()
            self.expectWhole(fetched, rig)
            #expect(rig.host.ranges(of: ArchiveRig.path) == ["|", "bytes=1000-|\"1\"", "bytes=1500-|\"1\""])
            #expect(fetched.counts?.bytesDownloaded == UInt64(Self.zip.count))
            #expect(fetched.counts?.bytesResumed == 2_500)
        }
    }

    @Test("What has no tag goes on by its date; a weak tag is no condition")
    func validators() async throws {
        try await ArchiveRig.with { rig in
            let date = "Tue, 21 Jul 2026 00:00:00 GMT"
            rig.host.serve(
                ArchiveRig.path, .init(body: Self.zip, entityTag: "W/\"1\"", lastModified: date))
            rig.host.fail(ArchiveRig.path, [.cut(after: 1_000)])
            self.expectWhole(try await rig.fetch(), rig)
            #expect(rig.host.ranges(of: ArchiveRig.path) == ["|", "bytes=1000-|\(date)"])
        }
    }

    @Test("Without anything that tells one file from another, a broken download begins again")
    func noValidator() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file(tag: nil))
            rig.host.fail(ArchiveRig.path, [.cut(after: 1_000)])
            self.expectWhole(try await rig.fetch(), rig)
            #expect(rig.host.ranges(of: ArchiveRig.path) == ["|", "|"])
        }
    }

    @Test("A host that ignores ranges sends the whole file, which replaces the part")
    func rangeIgnored() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.fail(ArchiveRig.path, [.cut(after: 1_000), .ignoresRange])
            let fetched = try await rig.fetch()
            self.expectWhole(fetched, rig)
            #expect(fetched.counts?.bytesDownloaded == UInt64(Self.zip.count + 1_000))
            #expect(fetched.counts?.bytesResumed == 0)
        }
    }

    @Test("A file that changed meanwhile is fetched as a whole")
    func changed() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file(Self.otherZip))
            rig.host.fail(ArchiveRig.path, [.cut(after: 1_000), .becomes(Self.file(tag: "\"2\""))])
            self.expectWhole(try await rig.fetch(), rig)
            #expect(rig.host.ranges(of: ArchiveRig.path) == ["|", "bytes=1000-|\"1\""])
        }
    }

    @Test("A part of another file is seen where the host passes the condition over")
    func conditionIgnored() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file(Self.otherZip))
            rig.host.fail(ArchiveRig.path, [.cut(after: 1_000), .becomesUnseen(Self.file(tag: "\"2\""))])
            self.expectWhole(try await rig.fetch(), rig)
            #expect(rig.host.ranges(of: ArchiveRig.path) == ["|", "bytes=1000-|\"1\"", "|"])
        }
    }

    @Test("Another part than the one that was asked for, or of another length, begins the file anew")
    func wrongPart() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.fail(
                ArchiveRig.path,
                [.cut(after: 1_000), .wrongPart(length: Self.zip.count), .cut(after: 1), .wrongPart(length: 4)])
            self.expectWhole(try await rig.fetch(), rig)
            #expect(
                rig.host.ranges(of: ArchiveRig.path)
                    == ["|", "bytes=1000-|\"1\"", "|", "bytes=1-|\"1\"", "|"])
        }
    }

    @Test("A range behind the end of a file begins it anew")
    func unsatisfiable() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.fail(ArchiveRig.path, [.cut(after: 1_000), .status(416)])
            self.expectWhole(try await rig.fetch(), rig)
            #expect(rig.host.ranges(of: ArchiveRig.path) == ["|", "bytes=1000-|\"1\"", "|"])
        }
    }

    @Test("A part that a killed process left is gone on with; one without its note, or with another's, is not")
    func killed() async throws {
        try await ArchiveRig.with {
            $0.retry.attempts = 1
        } _: { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.fail(ArchiveRig.path, [.cut(after: 1_000), .cut(after: 700), .cut(after: 600)])
            #expect(try await rig.fetch().failure?.isPermanent == false)
            #expect(rig.partBytes == 1_000)
            #expect(rig.openFiles == 0)
            #expect(try await rig.fetch().failure?.isPermanent == false)
            #expect(rig.partBytes == 1_700)
            // Killed between the note's end and the first byte: what is there is of nobody.
            let note = try #require(rig.files.first { $0.hasSuffix(".note") })
            #expect(truncate("\(rig.folder)/history/downloads/\(note)", 20) == 0)
            #expect(try await rig.fetch().failure?.isPermanent == false)
            #expect(rig.partBytes == 600)
            let fetched = try await rig.fetch()
            self.expectWhole(fetched, rig)
            #expect(
                rig.host.ranges(of: ArchiveRig.path)
                    == ["|", "bytes=1000-|\"1\"", "|", "bytes=600-|\"1\""])
            #expect(fetched.counts?.bytesResumed == 600)
        }
    }

    @Test("A whole file that a killed process left is not asked for again")
    func killedWhenWhole() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            let fetcher = try rig.fetcher()
            await #expect(throws: ArchiveFailure.self) {
                try await fetcher.fetch(
                    TestArchives.named(), instrument: TestArchives.instrument, range: ArchiveRig.day
                ) { _ throws(HistoryOutputError) in throw HistoryOutputError("away") }
            }
            #expect(rig.partBytes == Self.zip.count)
            let fetched = try await rig.fetch()
            self.expectWhole(fetched, rig)
            #expect(rig.host.ranges(of: ArchiveRig.path) == ["|"])
            #expect(fetched.counts?.bytesResumed == UInt64(Self.zip.count))
        }
    }

    @Test("A part that nobody went on with for a week is removed at the next start, with its note")
    func oldParts() async throws {
        try await ArchiveRig.with {
            $0.retry.attempts = 1
        } _: { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.fail(ArchiveRig.path, [.cut(after: 1_000)])
            _ = try await rig.fetch()
            #expect(rig.files.count == 2)
            let part = try #require(rig.files.first { $0.hasSuffix(".part") })
            // Last written on the hundredth day.
            var times = utimbuf(actime: 8_640_000, modtime: 8_640_000)
            #expect(utime("\(rig.folder)/history/downloads/\(part)", &times) == 0)
            #expect(try rig.fetcher(day: 107).bytesOnDisk == 1_000)
            #expect(try rig.fetcher(day: 108).bytesOnDisk == 0)
            #expect(rig.files.isEmpty)
        }
    }

    // MARK: - Checksums

    @Test("A file with another SHA-256 than the venue's is fetched again as a whole")
    func wrongChecksum() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file(Self.otherZip))
            rig.host.serve(ArchiveRig.checksumPath, text: try self.checksum(of: Self.zip, in: rig))
            // The third asking finds the file that the checksum is of.
            rig.host.fail(ArchiveRig.path, [.ignoresRange, .becomes(Self.file())])
            self.expectWhole(try await rig.fetch(TestArchives.named(checksum: ArchiveRig.checksumPath)), rig)
            #expect(rig.host.ranges(of: ArchiveRig.path) == ["|", "|"])
            #expect(rig.host.ranges(of: ArchiveRig.checksumPath).count == 2)
        }
    }

    @Test("A checksum that never fits ends the fetch, and nothing is handed on or kept")
    func checksumNeverFits() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file(Self.otherZip))
            rig.host.serve(ArchiveRig.checksumPath, text: try self.checksum(of: Self.zip, in: rig))
            let fetched = try await rig.fetch(TestArchives.named(checksum: ArchiveRig.checksumPath))
            #expect(fetched.failure?.kind == .wrongChecksum)
            #expect(fetched.failure?.isPermanent == false)
            #expect(fetched.pages.isEmpty)
            #expect(rig.host.ranges(of: ArchiveRig.path).count == 3)
            #expect(rig.files.isEmpty)
        }
    }

    @Test("A checksum that is none is asked for again, and a missing one is a missing archive")
    func noChecksum() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.serve(ArchiveRig.checksumPath, text: "<html>")
            let location = TestArchives.named(checksum: ArchiveRig.checksumPath)
            let unreadable = try await rig.fetch(location).failure
            #expect(unreadable?.kind == .unavailable(status: 200, retryAfter: nil))
            let missing = try await rig.fetch(TestArchives.named(checksum: "/none")).failure
            #expect(missing?.isMissing == true)
            #expect(rig.host.ranges(of: ArchiveRig.path).isEmpty)
        }
    }

    /// A line of `sha256sum`, by the system's own.
    private func checksum(of bytes: [UInt8], in rig: ArchiveRig) throws -> String {
        let path = "\(rig.folder)/sum"
        try ArchiveFile.replace(path, with: "")
        try bytes.withUnsafeBytes { try ArchiveFile(path: path, O_WRONLY).write($0, at: 0) }
        let pipe = try #require(popen("sha256sum '\(path)'", "r"))
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 512)
        #expect(fgets(&line, Int32(line.count), pipe) != nil)
        return String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: - Refusals

    @Test(
        "What throttles or bans closes the host for everybody, for as long as it says",
        arguments: [429, 418, 403, 503])
    func closes(_ status: Int) async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.serve("/other.zip", Self.file())
            rig.host.fail(ArchiveRig.path, [.status(status, retryAfter: "70")])
            let fetcher = try rig.fetcher()
            let first = Task { await rig.fetched(by: fetcher) }
            try #require(await rig.eventually { rig.clock.nextDeadline == .seconds(70) })
            let second = Task { await rig.fetched(TestArchives.named("/other.zip"), by: fetcher) }
            await rig.clock.waitForSleepers(2)
            rig.clock.advance(by: .seconds(69))
            await rig.clock.waitForSleepers(2)
            #expect(rig.host.asked.count == 1)
            let both = try await rig.passingTime { await [first.value, second.value] }
            #expect(both.allSatisfy { $0.rows == TestZip.rows(Self.rows) })
            #expect(rig.clock.now.offset >= .seconds(70))
            #expect(rig.host.asked.count == 3)
        }
    }

    @Test("What fails in passing is tried again after a growing wait, and at last told as what it was")
    func unavailable() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.fail(ArchiveRig.path, [.status(500), .status(502)])
            self.expectWhole(try await rig.fetch(), rig)
            rig.host.fail(ArchiveRig.path, Array(repeating: .status(500), count: 6))
            #expect(try await rig.fetch().failure?.kind == .unavailable(status: 500, retryAfter: nil))
            #expect(rig.host.asked.count == 9)
            #expect(rig.files.isEmpty)
        }
    }

    @Test("An archive that is not there is told at once, as missing")
    func missing() async throws {
        try await ArchiveRig.with { rig in
            let failure = try await rig.fetch().failure
            #expect(failure?.isMissing == true)
            #expect(failure?.isPermanent == true)
            #expect(rig.host.asked.count == 1)
            #expect(rig.files.isEmpty)
            #expect(try await rig.fetch(TestArchives.named("/x y.zip")).failure?.kind == .impossible)
        }
    }

    @Test("A file sent packed is refused, since its parts would be of something else")
    func packed() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.fail(ArchiveRig.path, [.packed])
            let failure = try await rig.fetch().failure
            #expect(failure?.kind == .impossible)
            #expect(rig.files.isEmpty)
        }
    }

    // MARK: - Bounds

    @Test("A file above the bound is refused before any of it is read")
    func tooLarge() async throws {
        try await ArchiveRig.with {
            $0.fileBytesMost = Self.zip.count - 1
        } _: { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            let failure = try await rig.fetch().failure
            #expect(failure?.kind == .tooLarge)
            #expect(rig.files.isEmpty)
        }
    }

    @Test("The folder has room for so much; what nobody uses gives way, what is in use does not")
    func folderBound() async throws {
        let most = Self.zip.count + 1_000
        try await ArchiveRig.with {
            $0.folderBytesMost = most
            $0.retry.attempts = 1
        } _: { rig in
            for path in [ArchiveRig.path, "/other.zip"] { rig.host.serve(path, Self.file()) }
            rig.host.fail("/other.zip", [.cut(after: 1_001)])
            #expect(try await rig.fetch(TestArchives.named("/other.zip")).failure?.kind.isUnavailable == true)
            #expect(rig.partBytes == 1_001)
            self.expectWhole(try await rig.fetch(), rig)
            // Both at once: the file that is being written keeps its room.
            rig.host.fail("/other.zip", [.bytesPerSecond(1_000)])
            let fetcher = try rig.fetcher()
            let slow = Task { await rig.fetched(TestArchives.named("/other.zip"), by: fetcher) }
            #expect(await rig.eventually { fetcher.bytesOnDisk == Self.zip.count })
            #expect(await rig.fetched(by: fetcher).failure?.kind == .noRoom)
            slow.cancel()
            _ = await slow.value
        }
    }

    @Test("Slow bytes are waited for as long as they come")
    func slow() async throws {
        try await ArchiveRig.with {
            $0.deadlines.progress = .seconds(5)
            $0.retry.attempts = 1
        } _: { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            rig.host.fail(ArchiveRig.path, [.bytesPerSecond(Self.zip.count * 4)])
            self.expectWhole(try await rig.fetch(), rig)
        }
    }

    @Test("Bytes that come no more end the try, which keeps what came")
    func stalls() async throws {
        let server = RawServer()
        try await ArchiveRig.with {
            $0.deadlines.progress = .milliseconds(50)
            $0.retry.attempts = 2
            $0.addresses[TestArchives.venue] = "http://127.0.0.1:\(server.port)"
        } _: { rig in
            let text = Array("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 9\r\n\r\nfour".utf8)
            let asked = Task.detached { server.answer([text, text], holds: true) }
            let failure = try await rig.fetch().failure
            #expect(failure?.kind == .unavailable(status: nil, retryAfter: nil))
            #expect(failure?.detail.contains("progress") == true)
            #expect(rig.partBytes == 4)
            #expect(await asked.value.last?.contains("Range: bytes=4-\r\n") == true)
        }
    }

    @Test("A file whose length nobody tells goes on as well, and its length is known from its parts")
    func chunked() async throws {
        let server = RawServer()
        try await ArchiveRig.with {
            $0.addresses[TestArchives.venue] = "http://127.0.0.1:\(server.port)"
        } _: { rig in
            let (first, rest) = (Array(Self.zip[..<256]), Array(Self.zip[256...]))
            let begun = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n"
            // One byte less than the rest, so that it is known to be short.
            let range = "bytes 256-\(Self.zip.count - 2)/\(Self.zip.count)"
            let part = "HTTP/1.1 206 OK\r\nContent-Range: \(range)\r\nContent-Length: \(rest.count - 1)\r\n\r\n"
            let last = Self.zip.count - 1
            let end = "HTTP/1.1 206 OK\r\nContent-Range: bytes \(last)-\(last)/*\r\nContent-Length: 1\r\n\r\n"
            let texts = [
                Array(begun.utf8) + first, Array(part.utf8) + rest.dropLast(), Array(end.utf8) + rest.suffix(1),
            ]
            let asked = Task.detached { server.answer(texts) }
            self.expectWhole(try await rig.fetch(), rig)
            #expect(await asked.value.last?.contains("Range: bytes=\(last)-\r\n") == true)
        }
    }

    @Test("Many fetches share the connections that there are; two of one file have a part each")
    func shared() async throws {
        try await ArchiveRig.with {
            $0.connections = 3
        } _: { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            let fetcher = try rig.fetcher()
            // Time stands still: nobody waits for long enough to be sent away.
            let all = await withTaskGroup(of: Fetched.self) { group in
                for _ in 0..<12 { group.addTask { await rig.fetched(by: fetcher) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(all.count == 12)
            for fetched in all { self.expectWhole(fetched, rig) }
            #expect(await rig.client.statistics()?.connectionsOpened == 3)
            #expect(fetcher.bytesOnDisk == 0)
        }
    }

    @Test("Cancelled anywhere, a fetch leaves no file open and no connection")
    func cancelled() async throws {
        try await ArchiveRig.with { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            let fetcher = try rig.fetcher()
            for fault in [ArchiveHost.Fault.never, .bytesPerSecond(2_000), .status(429, retryAfter: "60")] {
                let before = rig.host.asked.count
                rig.host.fail(ArchiveRig.path, [fault])
                let task = Task { await rig.fetched(by: fetcher) }
                #expect(await rig.eventually { rig.host.asked.count == before + 1 })
                if case .bytesPerSecond = fault { #expect(await rig.eventually { (rig.partBytes ?? 0) > 100 }) }
                if case .status = fault { await rig.clock.waitForSleepers(1) }
                task.cancel()
                #expect(await task.value.failure?.kind == .cancelled)
                #expect(rig.openFiles == 0)
                #expect(rig.clock.sleepers == 0)
                #expect(await rig.client.statistics()?.connections == rig.idle(fault))
            }
        }
    }
}

extension ArchiveFailure.Kind {
    var isUnavailable: Bool {
        if case .unavailable = self { return true }
        return false
    }
}

extension ArchiveRig {
    /// Connections that are left after a cancellation: one that was answered can be used again.
    func idle(_ fault: ArchiveHost.Fault) -> Int {
        if case .status = fault { return 1 }
        return 0
    }
}
