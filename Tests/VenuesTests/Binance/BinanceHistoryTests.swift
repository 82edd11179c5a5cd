import MarketModel
import Testing
import Venues

@Suite("What Binance is asked for later")
struct BinanceHistoryTests {
    private static let venue = Binance()

    private static func segment(_ name: String) throws -> VenueSegment {
        try #require(Self.venue.segments.first { $0.id.name == name })
    }

    // MARK: - Requests

    private static func request(
        _ name: String, _ stream: String?, _ ids: ClosedRange<UInt64>
    ) throws -> VenueTradeRequest? {
        let wanted = Wanted(types: [.trade], options: stream.map { ["trade_stream": $0] } ?? [:])
        return Self.venue.tradeRequest(of: "币USDT", ids: ids, in: try Self.segment(name), wanted: wanted)
    }

    @Test(
        "The stream that is wanted says which ids are asked for, and at which weight",
        arguments: [
            ("spot", "trade" as String?, "/api/v3/historicalTrades", 25),
            ("spot", nil, "/api/v3/historicalTrades", 25),
            ("spot", "aggTrade", "/api/v3/aggTrades", 4), ("usdm", "aggTrade", "/fapi/v1/aggTrades", 20),
            ("coinm", "aggTrade", "/dapi/v1/aggTrades", 20),
        ])
    func trades(_ name: String, _ stream: String?, _ path: String, _ weight: Int) throws {
        let few = try #require(try Self.request(name, stream, 100...102))
        #expect(few.ids == 100...102)
        #expect(few.request.path == "\(path)?symbol=%E5%B8%81USDT&fromId=100&limit=3")
        #expect(few.request.costs == [.init(name == "spot" ? "spot" : "futures", weight)])
        let many = try #require(try Self.request(name, stream, 0...2_999))
        #expect(many.ids == 0...999 && many.request.path == "\(path)?symbol=%E5%B8%81USDT&fromId=0&limit=1000")
        let last = try #require(try Self.request(name, stream, 5...1_004))
        #expect(last.ids == 5...1_004)
    }

    @Test("Single trades of futures want a key, and ids past 63 bits are none")
    func none() throws {
        #expect(try Self.request("usdm", "trade", 1...2) == nil)
        #expect(try Self.request("coinm", "trade", 1...2) == nil)
        #expect(try Self.request("spot", "trade", 0...UInt64.max) == nil)
        #expect(try Self.request("spot", "trade", 0...UInt64(Int64.max))?.ids == 0...999)
    }

    @Test("Charged rates are asked for by time where there are any")
    func funding() throws {
        func request(_ name: String, _ from: Int64, _ to: Int64) throws -> VenueRequest? {
            Self.venue.fundingRequest(
                of: "BTCUSD_PERP", fromMilliseconds: from, toMilliseconds: to, in: try Self.segment(name))
        }
        let usdm = try #require(try request("usdm", 5, 7))
        #expect(usdm.path == "/fapi/v1/fundingRate?symbol=BTCUSD_PERP&startTime=5&endTime=7&limit=1000")
        #expect(usdm.costs == [.init("funding-info", 0)])
        let coinm = try #require(try request("coinm", 5, 7))
        #expect(coinm.path.hasPrefix("/dapi/v1/fundingRate?") && coinm.costs == [.init("futures", 1)])
        #expect(try request("spot", 5, 7) == nil && request("usdm", 7, 5) == nil)
        #expect(try request("usdm", -1, 5) == nil && request("usdm", 0, .max) == nil)
    }

    // MARK: - Trades

    private static let raw =
        #"[{"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.000012","time":1785000000590,"isBuyerMaker":true,"isBestMatch":true},{"id":28459,"price":"4.5","qty":"0.001","quoteQty":"0.0045","time":1785000000600,"isBuyerMaker":false,"isBestMatch":true}]"#

