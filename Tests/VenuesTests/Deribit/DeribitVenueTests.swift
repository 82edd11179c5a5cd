import MarketModel
import Resilience
import Testing

@testable import Venues

@Suite("Deribit as a venue")
struct DeribitVenueTests {
    private static let deribit = Deribit()

    private static func segment(_ section: DeribitSegment) throws -> VenueSegment {
        try #require(VenueCatalog.segment(section.id))
    }

    // MARK: - Streams

    @Test("Each kind of data has its channel, and one channel brings several kinds")
    func streams() throws {
        let segment = try Self.segment(.perpetual)
        let wanted = Wanted(types: Set(DataType.allCases), klineIntervals: [.minute1, .day1, .day3])
        let streams = Self.deribit.streams(of: "BTC-PERPETUAL", in: segment, wanted: wanted)
        #expect(
            streams.map(\.name) == [
                "book.BTC-PERPETUAL.100ms", "quote.BTC-PERPETUAL", "trades.BTC-PERPETUAL.100ms",
                "ticker.BTC-PERPETUAL.100ms", "chart.trades.BTC-PERPETUAL.1", "chart.trades.BTC-PERPETUAL.1D",
            ])
        #expect(streams[2].types == [.trade, .liquidation])
        #expect(streams[3].types == [.markPrice, .fundingRate, .openInterest])
        #expect(streams.allSatisfy { $0.route.paths == ["/ws/api/v2"] && !$0.isSparse })
    }

    @Test("An option's streams may be silent, its funding does not exist, and the pace is chosen")
    func optionStreams() throws {
        let segment = try Self.segment(.option)
        let wanted = Wanted(
            types: [.liquidation, .fundingRate, .openInterest, .bbo, .orderbook], options: ["pace": "agg2"])
        let streams = Self.deribit.streams(of: "BTC-25DEC26-100000-C", in: segment, wanted: wanted)
        #expect(
            streams.map(\.name) == [
                "book.BTC-25DEC26-100000-C.agg2", "quote.BTC-25DEC26-100000-C", "trades.BTC-25DEC26-100000-C.agg2",
                "ticker.BTC-25DEC26-100000-C.agg2",
            ])
        #expect(streams.map(\.isSparse) == [false, true, true, false])
        #expect(streams[2].types == [.liquidation] && streams[3].types == [.openInterest])
    }

    @Test("An index has its volatility alone")
    func indexStreams() throws {
        let segment = try Self.segment(.index)
        let wanted = Wanted(types: Set(DataType.allCases))
        let streams = Self.deribit.streams(of: "eth_usd", in: segment, wanted: wanted)
        #expect(streams.map(\.name) == ["deribit_volatility_index.eth_usd"])
        #expect(Self.deribit.segmentStreams(in: segment, route: Deribit.route, wanted: wanted).isEmpty)
        let instruments = try Self.deribit.instruments([], in: segment).instruments
        #expect(
            instruments.map(\.symbol) == ["BTC", "ETH"] && instruments.map(\.venueSymbol) == ["btc_usd", "eth_usd"])
        #expect(instruments.allSatisfy { $0.market == .option && $0.segment == "index" })
        #expect(Self.deribit.instrumentRequests(in: segment).isEmpty)
    }

    @Test("Every stream that is asked for is one that the decoder takes", arguments: DeribitSegment.allCases)
    func decodable(_ section: DeribitSegment) throws {
        let segment = try Self.segment(section)
        let wanted = Wanted(types: Set(DataType.allCases), klineIntervals: segment.klineIntervals)
        let streams =
            Self.deribit.streams(of: segment.exampleSymbol, in: segment, wanted: wanted)
            + Self.deribit.segmentStreams(in: segment, route: Deribit.route, wanted: wanted)
        let decoder = Self.deribit.makeDecoder(for: segment, wanted: wanted)
        for (place, stream) in streams.enumerated() {
            #expect(decoder.addStream(stream, of: stream.symbol == nil ? nil : InstrumentID(0)) == place)
        }
        let streamed = segment.offeredTypes.filter { segment.offer(of: $0) != .poll }
        #expect(Set(streams.flatMap(\.types)) == Set(streamed))
    }

    @Test("What the venue does not publish is refused with a reason")
    func refusals() throws {
        let perpetual = try Self.segment(.perpetual)
        #expect(
            perpetual.offeredTypes == [
                .trade, .orderbook, .bbo, .markPrice, .fundingRate, .openInterest, .liquidation, .kline, .instrument,
            ])
        let option = try Self.segment(.option)
        #expect(option.offeredTypes == perpetual.offeredTypes.filter { $0 != .fundingRate })
        #expect(try Self.segment(.index).offeredTypes == [.volatilityIndex])
        #expect(perpetual.offer(of: .topAccountRatio) == .refused("Deribit publishes none"))
        #expect(perpetual.snapshot == nil && perpetual.sequenceRule == .linked && perpetual.depth == .full)
    }

    // MARK: - Requests

    @Test("Lists, bars and summaries are asked for at the documented cost")
    func requests() throws {
        let segment = try Self.segment(.option)
        let list = try #require(Self.deribit.instrumentRequests(in: segment).first)
        #expect(list.path == "/api/v2/public/get_instruments?currency=any&kind=option&expired=false")
        #expect(list.costs == [.init("instruments", 10_000)])
        let bars = try #require(
            Self.deribit.klineRequest(
                of: "BTC-PERPETUAL", .minute1, fromMilliseconds: 0, toMilliseconds: 600_000_000_000, in: segment))
        #expect(
            bars.path
                == "/api/v2/public/get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&resolution=1&start_timestamp=599700060000&end_timestamp=600000000000"
        )
        #expect(bars.costs == [.init("requests", 500)])
        #expect(
            Self.deribit.klineRequest(
                of: "X", .hour4, fromMilliseconds: 0, toMilliseconds: 1, in: segment) == nil)
        let scopes = Self.deribit.scopes(limits: VenueLimits(Self.deribit.limits))
        for request in [list, bars] + Self.deribit.turnoverRequests(in: segment) {
            for cost in request.costs {
                let window = try #require(scopes[cost.scope]?.windows.first)
                #expect(window.meter == .weight && window.limit >= 4 * cost.weight)
            }
        }
        #expect(scopes["requests"]?.windows == [RateWindow(.weight, limit: 40_000, per: .seconds(5))])
        #expect(scopes[Self.deribit.connectScope(of: segment)]?.windows.first?.limit == 25)
    }

    @Test("A poll asks for the time up to when it is sent")
    func polls() throws {
        let index = try Self.segment(.index)
        let instruments = try Self.deribit.instruments([], in: index).instruments
        let polls = Self.deribit.polls(of: instruments, in: index, wanted: Wanted(types: [.volatilityIndex]))
        #expect(polls.map(\.symbol) == ["btc_usd", "eth_usd"])
        let poll = try #require(polls.last)
        #expect(poll.question == .volatilityIndex(.minute1))
        #expect(
            poll.request(atMilliseconds: 1_000_000).path
                == "/api/v2/public/get_volatility_index_data?currency=ETH&resolution=60&start_timestamp=880000&end_timestamp=1000000"
        )
        // What failed polls left out is asked for later, as far as one answer holds it.
        #expect(poll.request(atMilliseconds: 1_000_000, last: 700_000).path.hasSuffix("=580000&end_timestamp=1000000"))
        #expect(
            poll.request(atMilliseconds: 60_000_000, last: -9_000_000_000).path
                .hasSuffix("start_timestamp=0&end_timestamp=60000000"))
        #expect(poll.request(atMilliseconds: 1_000_000, last: 2_000_000).path.contains("start_timestamp=880000"))
        #expect(poll.interval == nil)
        let perpetual = try Self.segment(.perpetual)
        var instrument = instruments[0]
        instrument.venueSymbol = "BTC-PERPETUAL"
        let wanted = Wanted(types: [.kline], klineIntervals: [.hour1, .day3])
        let bars = Self.deribit.polls(of: [instrument], in: perpetual, wanted: wanted)
        #expect(bars.map(\.question) == [.klines(.hour1)] && bars.first?.interval == .seconds(3_600))
        #expect(
            bars.first?.request(atMilliseconds: 10_800_000).path
                == "/api/v2/public/get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&resolution=60&start_timestamp=3600000&end_timestamp=10800000"
        )
        #expect(Self.deribit.polls(of: [instrument], in: perpetual, wanted: Wanted(types: [.trade])).isEmpty)
    }

    @Test("Turnover is in dollars, by the venue's symbol")
    func turnovers() throws {
        let segment = try Self.segment(.perpetual)
        let text =
            #"{"result":[{"instrument_name":"BTC-PERPETUAL","volume_usd":123456789.5,"volume":1},{"instrument_name":"X","volume_usd":null},{"instrument_name":"Y","volume_usd":1.5e6},7]}"#
        let turnovers = try Self.deribit.turnovers(Array(text.utf8), in: segment)
        #expect(
            turnovers == [
                "BTC-PERPETUAL": DecimalValue(1_234_567_895, scale: 1), "Y": DecimalValue(1_500_000, scale: 0),
            ])
        #expect(throws: UnreadableAnswer.self) { try Self.deribit.turnovers([], in: segment) }
    }

    // MARK: - Verdicts

    private static func verdict(_ status: Int, _ body: String, retryAfter: String? = nil) -> AnswerVerdict {
        Self.deribit.verdict(
            on: VenueAnswer(status: status, body: Array(body.utf8), nowMilliseconds: 0) {
                $0 == "Retry-After" ? retryAfter : nil
            })
    }

    private static func error(_ code: Int64) -> String {
        #"{"jsonrpc":"2.0","error":{"message":"x","code":\#(code)},"usIn":1}"#
    }

    @Test("An answer is a success unless it carries an error, whatever its status says")
    func success() {
        #expect(Self.verdict(200, #"{"jsonrpc":"2.0","result":[]}"#) == .success)
        #expect(Self.verdict(200, "") == .success)
        #expect(Self.verdict(200, Self.error(10_020)) == .refused(code: 10_020))
    }

    @Test(
        "Errors that pass are told from those that stay",
        arguments: [
            (10_028, AnswerVerdict.rateLimited(retryAfter: .seconds(5))),
            (10_066, .rateLimited(retryAfter: .seconds(5))),
            (10_040, .unavailable(retryAfter: .seconds(1))), (10_041, .unavailable(retryAfter: .seconds(1))),
            (10_047, .unavailable(retryAfter: .seconds(1))), (11_094, .unavailable(retryAfter: .seconds(1))),
            (13_028, .unavailable(retryAfter: .seconds(1))), (13_503, .unavailable(retryAfter: .seconds(1))),
            (13_888, .unavailable(retryAfter: .seconds(1))), (11_051, .unavailable(retryAfter: .seconds(30))),
            (-32_600, .refused(code: -32_600)), (-32_601, .refused(code: -32_601)), (-32_602, .refused(code: -32_602)),
            (-32_700, .refused(code: -32_700)), (10_020, .refused(code: 10_020)), (13_020, .refused(code: 13_020)),
            (11_029, .refused(code: 11_029)), (11_050, .refused(code: 11_050)), (11_060, .refused(code: 11_060)),
            (13_009, .refused(code: 13_009)), (13_021, .refused(code: 13_021)), (13_778, .refused(code: 13_778)),
        ] as [(Int64, AnswerVerdict)])
    func codes(_ code: Int64, _ verdict: AnswerVerdict) {
        #expect(Self.verdict(400, Self.error(code)) == verdict)
    }

    @Test("A status without a code says enough")
    func statuses() {
        #expect(Self.verdict(429, "<html>") == .rateLimited(retryAfter: .seconds(5)))
        #expect(Self.verdict(429, "", retryAfter: "17") == .rateLimited(retryAfter: .seconds(17)))
        #expect(Self.verdict(429, "", retryAfter: "99999999") == .rateLimited(retryAfter: .seconds(300)))
        #expect(Self.verdict(503, "") == .unavailable(retryAfter: nil))
        #expect(Self.verdict(500, Self.error(12)) == .unavailable(retryAfter: nil))
        #expect(Self.verdict(408, "") == .unavailable(retryAfter: nil))
        #expect(Self.verdict(403, "<html>") == .refused(code: nil))
    }
}
