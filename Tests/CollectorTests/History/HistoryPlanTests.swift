import MarketModel
import Resilience
import Testing
import Venues

@testable import Backfill
@testable import Collector

@Suite("What a plan counts")
struct HistoryPlanTests {
    private static let day = HistorySamples.day
    private static let midnight = HistorySamples.midnight
    private static let segment = SegmentID(Binance.id, "usdm")

    private static func series(_ symbol: String, _ kind: HistoryKind) -> HistorySeries {
        HistorySeries(Self.segment, symbol: symbol, kind: kind)
    }

    private static func step(
        _ series: HistorySeries, days: Int64, skipped: Int64 = 0, source: HistoryPiece.Source = .rest
    ) -> HistoryPlanner.Step {
        var step = HistoryPlanner.Step(nextMilliseconds: Self.midnight + days * Self.day)
        step.skippedMilliseconds = skipped
        step.piece = HistoryPiece(
            series, of: HistorySamples.instrument, rangeMilliseconds: Self.midnight..<Self.midnight + days * Self.day,
            source: source)
        return step
    }

    private static func unavailable(_ reason: String) -> HistoryPlanner.Step {
        var step = HistoryPlanner.Step(nextMilliseconds: Self.midnight)
        step.unavailable = .init(rangeMilliseconds: Self.midnight - Self.day..<Self.midnight, reason: reason)
        return step
    }

    private static func archive() throws -> HistoryPiece.Source {
        let archives = Binance().archives(
            of: .kline(.hour1), instrument: HistorySamples.instrument,
            rangeMilliseconds: Self.midnight - 10 * Self.day..<Self.midnight - 9 * Self.day,
            nowMilliseconds: Self.midnight, in: try #require(VenueCatalog.segment(Self.segment)),
            wanted: Wanted(types: [.trade]))
        return .archive(try #require(archives.first))
    }

    @Test("Series of a kind are a part, each request draws on all of its budgets, and the slowest is the time")
    func counts() throws {
        var plan = HistoryPlan()
        let offer = HistoryOffer(rowsMost: 24, costs: [.init("ip", 2), .init("path", 1)])
        for symbol in ["A", "B"] {
            let series = Self.series(symbol, .kline(.hour1))
            plan.add(series, [Self.step(series, days: 3, skipped: 5), Self.unavailable("too old")], offer)
        }
        let archived = Self.series("A", .fundingRate)
        plan.add(archived, [Self.step(archived, days: 1, source: try Self.archive())], offer)
        #expect(plan.parts.count == 2 && plan.pieces == 3 && !plan.hasTrades)
        #expect(plan.parts[0].series == 2 && plan.parts[0].restPieces == 2 && plan.parts[0].requests == 6)
        #expect(plan.parts[0].presentMilliseconds == 10 && plan.parts[0].unavailableMilliseconds == 2 * Self.day)
        #expect(plan.parts[0].reasons == ["too old"])
        #expect(plan.parts[1].archives == 1 && plan.parts[1].requests == 0)
        #expect(plan.draws.map(\.scope) == ["ip", "path"] && plan.draws.map(\.requests) == [6, 6])
        #expect(plan.draws.map(\.weight) == [12, 6])
        plan.time { _ in
            [
                // Of a hundred, eighty-one are left to others than the most urgent.
                "ip": RateLimits(windows: [RateWindow(.weight, limit: 100, per: .seconds(81))]),
                "path": RateLimits(windows: [RateWindow(.requests, limit: 10, per: .milliseconds(8_100))]),
            ]
        }
        #expect(plan.draws.map { ($0.time / .milliseconds(1)).rounded() } == [12_000, 6_000])
        #expect(plan.time == plan.draws[0].time)
    }

    @Test("Reasons are few and each told once, and a plan of trades says that it does not know how many requests")
    func lines() {
        var plan = HistoryPlan()
        let trades = Self.series("A", .trade)
        let offer = HistoryOffer(rowsMost: 1_000, spanMostMilliseconds: 3_600_000, costs: [.init("ip", 20)])
        plan.add(trades, ["c", "a", "b", "a", "d"].map(Self.unavailable) + [Self.step(trades, days: 1)], offer)
        plan.time { _ in [:] }
        let lines = HistoryTable().lines(plan).map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            lines == [
                "SECTION KIND SERIES ARCHIVES REST PIECES REQUESTS PRESENT NOT SERVED",
                "binance.usdm trade 1 0 1 2 and more - 5d00h", "",
                "binance ip: 2 requests, weight 40, 0us where nobody else draws on it",
                "1 pieces; the budgets take 0us at least",
                "how many requests trades over REST take shows when they are fetched", "not served: a", "not served: b",
                "not served: c",
            ])
    }

    @Test("A plan with archives says what they draw on")
    func archives() throws {
        var plan = HistoryPlan()
        let series = Self.series("A", .kline(.hour1))
        plan.add(series, [Self.step(series, days: 1, source: try Self.archive())], nil)
        let lines = HistoryTable().lines(plan)
        #expect(lines.contains("archives draw on no budget; how many bytes they have is not known before"))
        #expect(plan.draws.isEmpty && plan.time == .zero)
    }
}