    private static let aggregate =
        #"[{"a":26129,"p":"0.01633102","q":"4.70443515","nq":"4.7","f":27781,"l":27785,"T":1785000000153,"m":true},{"a":26130,"p":"0.0164","q":"1","f":27786,"l":27786,"T":1785000000154,"m":false,"M":true}]"#

    private static func trades(_ text: String, _ segment: BinanceSegment = .spot) throws -> [Trade] {
        var frames = BinanceFrames(segment, ["x@trade"])
        return try frames.decodeAnswer(text, to: .trades, of: 0).events.map { event in
            guard case .trade(let trade) = event else { throw FrameRefusal.unknownEvent }
            return trade
        }
    }

    @Test("Single trades are read exactly, oldest first, as backfilled")
    func single() throws {
        let trades = try Self.trades(Self.raw)
        #expect(trades.map(\.sequence) == [28_457, 28_459] && trades.map(\.firstSequence) == [28_457, 28_459])
        #expect(trades.map { Self.raw.text($0.id) } == ["28457", "28459"])
        #expect(trades.map(\.price) == [4_000_001, 4_500_000] && trades.map(\.size) == [12_000, 1])
        #expect(trades.map(\.aggressor) == [.sell, .buy])
        #expect(trades.map(\.eventTime.microseconds) == [1_785_000_000_590_000, 1_785_000_000_600_000])
        #expect(trades.allSatisfy { $0.isBackfilled && !$0.isAggregate && $0.instrument == InstrumentID(0) })
        #expect(trades.allSatisfy { $0.sentTime == .none && $0.receivedMicroseconds == BinanceFrames.received })
    }

    @Test("Trades that were put together keep the ids of their stream", arguments: BinanceSegment.allCases)
    func aggregates(_ segment: BinanceSegment) throws {
        let trades = try Self.trades(Self.aggregate, segment)
        #expect(trades.map(\.sequence) == [26_129, 26_130] && trades.map(\.firstSequence) == [26_129, 26_130])
        #expect(trades.map(\.price) == [1_633_102, 1_640_000] && trades.map(\.size) == [470_443_515, 100_000_000])
        #expect(trades.map(\.aggressor) == [.sell, .buy] && trades.allSatisfy { $0.isBackfilled && $0.isAggregate })
    }

