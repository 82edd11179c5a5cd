import MarketModel
import Resilience
import Testing
import Venues

@Suite("What is asked of Binance")
struct BinanceVenueTests {
    private static let venue = Binance()
    private static let contracts: Set<DataType> = [
        .markPrice, .fundingRate, .openInterest, .liquidation, .topPositionRatio, .topAccountRatio, .allAccountRatio,
    ]

    private static func segment(_ name: String) throws -> VenueSegment {
        try #require(Self.venue.segments.first { $0.id.name == name })
    }

    private static func instrument(_ symbol: String, _ segment: String, _ market: Market) -> Instrument {
        Instrument(
            venue: Binance.id, segment: segment, market: market, symbol: symbol, venueSymbol: symbol, base: "BTC",
            quote: "USD", contract: segment == "coinm" ? .inverse : .linear, unit: .contracts)
    }

    // MARK: - Offers

    @Test("The matrix is offered as it is, and what a section has not is refused with a reason")
    func offers() throws {
        for name in ["spot", "usdm", "coinm"] {
            let segment = try Self.segment(name)
            for type in DataType.allCases {
                let isOffered = type != .volatilityIndex && (name != "spot" || !Self.contracts.contains(type))
                #expect(segment.offer(of: type).isOffered == isOffered, "\(name) \(type)")
                if case .refused(let reason) = segment.offer(of: type) { #expect(!reason.isEmpty) }
            }
            #expect(segment.offer(of: .instrument) == (name == "spot" ? .poll : .streamAndPoll))
            #expect(segment.klineIntervals.contains(.second1) == (name == "spot"))
        }
    }

    // MARK: - Streams

    private static let everything = Wanted(
        types: Set(DataType.allCases), klineIntervals: [.minute1, .month1, .hour3],
        options: ["trade_stream": "aggTrade"])

    @Test(
        "A symbol's streams bring what is wanted, one for mark price and funding, one for each length of bars",
        arguments: [
            ("spot", ["btc@depth@100ms", "btc@bookTicker", "btc@aggTrade", "btc@kline_1m", "btc@kline_1M"]),
            (
                "usdm",
                [
                    "btc@depth@100ms", "btc@bookTicker", "btc@aggTrade", "btc@markPrice@1s", "btc@forceOrder",
                    "btc@kline_1m", "btc@kline_1M",
                ]
            ),
            (
                "coinm",
                [
                    "btc@depth@100ms", "btc@bookTicker", "btc@aggTrade", "btc@markPrice@1s", "btc@forceOrder",
                    "btc@kline_1m", "btc@kline_1M",
                ]
            ),
        ])
    func streams(_ name: String, _ names: [String]) throws {
        let segment = try Self.segment(name)
        let streams = Self.venue.streams(of: "BTC", in: segment, wanted: Self.everything)
        #expect(streams.map(\.name) == names && streams.allSatisfy { $0.symbol == "BTC" })
        #expect(streams.filter(\.isSparse).map(\.types) == (name == "spot" ? [] : [[.liquidation]]))
        // Every one of them is known to the decoder.
        let decoder = Self.venue.makeDecoder(for: segment, wanted: Self.everything)
        for (place, stream) in streams.enumerated() {
            #expect(decoder.addStream(stream, of: InstrumentID(0)) == place)
        }
    }

    @Test(
        "A mark price's stream names what is wanted of it",
        arguments: [[DataType.markPrice], [.fundingRate], [.markPrice, .fundingRate]])
    func marks(_ types: [DataType]) throws {
        let segment = try Self.segment("usdm")
        let streams = Self.venue.streams(of: "BTCUSDT", in: segment, wanted: Wanted(types: Set(types)))
        #expect(streams.map(\.types) == [types] && streams.map(\.name) == ["btcusdt@markPrice@1s"])
    }

    @Test("USD-M's books go over one path and all else over another; trades one by one try both on their own")
    func routes() throws {
        let usdm = try Self.segment("usdm")
        var wanted = Self.everything
        var streams = Self.venue.streams(of: "BTC", in: usdm, wanted: wanted)
        #expect(Set(streams.filter { $0.route.paths == ["/public/stream"] }.flatMap(\.types)) == [.orderbook, .bbo])
        #expect(streams.dropFirst(2).allSatisfy { $0.route.paths == ["/market/stream"] })
        wanted.options["trade_stream"] = "trade"
        streams = Self.venue.streams(of: "BTC", in: usdm, wanted: wanted)
        let raw = streams.filter { $0.route.paths == ["/market/stream", "/public/stream"] }
        #expect(raw.map(\.name) == ["btc@trade"])
        #expect(Set(streams.map(\.route)).count == 3 && Set(streams.map(\.route.suffix)).count == 3)
    }

    @Test("COIN-M tries the path without a part first, spot has one path")
    func otherRoutes() throws {
        let coinm = Self.venue.streams(of: "X", in: try Self.segment("coinm"), wanted: Self.everything)
        #expect(
            Set(coinm.map(\.route.paths)) == [["/stream", "/public/stream"], ["/stream", "/market/stream"]])
        let spot = Self.venue.streams(of: "X", in: try Self.segment("spot"), wanted: Self.everything)
        #expect(Set(spot.map(\.route.paths)) == [["/stream"]])
    }

