import Glibc
import MarketModel
import Synchronization
import Testing
import TestSupport
import Transport
import Venues

@testable import Backfill
@testable import Resilience

/// A host of archives on loopback, and what fetches from it, on a clock that stands still.
final class ArchiveRig: Sendable {
    static let path = "/data/T-2026-07-21.zip"
    static let checksumPath = "/data/T-2026-07-21.zip.CHECKSUM"
    /// 2026-07-21.
    static let day: Range<Int64> = 1_784_592_000_000..<1_784_678_400_000

    let clock = ManualClock()
    let host = ArchiveHost()
    let client: HTTPClient
    let port: Int
    let folder: String
    private let loop: ServiceLoop
    private let server: HTTPServer
    private let core: RequestCore<ManualClock>
    private let settings: ArchiveSettings

    private init(adjust: (inout ArchiveSettings) -> Void) async throws {
        var template = Array("/tmp/archives-XXXXXX".utf8CString)
        self.folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        self.loop = ServiceLoop(options: ServiceLoopOptions(name: "archive-test"))
        try self.loop.start()
        let host = self.host
        self.server = HTTPServer(
            loop: self.loop, configuration: HTTPServerConfiguration(), onRequest: { host.answer($0) })
        self.port = try await self.server.start()
        var settings = ArchiveSettings(folder: "\(self.folder)/history/downloads")
        settings.addresses[TestArchives.venue] = "http://127.0.0.1:\(self.port)"
        adjust(&settings)
        self.settings = settings
        self.client = try HTTPClient(loop: self.loop, configuration: settings.client())
        self.core = RequestCore(clock: self.clock)
    }

    /// Runs `body` with a host, then ends everything and removes the folder.
    static func with(
        adjust: (inout ArchiveSettings) -> Void = { _ in }, _ body: (ArchiveRig) async throws -> Void
    ) async throws {
        let rig = try await ArchiveRig(adjust: adjust)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(rig))
        } catch {
            outcome = .failure(error)
        }
        await rig.client.close()
        await rig.server.stop()
        rig.loop.stop()
        system("rm -r '\(rig.folder)'")
        try outcome.get()
    }

    /// Another process: it knows of the earlier one only what lies on disk.
    ///
    /// - Parameter day: Which day it is, counted from 1970.
    func fetcher(decoder: TestDecoder.Kind = .trades, day: Int64 = 0) throws -> ArchiveFetcher<ManualClock> {
        var rest = VenueRESTSettings()
        rest.hosts[TestArchives.segment] = .init(isSecure: false, host: "127.0.0.1", port: self.port)
        return try ArchiveFetcher(
            settings: self.settings, client: self.client, core: self.core,
            rest: VenueREST(settings: rest, client: self.client, core: self.core, wallMilliseconds: { 0 }),
            venues: { $0 == TestArchives.venue ? TestArchives(decoder: decoder) : nil },
            wallMicroseconds: { day * 86_400_000_000 })
    }

    /// Fetches the archive of the day with a process of its own, all waits cut short.
    func fetch(
        _ location: ArchiveLocation = TestArchives.named(), range: Range<Int64> = ArchiveRig.day,
        decoder: TestDecoder.Kind = .trades
    ) async throws -> Fetched {
        let fetcher = try self.fetcher(decoder: decoder)
        return try await self.passingTime { await self.fetched(location, range: range, by: fetcher) }
    }

    /// Runs `body` while the clock jumps to whatever is slept for.
    func passingTime<Value>(_ body: () async throws -> Value) async throws -> Value {
        let clock = self.clock
        let time = Task {
            while !Task.isCancelled {
                if let next = clock.nextDeadline, next > clock.now.offset {
                    clock.advance(by: next - clock.now.offset)
                }
                await Task.yield()
            }
        }
        defer { time.cancel() }
        return try await body()
    }

    func fetched(
        _ location: ArchiveLocation = TestArchives.named(), range: Range<Int64> = ArchiveRig.day,
        by fetcher: ArchiveFetcher<ManualClock>
    ) async -> Fetched {
        var fetched = Fetched()
        do throws(ArchiveFailure) {
            fetched.counts = try await fetcher.fetch(location, instrument: TestArchives.instrument, range: range) {
                fetched.take($0)
            }
        } catch {
            fetched.failure = error
        }
        return fetched
    }

    /// Names of what is in the folder of downloads.
    var files: [String] {
        (try? ArchiveFile.list(self.settings.folder).map(\.name).sorted()) ?? []
    }

    /// Descriptors of this process that stand for files of the folder of downloads.
    var openFiles: Int {
        (0..<1_024).count { number in
            var buffer = [CChar](repeating: 0, count: 4_096)
            let count = readlink("/proc/self/fd/\(number)", &buffer, buffer.count)
            guard count > 0 else { return false }
            return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).hasPrefix(
                self.folder)
        }
    }

    /// The size of the only part; nil where there is none, or more.
    var partBytes: Int? {
        let parts = (try? ArchiveFile.list(self.settings.folder).filter { $0.name.hasSuffix(".part") }) ?? []
        return parts.count == 1 ? parts[0].bytes : nil
    }

    /// Waits, ten seconds at most of real time, until a condition holds.
    func eventually(_ condition: () async -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if await condition() { return true }
            await Task.yield()
        }
        return false
    }
}

/// What came of a fetch.
struct Fetched: Sendable {
    var counts: ArchiveCounts?
    var failure: ArchiveFailure?
    /// `id price size`, read through the pages' own bytes and scales.
    var rows: [String] = []
    /// Rows of each page.
    var pages: [Int] = []

    mutating func take(_ page: HistoryPage) {
        self.pages.append(page.rows.count)
        for row in page.rows {
            guard case .trade(let trade) = row else { continue }
            let id = page.bytes[Int(trade.id.offset)..<Int(trade.id.offset + trade.id.count)]
            let price = FixedPoint.text(trade.price, scale: page.scales.price)
            let size = FixedPoint.text(trade.size, scale: page.scales.size)
            self.rows.append("\(String(decoding: id, as: UTF8.self)) \(price) \(size)")
        }
    }
}
