import Foundation
import MarketModel
import Testing
import Venues

@testable import Backfill
@testable import Collector

@Suite("How jobs, failures and coverage are shown")
struct HistoryTableTests {
    private static let midnight = HistorySamples.midnight
    private static let day = HistorySamples.day
    private static let series = HistorySamples.piece(.kline(.minute1)).series

    private static func job(
        _ name: String = "october", _ state: HistoryJob.State = .running, reason: String? = nil,
        until: Int64 = midnight,
        untilFirst: Int64? = nil, covered: Int64 = 0, total: Int64 = 0, done: Int64 = 0, waiting: Int64 = 0,
        failed: Int64 = 0, counts: HistoryCounts = HistoryCounts()
    ) -> HistoryJob {
        HistoryJob(
            id: 1, name: name, output: "nats", priority: 3, state: state, reason: reason,
            rangeMilliseconds: midnight - 2 * day..<midnight, untilMilliseconds: (untilFirst ?? until)...until,
            createdMilliseconds: midnight + 1, endedMilliseconds: state == .ended ? midnight + 2 : nil, series: 2,
            counts: counts, piecesDone: done, piecesRunning: 1, piecesWaiting: waiting, piecesFailed: failed,
            failures: failed * 2, coveredMilliseconds: covered, totalMilliseconds: total)
    }

    private static func words(_ line: String) -> String { line.split(separator: " ").joined(separator: " ") }

