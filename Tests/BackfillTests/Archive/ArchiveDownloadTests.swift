import Glibc
import Testing
import TestSupport
import Transport

@testable import Backfill
@testable import Resilience

@Suite("Archives that are fetched", .timeLimit(.minutes(1)))
struct ArchiveDownloadTests {
    static let rows = 400
    static let zip = TestZip.of(TestZip.table(Self.rows))
    /// Of as many bytes, so that only its validator tells it apart.
    static let otherZip: [UInt8] = {
        var other = Self.zip
        other[other.count - 1] ^= 1
        return other
    }()

    static func file(_ zip: [UInt8] = Self.zip, tag: String? = "\"1\"") -> ArchiveHost.File {
        ArchiveHost.File(body: zip, entityTag: tag)
    }

    func expectWhole(_ fetched: Fetched, _ rig: ArchiveRig) {
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

}
