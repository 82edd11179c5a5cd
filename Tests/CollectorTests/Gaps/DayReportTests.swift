import Foundation
import Publishing
import Testing

@testable import Collector

@Suite("A day of the ledger")
struct DayReportTests {
    private static let second: Int64 = 1_000_000
    private static let hour: Int64 = 3_600 * Self.second
    /// 2025-11-21 10:00:00 UTC.
    private static let now: Int64 = 1_763_719_200 * Self.second
    private static let from = Self.now - 24 * Self.hour
    /// A boot of 20 hours ago, and one of an hour ago.
    private static let early = Self.boot(Self.now - 20 * Self.hour)
    private static let late = Self.boot(Self.now - Self.hour)

    private static func boot(_ microseconds: Int64) -> String { String(microseconds / 1_000, radix: 36) }

    private static func entry(
        _ number: UInt64, _ subject: GapSubject, of kind: GapKind, _ cause: GapCause, from: Int64, to: Int64?,
        missing: UInt64? = nil, repaired: UInt64 = 0, boot: String = Self.late
    ) throws -> GapMessage {
        let entry = GapEntry(
            id: GapEntry.id(instance: "i", boot: boot, number: number), subject: subject, of: kind, cause: cause,
            fromMicroseconds: from, toMicroseconds: to, missing: missing, repaired: repaired,
            receivedMicroseconds: Self.now)
        let encoder = JSONMessageEncoder()
        let text = encoder.prefix(subject, instance: "i", boot: boot) + encoder.text(entry, number: 1)
        return try #require(GapMessage(payload: Data(text.utf8)))
    }

    private static func connection(_ name: String) -> GapSubject {
        GapSubject(venue: "binance", symbol: "_conn-" + name)
    }

    private static func book(_ symbol: String) -> GapSubject {
        GapSubject(venue: "binance", market: "spot", symbol: symbol)
    }

    private static func beat(
        _ boot: String = Self.late, uptime: Int64 = Self.hour, at time: Int64 = Self.now - Self.second,
        audits: String = ""
    ) throws -> HeartbeatMessage {
        let text =
            #"{"v":1,"type":"heartbeat","instance":"i","boot":"\#(boot)","received_us":\#(time),"uptime_us":\#(uptime),"period_us":10000000\#(audits),"later":{}}"#
        return try #require(HeartbeatMessage(payload: Data(text.utf8)))
    }

    private static func state(
        _ name: String, _ state: String = "live", boot: String = Self.late, at time: Int64 = Self.now - Self.hour
    ) throws -> StatusMessage {
        let text =
            #"{"v":1,"type":"status","instance":"i","boot":"\#(boot)","received_us":\#(time),"scope":"connection","name":"\#(name)","state":"\#(state)","previous":null}"#
        return try #require(StatusMessage(payload: Data(text.utf8)))
    }

    @Test("Availability is the share of the time in which a connection brought data, overlaps counted once")
    func availability() throws {
        var sources = DayReport.Sources()
        sources.heartbeats = [try Self.beat(Self.early, uptime: 20 * Self.hour - Self.second)]
        sources.connections = [
            try Self.state("binance-spot-0", boot: Self.early), try Self.state("binance-spot-1", boot: Self.early),
            try Self.state("okx-swap-public-0", boot: Self.early),
        ]
        let name = Self.connection("binance-spot-0")
        sources.entries = [
            // An hour in all: the second overlaps the first, the third was over before anything is known.
            try Self.entry(
                1, name, of: .connection, .reconnect, from: Self.now - 4 * Self.hour, to: Self.now - 3 * Self.hour,
                boot: Self.early),
            try Self.entry(
                2, name, of: .connection, .reconnect, from: Self.now - 4 * Self.hour + Self.second,
                to: Self.now - 3 * Self.hour - Self.second, boot: Self.early),
            try Self.entry(
                3, name, of: .connection, .reconnect, from: Self.from - 9 * Self.hour, to: Self.from - Self.hour,
                boot: Self.early),
            // Lasts.
            try Self.entry(
                4, Self.connection("okx-swap-public-0"), of: .connection, .reconnect, from: Self.now - 5 * Self.hour,
                to: nil, boot: Self.early),
        ]
        let report = DayReport(sources, from: Self.from, now: Self.now)
        #expect(report.knownFrom == Self.now - 20 * Self.hour)
        #expect(report.connections.map(\.name) == ["okx-swap-public-0", "binance-spot-0", "binance-spot-1"])
        #expect(report.connections.map(\.missingMicroseconds) == [5 * Self.hour, Self.hour, 0])
        #expect(report.connections.map(\.share) == [0.75, 0.95, 1])
        #expect(report.sections.map(\.name) == ["binance-spot", "okx-swap"])
        #expect(report.sections.map(\.connections) == [2, 1] && report.sections[0].share == 0.975)
        #expect(report.sections.map(\.losses) == [2, 1])
    }

