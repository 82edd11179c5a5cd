import MarketModel
import Testing
import Venues

@testable import Backfill

@Suite("Cutting a series into pieces")
struct HistoryPlannerTests {
    private static let day: Int64 = 86_400_000
    /// 2026-11-21 12:00 UTC.
    private static let now: Int64 = 1_795_262_400_000
    private static let midnight: Int64 = 1_795_219_200_000

    /// All steps over a range.
    private static func steps(
        _ kind: HistoryKind, section: String = "spot", from: Int64, to: Int64, covered: [Range<Int64>] = [],
        archives: Bool = true
    ) throws -> [HistoryPlanner.Step] {
        let id = SegmentID(Binance.id, section)
        let segment = try #require(VenueCatalog.segment(id))
        let series = HistorySeries(id, symbol: "BTCUSDT", kind: kind)
        let instrument = Instrument(
            venue: Binance.id, segment: section, market: section == "spot" ? .spot : .perpetual, symbol: "BTC-USDT",
            venueSymbol: "BTCUSDT", base: "BTC", quote: "USDT", contract: section == "spot" ? .spot : .linear,
            unit: .base)
        let wanted = Wanted(types: [.trade], options: ["trade_stream": "aggTrade"])
        var steps: [HistoryPlanner.Step] = []
        var next = from
        while next < to {
            let step = HistoryPlanner(usesArchives: archives).step(
                series, of: instrument, in: next..<to, covered: TimeRanges(covered), nowMilliseconds: Self.now,
                Binance(),
                segment, wanted)
            #expect(step.nextMilliseconds > next)
            steps.append(step)
            next = step.nextMilliseconds
        }
        return steps
    }

