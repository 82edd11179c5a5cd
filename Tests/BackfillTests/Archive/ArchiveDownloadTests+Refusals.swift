import Glibc
import Testing
import TestSupport

@testable import Backfill
@testable import Resilience

/// Checksums that do not fit, and what a host answers in place of a file.
extension ArchiveDownloadTests {
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
}
