import Backfill
import ExchangeSimulator
import Foundation
import Logging
import MarketModel
import Testing
import Venues

@testable import Collector

@Suite("The past of three venues, over real sockets", .serialized, .timeLimit(.minutes(5)))
struct HistoryServiceTests {
    private static let day: Int64 = 86_400_000

    /// A simulated exchange with a past, and a configuration that collects from it into a folder.
    private struct Rig {
        let exchange: SimulatedExchange
        let configuration: Configuration
        let folder: URL

        var output: String { "files:jsonl:\(self.folder.path)/out" }

        static func with(_ body: (Rig) async throws -> Void) async throws {
            var settings = SimulatorConfiguration(segments: [.spot, .usdm, .coinm, .okxSwap, .deribitPerpetual])
            settings.past.days = 12
            settings.past.tradesPerDay = 800
            settings.past.keepsRetention = false
            let exchange = SimulatedExchange(configuration: settings)
            let endpoints = try await exchange.start()
            let folder = FileManager.default.temporaryDirectory.appending(path: "past-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var configuration = Configuration(instance: "past")
            configuration.stateDirectory = folder.appending(path: "state").path
            configuration.history.retryBase = .milliseconds(100)
            configuration.history.retryCap = .milliseconds(500)
            if let address = exchange.archiveURL.flatMap({ Endpoint(text: $0, schemes: [.http]) }) {
                configuration.history.addresses[Binance.id] = address
                configuration.history.addresses[OKX.id] = address
            }
            for segment in VenueCatalog.segments
            where ["spot", "usdm", "coinm", "swap", "perpetual"].contains(segment.id.name) {
                configuration.venues[segment.id] = SegmentSettings(segment)
            }
            SimulatorLauncher.redirect(&configuration, to: endpoints)
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await body(Rig(exchange: exchange, configuration: configuration, folder: folder)))
            } catch {
                result = .failure(error)
            }
            await exchange.stop()
            try? FileManager.default.removeItem(at: folder)
            try result.get()
        }

        /// Opens a session, adds a job where one is given, and works until all is done.
        func work(_ order: HistoryJobOrder? = nil) async throws {
            let session = try HistorySession(
                self.configuration, natsURL: nil, log: Logger(label: "past") { _ in SwiftLogNoOpLogHandler() })
            let result: Result<Void, any Error>
            do {
                if let order { try await session.service.add(order) }
                result = .success(try await session.service.run(untilDone: true))
            } catch {
                result = .failure(error)
            }
            await session.close()
            try result.get()
        }

        func store() throws -> HistoryStore { try HistorySession.openStore(self.configuration) }