    @Test("The time in which no collector ran counts against each connection, and is told of the collector")
    func restarts() throws {
        var sources = DayReport.Sources()
        sources.heartbeats = [try Self.beat()]
        sources.connections = [try Self.state("binance-spot-0")]
        let name = Self.connection("binance-spot-0")
        let gone = Self.now - 3 * Self.hour
        sources.entries = [
            // The process before died in the middle of a loss, which nobody ended.
            try Self.entry(1, name, of: .connection, .reconnect, from: gone - Self.hour, to: nil, boot: Self.early),
            try Self.entry(
                2, Self.book("A-B"), of: .messages(.orderbook), .sequenceGap, from: gone - Self.hour, to: nil,
                boot: Self.early),
            try Self.entry(
                1, name, of: .connection, .restart, from: gone, to: Self.now - Self.hour + 9 * Self.second),
        ]
        let report = DayReport(sources, from: Self.from, now: Self.now)
        let instance = try #require(report.instances.first)
        #expect(instance.restarts == 1 && instance.awayMicroseconds == 2 * Self.hour && instance.lives)
        #expect(instance.startedAt == Self.now - Self.second - Self.hour)
        // From the beginning of the loss to the first data.
        #expect(report.connections.map(\.missingMicroseconds) == [3 * Self.hour + 9 * Self.second])
        // Of a book it is not known better than that the next process began anew.
        #expect(report.resyncs.map(\.lasting) == [0])
        #expect(report.resyncs.map(\.voidMicroseconds) == [3 * Self.hour - Self.second])
    }

    @Test("A collector that is not heard of any more is away until now; a connection that was given up is not missing")
    func away() throws {
        var sources = DayReport.Sources()
        sources.heartbeats = [try Self.beat(Self.early, uptime: 19 * Self.hour, at: Self.now - Self.hour)]
        sources.connections = [try Self.state("binance-spot-0", boot: Self.early)]
        let dead = DayReport(sources, from: Self.from, now: Self.now)
        #expect(dead.instances.map(\.lives) == [false] && dead.instances[0].awayMicroseconds == Self.hour)
        #expect(dead.connections.map(\.share) == [0.95])

        sources.heartbeats = [try Self.beat(Self.early, uptime: 20 * Self.hour - Self.second)]
        sources.connections = [
            try Self.state("binance-spot-0", "stopped", boot: Self.early, at: Self.now - 10 * Self.hour)
        ]
        let removed = DayReport(sources, from: Self.from, now: Self.now)
        #expect(removed.connections.map(\.watchedMicroseconds) == [10 * Self.hour])
        #expect(removed.connections.map(\.share) == [1])
    }

