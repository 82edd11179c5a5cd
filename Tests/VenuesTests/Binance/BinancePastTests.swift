import MarketModel
import Testing
import Venues

@Suite("What Binance serves of the past")
struct BinancePastTests {
    private static let venue = Binance()
    private static let start: Int64 = 1_785_000_000_000

    private static func segment(_ name: String) throws -> VenueSegment {
        try #require(Self.venue.segments.first { $0.id.name == name })
    }

    private static func offer(_ kind: HistoryKind, _ name: String, _ stream: String = "aggTrade") throws
        -> HistoryOffer?
    {
        let wanted = Wanted(types: [kind.type], options: ["trade_stream": stream])
        return Self.venue.historyOffer(of: kind, in: try Self.segment(name), wanted: wanted)
    }

    private static func request(
        _ kind: HistoryKind, _ name: String, _ from: Int64, _ to: Int64, symbol: String = "BTCUSDT"
    ) throws -> HistoryRequest? {
        Self.venue.historyRequest(
            of: kind, symbol: symbol, fromMilliseconds: from, toMilliseconds: to, in: try Self.segment(name))
    }

    // MARK: - Offers

    @Test("Each section offers what it serves, with the rows that weigh least")
    func offers() throws {
        #expect(
            try Self.offer(.kline(.second1), "spot") == HistoryOffer(rowsMost: 1_000, costs: [.init("spot", 2)]))
        #expect(
            try Self.offer(.kline(.minute1), "usdm") == HistoryOffer(rowsMost: 499, costs: [.init("futures", 2)]))
        let coinm = try #require(try Self.offer(.markPrice(.minute1), "coinm"))
        #expect(coinm.rowsMost == 499 && coinm.spanMostMilliseconds == 199 * 86_400_000)
        let funding = try #require(try Self.offer(.fundingRate, "usdm"))
        #expect(funding.rowsMost == 1_000 && funding.spanMostMilliseconds == 999 * 3_600_000)
        #expect(funding.costs == [.init("funding-info", 0)])
        let interest = try #require(try Self.offer(.openInterest(.minute5), "coinm"))
        #expect(interest.rowsMost == 500 && interest.costs == [.init("futures-data", 0), .init("futures", 1)])
        let retention = try #require(interest.retentionMilliseconds)
        #expect(retention < 30 * 86_400_000 && retention > 29 * 86_400_000)
        #expect(try Self.offer(.ratio(.topAccount, period: .day1), "usdm")?.costs == [.init("futures-data", 0)])
    }

    @Test(
        "What a section has not is not offered, and not asked for",
        arguments: [
            (HistoryKind.kline(.second1), "usdm"), (.kline(.hour3), "spot"), (.markPrice(.minute1), "spot"),
            (.markPrice(.month1), "usdm"), (.fundingRate, "spot"), (.openInterest(.minute5), "spot"),
            (.openInterest(.minute1), "usdm"), (.ratio(.allAccount, period: .hour8), "usdm"),
            (.volatilityIndex(.minute1), "usdm"),
        ])
    func refused(_ kind: HistoryKind, _ name: String) throws {
        #expect(try Self.offer(kind, name) == nil)
        #expect(try Self.request(kind, name, Self.start, Self.start + 1) == nil)
    }

    @Test("Trades are offered by the ids of the wanted stream, futures' of a day")
    func trades() throws {
        let spot = try #require(try Self.offer(.trade, "spot", "trade"))
        #expect(spot == HistoryOffer(rowsMost: 1_000, costs: [.init("spot", 25)]))
        #expect(try Self.offer(.trade, "spot", "aggTrade")?.costs == [.init("spot", 4)])
        let usdm = try #require(try Self.offer(.trade, "usdm"))
        #expect(usdm.retentionMilliseconds == 86_400_000 && usdm.costs == [.init("futures", 20)])
        #expect(try Self.offer(.trade, "usdm", "trade") == nil)
        #expect(try Self.request(.trade, "spot", 1, 2) == nil)
    }

    // MARK: - Requests

    @Test("Bars of a range are asked for all, with the limit that they need and its weight")
    func bars() throws {
        let end = Self.start + 499 * 60_000 - 1
        let usdm = try #require(try Self.request(.kline(.minute1), "usdm", Self.start, end))
        #expect(
            usdm.request.path
                == "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&startTime=\(Self.start)&endTime=\(end)&limit=499")
        #expect(usdm.request.costs == [.init("futures", 2)])
        #expect(usdm.question == .klines(.minute1, missed: 0...Int64.max))
        let few = try #require(try Self.request(.kline(.minute1), "usdm", Self.start, Self.start))
        #expect(few.request.path.hasSuffix("&limit=1") && few.request.costs == [.init("futures", 1)])
        let mark = try #require(try Self.request(.markPrice(.hour1), "coinm", Self.start, Self.start + 1))
        #expect(
            mark.request.path
                == "/dapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1h&startTime=\(Self.start)&endTime=\(Self.start + 1)&limit=1"
        )
        #expect(mark.question == .markPriceBars(.hour1))
        let month = try #require(try Self.request(.kline(.month1), "spot", 0, Self.start))
        #expect(month.request.path.hasSuffix("&limit=738"))
    }

    @Test("A range that no answer holds is not asked for")
    func tooLong() throws {
        let minute: Int64 = 60_000
        #expect(try Self.request(.kline(.minute1), "spot", 0, 1_000 * minute - 1) != nil)
        #expect(try Self.request(.kline(.minute1), "spot", 0, 1_000 * minute) == nil)
        #expect(try Self.request(.kline(.day1), "coinm", 0, 199 * 86_400_000) != nil)
        #expect(try Self.request(.kline(.day1), "coinm", 0, 199 * 86_400_000 + 1) == nil)
        #expect(try Self.request(.fundingRate, "usdm", 0, 999 * 3_600_000) != nil)
        #expect(try Self.request(.fundingRate, "usdm", 0, 999 * 3_600_000 + 1) == nil)
        #expect(try Self.request(.openInterest(.minute5), "usdm", 0, 500 * 5 * minute - 1) != nil)
        #expect(try Self.request(.openInterest(.minute5), "usdm", 0, 500 * 5 * minute) == nil)
        #expect(try Self.request(.kline(.minute1), "spot", 2, 1) == nil)
        #expect(try Self.request(.kline(.minute1), "spot", -1, 1) == nil)
        #expect(try Self.request(.kline(.minute1), "spot", .min, .max) == nil)
    }

    @Test("Figures are of symbols on USD-M, of pairs on COIN-M, where dated contracts have none")
    func figures() throws {
        let usdm = try #require(try Self.request(.openInterest(.minute5), "usdm", 300_000, 900_000))
        #expect(
            usdm.request.path
                == "/futures/data/openInterestHist?symbol=BTCUSDT&period=5m&startTime=300000&endTime=900000&limit=3")
        #expect(usdm.question == .openInterestHistory(.minute5))
        let coinm = try #require(
            try Self.request(.openInterest(.hour1), "coinm", 0, 1, symbol: "BTCUSD_PERP"))
        #expect(
            coinm.request.path
                == "/futures/data/openInterestHist?pair=BTCUSD&contractType=PERPETUAL&period=1h&startTime=0&endTime=1&limit=1"
        )
        let ratio = HistoryKind.ratio(.topPosition, period: .minute15)
        let pair = try #require(try Self.request(ratio, "coinm", 0, 1, symbol: "BTCUSD_PERP"))
        #expect(
            pair.request.path
                == "/futures/data/topLongShortPositionRatio?pair=BTCUSD&period=15m&startTime=0&endTime=1&limit=1")
        #expect(pair.question == .ratio(.topPosition, period: .minute15))
        #expect(try Self.request(ratio, "coinm", 0, 1, symbol: "BTCUSD_261225") == nil)
        #expect(try Self.request(.openInterest(.hour1), "coinm", 0, 1, symbol: "BTCUSD_261225") == nil)
        let funding = try #require(try Self.request(.fundingRate, "coinm", 0, 1, symbol: "BTCUSD_PERP"))
        #expect(funding.question == .fundingHistory && funding.request.costs == [.init("futures", 1)])
    }

    // MARK: - The first trade of a time

    @Test("The first trade of a time is searched for by hours on futures, at once on spot")
    func search() throws {
        func search(_ name: String, _ stream: String, _ time: Int64 = Self.start) throws -> TradeSearchRequest? {
            Self.venue.tradeSearchRequest(
                of: "BTCUSDT", atMilliseconds: time, in: try Self.segment(name),
                wanted: Wanted(types: [.trade], options: ["trade_stream": stream]))
        }
        let spot = try #require(try search("spot", "trade"))
        #expect(spot.request.path == "/api/v3/aggTrades?symbol=BTCUSDT&startTime=\(Self.start)&limit=1")
        #expect(spot.tells == .first && spot.endMilliseconds == nil && spot.request.costs == [.init("spot", 4)])
        let usdm = try #require(try search("usdm", "aggTrade"))
        #expect(
            usdm.request.path
                == "/fapi/v1/aggTrades?symbol=BTCUSDT&startTime=\(Self.start)&endTime=\(Self.start + 3_599_999)&limit=1"
        )
        #expect(usdm.endMilliseconds == Self.start + 3_600_000 && usdm.request.costs == [.init("futures", 20)])
        #expect(try search("usdm", "trade") == nil && search("spot", "trade", -1) == nil)
        #expect(try search("usdm", "aggTrade", .max) == nil)
    }

    @Test("A trade that was put together tells its single ones where these are counted")
    func singles() throws {
        let answer =
            #"[{"a":26129,"p":"0.5","q":"4","f":27781,"l":27785,"T":1785000000153,"m":true},{"a":26130,"p":"0.5","q":"1","f":27786,"l":27786,"T":1785000000154,"m":false}]"#
        func trades(_ stream: String, _ text: String) throws -> [Trade] {
            let segment = try Self.segment("spot")
            let wanted = Wanted(types: [.trade], options: ["trade_stream": stream])
            let decoder = Self.venue.makeDecoder(for: segment, wanted: wanted)
            let added = decoder.addStream(BinanceFrames.stream("x@\(stream)"), of: InstrumentID(0))
            try #require(added == 0)
            decoder.setScales(DecimalScales(price: 1, size: 0), of: InstrumentID(0))
            var batch = EventBatch()
            try Array(text.utf8).withUnsafeBytes { bytes in
                let frame = Frame(bytes: bytes, receivedMicroseconds: 1)
                try decoder.decodeAnswer(frame, to: .trades, of: InstrumentID(0), into: &batch)
            }
            return batch.events.compactMap { if case .trade(let trade) = $0 { trade } else { nil } }
        }
        let single = try trades("trade", answer)
        #expect(single.map(\.firstSequence) == [27_781, 27_786] && single.map(\.sequence) == [27_785, 27_786])
        #expect(single.map { answer.text($0.id) } == ["27785", "27786"])
        let put = try trades("aggTrade", answer)
        #expect(put.map(\.firstSequence) == [26_129, 26_130] && put.map(\.sequence) == [26_129, 26_130])
        for broken in [answer.replacing(#""f":27781,"#, with: ""), answer.replacing("27785", with: "27780")] {
            #expect { try trades("trade", broken) } throws: { ($0 as? FrameRefusal)?.label == "missing_field" }
        }
    }

    // MARK: - Answers

    @Test("Open interest counts the base asset on USD-M, contracts and the base asset on COIN-M, oldest first")
    func openInterest() throws {
        func interest(_ segment: BinanceSegment, _ text: String) throws -> [OpenInterest] {
            var frames = BinanceFrames(segment, ["btcusdt@markPrice@1s"])
            return try frames.decodeAnswer(text, to: .openInterestHistory(.minute5), of: 0).events.compactMap {
                if case .openInterest(let interest) = $0 { interest } else { nil }
            }
        }
        let rows =
            #"[{"symbol":"BTCUSDT","sumOpenInterest":"20401.36700000","sumOpenInterestValue":"149940752.14464448","CMCCirculatingSupply":"165900.00","timestamp":1785000600000},{"symbol":"BTCUSDT","sumOpenInterest":"20403.1","sumOpenInterestValue":"1","timestamp":"1785000300000"}]"#
        let usdm = try interest(.usdm, rows)
        #expect(usdm.map(\.amount.text) == ["20403.1", "20401.367"])
        #expect(usdm.map(\.eventTime.microseconds) == [1_785_000_300_000_000, 1_785_000_600_000_000])
        #expect(usdm.allSatisfy { !$0.baseAmount.isGiven && !$0.valueUSD.isGiven })
        let coinm = try interest(
            .coinm,
            #"[{"pair":"BTCUSD","contractType":"PERPETUAL","sumOpenInterest":"20403","sumOpenInterestValue":"176.5","timestamp":1785000300000}]"#
        )
        #expect(coinm.map(\.amount.text) == ["20403"] && coinm.map(\.baseAmount.text) == ["176.5"])
        #expect(try interest(.usdm, "[]").isEmpty)
        for (part, other, label) in [
            ("1785000600000", "1785000300000", "mismatch"),
            (#""symbol":"BTCUSDT""#, #""symbol":"ETHUSDT""#, "mismatch"),
            (#""sumOpenInterest":"20403.1","#, "", "missing_field"), ("20403.1", "", "missing_field"),
            (#","timestamp":1785000600000"#, "", "missing_field"), ("20403.1", "1e30", "value_too_large"),
            (#"}]"#, "}", "json"),
        ] {
            #expect { try interest(.usdm, rows.replacing(part, with: other)) } throws: {
                ($0 as? FrameRefusal)?.label == label
            }
        }
    }

    @Test("Bars of the mark price are read exactly, those that are over")
    func markPrice() throws {
        let received = BinanceFrames.received / 1_000
        let rows = [received - 119_999, received - 59_999].map {
            #"[\#($0),"9653.69440000","9653.69640000","9651.38600000","9651.55200000","0 ",\#($0 + 59_999),"0",60,"0","0","0"]"#
        }
        func bars(_ text: String) throws -> [MarkPrice] {
            var frames = BinanceFrames(.usdm, ["btcusdt@markPrice@1s"])
            return try frames.decodeAnswer(text, to: .markPriceBars(.minute1), of: 0).events.compactMap {
                if case .markPrice(let price) = $0 { price } else { nil }
            }
        }
        let text = "[\(rows.joined(separator: ","))]"
        let bars1 = try bars(text)
        #expect(bars1.count == 1, "the second ends when the answer came")
        let bar = try #require(bars1.first)
        #expect(bar.open.text == "9653.6944" && bar.high.text == "9653.6964" && bar.low.text == "9651.386")
        #expect(bar.mark.text == "9651.552" && bar.resolutionMicroseconds == 60_000_000 && !bar.index.isGiven)
        #expect(bar.eventTime.microseconds == (received - 119_999) * 1_000)
        #expect(try bars("[]").isEmpty)
        for (broken, label) in [
            (text.replacing("\"9651.55200000\"", with: "\"\""), "missing_field"), ("[[1,\"1\"]]", "missing_field"),
            (text.replacing("9651.386", with: "x"), "missing_field"), ("{}", "json"), ("[[", "json"),
        ] {
            #expect { try bars(broken) } throws: { ($0 as? FrameRefusal)?.label == label }
        }
    }
}
