import Foundation
import Publishing
import Testing

@testable import Collector

@Suite("The ledger, folded and drawn")
struct GapReportTests {
    private static let subject = GapSubject(
        venue: "binance", market: "spot", symbol: "BTC-USDT", venueSymbol: "BTCUSDT")

    private static func entry(
        _ number: UInt64, of kind: GapKind = .messages(.trade), cause: GapCause = .tradeJump,
        subject: GapSubject = Self.subject, range: GapRange? = GapRange(.tradeID, from: "101", to: "110"),
        from: Int64 = 1_763_719_200_123_456, to: Int64? = 1_763_719_201_000_000, missing: UInt64? = 10,
        repaired: UInt64 = 0
    ) -> GapEntry {
        GapEntry(
            id: GapEntry.id(instance: "i", boot: "b", number: number), subject: subject, of: kind, cause: cause,
            range: range, fromMicroseconds: from, toMicroseconds: to, missing: missing, repaired: repaired,
            receivedMicroseconds: 1_763_719_202_000_000)
    }

    private static func payload(_ entry: GapEntry) -> Data {
        let encoder = JSONMessageEncoder()
        return Data(
            (encoder.prefix(entry.subject, instance: "i", boot: "b") + encoder.text(entry, number: 1)).utf8)
    }

    private static func report(
        _ entries: [GapEntry], filter: GapReport.Filter = .init(), limit: Int = 100
    ) -> GapReport {
        var report = GapReport(filter: filter, limit: limit)
        for entry in entries { report.add(payload: Self.payload(entry)) }
        return report
    }

    @Test("A later message with an id replaces the former")
    func fold() {
        let report = Self.report([
            Self.entry(2, from: 7), Self.entry(1, from: 9), Self.entry(2, from: 7, repaired: 4),
        ])
        #expect(report.entries.map(\.id) == ["i:b:2", "i:b:1"])
        #expect(report.entries.map(\.repaired) == [4, 0] && report.entries.map(\.stillMissing) == [6, 10])
        #expect(report.messages == 3)
    }

    @Test("A message that stands behind a later one of its id, since a full spool carried it on, replaces nothing")
    func carried() {
        var old = Self.entry(1, repaired: 0)
        old.receivedMicroseconds -= 1
        let report = Self.report([Self.entry(1, repaired: 4), old])
        #expect(report.entries.map(\.repaired) == [4] && report.messages == 2)
    }

    @Test("Only what is asked for is kept, by symbol of either kind, type and cause")
    func filter() {
        let other = GapSubject(venue: "binance", market: "spot", symbol: "ETH-USDT", venueSymbol: "ETHUSDT")
        let connection = GapSubject(venue: "binance")
        let entries = [
            Self.entry(1), Self.entry(2, subject: other), Self.entry(3, of: .messages(.bbo), cause: .queueFull),
            Self.entry(4, of: .connection, cause: .reconnect, subject: connection, range: nil, missing: nil),
        ]
        func ids(_ filter: GapReport.Filter) -> [String] { Self.report(entries, filter: filter).entries.map(\.id) }
        #expect(ids(.init(symbols: ["ETH-USDT"])) == ["i:b:2"])
        #expect(ids(.init(symbols: ["BTCUSDT"])) == ["i:b:1", "i:b:3"])
        #expect(ids(.init(types: ["connection", "bbo"])) == ["i:b:3", "i:b:4"])
        #expect(ids(.init(symbols: ["BTC-USDT"], causes: ["trade_jump"])) == ["i:b:1"])
        #expect(ids(.init()).count == 4)
    }