    @Test("Losses, repairs, resyncs and audits add up")
    func sums() throws {
        var sources = DayReport.Sources()
        sources.heartbeats = [try Self.beat(audits: #","audits_compared":812,"audits_mismatched":1"#)]
        let at = Self.now - Self.hour / 2
        func trade(_ number: UInt64, _ cause: GapCause, _ missing: UInt64, _ repaired: UInt64) throws -> GapMessage {
            try Self.entry(
                number, Self.book("A-B"), of: .messages(.trade), cause, from: at, to: at, missing: missing,
                repaired: repaired)
        }
        func book(_ number: UInt64, _ symbol: String, _ cause: GapCause, seconds: Int64?) throws -> GapMessage {
            try Self.entry(
                number, Self.book(symbol), of: .messages(.orderbook), cause, from: at,
                to: seconds.map { at + $0 * Self.second })
        }
        sources.entries = [
            try trade(1, .tradeJump, 10, 10), try trade(2, .tradeJump, 10, 4), try trade(3, .restart, 5, 0),
            try book(4, "A-B", .sequenceGap, seconds: 3), try book(5, "A-B", .sequenceGap, seconds: 1),
            try book(6, "C-D", .sequenceGap, seconds: 2), try book(7, "A-B", .mismatch, seconds: nil),
        ]
        let report = DayReport(sources, from: Self.from, now: Self.now)
        #expect(report.losses.map(\.cause) == ["restart", "trade_jump"])
        #expect(report.losses.map(\.missing) == [5, 20] && report.losses.map(\.stillMissing) == [5, 6])
        let repairs = report.repairs
        #expect(repairs.missing == 25 && repairs.repaired == 14 && repairs.stillMissing == 11)
        #expect(repairs.whole == 1 && repairs.partly == 1 && repairs.none == 1)
        #expect(report.resyncs.map(\.cause) == ["mismatch", "sequence_gap"])
        #expect(report.resyncs.map(\.entries) == [1, 3] && report.resyncs.map(\.books) == [1, 2])
        #expect(report.resyncs.map(\.voidMicroseconds) == [Self.hour / 2, 6 * Self.second])
        #expect(report.resyncs.map(\.longestMicroseconds) == [Self.hour / 2, 3 * Self.second])
        #expect(report.resyncs.map(\.lasting) == [1, 0])
        #expect(report.instances[0].auditsCompared == 812)

        let words = DayPage(style: .plain).lines(report).map { $0.split(separator: " ").joined(separator: " ") }
        #expect(words.contains("trade_jump 2 20 14 6 0") && words.contains("sequence_gap 3 2 6.0s 3.0s 0"))
        #expect(
            words.contains("repairs of trades: 14 of 25 missing, 11 still missing; entries 1 whole, 1 in part, 1 not"))
        #expect(words.contains("audits since the start: compared 812, mismatched 1; mismatches on the ledger 1"))
    }

    @Test("Without heartbeats, states and entries it says what is not known, and claims nothing")
    func nothing() throws {
        var sources = DayReport.Sources()
        sources.notes = ["there is no stream LAST\u{1b}"]
        let report = DayReport(sources, from: Self.from, now: Self.now)
        #expect(report.connections.isEmpty && report.instances.isEmpty && report.knownFrom == Self.now)
        let text = DayPage(columns: 60, style: .plain).lines(report).joined(separator: "\n")
        #expect(text.contains("none on record") && text.contains("audits: none told"))
        #expect(text.contains("note: there is no stream LAST\\u{1b}") && !text.contains("100"))
        let document = try #require(
            JSONSerialization.jsonObject(with: Data(DayPage.json(report).utf8)) as? [String: Any])
        #expect((document["connections"] as? [Any])?.isEmpty == true && document["known_from_us"] as? Int64 == Self.now)
    }

    @Test("The page stays one page, however much there is, and absurd numbers are no trap")
    func bounded() throws {
        var sources = DayReport.Sources()
        sources.heartbeats = [
            try Self.beat(#"\u001b[2J"#, uptime: .min, at: .max), try Self.beat(uptime: .max, at: .min),
        ]
        for number in UInt64(0)..<400 {
            let name = "binance-spot-\(number)"
            sources.connections.append(try Self.state(name))
            sources.entries.append(
                try Self.entry(
                    number, Self.connection(name), of: .connection, .reconnect, from: Self.now - Self.hour,
                    to: Self.now - Self.hour + Int64(number) * Self.second))
            sources.entries.append(
                try Self.entry(
                    number, Self.book("A\(number)-B"), of: .messages(.orderbook), .crossed, from: .min, to: .max))
        }
        for cause in GapCause.allCases {
            sources.entries.append(
                try Self.entry(
                    900, Self.book("A-B"), of: .messages(.trade), cause, from: .min, to: nil, missing: .max,
                    repaired: .max))
        }
        for (uptime, time) in [(.max, .min), (.min, .min), (.max, .max)] as [(Int64, Int64)] {
            var alone = sources
            alone.heartbeats = [try Self.beat(uptime: uptime, at: time)]
            alone.connections.append(try Self.state("binance-spot-9", "stopped", at: uptime))
            for from in [Int64.min, 0, .max] { _ = DayReport(alone, from: from, now: Self.now) }
        }
        let report = DayReport(sources, from: Self.from, now: Self.now)
        let lines = DayPage(columns: 100, style: .plain).lines(report)
        #expect(lines.count <= 60 && lines.allSatisfy { TerminalText.width(of: $0) <= 100 })
        #expect(lines.contains { $0.contains("391 more below 100%") })
        #expect(!lines.joined().contains("\u{1b}"))
        #expect(DayPage.json(report).contains("\"cause\":\"crossed\",\"entries\":400,\"books\":400"))
    }
}
