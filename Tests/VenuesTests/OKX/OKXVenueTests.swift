import MarketModel
import Resilience
import Testing
import Venues

@Suite("OKX as a venue")
struct OKXVenueTests {
    private static let venue = OKX(nowMilliseconds: { 1_785_000_000_000 })

    private static func segment(_ segment: OKXSegment) throws -> VenueSegment {
        try #require(VenueCatalog.segment(segment.id))
    }

    private static func instrument(_ symbol: String) -> Instrument {
        Instrument(
            venue: OKX.id, segment: "swap", market: .perpetual, symbol: "x", venueSymbol: symbol, base: "BTC",
            quote: "USDT", contract: .linear, unit: .contracts)
    }

    // MARK: Streams

    @Test("Everything of a swap has its streams, bars on a path of their own")
    func swapStreams() throws {
        let segment = try Self.segment(.swap)
        let wanted = Wanted(types: Set(DataType.allCases), klineIntervals: [.minute1, .minute10, .day1])
        let streams = Self.venue.streams(of: "BTC-USDT-SWAP", in: segment, wanted: wanted)
        #expect(
            streams.map(\.name) == [
                "books:BTC-USDT-SWAP", "bbo-tbt:BTC-USDT-SWAP", "trades:BTC-USDT-SWAP", "mark-price:BTC-USDT-SWAP",
                "index-tickers:BTC-USDT", "funding-rate:BTC-USDT-SWAP", "open-interest:BTC-USDT-SWAP",
                "candle1m:BTC-USDT-SWAP", "candle1Dutc:BTC-USDT-SWAP",
            ])
        #expect(streams.allSatisfy { $0.symbol == "BTC-USDT-SWAP" && !$0.isSparse })
        #expect(streams.prefix(7).allSatisfy { $0.route.paths == ["/ws/v5/public"] })
        #expect(streams.suffix(2).allSatisfy { $0.route.paths == ["/ws/v5/business"] })
        let shared = Self.venue.segmentStreams(in: segment, route: streams[0].route, wanted: wanted)
        #expect(shared.map(\.name) == ["liquidation-orders:SWAP", "instruments:SWAP"])
        #expect(shared.allSatisfy { $0.symbol == nil && $0.isSparse })
        #expect(Self.venue.segmentStreams(in: segment, route: streams[8].route, wanted: wanted).isEmpty)
        // A decoder takes them all.
        let decoder = Self.venue.makeDecoder(for: segment, wanted: wanted)
        let places = (streams + shared).map { stream in
            decoder.addStream(stream, of: stream.symbol.map { _ in InstrumentID(0) })
        }
        #expect(places == Array(0..<11))
    }

    @Test("A swap that does not bear its index's name has mark prices without index")
    func noIndex() throws {
        let segment = try Self.segment(.swap)
        for symbol in ["BTC-USD_UM-SWAP", "BTC-USDT", "A-B-C-SWAP"] {
            let streams = Self.venue.streams(of: symbol, in: segment, wanted: Wanted(types: [.markPrice]))
            #expect(streams.map(\.name) == ["mark-price:\(symbol)"])
        }
    }

    @Test("Spot refuses what belongs to contracts, and the venue has no volatility index")
    func spot() throws {
        let segment = try Self.segment(.spot)
        let wanted = Wanted(types: Set(DataType.allCases))
        let streams = Self.venue.streams(of: "BTC-USDT", in: segment, wanted: wanted)
        #expect(streams.map(\.types) == [[.orderbook], [.bbo], [.trade], [.kline]])
        #expect(
            Self.venue.segmentStreams(in: segment, route: streams[0].route, wanted: wanted).map(\.name)
                == ["instruments:SPOT"])
        #expect(Self.venue.polls(of: [Self.instrument("BTC-USDT")], in: segment, wanted: wanted).isEmpty)
        #expect(segment.offeredTypes == [.trade, .orderbook, .bbo, .kline, .instrument])
        #expect(segment.offer(of: .volatilityIndex) == .refused("OKX publishes none"))
        #expect(try !Self.segment(.swap).offer(of: .volatilityIndex).isOffered)
    }

    // MARK: Subscriptions

    @Test("Streams are asked for in one message, each is acknowledged by itself, and what is refused shows")
    func subscriptions() throws {
        let segment = try Self.segment(.swap)
        let wanted = Wanted(types: [.trade, .orderbook])
        let streams =
            Self.venue.streams(of: "BTC-USDT-SWAP", in: segment, wanted: wanted)
            + Self.venue.segmentStreams(
                in: segment, route: VenueRoute("-public", paths: ["/ws/v5/public"]),
                wanted: Wanted(types: [.liquidation]))
        let dialect = Self.venue.dialect(for: segment, limits: VenueLimits(Self.venue.limits))
        #expect(dialect.limits.requestsPerHour == 384 && dialect.limits.keepalive == .seconds(20))
        #expect(dialect.ping == "ping" && dialect.reply(id: 1) == nil && dialect.opening(firstID: 1).isEmpty)
        var machine = Subscriptions(streams: streams, dialect: dialect, acknowledgeTimeout: .seconds(10))
        #expect(
            machine.nextMessage(now: 0)
                == .send(
                    #"{"id":"1","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT-SWAP"},{"channel":"trades","instId":"BTC-USDT-SWAP"},{"channel":"liquidation-orders","instType":"SWAP"}]}"#
                ))
        machine.acknowledged(id: 1, streams: [0])
        machine.acknowledged(id: 1, streams: [2])
        #expect(machine.nextMessage(now: 1) == .wait(until: 10_000_000))
        machine.refused(id: 1, code: 60_018)
        #expect(machine.nextMessage(now: 2) == .done && machine.refusedPlaces == [1])
        machine.resubscribe([1])
        #expect(
            machine.nextMessage(now: 300_000)
                == .send(#"{"id":"2","op":"unsubscribe","args":[{"channel":"trades","instId":"BTC-USDT-SWAP"}]}"#))
    }

    @Test("No message is longer than the venue takes")
    func longMessages() throws {
        let segment = try Self.segment(.spot)
        let dialect = Self.venue.dialect(for: segment, limits: VenueLimits(Self.venue.limits))
        let streams = (0..<240).flatMap { index in
            Self.venue.streams(
                of: String(repeating: "C", count: 200) + "\(index)-USDT", in: segment, wanted: Wanted(types: [.trade]))
        }
        var machine = Subscriptions(streams: streams, dialect: dialect, acknowledgeTimeout: .seconds(10))
        var now: Int64 = 0
        var sent = 0
        while sent < 5, case .send(let message) = machine.nextMessage(now: now) {
            #expect(message.utf8.count < 65_536)
            now += 200_000
            sent += 1
        }
        #expect(sent == 5)
    }

    // MARK: Requests

    @Test("Each endpoint has a budget of its own, all less than the venue's by the same share")
    func scopes() throws {
        var limits = VenueLimits(Self.venue.limits)
        limits.usePercent = 50
        let scopes = Self.venue.scopes(limits: limits)
        let expected = [
            "connections": (1, Duration.seconds(1)), "instruments": (10, .seconds(2)), "tickers": (10, .seconds(2)),
            "candles": (20, .seconds(2)), "history-candles": (10, .seconds(2)), "books": (20, .seconds(2)),
            "history-trades": (10, .seconds(2)), "funding-rate-history": (5, .seconds(2)),
            "long-short-accounts": (2, .seconds(2)), "long-short-top-accounts": (2, .seconds(2)),
            "long-short-top-positions": (2, .seconds(2)), "open-interest-history": (5, .seconds(2)),
            "mark-price-candles": (10, .seconds(2)), "history-mark-price-candles": (10, .seconds(2)),
            "market-data-history": (2, .seconds(2)), "time": (5, .seconds(2)),
        ]
        #expect(Set(scopes.keys) == Set(expected.keys))
        for (name, (limit, length)) in expected {
            let spacing = limit > 1 ? [RateWindow(.requests, limit: 1, per: length / limit)] : []
            #expect(
                scopes[name]?.windows == [RateWindow(.requests, limit: limit, per: length)] + spacing, "\(name)")
            // A share of one would be none for whoever is not most urgent.
            #expect(scopes[name]?.headroom == 0 && scopes[name]?.reserve == 0, "\(name)")
        }
        let usual = Self.venue.scopes(limits: VenueLimits(Self.venue.limits))["connections"]
        #expect(usual?.windows.last == RateWindow(.requests, limit: 1, per: .milliseconds(500)), "never two at once")
        let segment = try Self.segment(.swap)
        #expect(Self.venue.connectScope(of: segment) == "connections")
        let wanted = Wanted(types: Set(DataType.allCases))
        let requests =
            Self.venue.instrumentRequests(in: segment) + Self.venue.turnoverRequests(in: segment)
            + Self.venue.polls(of: [Self.instrument("BTC-USDT-SWAP")], in: segment, wanted: wanted).map(\.request)
        #expect(requests.count == 5)
        #expect(requests.allSatisfy { $0.costs.count == 1 && scopes[$0.costs[0].scope] != nil })
    }

    @Test("Lists and tickers are asked for by type", arguments: [(OKXSegment.spot, "SPOT"), (.swap, "SWAP")])
    func lists(_ section: OKXSegment, _ type: String) throws {
        let segment = try Self.segment(section)
        #expect(
            Self.venue.instrumentRequests(in: segment).map(\.path) == ["/api/v5/public/instruments?instType=\(type)"])
        #expect(Self.venue.turnoverRequests(in: segment).map(\.path) == ["/api/v5/market/tickers?instType=\(type)"])
        #expect(Self.venue.snapshotRequest(of: "BTC-USDT", levels: 400, in: segment) == nil && segment.snapshot == nil)
        #expect(segment.sequenceRule == .linked && segment.depth == .window(400))
    }

    @Test("Each ratio comes from the endpoint that measures it")
    func polls() throws {
        let wanted = Wanted(
            types: [.topPositionRatio, .topAccountRatio, .allAccountRatio], ratioPeriod: .hour6)
        let polls = Self.venue.polls(
            of: [Self.instrument("BTC-USDT-SWAP"), Self.instrument("BTC-USD-SWAP")], in: try Self.segment(.swap),
            wanted: wanted)
        #expect(polls.count == 6)
        #expect(
            polls.prefix(3).map(\.request.path) == [
                "/api/v5/rubik/stat/contracts/long-short-position-ratio-contract-top-trader?instId=BTC-USDT-SWAP&period=6Hutc&limit=1",
                "/api/v5/rubik/stat/contracts/long-short-position-ratio-contract-top-trader?instId=BTC-USD-SWAP&period=6Hutc&limit=1",
                "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract-top-trader?instId=BTC-USDT-SWAP&period=6Hutc&limit=1",
            ])
        #expect(
            polls.last?.request.path
                == "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract?instId=BTC-USD-SWAP&period=6Hutc&limit=1"
        )
        #expect(
            polls.map(\.question)
                == [.topPosition, .topPosition, .topAccount, .topAccount, .allAccount, .allAccount]
                .map { .ratio($0, period: .hour6) })
    }

    @Test(
        "Recent bars and old ones are asked for where the venue has them",
        arguments: zip([Int64(0), 1], ["candles", "history-candles"]))
    func bars(_ early: Int64, _ endpoint: String) throws {
        let from = 1_785_000_000_000 - 1_400 * 60_000 - early
        let request = try #require(
            Self.venue.klineRequest(
                of: "BTC-USDT", .minute1, fromMilliseconds: from, toMilliseconds: from + 60_000,
                in: try Self.segment(.spot)))
        #expect(
            request.path
                == "/api/v5/market/\(endpoint)?instId=BTC-USDT&bar=1m&after=\(from + 60_001)&before=\(from - 1)&limit=300"
        )
        #expect(request.costs == [.init(endpoint, 1)])
    }

    @Test("Bars that the venue has not, and ranges that are none, are not asked for")
    func noBars() throws {
        let segment = try Self.segment(.spot)
        for (interval, from, to) in [
            (KlineInterval.hour8, Int64(1), Int64(2)), (.minute1, 2, 1), (.minute1, 0, 1), (.minute1, .min, 1),
            (.minute1, 1, .max),
        ] {
            let request = Self.venue.klineRequest(
                of: "BTC-USDT", interval, fromMilliseconds: from, toMilliseconds: to, in: segment)
            #expect(request == nil)
        }
    }

    // MARK: Answers

    @Test(
        "What an answer means follows from its code, whatever the status",
        arguments: [
            (200, #"{"code":"0","msg":"","data":[]}"#, AnswerVerdict.success),
            (500, #"{"msg":"","data":[{"code":"7"}],"code":"0"}"#, .success),
            (200, #"{"code":"50011","msg":"Too Many Requests"}"#, .rateLimited(retryAfter: nil)),
            (429, "", .rateLimited(retryAfter: nil)), (429, #"{"code":"51001"}"#, .rateLimited(retryAfter: nil)),
            (200, #"{"code":"50001"}"#, .unavailable(retryAfter: nil)),
            (400, #"{"code":"50004"}"#, .unavailable(retryAfter: nil)),
            (200, #"{"code":"50013"}"#, .unavailable(retryAfter: nil)),
            (200, #"{"code":"50026"}"#, .unavailable(retryAfter: nil)),
            (200, #"{"code":"50040"}"#, .unavailable(retryAfter: nil)),
            (503, "<html>", .unavailable(retryAfter: nil)), (502, #"{"code":"51001"}"#, .unavailable(retryAfter: nil)),
            (408, "", .unavailable(retryAfter: nil)), (200, #"{"code":"#, .unavailable(retryAfter: nil)),
            (200, #"{"code":"51001","msg":"Instrument ID does not exist.","data":[]}"#, .refused(code: 51_001)),
            (400, #"{"code":"50014"}"#, .refused(code: 50_014)), (200, #"{"code":"50101"}"#, .refused(code: 50_101)),
            (403, "<html>", .refused(code: nil)), (200, #"{"code":"50051"}"#, .refused(code: 50_051)),
        ])
    func verdict(_ status: Int, _ body: String, _ expected: AnswerVerdict) {
        let answer = VenueAnswer(status: status, body: Array(body.utf8), nowMilliseconds: 0) { _ in nil }
        #expect(Self.venue.verdict(on: answer) == expected)
        #expect(
            Self.venue.usage(
                in: answer, to: VenueRequest(OKXSegment.spot.id, path: "", costs: [.init("tickers", 1)])
            ).isEmpty)
    }

    @Test(
        "Codes of sockets that may do better later are told from those that may not",
        arguments: [
            (Int64(60_014), OKXRefusal.Meaning.tooManyRequests), (63_999, .temporary), (64_007, .temporary),
            (60_012, .permanent), (60_013, .permanent), (60_018, .permanent), (60_019, .permanent),
            (60_008, .permanent),
            (64_001, .permanent), (64_003, .permanent), (64_004, .permanent), (50_052, .permanent),
        ])
    func codes(_ code: Int64, _ meaning: OKXRefusal.Meaning) {
        #expect(OKXRefusal(code: code).meaning == meaning)
    }
}
