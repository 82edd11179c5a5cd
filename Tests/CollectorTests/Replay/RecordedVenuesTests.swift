import Collector
import Foundation
import MarketModel
import Testing

@Suite(
    "Replay of what other venues sent", .enabled(if: Recordings.areThere, "the recordings are not beside the package"))
struct RecordedVenuesTests {
    @Test(
        "Every frame of OKX is taken: no gap, no book crossed, each checksum that of the book", arguments: [nil, 100])
    func okx(depth: Int?) throws {
        let (result, report) = try Self.replay("okx", depth: depth)
        let venue = try #require(result.venues.first)
        #expect(result.venues.count == 1 && result.framesOfNobody == 0 && venue.venue == VenueID("okx"))
        let counted = try Self.count("okx") { message, counts in
            let argument = try #require(message["arg"] as? [String: Any])
            guard let data = message["data"] as? [[String: Any]] else {
                counts.answers += 1
                return
            }
            let symbol = try #require(argument["instId"] as? String)
            switch argument["channel"] as? String {
            case "tickers": counts.notCollected += 1
            case "trades":
                for trade in data {
                    let id = try #require(trade["tradeId"] as? String)
                    counts[symbol].trades.insert(id)
                }
            default:
                let isSnapshot = message["action"] as? String == "snapshot"
                for book in data {
                    counts[symbol].take(
                        isSnapshot, bids: try Self.rows(book["bids"]), asks: try Self.rows(book["asks"]))
                    counts.checksums += book["checksum"] == nil ? 0 : 1
                }
            }
        }
        #expect(counted.checksums == 169 && venue.checksums == 169 && venue.checksumFailures == 0)
        #expect(counted.notCollected == 18)
        try Self.expect(venue, report, toEqual: counted)
    }

    @Test("Every frame of Deribit is taken: no gap, no book crossed", arguments: [nil, 100])
    func deribit(depth: Int?) throws {
        let (result, report) = try Self.replay("deribit", depth: depth)
        let venue = try #require(result.venues.first)
        #expect(result.venues.count == 1 && result.framesOfNobody == 0 && venue.venue == VenueID("deribit"))
        let counted = try Self.count("deribit") { message, counts in
            guard let parameters = message["params"] as? [String: Any] else {
                counts.answers += 1
                return
            }
            let data = try #require(parameters["data"] as? [String: Any])
            let channel = try #require(parameters["channel"] as? String)
            let symbol = try #require(data["instrument_name"] as? String)
            guard channel.hasPrefix("book.") else {
                #expect(channel.hasPrefix("ticker."))
                return
            }
            counts[symbol].take(
                data["type"] as? String == "snapshot", bids: try Self.changes(data["bids"]),
                asks: try Self.changes(data["asks"]))
        }
        #expect(venue.checksums == 0)
        try Self.expect(venue, report, toEqual: counted)
    }

    // MARK: - What was replayed

    private static func replay(_ name: String, depth: Int?) throws -> (ReplayResult, [String: Any]) {
        let folder = try #require(Recordings.folder)
        let result = try Replay.play(
            path: "\(folder)/\(name).ndjson.gz", depth: depth, repetitions: 1, makesReport: true)
        let text = try #require(result.report)
        return (result, try Self.object(Data(text.utf8)))
    }

