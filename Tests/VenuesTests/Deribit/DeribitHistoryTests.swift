import MarketModel
import Testing
import Venues

@Suite("What Deribit is asked for later")
struct DeribitHistoryTests {
    private static let deribit = Deribit()

    private static func segment(_ section: DeribitSegment) throws -> VenueSegment {
        try #require(VenueCatalog.segment(section.id))
    }

    // MARK: - Requests

    @Test("Trades are asked for by their numbers, oldest first")
    func trades() throws {
        func request(_ section: DeribitSegment, _ ids: ClosedRange<UInt64>) throws -> VenueTradeRequest? {
            Self.deribit.tradeRequest(
                of: "BTC-PERPETUAL", ids: ids, in: try Self.segment(section), wanted: Wanted(types: [.trade]))
        }
        let page = try #require(try request(.perpetual, 7...5_000))
        #expect(page.ids == 7...1_006)
        #expect(
            page.request.path
                == "/api/v2/public/get_last_trades_by_instrument?instrument_name=BTC-PERPETUAL&start_seq=7&end_seq=1006&count=1000&sorting=asc"
        )
        #expect(page.request.costs == [.init("requests", 500)])
        #expect(try request(.option, 7...8)?.ids == 7...8)
        #expect(try request(.index, 7...8) == nil && request(.perpetual, 7...UInt64.max) == nil)
    }

    @Test("Funding is asked for by the hour, of perpetuals alone, as far as an answer holds it")
    func funding() throws {
        func request(_ section: DeribitSegment, _ from: Int64, _ to: Int64) throws -> VenueRequest? {
            Self.deribit.fundingRequest(
                of: "BTC-PERPETUAL", fromMilliseconds: from, toMilliseconds: to, in: try Self.segment(section))
        }
        let day = try #require(try request(.perpetual, 1_784_900_000_000, 1_785_000_000_000))
        #expect(
            day.path
                == "/api/v2/public/get_funding_rate_history?instrument_name=BTC-PERPETUAL&start_timestamp=1784900000000&end_timestamp=1785000000000"
        )
        #expect(day.costs == [.init("requests", 500)])
        let year = try #require(try request(.perpetual, 0, 1_785_000_000_000))
        #expect(year.path.contains("start_timestamp=\(1_785_000_000_000 - 743 * 3_600_000)&"))
        #expect(try request(.option, 1, 2) == nil && request(.index, 1, 2) == nil)
        #expect(try request(.perpetual, 2, 1) == nil && request(.perpetual, -1, 1) == nil)
    }

    // MARK: - Trades

    private static let answer =
        #"{"jsonrpc":"2.0","result":{"trades":[{"trade_seq":30289432,"trade_id":"48079254","timestamp":1785000000902,"tick_direction":0,"price":8950.0,"mark_price":8948.9,"instrument_name":"BTC-PERPETUAL","index_price":8955.88,"direction":"sell","contracts":1.0,"amount":10.0},{"trade_seq":30289433,"trade_id":"ETH-48079269","timestamp":1785000001842,"price":8950.5,"instrument_name":"BTC-PERPETUAL","liquidation":"MT","direction":"buy","amount":2e3}],"has_more":true},"usIn":1,"usOut":2}"#

    private static let channels = ["trades.BTC-PERPETUAL.100ms", "trades.ETH-PERPETUAL.100ms"]

    @Test("Trades are read exactly, as backfilled, each liquidation behind its trade")
    func decoded() throws {
        let decoded = try DeribitRig(Self.channels).answer(Self.answer, to: .trades)
        var trades: [Trade] = []
        var order = ""
        var positions: [Liquidation.Position] = []
        for event in decoded.events {
            switch event {
            case .trade(let trade):
                trades.append(trade)
                order += "t"
            case .liquidation(let liquidation):
                positions.append(liquidation.position)
                #expect(decoded.text(liquidation.id) == "ETH-48079269" && liquidation.size.text == "2000")
                order += "l"
            default: order += "?"
            }
        }
        #expect(order == "ttll" && positions == [.short, .long])
        #expect(trades.map(\.sequence) == [30_289_432, 30_289_433])
        #expect(trades.map { decoded.text($0.id) } == ["48079254", "ETH-48079269"])
        #expect(trades.map(\.price) == [89_500, 89_505] && trades.map(\.size) == [10, 2_000])
        #expect(trades.map(\.aggressor) == [.sell, .buy] && trades.allSatisfy { $0.isBackfilled && !$0.isAggregate })
        #expect(trades.map(\.eventTime.microseconds) == [1_785_000_000_902_000, 1_785_000_001_842_000])
    }

    @Test("Trades of an instrument without a channel are refused: its scales are another decoder's")
    func unknown() throws {
        let rig = try DeribitRig(["ticker.ETH-PERPETUAL.100ms"])
        #expect { try rig.answer(Self.answer, to: .trades) } throws: { ($0 as? FrameRefusal)?.label == "mismatch" }
        #expect { try DeribitRig([]).answer(Self.answer, to: .trades) } throws: {
            ($0 as? FrameRefusal)?.label == "mismatch"
        }
    }

    @Test("Of trades and liquidations comes what is wanted", arguments: [[DataType.trade], [.liquidation]])
    func wanted(_ types: [DataType]) throws {
        let decoded = try DeribitRig(Self.channels, types: types).answer(Self.answer, to: .trades)
        let trades = decoded.events.count { if case .trade = $0 { true } else { false } }
        #expect(decoded.events.count == 2 && trades == (types == [.trade] ? 2 : 0))
    }

    @Test("No trades are an answer")
    func none() throws {
        let rig = try DeribitRig(Self.channels)
        #expect(try rig.answer(#"{"result":{"trades":[],"has_more":false}}"#, to: .trades).events.isEmpty)
    }

    @Test(
        "An answer of another instrument, in another order or without a part is refused",
        arguments: [
            (#""instrument_name":"BTC-PERPETUAL","liq"#, #""instrument_name":"ETH-PERPETUAL","liq"#, "mismatch"),
            (#""instrument_name":"BTC-PERPETUAL","liq"#, #""liq"#, "missing_field"),
            ("30289433", "30289432", "mismatch"), ("30289433", "30289431", "mismatch"),
            (#""trade_seq":30289433,"#, "", "missing_field"), (#""trade_id":"48079254","#, "", "missing_field"),
            (#""trade_id":"48079254""#, #""trade_id":"4 8""#, "json"),
            (#""timestamp":1785000000902,"#, "", "missing_field"),
            (#""price":8950.5,"#, "", "missing_field"), (#""price":8950.5"#, #""price":"8950.5""#, "missing_field"),
            (#""amount":2e3"#, #""amount":-2"#, "missing_field"),
            (#""direction":"buy""#, #""direction":"up""#, "missing_field"),
            (#""liquidation":"MT""#, #""liquidation":"X""#, "missing_field"),
            (#""trades":"#, #""prints":"#, "missing_field"),
            (#""result":{"#, #""error":{"code":10020},"result":{"#, "unknown_event"),
            (#""has_more":true}"#, #""has_more":true"#, "json"),
        ])
    func refused(_ part: String, _ other: String, _ label: String) throws {
        try #require(Self.answer.contains(part))
        let rig = try DeribitRig(Self.channels)
        #expect { try rig.answer(Self.answer.replacing(part, with: other), to: .trades) } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    @Test("More trades than a frame may bring are refused")
    func bounded() throws {
        let rows = (1...(EventBatch.limit + 1)).map {
            #"{"trade_seq":\#($0),"trade_id":"\#($0)","timestamp":1,"price":1,"instrument_name":"BTC-PERPETUAL","direction":"sell","amount":1}"#
        }
        let rig = try DeribitRig(Self.channels)
        #expect {
            try rig.answer(#"{"result":{"trades":["# + rows.joined(separator: ",") + "]}}", to: .trades)
        } throws: {
            ($0 as? FrameRefusal)?.label == "too_large"
        }
    }

    // MARK: - Funding

    private static let hours =
        #"{"jsonrpc":"2.0","result":[{"timestamp":1785006000000,"index_price":8222.87,"prev_index_price":8305.72,"interest_8h":-0.00009234260068476106,"interest_1h":-4.739622041017375e-7},{"timestamp":1785002400000,"index_price":8286.32,"prev_index_price":null,"interest_8h":-0.0000672,"interest_1h":0.0}],"usOut":2}"#

    private static func hours(_ text: String) throws -> [FundingRate] {
        try DeribitRig(["ticker.BTC-PERPETUAL.100ms"]).answer(text, to: .fundingHistory).events.compactMap { event in
            if case .fundingRate(let rate) = event { rate } else { nil }
        }
    }

    @Test("What was paid over an hour is the rate of that hour, oldest first, cut behind the 18th digit")
    func paid() throws {
        let hours = try Self.hours(Self.hours)
        #expect(hours.map(\.fundingTime.microseconds) == [1_785_002_400_000_000, 1_785_006_000_000_000])
        #expect(hours.map(\.rate.text) == ["0", "-0.000000473962204101"])
        #expect(hours.map(\.settledRate.text) == ["-0.0000672", "-0.000092342600684761"])
        #expect(hours.allSatisfy { $0.isBackfilled && $0.accrual == .continuous && $0.eventTime == $0.fundingTime })
        #expect(hours.allSatisfy { $0.intervalMicroseconds == 3_600_000_000 })
        #expect(try Self.hours(#"{"result":[]}"#).isEmpty)
    }

    @Test(
        "Hours without a part, or with one of another type, are refused",
        arguments: [
            (#""timestamp":1785006000000,"#, "", "missing_field"), (#","interest_1h":0.0"#, "", "missing_field"),
            (#""interest_8h":-0.0000672,"#, "", "missing_field"),
            (#""interest_1h":0.0"#, #""interest_1h":null"#, "json"),
            (#""interest_1h":0.0"#, #""interest_1h":"0""#, "json"),
            (#""interest_1h":0.0"#, #""interest_1h":1e40"#, "value_too_large"),
            (#""result":["#, #""result":[["#, "json"),
        ])
    func refusedHours(_ part: String, _ other: String, _ label: String) throws {
        try #require(Self.hours.contains(part))
        #expect { try Self.hours(Self.hours.replacing(part, with: other)) } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    // MARK: - Bars

    @Test("Bars that ended in the hole are backfilled, those before and after are confirmed alone")
    func missedBars() throws {
        let text =
            #"{"usOut":1785000300000000,"result":{"volume":[1,1,1,1],"ticks":[1785000000000,1785000060000,1785000120000,1785000180000],"status":"ok","open":[1,2,3,4],"low":[1,2,3,4],"high":[1,2,3,4],"cost":[1,1,1,1],"close":[1,2,3,4]}}"#
        let missed: ClosedRange<Int64> = 1_785_000_060_000_001...1_785_000_180_000_000
        let rig = try DeribitRig(["chart.trades.BTC-PERPETUAL.1"])
        let flags = try rig.answer(text, to: .klines(.minute1, missed: missed)).events.compactMap { event in
            if case .kline(let bar) = event { bar.isBackfilled } else { nil }
        }
        #expect(flags == [false, true, true, false])
    }
}