    @Test("Jobs are a line each, with the share that is done, then reasons and what was not final")
    func jobs() {
        var counts = HistoryCounts(written: 96, skipped: 5, bytes: 7)
        counts.refused = 2
        let lines = HistoryTable().lines(
            [
                Self.job(covered: 1_999, total: 4_000, done: 3, waiting: 4, failed: 6, counts: counts),
                Self.job("b\u{1B}[2J", .paused, reason: "paused by hand"),
                Self.job("c", .ended, until: Self.midnight - 60_000), Self.job("d", .ended),
                Self.job("e", .ended, until: Self.midnight, untilFirst: Self.midnight - 3_600_000),
                Self.job("f", .running, until: Self.midnight - 60_000),
            ], []
        ).map(Self.words)
        #expect(
            lines == [
                "JOB STATE FROM TO OUTPUT SERIES DONE PIECES WAIT FAILED ROWS PRESENT UNREADABLE",
                "october running 2026-11-18 2026-11-20 nats 2 49.9% 3 5 6 96 5 2",
                "b\\u{1b}[2J paused 2026-11-18 2026-11-20 nats 2 100.0% 0 1 0 0 0 0",
                "c ended 2026-11-18 2026-11-20 nats 2 100.0% 0 1 0 0 0 0",
                "d ended 2026-11-18 2026-11-20 nats 2 100.0% 0 1 0 0 0 0",
                "e ended 2026-11-18 2026-11-20 nats 2 100.0% 0 1 0 0 0 0",
                "f running 2026-11-18 2026-11-20 nats 2 100.0% 0 1 0 0 0 0",
                "b\\u{1b}[2J paused: paused by hand",
                "c went until 2026-11-19 23:59:00: what is later was not final yet",
                "e went until 2026-11-19 23:00:00 to 2026-11-20 00:00:00, by series: what is later was not final yet",
            ])
        #expect(HistoryTable().lines([], []) == ["no jobs"])
    }

    @Test("Failures are told with series, range and reason, and a narrow terminal cuts lines")
    func failures() {
        let failure = HistoryFailureRecord(
            job: "october", series: Self.series, rangeMilliseconds: Self.midnight..<Self.midnight + 90_060_000,
            atMilliseconds: Self.midnight + 1_000, error: "the answer\ncannot be read")
        let lines = HistoryTable().lines([Self.job()], [failure])
        #expect(
            Array(lines.suffix(2)) == [
                "failures, the newest first:",
                "2026-11-20 00:00:01  binance.usdm BTCUSDT kline:1m  2026-11-20 to 2026-11-21 01:01  "
                    + "the answer\\u{a}cannot be read",
            ])
        let narrow = HistoryTable(columns: 50).lines([Self.job()], [failure])
        #expect(
            narrow.allSatisfy { $0.count <= 50 } && narrow.last?.hasPrefix("2026-11-20 00:00:01  binance.usdm") == true)
    }

    @Test("Progress is a bar, what was done and is left, and the fullest budget")
    func progress() {
        var activity = HistoryRunner.Activity()
        activity.series = [Self.series]
        activity.failures = 4
        activity.lastFailure = "BTCUSDT: gone"
        var rates = HistoryRates()
        _ = rates.taken(activity, atMilliseconds: 0)
        (activity.rows, activity.piecesDone) = (5_000, 20)
        rates = rates.taken(activity, atMilliseconds: 10_000)
        let counts = HistoryCounts(written: 5_000, skipped: 7)
        let lines = HistoryTable().progress(
            [
                Self.job("late", .paused, covered: 0, total: 8),
                Self.job(covered: 2, total: 8, done: 20, waiting: 3, failed: 1, counts: counts),
            ], activity, rates, [("spot weight", 10, 100), ("usdm weight", 30, 100), ("list", 1, 1)])
        #expect(
            lines == [
                "october [######------------------] 25.0%  20 pieces, 5000 rows, 7 present, 3 wait, 1 failed, 30.0s left",
                "late [------------------------] 0.0%  0 pieces, 0 rows, paused",
                "500 rows/s, 1 pieces in work, 4 failed tries, budget usdm 30/100", "last failure: BTCUSDT: gone",
            ])
    }

    @Test("Coverage is a line a range, and says whether nothing is complete or nothing missing")
    func coverage() {
        let held = HistoryCoverage(
            output: "nats", series: Self.series,
            ranges: TimeRanges([
                Self.midnight - 3 * Self.day..<Self.midnight - 2 * Self.day, Self.midnight - Self.day..<Self.midnight,
            ]))
        #expect(
            HistoryTable().lines([held], gaps: false).map(Self.words) == [
                "OUTPUT SERIES FROM TO LENGTH",
                "nats binance.usdm BTCUSDT kline:1m 2026-11-17 2026-11-18 1d00h",
                "nats binance.usdm BTCUSDT kline:1m 2026-11-19 2026-11-20 1d00h",
            ])
        let now = Self.midnight + 40 * Self.day
        let missing = held.missing(in: nil, nowMilliseconds: now)
        #expect(missing.ranges.ranges == [Self.midnight - 2 * Self.day..<Self.midnight - Self.day])
        #expect(
            HistoryTable().lines([missing], gaps: true).map(Self.words) == [
                "OUTPUT SERIES MISSING FROM TO LENGTH",
                "nats binance.usdm BTCUSDT kline:1m 2026-11-18 2026-11-19 1d00h",
            ])
        #expect(HistoryTable().lines([], gaps: false) == ["nothing is complete yet"])
        let whole = HistoryCoverage(output: "nats", series: Self.series, ranges: TimeRanges())
        #expect(HistoryTable().lines([whole], gaps: true) == ["nothing is missing"])
        #expect(
            HistoryTable.json([missing], gaps: true)
                == #"{"missing":[{"kind":"kline:1m","output":"nats","ranges":[{"from_ms":1794960000000,"to_ms":"#
                + #"1795046400000}],"section":"usdm","symbol":"BTCUSDT","venue":"binance"}]}"#)
        #expect(HistoryTable.json([]) == #"{"coverage":[]}"#)
    }

    @Test("Of a stretch that is asked about, what is not final yet is not missing")
    func missing() {
        let now = Self.midnight + Self.day
        let held = HistoryCoverage(
            output: "nats", series: Self.series, ranges: TimeRanges([Self.midnight..<Self.midnight + 3_600_000]))
        let missing = held.missing(in: Self.midnight - 60_000..<now, nowMilliseconds: now)
        #expect(
            missing.ranges.ranges == [
                Self.midnight - 60_000..<Self.midnight, Self.midnight + 3_600_000..<now - 120_000,
            ])
        #expect(held.missing(in: now - 60_000..<now, nowMilliseconds: now).ranges.ranges.isEmpty)
    }

    @Test("Commands are one for all symbols that lack the same, in words that a shell reads back, in whole seconds")
    func commands() {
        let range = Self.midnight - Self.day + 1_500..<Self.midnight + 1
        func missing(_ symbol: String, _ kind: HistoryKind = .trade) -> HistoryCoverage {
            HistoryCoverage(
                output: "files:csv:/my data", series: HistorySeries(Self.series.segment, symbol: symbol, kind: kind),
                ranges: TimeRanges([range]))
        }
        let lines = HistoryCoverage.commands(
            [missing("BTCUSDT"), missing("币安人生USDT"), missing("O'B", .fundingRate)], configuration: "c.yaml")
        let rest = "--from 2026-11-19T00:00:01Z --to 2026-11-20T00:00:01Z --output 'files:csv:/my data'"
        let start = "sluice backfill run --config c.yaml --section binance.usdm --symbols"
        #expect(
            lines == [
                "\(start) BTCUSDT '币安人生USDT' --kinds trade \(rest)",
                "\(start) 'O'\\''B' --kinds funding_rate \(rest)",
            ])
        #expect(UTCTime.parse("2026-11-19T00:00:01Z").map { $0 <= range.lowerBound } == true)
        #expect(UTCTime.parse("2026-11-20T00:00:01Z").map { $0 >= range.upperBound } == true)
        let many = HistoryCoverage.commands((0..<250).map { missing("S\($0)") }, configuration: "c.yaml")
        #expect(many.count == 3 && many.allSatisfy { $0.hasPrefix("\(start) S") && $0.hasSuffix(rest) })
    }

    @Test("The document of jobs has what the table has, with times in milliseconds")
    func document() throws {
        let failure = HistoryFailureRecord(
            job: "october", series: Self.series, rangeMilliseconds: 5..<9, atMilliseconds: 7, error: "gone")
        var counts = HistoryCounts(written: 96, skipped: 5, bytes: 7)
        counts.refused = 2
        let job = Self.job(
            "october", .ended, reason: "why", until: Self.midnight, untilFirst: Self.midnight - 60_000, covered: 3,
            total: 4, done: 6, waiting: 8, failed: 9, counts: counts)
        #expect(
            HistoryTable.json([job], [failure])
                == #"{"failures":[{"at_ms":7,"error":"gone","from_ms":5,"job":"october","kind":"kline:1m","#
                + #""section":"usdm","symbol":"BTCUSDT","to_ms":9,"venue":"binance"}],"jobs":[{"bytes_written":7,"#
                + #""covered_ms":3,"created_ms":1795132800001,"ended_ms":1795132800002,"failures":18,"#
                + #""from_ms":1794960000000,"name":"october","output":"nats","pieces_done":6,"pieces_failed":9,"#
                + #""pieces_running":1,"pieces_waiting":8,"priority":3,"reason":"why","rows_refused":2,"#
                + #""rows_skipped":5,"rows_written":96,"series":2,"state":"ended","to_ms":1795132800000,"#
                + #""total_ms":4,"until_ms":1795132740000}]}"#)
        let open = HistoryTable.json([Self.job()], [])
        #expect(!open.contains("reason") && !open.contains("ended_ms"))
    }
}