    private static func expect(_ venue: ReplayedVenue, _ report: [String: Any], toEqual counted: Counted) throws {
        #expect(venue.refused == 0 && venue.refusedByReason.isEmpty)
        #expect(venue.gaps == 0 && venue.crossed == 0)
        #expect(venue.frames == counted.frames && venue.answers == counted.answers)
        #expect(venue.notCollected == counted.notCollected)
        let symbols = counted.symbols
        #expect(venue.instruments == UInt64(symbols.count))
        #expect(venue.snapshots == symbols.values.reduce(0) { $0 + $1.snapshots })
        #expect(venue.applied == symbols.values.reduce(0) { $0 + $1.changes })
        #expect(venue.levels == symbols.values.reduce(0) { $0 + $1.levels })
        #expect(venue.trades == symbols.values.reduce(0) { $0 + UInt64($1.trades.count) } && venue.tradesTwice == 0)
        let instruments = try #require(report["instruments"] as? [String: [String: Any]])
        for (symbol, own) in symbols {
            let key = try #require(instruments.keys.first { $0.hasSuffix(":\(symbol)") })
            let found = try #require(instruments[key])
            #expect(found["trades"] as? Int == own.trades.count && found["synced"] as? Bool == true, "\(symbol)")
            let bid = own.bids.max { $0.key < $1.key }.map { [$0.key, $0.value] }
            let ask = own.asks.min { $0.key < $1.key }.map { [$0.key, $0.value] }
            let foundBid = try Self.best(found["top_bids"])
            let foundAsk = try Self.best(found["top_asks"])
            #expect(foundBid == bid && foundAsk == ask, "\(symbol)")
        }
    }

    private static func best(_ side: Any?) throws -> [Decimal]? {
        let rows = try #require(side as? [[String]])
        return try rows.first.map { try $0.map(Self.decimal) }
    }

    // MARK: - What was recorded, counted by other means

    private struct Counted {
        struct Symbol {
            var snapshots: UInt64 = 0
            var changes: UInt64 = 0
            /// Of changes, removed ones included.
            var levels: UInt64 = 0
            var trades: Set<String> = []
            var bids: [Decimal: Decimal] = [:]
            var asks: [Decimal: Decimal] = [:]

            mutating func take(_ isSnapshot: Bool, bids: [(Decimal, Decimal)], asks: [(Decimal, Decimal)]) {
                if isSnapshot {
                    self.snapshots += 1
                    self.bids = [:]
                    self.asks = [:]
                } else {
                    self.changes += 1
                    self.levels += UInt64(bids.count + asks.count)
                }
                for (price, size) in bids { self.bids[price] = size == 0 ? nil : size }
                for (price, size) in asks { self.asks[price] = size == 0 ? nil : size }
            }
        }

        var frames: UInt64 = 0
        var answers: UInt64 = 0
        var notCollected: UInt64 = 0
        var checksums: UInt64 = 0
        var symbols: [String: Symbol] = [:]

        subscript(symbol: String) -> Symbol {
            get { self.symbols[symbol] ?? Symbol() }
            set { self.symbols[symbol] = newValue }
        }
    }

    private static func count(
        _ name: String, _ take: ([String: Any], inout Counted) throws -> Void
    ) throws -> Counted {
        let folder = try #require(Recordings.folder)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["--decompress", "--stdout", "\(folder)/\(name).ndjson.gz"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        var counted = Counted()
        for line in data.split(separator: UInt8(ascii: "\n")) {
            let object = try Self.object(line)
            guard object["direction"] as? String == "received" else { continue }
            counted.frames += 1
            let raw = try #require(object["raw"] as? String)
            try take(try Self.object(Data(raw.utf8)), &counted)
        }
        return counted
    }

    private static func object(_ text: Data) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: text)
        return try #require(object as? [String: Any])
    }

    private static func decimal(_ text: String) throws -> Decimal {
        try #require(Decimal(string: text))
    }

    /// Rows of `[price, size, …]`, texts.
    private static func rows(_ list: Any?) throws -> [(Decimal, Decimal)] {
        let rows = try #require(list as? [[String]])
        return try rows.map { (try Self.decimal($0[0]), try Self.decimal($0[1])) }
    }

    /// Rows of `[action, price, size]`, numbers.
    private static func changes(_ list: Any?) throws -> [(Decimal, Decimal)] {
        let rows = try #require(list as? [[Any]])
        return try rows.map { row in
            let price = try #require(row[1] as? Double)
            let size = try #require(row[2] as? Double)
            let isGone = row[0] as? String == "delete"
            return (try Self.decimal("\(price)"), isGone ? 0 : try Self.decimal("\(size)"))
        }
    }
}