    @Test("Changes of the list are streamed on futures, beside the streams of their route, when they are wanted")
    func contractInfo() throws {
        for name in ["spot", "usdm", "coinm"] {
            let segment = try Self.segment(name)
            let routes = Set(Self.venue.streams(of: "X", in: segment, wanted: Self.everything).map(\.route))
            let streams = routes.flatMap {
                Self.venue.segmentStreams(in: segment, route: $0, wanted: Self.everything)
            }
            #expect(streams.map(\.name) == (name == "spot" ? [] : ["!contractInfo"]))
            #expect(streams.allSatisfy { $0.symbol == nil && $0.isSparse && $0.route.suffix == "-market" })
            let without = Wanted(types: [.trade])
            #expect(routes.allSatisfy { Self.venue.segmentStreams(in: segment, route: $0, wanted: without).isEmpty })
            let decoder = Self.venue.makeDecoder(for: segment, wanted: Self.everything)
            for stream in streams { #expect(decoder.addStream(stream, of: nil) == 0) }
        }
    }

    @Test(
        "A stream's kind follows from its name",
        arguments: [
            ("btcusdt@markPrice", "BTCUSDT" as String?, BinanceStream.Kind.markPrice),
            ("x@markPrice@1s", "X", .markPrice),
            ("x@forceOrder", "X", .liquidation), ("x@kline_1s", "X", .kline(.second1)),
            ("x@kline_1M", "X", .kline(.month1)), ("!contractInfo", nil, .contractInfo), ("x@trade", "X", .trade),
        ])
    func kinds(_ name: String, _ symbol: String?, _ kind: BinanceStream.Kind) throws {
        let parsed = try #require(BinanceStream.parse(name: name))
        #expect(parsed.symbol == symbol && parsed.kind == kind)
    }

    @Test(
        "A name that is no stream's is none",
        arguments: ["x@kline", "x@kline_", "x@kline_7m", "@kline_1m", "!contractInfo@arr", "!forceOrder@arr", "x@", ""])
    func noKind(_ name: String) {
        #expect(BinanceStream.parse(name: name) == nil)
    }

    @Test("A kind is one byte, whatever it carries")
    func size() {
        #expect(MemoryLayout<BinanceStream.Kind>.size == 1)
    }

    @Test("A stream of the whole section has no instrument, one of a symbol has one")
    func instruments() throws {
        let decoder = Self.venue.makeDecoder(for: try Self.segment("usdm"), wanted: Self.everything)
        #expect(decoder.addStream(BinanceFrames.stream("!contractInfo"), of: InstrumentID(0)) == nil)
        #expect(decoder.addStream(BinanceFrames.stream("x@kline_1m"), of: nil) == nil)
    }

    // MARK: - Polls

    @Test("USD-M is asked about each contract, and once about the intervals of funding")
    func polls() throws {
        let instruments = [
            Self.instrument("BTCUSDT", "usdm", .perpetual), Self.instrument("BTCUSDT_261225", "usdm", .future),
        ]
        let polls = Self.venue.polls(of: instruments, in: try Self.segment("usdm"), wanted: Self.everything)
        #expect(
            polls.map(\.request.path) == [
                "/fapi/v1/openInterest?symbol=BTCUSDT", "/fapi/v1/openInterest?symbol=BTCUSDT_261225",
                "/futures/data/topLongShortPositionRatio?symbol=BTCUSDT&period=5m&limit=1",
                "/futures/data/topLongShortPositionRatio?symbol=BTCUSDT_261225&period=5m&limit=1",
                "/futures/data/topLongShortAccountRatio?symbol=BTCUSDT&period=5m&limit=1",
                "/futures/data/topLongShortAccountRatio?symbol=BTCUSDT_261225&period=5m&limit=1",
                "/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT&period=5m&limit=1",
                "/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT_261225&period=5m&limit=1",
                "/fapi/v1/fundingInfo",
            ])
        #expect(polls.map(\.symbol).suffix(3) == ["BTCUSDT", "BTCUSDT_261225", nil])
        #expect(
            polls.map(\.question).dropFirst().suffix(3) == [
                .ratio(.allAccount, period: .minute5), .ratio(.allAccount, period: .minute5), .fundingIntervals,
            ])
        #expect(polls[2].question == .ratio(.topPosition, period: .minute5) && polls[2].type == .topPositionRatio)
        #expect(polls[4].question == .ratio(.topAccount, period: .minute5) && polls[4].type == .topAccountRatio)
        #expect(polls[0].request.costs == [.init("futures", 1)])
        #expect(polls[2].request.costs == [.init("futures-data", 0)])
        #expect(polls[8].request.costs == [.init("funding-info", 0)])
    }

    @Test("COIN-M's ratios are of pairs: asked for once, for the perpetual")
    func coinmPolls() throws {
        let instruments = [
            Self.instrument("BTCUSD_261225", "coinm", .future), Self.instrument("BTCUSD_PERP", "coinm", .perpetual),
        ]
        var wanted = Self.everything
        wanted.ratioPeriod = .day1
        let polls = Self.venue.polls(of: instruments, in: try Self.segment("coinm"), wanted: wanted)
        #expect(
            polls.map(\.request.path) == [
                "/dapi/v1/openInterest?symbol=BTCUSD_261225", "/dapi/v1/openInterest?symbol=BTCUSD_PERP",
                "/futures/data/topLongShortPositionRatio?pair=BTCUSD&period=1d&limit=1",
                "/futures/data/topLongShortAccountRatio?pair=BTCUSD&period=1d&limit=1",
                "/futures/data/globalLongShortAccountRatio?pair=BTCUSD&period=1d&limit=1", "/dapi/v1/fundingInfo",
            ])
        #expect(polls[2...4].allSatisfy { $0.symbol == "BTCUSD_PERP" })
    }

    @Test("Nothing is polled that is not wanted, nor on spot, nor of no instruments")
    func noPolls() throws {
        let instruments = [Self.instrument("BTCUSDT", "usdm", .perpetual)]
        let usdm = try Self.segment("usdm")
        #expect(Self.venue.polls(of: instruments, in: usdm, wanted: Wanted(types: [.trade, .kline])).isEmpty)
        #expect(Self.venue.polls(of: instruments, in: try Self.segment("spot"), wanted: Self.everything).isEmpty)
        #expect(Self.venue.polls(of: [], in: usdm, wanted: Self.everything).isEmpty)
    }

    @Test("Every budget that a request draws on is one of the venue's", arguments: ["spot", "usdm", "coinm"])
    func scopes(_ name: String) throws {
        let segment = try Self.segment(name)
        let scopes = Self.venue.scopes(limits: VenueLimits(Self.venue.limits))
        let instruments = [Self.instrument("BTCUSD_PERP", name, .perpetual)]
        var requests = Self.venue.polls(of: instruments, in: segment, wanted: Self.everything).map(\.request)
        requests += Self.venue.turnoverRequests(in: segment) + Self.venue.instrumentRequests(in: segment)
        requests += [Self.venue.snapshotRequest(of: "X", levels: 100, in: segment)].compactMap(\.self)
        #expect(requests.count >= 3)
        for cost in requests.flatMap(\.costs) { #expect(scopes[cost.scope] != nil, "\(cost.scope)") }
    }

    // MARK: - Bars

    @Test("Bars are asked for from their range's start to its end, with a limit that holds them")
    func klines() throws {
        func request(_ name: String, _ interval: KlineInterval, _ from: Int64, _ to: Int64) throws -> VenueRequest? {
            Self.venue.klineRequest(
                of: "币USDT", interval, fromMilliseconds: from, toMilliseconds: to, in: try Self.segment(name))
        }
        let short = try #require(try request("spot", .minute1, 1_785_000_000_000, 1_785_000_120_000))
        #expect(
            short.path
                == "/api/v3/klines?symbol=%E5%B8%81USDT&interval=1m&startTime=1785000000000&endTime=1785000120000&limit=3"
        )
        #expect(short.costs == [.init("spot", 2)])
        // A range of more bars than an answer holds is cut at its start.
        let long = try #require(try request("spot", .second1, 0, 1_785_000_000_000))
        #expect(long.path.hasSuffix("interval=1s&startTime=1784999000001&endTime=1785000000000&limit=1000"))
        for (count, weight) in [(1, 1), (99, 1), (100, 2), (499, 2), (500, 5), (1_000, 5), (1_001, 10), (9_999, 10)] {
            let futures = try #require(
                try request("usdm", .minute1, 1_785_000_000_000, 1_785_000_000_000 + Int64(count - 1) * 60_000))
            #expect(futures.path.hasPrefix("/fapi/v1/klines?") && futures.path.hasSuffix("&limit=\(min(count, 1_500))"))
            #expect(futures.costs == [.init("futures", weight)])
        }
    }

    @Test("COIN-M is asked for no more than 200 days, months among them")
    func coinmKlines() throws {
        let segment = try Self.segment("coinm")
        let end: Int64 = 1_785_000_000_000
        for interval in [KlineInterval.day1, .month1] {
            let request = try #require(
                Self.venue.klineRequest(
                    of: "BTCUSD_PERP", interval, fromMilliseconds: 0, toMilliseconds: end, in: segment))
            #expect(request.path.contains("startTime=\(end - 200 * 86_400_000 + 1)&endTime=\(end)"))
            #expect(request.path.hasPrefix("/dapi/v1/klines?symbol=BTCUSD_PERP&interval=\(interval.rawValue)&"))
        }
    }

    @Test(
        "Bars that there are none of are not asked for",
        arguments: [
            ("usdm", KlineInterval.second1, Int64(0), Int64(1)), ("spot", .hour3, 0, 1), ("spot", .minute1, 2, 1),
            ("spot", .minute1, -1, 1), ("spot", .minute1, 0, .max), ("coinm", .minute1, .min, .max),
        ])
    func noKlines(_ name: String, _ interval: KlineInterval, _ from: Int64, _ to: Int64) throws {
        let segment = try Self.segment(name)
        #expect(
            Self.venue.klineRequest(of: "X", interval, fromMilliseconds: from, toMilliseconds: to, in: segment) == nil)
    }

    // MARK: - Turnover

    @Test(
        "The day's turnover of all symbols is one request",
        arguments: [
            ("spot", "/api/v3/ticker/24hr?type=MINI", 80), ("usdm", "/fapi/v1/ticker/24hr", 40),
            ("coinm", "/dapi/v1/ticker/24hr", 40),
        ])
    func turnoverRequest(_ name: String, _ path: String, _ weight: Int) throws {
        let requests = Self.venue.turnoverRequests(in: try Self.segment(name))
        #expect(requests.map(\.path) == [path])
        #expect(requests.flatMap(\.costs) == [.init(name == "spot" ? "spot" : "futures", weight)])
    }

    @Test("Turnover is in the quote asset, whole; an entry that cannot be read is left out")
    func turnovers() throws {
        let text = #"""
            [{"symbol":"BTCUSDT","quoteVolume":"1033243000.5","volume":"7"},
             {"symbol":"BTCIDR","quoteVolume":"1500000000000123.12345678"},
             {"symbol":"A","quoteVolume":"-5"},{"symbol":"B","quoteVolume":"x"},{"symbol":"C"},{"symbol":7},null,
             {"symbol":"D","quoteVolume":"99999999999999999999"},{"symbol":"ZERO","quoteVolume":"0.00000000"}]
            """#
        for name in ["spot", "usdm"] {
            let turnovers = try Self.venue.turnovers(Array(text.utf8), in: try Self.segment(name))
            #expect(
                turnovers.mapValues(\.text) == ["BTCUSDT": "1033243000", "BTCIDR": "1500000000000123", "ZERO": "0"])
        }
    }

    @Test("COIN-M's turnover is the base volume at the day's mean price, since contracts of two pairs do not compare")
    func coinmTurnovers() throws {
        let text = #"""
            [{"symbol":"BTCUSD_PERP","volume":"494109","baseVolume":"5192.94797687","weightedAvgPrice":"9547.3"},
             {"symbol":"ETHUSD_PERP","volume":"494109","baseVolume":"999999999999.123456","weightedAvgPrice":"0.000001"},
             {"symbol":"HUGE","baseVolume":"999999999999999999","weightedAvgPrice":"999999999999999999"},
             {"symbol":"A","baseVolume":"1"},{"symbol":"B","weightedAvgPrice":"1"},
             {"symbol":"C","baseVolume":"-1","weightedAvgPrice":"1"}]
            """#
        let turnovers = try Self.venue.turnovers(Array(text.utf8), in: try Self.segment("coinm"))
        #expect(turnovers.mapValues(\.text) == ["BTCUSD_PERP": "49578632", "ETHUSD_PERP": "999999"])
    }

    @Test("Text that is no list of turnovers is refused whole", arguments: ["", "{}", "<html>", #"{"code":-1003}"#])
    func unreadableTurnovers(_ text: String) throws {
        let segment = try Self.segment("spot")
        #expect(throws: UnreadableAnswer.self) { try Self.venue.turnovers(Array(text.utf8), in: segment) }
    }
}