    @Test("Past the limit those that began first go, and it is said that they did")
    func limit() {
        let report = Self.report((1...1_000).map { Self.entry($0, from: Int64($0)) }.shuffled(), limit: 40)
        #expect(report.entries.map(\.fromMicroseconds) == Array(961...1_000))
        #expect(!report.isComplete)
        #expect(
            GapTable(style: .plain).lines(report).last
                == "these are the 40 that began last; earlier ones are left out, for --limit")
    }

    @Test("What is no gap of this version is counted and passed over")
    func unreadable() {
        var report = GapReport()
        let texts = [
            "", "{", "[]", "5", #"{"v":1,"type":"gap"}"#, String(repeating: "[", count: 4_000),
            String(repeating: " ", count: 5_000),
        ]
        for text in texts { report.add(payload: Array(text.utf8)) }
        let next = String(decoding: Self.payload(Self.entry(1)), as: UTF8.self)
        report.add(payload: Data(next.replacingOccurrences(of: "\"v\":1", with: "\"v\":2").utf8))
        report.add(payload: Data(next.replacingOccurrences(of: "\"gap\"", with: "\"trade\"").utf8))
        #expect(report.unreadable == texts.count + 2 && report.entries.isEmpty)
        #expect(
            GapTable(style: .plain).lines(report) == [
                "no losses on record", "9 messages of the stream are no gap of schema version 1",
            ])
    }

    @Test("Totals add up by cause; what nobody can know is counted as that, and no sum wraps")
    func totals() {
        let report = Self.report([
            Self.entry(1, missing: .max, repaired: 1), Self.entry(2, to: nil, missing: 5, repaired: 5),
            Self.entry(3, cause: .crossed, range: nil, missing: nil),
        ])
        let totals = GapReport.totals(report.entries)
        #expect(totals.map(\.cause) == ["crossed", "trade_jump"])
        #expect(totals.map(\.missing) == [0, .max] && totals.map(\.stillMissing) == [0, .max - 1])
        #expect(totals.map(\.uncounted) == [1, 0] && totals.map(\.lasting) == [0, 1])
        #expect(totals.map(\.repaired) == [0, 6] && totals.map(\.entries) == [1, 2])
    }

    @Test("The table says when, what, why and how many")
    func table() {
        let midnight: Int64 = 1_763_769_599_999_000
        let report = Self.report([
            Self.entry(1, repaired: 4),
            Self.entry(
                2, of: .connection, cause: .reconnect, subject: GapSubject(venue: "binance", market: "spot"),
                range: nil, from: midnight, to: nil, missing: nil),
            Self.entry(
                3, of: .messages(.orderbookDelta), cause: .queueFull, range: GapRange(.number, from: "7", to: "9"),
                from: midnight, to: midnight + 1_000, missing: 3, repaired: 3),
        ])
        let lines = GapTable(style: .plain).lines(report)
        let words = lines.map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            words == [
                "FROM (UTC) TO VENUE MARKET SYMBOL OF CAUSE RANGE MISSING REPAIRED STILL MISSING",
                "2025-11-21 10:00:00.123 10:00:01.000 binance spot BTC-USDT trade trade_jump 101..110 10 4 6",
                "2025-11-21 23:59:59.999 lasts binance spot - connection reconnect - ? 0 ?",
                "2025-11-21 23:59:59.999 2025-11-22 00:00:00.000 binance spot BTC-USDT orderbook_delta queue_full n 7..9 3 3 0",
                "", "queue_full: entries 1, missing 3, repaired 3, still missing 0",
                "reconnect: entries 1, missing 0, repaired 0, still missing 0, of unknown size 1, lasting 1",
                "trade_jump: entries 1, missing 10, repaired 4, still missing 6",
            ])
        // Columns stand under each other.
        #expect(Set(lines.prefix(4).map(TerminalText.width)).count == 1)
        let narrow = GapTable(columns: 60, style: .plain).lines(report)
        #expect(narrow.allSatisfy { TerminalText.width(of: $0) <= 60 })
    }

    @Test("Hostile text does not reach the terminal raw, and absurd times are no trap")
    func hostile() {
        let subject = GapSubject(venue: "\u{1b}[2J", market: "\u{202e}", symbol: "\u{9b}x\u{7}")
        let range = GapRange(.venueSequence, from: "\u{1b}]0;x\u{7}", to: String(repeating: "9", count: 900))
        let report = Self.report([
            Self.entry(1, subject: subject, range: range, from: .min, to: .max, missing: .max),
            Self.entry(2, subject: subject, range: range, from: .max, to: .min),
        ])
        let text = GapTable(style: .plain).lines(report).joined()
        #expect(text.unicodeScalars.allSatisfy { ![0x1B, 0x7, 0x9B, 0x202E].contains($0.value) })
        #expect(text.contains("\\u{1b}[2J"))
    }

    @Test("One JSON document holds entries, totals and what was left out")
    func json() throws {
        let hostile = GapSubject(venue: "a\"\u{1b}", symbol: "b\\")
        var report = Self.report([Self.entry(1, repaired: 4), Self.entry(2, subject: hostile, to: nil, missing: nil)])
        report.add(payload: Data("x".utf8))
        let text = GapTable.json(report)
        let object = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let entries = try #require(object["entries"] as? [[String: Any]])
        #expect(entries.count == 2 && !text.contains("\n"))
        let first = try #require(entries.first { $0["id"] as? String == "i:b:1" })
        #expect(
            first["still_missing"] as? Int == 6 && first["from"] as? String == "101"
                && first["of"] as? String == "trade")
        let second = try #require(entries.first { $0["id"] as? String == "i:b:2" })
        #expect(second["venue"] as? String == "a\"\u{1b}" && second["to_us"] is NSNull && second["missing"] is NSNull)
        let totals = try #require(object["totals"] as? [[String: Any]])
        #expect(totals.count == 1 && totals[0]["of_unknown_size"] as? Int == 1 && totals[0]["missing"] as? Int == 10)
        #expect(
            object["messages"] as? Int == 3 && object["unreadable"] as? Int == 1 && object["complete"] as? Bool == true)
    }
}