    @Test("Whole months and days come from archives, the head and the tail over REST, and nothing twice or not at all")
    func mixed() throws {
        let from = Self.midnight - 80 * Self.day + 3_600_000
        let steps = try Self.steps(.kline(.minute1), from: from, to: Self.midnight)
        let pieces = steps.compactMap(\.piece)
        #expect(pieces.first?.rangeMilliseconds.lowerBound == from)
        #expect(pieces.last?.rangeMilliseconds.upperBound == Self.midnight)
        #expect(
            zip(pieces, pieces.dropFirst()).allSatisfy {
                $0.rangeMilliseconds.upperBound == $1.rangeMilliseconds.lowerBound
            })
        let kinds = pieces.map(\.source.kind)
        #expect(kinds.first == .rest && kinds.last == .rest)
        #expect(kinds.contains(.month) && kinds.contains(.day))
        #expect(steps.allSatisfy { $0.unavailable == nil })
    }

    @Test("What is complete is passed over, and counted")
    func covered() throws {
        let from = Self.midnight - 10 * Self.day
        let held = from + 2 * Self.day..<from + 9 * Self.day
        let steps = try Self.steps(.kline(.hour1), from: from, to: Self.midnight, covered: [held], archives: false)
        #expect(
            steps.compactMap { $0.piece?.rangeMilliseconds } == [
                from..<held.lowerBound, held.upperBound..<Self.midnight,
            ])
        #expect(steps.reduce(0) { $0 + $1.skippedMilliseconds } == 7 * Self.day)
        let again = try Self.steps(.kline(.hour1), from: from, to: Self.midnight, covered: [from..<Self.midnight])
        #expect(
            again.allSatisfy { $0.piece == nil } && again.reduce(0) { $0 + $1.skippedMilliseconds } == 10 * Self.day)
    }

    @Test("A piece over REST is as many whole days as an answer holds, a day at least")
    func spans() throws {
        let hours = try Self.steps(
            .kline(.hour1), from: Self.midnight - 90 * Self.day, to: Self.midnight, archives: false)
        #expect(
            hours.compactMap { $0.piece.map { $0.rangeMilliseconds.upperBound - $0.rangeMilliseconds.lowerBound } }
                .max() == 31 * Self.day)
        let minutes = try Self.steps(
            .kline(.minute1), from: Self.midnight - 3 * Self.day, to: Self.midnight, archives: false)
        #expect(minutes.count == 3)
        let trades = try Self.steps(.trade, from: Self.midnight - 3 * Self.day + 1, to: Self.midnight, archives: false)
        #expect(
            trades.compactMap { $0.piece?.rangeMilliseconds.upperBound }
                == [2, 1, 0].map { Self.midnight - $0 * Self.day })
    }

    @Test("What nobody serves any more is told with the reason, and the rest is fetched")
    func retention() throws {
        let steps = try Self.steps(
            .openInterest(.minute5), section: "usdm", from: Self.midnight - 40 * Self.day, to: Self.midnight,
            archives: false)
        let unavailable = steps.compactMap(\.unavailable)
        #expect(unavailable.count == 1)
        #expect(unavailable.first?.rangeMilliseconds.lowerBound == Self.midnight - 40 * Self.day)
        #expect(unavailable.first?.reason.contains("29 days") == true)
        #expect(steps.compactMap(\.piece).last?.rangeMilliseconds.upperBound == Self.midnight)
        let none = try Self.steps(.volatilityIndex(.hour1), from: Self.midnight - Self.day, to: Self.midnight)
        #expect(none.allSatisfy { $0.piece == nil } && none.compactMap(\.unavailable).count == 1)
    }

    @Test("Quotes are of archives alone: parts of days too, and what is in none is told with the reason")
    func quotes() throws {
        let from = Self.midnight - 4 * Self.day + 3_600_000
        let steps = try Self.steps(.bbo, section: "usdm", from: from, to: Self.midnight)
        let pieces = steps.compactMap(\.piece)
        // Of the day before the last midnight there is no file yet.
        #expect(pieces.map(\.source.kind) == [.day, .day, .day])
        #expect(pieces.first?.rangeMilliseconds.lowerBound == from)
        #expect(pieces.last?.rangeMilliseconds.upperBound == Self.midnight - Self.day)
        let reason = "Binance serves no bbo of USD-M futures over REST"
        let missing = HistoryPlanner.Unavailable(
            rangeMilliseconds: (Self.midnight - Self.day)..<Self.midnight, reason: reason)
        #expect(steps.compactMap(\.unavailable) == [missing])
        let none = try Self.steps(.bbo, section: "usdm", from: from, to: Self.midnight, archives: false)
        #expect(none.map(\.unavailable?.reason) == [reason] && none.allSatisfy { $0.piece == nil })
        let day = try #require(pieces.first)
        let segment = try #require(VenueCatalog.segment(day.series.segment))
        #expect(
            HistoryPlanner().pieces(
                insteadOf: .day, day.series, of: day.instrument, in: day.rangeMilliseconds, nowMilliseconds: Self.now,
                Binance(), segment, Wanted(types: [.trade])
            ).isEmpty)
    }

    @Test("A month that is not there gives way to its days, a day to REST")
    func instead() throws {
        let from = Self.midnight - 80 * Self.day
        let month = try #require(
            Self.steps(.trade, from: from, to: Self.midnight).compactMap(\.piece).first { $0.source.kind == .month })
        let segment = try #require(VenueCatalog.segment(month.series.segment))
        let wanted = Wanted(types: [.trade], options: ["trade_stream": "aggTrade"])
        let days = HistoryPlanner().pieces(
            insteadOf: .month, month.series, of: month.instrument, in: month.rangeMilliseconds,
            nowMilliseconds: Self.now, Binance(), segment, wanted)
        #expect((28...31).contains(days.count) && days.allSatisfy { $0.source == .day })
        #expect(days.first?.range.lowerBound == month.rangeMilliseconds.lowerBound)
        #expect(days.last?.range.upperBound == month.rangeMilliseconds.upperBound)
        let rest = HistoryPlanner().pieces(
            insteadOf: .day, month.series, of: month.instrument, in: days[0].range, nowMilliseconds: Self.now,
            Binance(),
            segment, wanted)
        #expect(rest.map(\.source) == [.rest] && rest[0].range == days[0].range)
    }
}
