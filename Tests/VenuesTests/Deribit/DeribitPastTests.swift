import MarketModel
import Testing
import Venues

@Suite("What Deribit serves of the past")
struct DeribitPastTests {
    private static let deribit = Deribit()
    private static let start: Int64 = 1_785_000_000_000

    private static func segment(_ section: DeribitSegment) throws -> VenueSegment {
        try #require(VenueCatalog.segment(section.id))
    }

    private static func offer(_ kind: HistoryKind, _ section: DeribitSegment) throws -> HistoryOffer? {
        Self.deribit.historyOffer(of: kind, in: try Self.segment(section), wanted: Wanted(types: [kind.type]))
    }

    private static func request(
        _ kind: HistoryKind, _ section: DeribitSegment, _ from: Int64, _ to: Int64, symbol: String = "BTC-PERPETUAL"
    ) throws -> HistoryRequest? {
        Self.deribit.historyRequest(
            of: kind, symbol: symbol, fromMilliseconds: from, toMilliseconds: to, in: try Self.segment(section))
    }

    @Test("Each section offers what it serves, each request at the same price")
    func offers() throws {
        let costs = [VenueRequest.Cost("requests", 500)]
        #expect(try Self.offer(.trade, .option) == HistoryOffer(rowsMost: 1_000, costs: costs))
        #expect(try Self.offer(.kline(.hour3), .perpetual) == HistoryOffer(rowsMost: 5_000, costs: costs))
        #expect(
            try Self.offer(.fundingRate, .perpetual)
                == HistoryOffer(rowsMost: 744, spanMostMilliseconds: 743 * 3_600_000, costs: costs))
        #expect(try Self.offer(.volatilityIndex(.second1), .index) == HistoryOffer(rowsMost: 1_000, costs: costs))
    }

    @Test(
        "What a section has not is not offered, and not asked for",
        arguments: [
            (HistoryKind.trade, DeribitSegment.index), (.kline(.minute1), .index), (.kline(.second1), .perpetual),
            (.kline(.week1), .option), (.fundingRate, .option), (.openInterest(.minute5), .perpetual),
            (.markPrice(.minute5), .option), (.ratio(.allAccount, period: .minute5), .perpetual),
            (.volatilityIndex(.minute1), .perpetual), (.volatilityIndex(.minute5), .index),
        ])
    func refused(_ kind: HistoryKind, _ section: DeribitSegment) throws {
        #expect(try Self.offer(kind, section) == nil && Self.request(kind, section, 1, 2) == nil)
    }

    @Test("Both ends of a range are asked for, and none that no answer holds")
    func requests() throws {
        let most = Self.start + 5_000 * 60_000 - 1
        let bars = try #require(try Self.request(.kline(.minute1), .perpetual, Self.start, most))
        #expect(
            bars.request.path
                == "/api/v2/public/get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&resolution=1&start_timestamp=\(Self.start)&end_timestamp=\(most)"
        )
        #expect(bars.question == .klines(.minute1, missed: 0...Int64.max))
        #expect(try Self.request(.kline(.minute1), .perpetual, Self.start, most + 1) == nil)
        let rates = try #require(
            try Self.request(.fundingRate, .perpetual, Self.start, Self.start + 743 * 3_600_000))
        #expect(rates.request.path.contains("start_timestamp=\(Self.start)&") && rates.question == .fundingHistory)
        #expect(try Self.request(.fundingRate, .perpetual, Self.start, Self.start + 743 * 3_600_000 + 1) == nil)
        let index = try #require(
            try Self.request(.volatilityIndex(.hour12), .index, 1, 2, symbol: "eth_usd"))
        #expect(
            index.request.path
                == "/api/v2/public/get_volatility_index_data?currency=ETH&resolution=43200&start_timestamp=1&end_timestamp=2"
        )
        #expect(index.question == .volatilityIndex(.hour12))
        #expect(
            try Self.request(.volatilityIndex(.second1), .index, 0, 1_000_000, symbol: "eth_usd") == nil
                && Self.request(.volatilityIndex(.hour1), .index, 1, 2, symbol: "sol_usd") == nil)
        #expect(try Self.request(.kline(.day1), .perpetual, 2, 1) == nil)
        #expect(try Self.request(.kline(.day1), .perpetual, .min, .max) == nil)
    }

    @Test("The first trade of a time is searched for by months")
    func search() throws {
        func search(_ section: DeribitSegment, _ time: Int64) throws -> TradeSearchRequest? {
            Self.deribit.tradeSearchRequest(
                of: "BTC-PERPETUAL", atMilliseconds: time, in: try Self.segment(section),
                wanted: Wanted(types: [.trade]))
        }
        let found = try #require(try search(.option, Self.start))
        let end = Self.start + 30 * 86_400_000
        #expect(
            found.request.path
                == "/api/v2/public/get_last_trades_by_instrument_and_time?instrument_name=BTC-PERPETUAL&start_timestamp=\(Self.start)&end_timestamp=\(end - 1)&count=1&sorting=asc"
        )
        #expect(
            found.tells == .first && found.endMilliseconds == end && found.keptMilliseconds == 86_400_000
                && found.request.costs == [.init("requests", 500)])
        #expect(try search(.index, 1) == nil && search(.perpetual, -1) == nil && search(.perpetual, .max) == nil)
    }

    @Test("The last trade before a time is asked for from another time on")
    func last() throws {
        func last(_ section: DeribitSegment, _ from: Int64, _ end: Int64) throws -> VenueRequest? {
            Self.deribit.lastTradeRequest(
                of: "BTC-PERPETUAL", fromMilliseconds: from, beforeMilliseconds: end, in: try Self.segment(section),
                wanted: Wanted(types: [.trade]))
        }
        let found = try #require(try last(.option, 5, Self.start))
        #expect(
            found.path
                == "/api/v2/public/get_last_trades_by_instrument_and_time?instrument_name=BTC-PERPETUAL&start_timestamp=5&end_timestamp=\(Self.start - 1)&count=1&sorting=desc"
        )
        #expect(found.costs == [.init("requests", 500)])
        #expect(try last(.index, 1, 2) == nil && last(.perpetual, -1, 2) == nil && last(.perpetual, 2, 2) == nil)
        #expect(try last(.perpetual, 1, .max) == nil)
    }

    @Test("Bars of the past are backfilled, and those that are not over are left")
    func bars() throws {
        let text =
            #"{"usOut":1785000120000000,"result":{"volume":[1,2,3],"ticks":[1785000000000,1785000060000,1785000120000],"status":"ok","open":[1,2,3],"low":[1,2,3],"high":[1,2,3],"cost":[1,2,3],"close":[1,2,3]}}"#
        let question = VenueQuestion.klines(.minute1, missed: 0...Int64.max)
        let rig = try DeribitRig(["chart.trades.BTC-PERPETUAL.1"])
        let bars = try rig.answer(text, to: question).events.compactMap { event in
            if case .kline(let bar) = event { bar } else { nil }
        }
        #expect(bars.count == 2 && bars.allSatisfy { $0.isBackfilled && $0.isConfirmed && $0.isClosed })
        let none = #"{"result":{"volume":[],"ticks":[],"status":"no_data","open":[],"low":[],"high":[],"close":[]}}"#
        #expect(try rig.answer(none, to: question).events.isEmpty)
    }

    @Test("There are no archives")
    func archives() throws {
        let instrument = Instrument(
            venue: Deribit.id, segment: "perpetual", market: .perpetual, symbol: "BTC-USD",
            venueSymbol: "BTC-PERPETUAL", base: "BTC", quote: "USD", contract: .inverse, unit: .quote)
        let found = Self.deribit.archives(
            of: .trade, instrument: instrument, rangeMilliseconds: 0..<Self.start, nowMilliseconds: Self.start,
            in: try Self.segment(.perpetual), wanted: Wanted(types: [.trade]))
        #expect(found.isEmpty && Self.deribit.archiveAddress == nil)
    }
}