        /// All rows that stand in files of one kind and symbol, in the order of the files.
        func rows(_ kind: String, _ venue: String) throws -> [[String: Any]] {
            let root = self.folder.appending(path: "out/\(kind)/\(venue)")
            guard let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil) else {
                return []
            }
            let paths = files.compactMap { ($0 as? URL)?.path }.filter { $0.hasSuffix(".gz") }.sorted()
            return try paths.flatMap { path in
                let unpacked = Process()
                unpacked.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                unpacked.arguments = ["gzip", "-dc", path]
                let pipe = Pipe()
                unpacked.standardOutput = pipe
                try unpacked.run()
                let data = pipe.fileHandleForReading.readDataToEndOfFile()
                unpacked.waitUntilExit()
                return try data.split(separator: UInt8(ascii: "\n")).map { line in
                    try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
                }
            }
        }
    }

    /// The last whole day before yesterday: archives have it.
    private static var range: Range<Int64> {
        let today = Int64(Date().timeIntervalSince1970 * 1_000) / Self.day * Self.day
        return today - 3 * Self.day..<today - Self.day
    }

    private static let series: [(series: HistorySeries, segment: MarketSegment)] = [
        (HistorySeries(SegmentID(Binance.id, "spot"), symbol: "BTCUSDT", kind: .trade), .spot),
        (HistorySeries(SegmentID(Binance.id, "usdm"), symbol: "BTCUSDT", kind: .kline(.minute5)), .usdm),
        (HistorySeries(SegmentID(Binance.id, "usdm"), symbol: "BTCUSDT", kind: .openInterest(.minute5)), .usdm),
        (HistorySeries(SegmentID(Binance.id, "coinm"), symbol: "ETHUSD_PERP", kind: .bbo), .coinm),
        (HistorySeries(SegmentID(OKX.id, "swap"), symbol: "BTC-USDT-SWAP", kind: .trade), .okxSwap),
        (HistorySeries(SegmentID(OKX.id, "swap"), symbol: "BTC-USDT-SWAP", kind: .fundingRate), .okxSwap),
        (
            HistorySeries(SegmentID(Deribit.id, "perpetual"), symbol: "BTC-PERPETUAL", kind: .kline(.hour1)),
            .deribitPerpetual
        ),
    ]

    /// Compares times, and ids of trades, with the exchange's own.
    private static func check(_ rig: Rig) async throws {
        for (series, segment) in Self.series {
            let kind = try #require(PastKind(series.kind.description))
            let truth = try #require(
                await rig.exchange.past(
                    kind, of: series.symbol, in: segment, from: Self.range.lowerBound, to: Self.range.upperBound))
            let folder = series.kind.description.replacingOccurrences(of: ":", with: "-")
            let rows = try rig.rows(folder, series.segment.venue.name)
            let key =
                series.kind == .trade
                ? "event_us"
                : series.kind.type == .kline ? "open_us" : series.kind == .fundingRate ? "funding_us" : "event_us"
            let times = rows.compactMap { ($0[key] as? Int64).map { $0 / 1_000 } }
            #expect(times.sorted() == truth.map(\.milliseconds), "\(series)")
            #expect(!truth.isEmpty)
            if series.kind == .trade {
                let ids = rows.compactMap { ($0["sequence"] as? String).flatMap { UInt64($0) } }
                #expect(ids.sorted() == truth.compactMap(\.id).sorted(), "\(series)")
                #expect(Set(rows.compactMap { $0["price"] as? String }) == Set(truth.compactMap { $0.values["price"] }))
            }
            if series.kind == .bbo {
                let quotes = rows.map { row in
                    ["venue_sequence", "bid", "bid_size", "ask", "ask_size"].map { row[$0] as? String }
                }
                let wanted = truth.map { row in
                    [row.id.map(String.init)] + ["bid", "bid_size", "ask", "ask_size"].map { row.values[$0] }
                }
                #expect(quotes == wanted, "\(series)")
                #expect(rows.allSatisfy { $0["unit"] as? String == "contracts" && $0["venue_sent_us"] is Int64 })
            }
            if series.kind.type == .kline {
                #expect(rows.compactMap { $0["close"] as? String } == truth.compactMap { $0.values["close"] })
            }
        }
    }

    private static func order(_ name: String, _ rig: Rig) -> HistoryJobOrder {
        HistoryJobOrder(
            name: name, series: Self.series.map(\.series), rangeMilliseconds: Self.range, output: rig.output)
    }

    @Test("Each row is the exchange's, once, and what is complete is not asked for again")
    func undisturbed() async throws {
        try await Rig.with { rig in
            try await rig.work(Self.order("first", rig))
            try await Self.check(rig)
            let asked = try #require(await rig.exchange.state()).counters.requests
            try await rig.work(Self.order("second", rig))
            let store = try rig.store()
            defer { store.close() }
            let jobs = try await store.jobs()
            #expect(jobs.map(\.state) == [.ended, .ended])
            #expect(jobs.map(\.piecesDone)[0] == 0)
            #expect(jobs.allSatisfy { $0.piecesFailed == 0 && $0.coveredMilliseconds == $0.totalMilliseconds })
            // The lists of three sections and what the venues have of a series are asked for, rows are not.
            #expect(try #require(await rig.exchange.state()).counters.requests - asked <= 10)
        }
    }

    @Test("Of quotes parts of days are fetched; what no archive has ends as a failed piece with the reason")
    func quotes() async throws {
        try await Rig.with { rig in
            let series = HistorySeries(SegmentID(Binance.id, "usdm"), symbol: "BTCUSDT", kind: .bbo)
            let range = (Self.range.lowerBound + 3_600_000)..<(Self.range.upperBound - 3_600_000)
            try await rig.work(
                HistoryJobOrder(name: "parts", series: [series], rangeMilliseconds: range, output: rig.output))
            let truth = try #require(
                await rig.exchange.past(
                    .bbo, of: "BTCUSDT", in: .usdm, from: range.lowerBound, to: range.upperBound))
            let rows = try rig.rows("bbo", "binance")
            #expect(rows.compactMap { $0["venue_sequence"] as? String } == truth.compactMap { $0.id.map(String.init) })
            #expect((7_000..<8_000).contains(truth.count))

            // Two days that lie before all that the exchange has, and one that it has no file of yet.
            let early = Self.range.lowerBound - 14 * Self.day
            let late = Self.range.upperBound
            for (name, gone) in [("early", early..<early + 2 * Self.day), ("late", late..<late + Self.day / 2)] {
                try await rig.work(
                    HistoryJobOrder(name: name, series: [series], rangeMilliseconds: gone, output: rig.output))
            }
            let store = try rig.store()
            defer { store.close() }
            let jobs = try await store.jobs()
            #expect(jobs.allSatisfy { $0.state != .running } && jobs.count == 3)
            let failed = Dictionary(uniqueKeysWithValues: jobs.map { ($0.name, $0.piecesFailed) })
            #expect(failed == ["parts": 0, "early": 2, "late": 1])
            let failures = try await store.failures(limit: 10)
            #expect(failures.count == 3)
            #expect(failures.allSatisfy { $0.error.contains("Binance serves no bbo of USD-M futures over REST") })
            #expect(try rig.rows("bbo", "binance").count == rows.count)
        }
    }

    @Test("Quotes are served of Binance's futures alone")
    func served() throws {
        for segment in VenueCatalog.segments {
            let isServed = segment.id.venue == Binance.id && segment.id.name != "spot"
            #expect(HistoryOrder.serves(.bbo, segment, Wanted(types: [.trade])) == isServed, "\(segment.id)")
        }
        let usdm = try #require(VenueCatalog.segment(BinanceSegment.usdm.id))
        // Archives alone have single trades of futures.
        let single = Wanted(types: [.trade], options: ["trade_stream": "trade"])
        #expect(
            HistoryOrder.serves(.trade, usdm, single) && !HistoryOrder.serves(.volatilityIndex(.hour1), usdm, single))
        #expect(HistoryKind("bbo") == .bbo && HistoryKind("bbo:1m") == nil && HistoryKind.bbo.description == "bbo")
    }

    @Test("The same with archives that are cut, wrong and changed, and requests that fail")
    func faults() async throws {
        try await Rig.with { rig in
            await rig.exchange.setRate(.truncatedArchive, to: 0.3, ofArchives: true)
            await rig.exchange.setRate(.wrongChecksum, to: 0.2, ofArchives: true)
            await rig.exchange.setRate(.serverError, to: 0.1, ofArchives: false)
            await rig.exchange.setRate(.cutAnswer, to: 0.1, ofArchives: false)
            try await rig.work(Self.order("faulty", rig))
            try await Self.check(rig)
            let store = try rig.store()
            defer { store.close() }
            #expect(try await store.jobs().first?.piecesFailed == 0)
        }
    }

    @Test("Stopped again and again, the work ends with each row once")
    func stopped() async throws {
        try await Rig.with { rig in
            let store = try rig.store()
            defer { store.close() }
            _ = try await store.add(Self.order("stopped", rig), nowMilliseconds: Self.range.upperBound)
            for round in 0..<6 {
                let task = Task { try await rig.work() }
                try await Task.sleep(for: .milliseconds(60 + 40 * round))
                task.cancel()
                _ = await task.result
            }
            try await rig.work()
            try await Self.check(rig)
        }
    }
}
