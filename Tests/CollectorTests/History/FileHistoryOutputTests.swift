import Backfill
import Foundation
import MarketModel
import Testing
import Venues

@testable import Collector

@Suite("Files of the past")
struct FileHistoryOutputTests {
    private static let reader = """
        import csv, glob, gzip, json, os, sys
        files = {}
        for path in glob.glob(sys.argv[1] + "/**/*.gz", recursive=True):
            with gzip.open(path, "rt") as file:
                if path.endswith(".csv.gz"): rows = list(csv.DictReader(file))
                else: rows = [json.loads(line) for line in file]
            files[os.path.relpath(path, sys.argv[1])] = rows
        print(json.dumps(files))
        """

    /// All files under a folder as Python reads them: of each its rows, by their fields.
    private static func read(_ root: String) async throws -> [String: [[String: Any]]] {
        let child = try ChildProcess("/usr/bin/python3", ["-c", Self.reader, root], in: NSTemporaryDirectory())
        let result = try await child.result()
        try #require(result.status == 0, "\(result.errors)")
        return try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: [[String: Any]]])
    }

    /// The files under a folder, the hidden ones as well.
    private static func files(_ root: String) -> [String] {
        let all = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return all.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: root + "/" + name, isDirectory: &isFolder)
                && !isFolder.boolValue
                && !name.hasSuffix("/lock") && !name.hasSuffix("/gate")
        }
    }

    private static func write(
        _ pages: [HistoryPage], of piece: HistoryPiece, to output: FileHistoryOutput
    ) async throws -> HistoryCounts {
        let files = try await output.begin(piece)
        for page in pages { try await files.write(page) }
        return try await files.finish()
    }

    @Test("Trades stand in their date's file as the venue told them", arguments: HistoryFileFormat.allCases)
    func trades(_ format: HistoryFileFormat) async throws {
        let root = HistorySamples.temporaryFolder()
        let output = try FileHistoryOutput(root: root, format: format)
        let pages = [HistorySamples.trades(1...2_000), HistorySamples.trades(2_001...3_000)]
        let counts = try await Self.write(pages, of: HistorySamples.piece(), to: output)
        #expect(counts.written == 3_000 && counts.skipped == 0)
        let files = try await Self.read(root)
        let path = "trade/binance/perpetual/BTC-USDT/2026-11-20/1795132800000-1795219200000.\(format.ending)"
        #expect(files.keys.map { $0 } == [path])
        let rows = try #require(files[path])
        #expect(rows.compactMap { $0["id"] as? String } == (1...3_000).map { "\($0)" })
        let size = try FileManager.default.attributesOfItem(atPath: root + "/" + path)[.size] as? Int
        #expect(size.map { UInt64($0) } == counts.bytes)
        let row = try #require(rows.dropFirst(2_009).first)
        #expect("\(row["price"] ?? "")" == "61737.63" && "\(row["size"] ?? "")" == "0.011")
        #expect("\(row["sequence"] ?? "")" == "2010" && "\(row["first_sequence"] ?? "")" == "2010")
        #expect("\(row["event_us"] ?? "")" == "1795132809000000" && "\(row["side"] ?? "")" == "buy")
        #expect("\(row["unit"] ?? "")" == "base" && row.count == 9)
    }

    @Test("Every kind has its columns, exact, and nothing where the venue gave nothing")
    func kinds() async throws {
        let root = HistorySamples.temporaryFolder()
        for format in HistoryFileFormat.allCases {
            let output = try FileHistoryOutput(root: root, format: format)
            for (kind, page) in HistorySamples.rows(at: HistorySamples.midnight) {
                _ = try await Self.write([page], of: HistorySamples.piece(kind), to: output)
            }
        }
        let files = try await Self.read(root)
        #expect(files.count == 14)
        let wanted: [String: [String: String?]] = [
            "kline-1m": [
                "open_us": "1795132800000000", "interval": "1m", "open": "61000.1", "high": "62000", "low": "60999.99",
                "close": "61737.63", "base_volume": "1234567890123456789.5", "quote_volume": "0",
                "contract_volume": nil, "trade_count": "42", "closed": "true",
            ],
            "bbo": [
                "event_us": "1795132800000000", "venue_sent_us": "1795132800005000",
                "venue_sequence": "3831603310013", "bid": "61737.6", "bid_size": "1.5", "ask": nil, "ask_size": nil,
                "unit": "base",
            ],
            "funding_rate": [
                "funding_us": "1795132800000000", "rate": "-0.000012", "settled_rate": nil, "accrual": "periodic",
                "interval_us": "28800000000",
            ],
            "open_interest-5m": [
                "event_us": "1795132800000000", "amount": "1234.5", "unit": "base", "base_amount": nil,
                "value_usd": "790000",
            ],
            "lsr_top_account-5m": [
                "event_us": "1795132800000000", "ratio": "1.5", "long": "0.6", "short": "0.4", "period_us": "300000000",
            ],
            "mark_price-1m": [
                "event_us": "1795132800000000", "open": "61700", "high": "61800.5", "low": "61699", "mark": "61737.63",
                "index": nil, "resolution_us": "60000000",
            ],
            "volatility_index-1m": [
                "event_us": "1795132800000000", "open": "45", "high": "47.1", "low": "44", "close": "46",
                "resolution_us": "60000000",
            ],
        ]
        for (path, rows) in files {
            let type = try #require(path.split(separator: "/").first.map { String($0) })
            let row = try #require(rows.first)
            let fields = try #require(wanted[type], "\(type)")
            #expect(rows.count == 1 && Set(row.keys) == Set(fields.keys), "\(path): \(row.keys.sorted())")
            for (name, value) in fields {
                let found = row[name].map { $0 is NSNull ? "" : "\($0)" }
                let isFlag = name == "closed" && path.hasSuffix("jsonl.gz")
                #expect(found == (isFlag ? "1" : value ?? "") || (isFlag && found == "true"), "\(path) \(name)")
            }
        }
    }

    @Test("Rows of many dates, in any order, come into the files of their dates, under one heading each")
    func dates() async throws {
        let root = HistorySamples.temporaryFolder()
        let output = try FileHistoryOutput(root: root, format: .csv)
        let start = HistorySamples.midnight
        // Nine dates, more than are open at a time, and back to each of them.
        let pages = [
            HistorySamples.trades(1...900, from: start, step: 864_000),
            HistorySamples.trades(901...1_800, from: start, step: 864_000),
        ]
        let piece = HistorySamples.piece(.trade, start..<start + 9 * HistorySamples.day)
        #expect(try await Self.write(pages, of: piece, to: output).written == 1_800)
        let files = try await Self.read(root)
        #expect(files.count == 9)
        for (path, rows) in files {
            let date = try #require(path.split(separator: "/").dropFirst(4).first)
            #expect(rows.count == 200, "\(path)")
            for row in rows {
                let time = try #require((row["event_us"] as? String).flatMap { Int64($0) })
                #expect(UTCDate(milliseconds: time / 1_000).text == date)
            }
        }
        let ids = files.values.flatMap { $0.compactMap { ($0["id"] as? String).flatMap { Int($0) } } }
        #expect(ids.sorted() == Array(1...1_800))
    }

    @Test("Nothing is seen before the end, and nothing is left of what was abandoned")
    func atomic() async throws {
        let root = HistorySamples.temporaryFolder()
        let output = try FileHistoryOutput(root: root, format: .jsonl)
        let files = try await output.begin(HistorySamples.piece())
        try await files.write(HistorySamples.trades(1...50_000, step: 1))
        #expect(try await Self.read(root).isEmpty)
        #expect(Self.files(root).count == 1)
        await files.abandon()
        #expect(Self.files(root).isEmpty)
        await #expect(throws: HistoryOutputError.self) { _ = try await files.finish() }
    }

    @Test("A piece that is done again replaces its files, also those of dates that are empty now")
    func again() async throws {
        let root = HistorySamples.temporaryFolder()
        let output = try FileHistoryOutput(root: root, format: .csv)
        let piece = HistorySamples.piece(
            .trade, HistorySamples.midnight..<HistorySamples.midnight + 2 * HistorySamples.day)
        let other = HistorySamples.piece(
            .trade, piece.rangeMilliseconds.upperBound..<piece.rangeMilliseconds.upperBound + 1)
        let late = HistorySamples.midnight + HistorySamples.day
        _ = try await Self.write([HistorySamples.trades(7...9, from: late)], of: other, to: output)
        _ = try await Self.write(
            [HistorySamples.trades(1...3), HistorySamples.trades(4...6, from: late)], of: piece, to: output)
        #expect(try await Self.read(root).count == 3)
        _ = try await Self.write([HistorySamples.trades(1...2)], of: piece, to: output)
        let files = try await Self.read(root)
        #expect(files.values.map(\.count).sorted() == [2, 3])
    }

    @Test("Equal rows give equal files")
    func equal() async throws {
        let roots = [HistorySamples.temporaryFolder(), HistorySamples.temporaryFolder()]
        var contents: [Data?] = []
        for root in roots {
            let output = try FileHistoryOutput(root: root, format: .csv)
            _ = try await Self.write([HistorySamples.trades(1...3_000)], of: HistorySamples.piece(), to: output)
            contents.append(Self.files(root).first.flatMap { FileManager.default.contents(atPath: root + "/" + $0) })
        }
        #expect(contents[0] != nil && contents[0] == contents[1])
    }

    @Test("What a killed process left is removed, not what a living one writes, and nothing of others")
    func leftovers() async throws {
        let root = HistorySamples.temporaryFolder()
        let living = try FileHistoryOutput(root: root, format: .csv)
        let files = try await living.begin(HistorySamples.piece())
        try await files.write(HistorySamples.trades(1...3))
        let dead = root + "/.partial/4194305-0"
        try FileManager.default.createDirectory(atPath: dead, withIntermediateDirectories: true)
        for name in ["lock", "1.partial", "2.partial", "notes"] {
            #expect(FileManager.default.createFile(atPath: dead + "/" + name, contents: Data("x".utf8)))
        }
        let next = try FileHistoryOutput(root: root, format: .csv)
        #expect(try FileManager.default.contentsOfDirectory(atPath: dead) == ["notes"])
        #expect(try await files.finish().written == 3)
        #expect(try await Self.read(root).count == 1)
        withExtendedLifetime(next) {}
    }

    @Test("A full disk is a passing error, and leaves nothing behind")
    func full() async throws {
        let root = HistorySamples.temporaryFolder()
        let output = try FileHistoryOutput(root: root, format: .csv)
        let folder = try #require(
            try FileManager.default.contentsOfDirectory(atPath: root + "/.partial").first { $0 != "gate" })
        // Where its first file will grow.
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/.partial/\(folder)/1.partial", withDestinationPath: "/dev/full")
        let files = try await output.begin(HistorySamples.piece())
        let error = await #expect(throws: HistoryOutputError.self) {
            try await files.write(HistorySamples.trades(1...3))
            _ = try await files.finish()
        }
        #expect(error?.kind == .unavailable && error?.description.contains("No space left") == true, "\(error as Any)")
        await files.abandon()
        #expect(Self.files(root).isEmpty)
        #expect(
            try await Self.write([HistorySamples.trades(1...3)], of: HistorySamples.piece(), to: output).written == 3)
    }

    @Test("A folder that cannot be one is no passing error")
    func unusable() throws {
        let root = HistorySamples.temporaryFolder() + "/file"
        #expect(FileManager.default.createFile(atPath: root, contents: nil))
        let error = #expect(throws: HistoryOutputError.self) { try FileHistoryOutput(root: root, format: .csv) }
        #expect(error?.kind == .refused)
    }
}
