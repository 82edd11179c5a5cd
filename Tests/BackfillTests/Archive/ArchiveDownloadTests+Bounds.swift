import Testing
import TestSupport
import Transport

@testable import Backfill
@testable import Resilience

/// Bytes, time, connections and disk that a fetch may take.
extension ArchiveDownloadTests {
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
            let failure = try #require(await rig.fetched(by: fetcher).failure)
            #expect(failure.kind == .noRoom)
            // Worth another try of this piece; outputs have nothing to do with it.
            #expect(PieceFailure(failure).kind == .temporary)
            slow.cancel()
            _ = await slow.value
        }
    }

    @Test("A file that the whole folder has no room for is too large, whether its length is told or not")
    func folderTooSmall() async throws {
        let server = RawServer()
        try await ArchiveRig.with {
            $0.folderBytesMost = Self.zip.count - 1
        } _: { rig in
            rig.host.serve(ArchiveRig.path, Self.file())
            let failure = try #require(try await rig.fetch().failure)
            #expect(failure.kind == .tooLarge && PieceFailure(failure).kind == .permanent)
            #expect(rig.files.isEmpty)
            let begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunk = String(Self.zip.count, radix: 16) + "\r\n"
            let body = Array((begun + chunk).utf8) + Self.zip + Array("\r\n0\r\n\r\n".utf8)
            let asked = Task.detached { server.answer([body]) }
            let location = TestArchives.named("http://127.0.0.1:\(server.port)/T.zip")
            #expect(try await rig.fetch(location).failure?.kind == .tooLarge)
            #expect(rig.files.isEmpty)
            _ = await asked.value
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