    @Test("Trades of an instrument without a stream are refused: its scales are another decoder's")
    func unknown() {
        var frames = BinanceFrames(.spot, ["x@trade"])
        #expect { try frames.decodeAnswer(Self.raw, to: .trades, of: 1) } throws: {
            ($0 as? FrameRefusal)?.label == "unknown_stream"
        }
        frames.removeStream(at: 0)
        #expect { try frames.decodeAnswer(Self.raw, to: .trades, of: 0) } throws: {
            ($0 as? FrameRefusal)?.label == "unknown_stream"
        }
    }

    @Test("An empty list is an answer without trades")
    func empty() throws {
        #expect(try Self.trades("[]").isEmpty)
    }

    @Test(
        "An answer that is broken, or whose ids do not rise, is refused",
        arguments: [
            (#""id":28459"#, #""id":28457"#, "mismatch"), (#""id":28459"#, #""id":28456"#, "mismatch"),
            (#""id":28459"#, #""id":-1"#, "json"), (#""id":28459,"#, "", "missing_field"),
            (#""price":"4.5","#, "", "missing_field"), (#""price":"4.5""#, #""price":4.5"#, "json"),
            (#""price":"4.5""#, #""price":"x""#, "missing_field"), (#""qty":"0.001","#, "", "missing_field"),
            (#""qty":"0.001""#, #""qty":"-0.001""#, "missing_field"), (#""time":1785000000600,"#, "", "missing_field"),
            (#""isBuyerMaker":false,"#, "", "missing_field"), (#""isBuyerMaker":false"#, #""isBuyerMaker":0"#, "json"),
            (#""price":"4.5""#, #""price":"99999999999999999999""#, "value_too_large"), ("}]", "}", "json"),
            ("[{", "{", "json"),
        ])
    func refused(_ part: String, _ other: String, _ label: String) throws {
        try #require(Self.raw.contains(part))
        #expect { try Self.trades(Self.raw.replacing(part, with: other)) } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    @Test("More trades than a frame may bring are refused")
    func bounded() {
        let rows = (0...EventBatch.limit).map {
            #"{"a":\#($0),"p":"1","q":"1","T":1785000000153,"m":true}"#
        }
        #expect { try Self.trades("[" + rows.joined(separator: ",") + "]") } throws: {
            ($0 as? FrameRefusal)?.label == "too_large"
        }
    }

    // MARK: - Funding

    private static let rates =
        #"[{"symbol":"BTCUSDT","fundingRate":"-0.03750000","fundingTime":1784966400000,"markPrice":"34287.54"},{"symbol":"BTCUSDT","fundingRate":"0.0001","fundingTime":1784995200001,"markPrice":""}]"#

    @Test("What was charged is told at its time, as backfilled")
    func charged() throws {
        var frames = BinanceFrames(.usdm, ["btcusdt@markPrice@1s"])
        let rates = try frames.decodeAnswer(Self.rates, to: .fundingHistory, of: 0).events.map { event in
            guard case .fundingRate(let rate) = event else { throw FrameRefusal.unknownEvent }
            return rate
        }
        #expect(rates.map(\.rate.text) == ["-0.0375", "0.0001"] && rates.map(\.settledRate) == rates.map(\.rate))
        #expect(rates.map(\.fundingTime.microseconds) == [1_784_966_400_000_000, 1_784_995_200_001_000])
        #expect(rates.allSatisfy { $0.isBackfilled && $0.eventTime == $0.fundingTime && $0.accrual == .periodic })
    }

    @Test(
        "Charged rates of another symbol, in another order or without a part are refused",
        arguments: [
            (#"[{"symbol":"BTCUSDT""#, #"[{"symbol":"ETHUSDT""#, "mismatch"),
            ("1784995200001", "1784966400000", "mismatch"),
            (#""fundingRate":"0.0001","#, "", "missing_field"),
            (#""fundingRate":"0.0001""#, #""fundingRate":"""#, "missing_field"),
            (#","fundingTime":1784995200001"#, "", "missing_field"), (#"[{"symbol":"BTCUSDT","#, "[{", "missing_field"),
            (#""fundingRate":"0.0001""#, #""fundingRate":0.0001"#, "json"),
        ])
    func refusedRates(_ part: String, _ other: String, _ label: String) throws {
        try #require(Self.rates.contains(part))
        var frames = BinanceFrames(.usdm, ["btcusdt@markPrice@1s"])
        #expect {
            try frames.decodeAnswer(Self.rates.replacing(part, with: other), to: .fundingHistory, of: 0)
        } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    // MARK: - Bars

    @Test("Bars that ended in the hole are backfilled, those before and after are confirmed alone")
    func missedBars() throws {
        let rows = (0..<4).map { index in
            let open = 1_785_000_000_000 + index * 60_000
            return #"[\#(open),"1.5","1.7","1.4","1.6","1000.25",\#(open + 59_999),"1600.5",308,"500","800","0"]"#
        }
        var frames = BinanceFrames(.spot, ["x@trade"])
        let missed: ClosedRange<Int64> = 1_785_000_060_000_000...1_785_000_179_999_000
        let bars = try frames.decodeAnswer(
            "[" + rows.joined(separator: ",") + "]", to: .klines(.minute1, missed: missed), of: 0
        ).events.map { event in
            guard case .kline(let bar) = event else { throw FrameRefusal.unknownEvent }
            return bar
        }
        #expect(bars.map(\.isBackfilled) == [false, true, true, false] && bars.allSatisfy { $0.isConfirmed })
    }
}
