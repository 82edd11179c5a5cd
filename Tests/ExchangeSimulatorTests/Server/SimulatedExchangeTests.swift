import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("SimulatedExchange over real sockets", .serialized)
struct SimulatedExchangeTests {
    /// Runs `body` against an exchange that is stopped afterwards.
    private static func withExchange(
        _ configure: (inout SimulatorConfiguration) -> Void = { _ in },
        _ body: (SimulatedExchange, [MarketSegment: SimulatorEndpoint]) async throws -> Void
    ) async throws {
        var configuration = SimulatorConfiguration()
        configuration.bookLevels = 300
        configuration.stepsPerSecond = 200
        configuration.depthInterval = .milliseconds(20)
        configuration.limits.messagesPerSecond = [:]
        for segment in MarketSegment.binance { configuration.limits.messagesPerSecond[segment] = 100 }
        configure(&configuration)
        let exchange = SimulatedExchange(configuration: configuration)
        let endpoints = try await exchange.start()
        do {
            try await body(exchange, Dictionary(uniqueKeysWithValues: endpoints.map { ($0.segment, $0) }))
        } catch {
            await exchange.stop()
            throw error
        }
        await exchange.stop()
    }

    /// Follows one book through `fault`, and compares it with the true one at the end.
    private static func follow(
        _ exchange: SimulatedExchange, _ endpoint: SimulatorEndpoint, _ symbol: SimulatedSymbol,
        disturb: (ReferenceClient) async throws -> Void = { _ in }
    ) async throws -> ReferenceClient {
        let client = ReferenceClient(endpoint: endpoint, symbol: symbol)
        try client.follow { $0.book.isValid && $0.frames >= 5 }
        try await disturb(client)
        let frames = client.frames
        try client.follow { $0.book.isValid && $0.frames >= frames + 10 }
        await exchange.pause()
        let truth = try #require(await exchange.book(of: symbol.symbol, in: endpoint.segment, limit: 50))
        try client.follow { $0.book.lastID == truth.lastID }
        let top = client.book.top(50, priceDecimals: symbol.priceDecimals, sizeDecimals: symbol.sizeDecimals)
        #expect(top.bids == truth.bids)
        #expect(top.asks == truth.asks)
        return client
    }

    @Test("Books built from the stream and a snapshot equal the true ones", arguments: MarketSegment.binance)
    func books(segment: MarketSegment) async throws {
        try await Self.withExchange { exchange, endpoints in
            let endpoint = try #require(endpoints[segment])
            for symbol in SimulatedSymbol.standard(segment) {
                let client = try await Self.follow(exchange, endpoint, symbol)
                #expect(client.book.gaps == 0 && client.undecodable == 0 && client.reconnects == 0)
                await exchange.resume()
            }
        }
    }

    @Test(
        "Every fault of frames and connections ends with the true book",
        arguments: [
            Fault.drop, .duplicate, .reorder, .stall, .reset, .truncatedFrame, .oversizedFrame, .junk, .halfOpen,
        ], [MarketSegment.spot, .usdm])
    func frameFaults(fault: Fault, segment: MarketSegment) async throws {
        try await Self.withExchange {
            $0.faults.stallDuration = .milliseconds(200)
            $0.faults.halfOpenDuration = .milliseconds(200)
        } _: { exchange, endpoints in
            let symbol = SimulatedSymbol.standard(segment)[0]
            let endpoint = try #require(endpoints[segment])
            let client = try await Self.follow(exchange, endpoint, symbol) { client in
                #expect(await exchange.inject(fault, segment: segment, stream: client.stream) == 1)
                let frames = client.frames
                try client.follow { $0.frames >= frames + 5 }
            }
            #expect(await exchange.state()?.faults == [fault: 1])
            switch fault {
            case .drop: #expect(client.book.gaps == 1)
            case .reorder: #expect(client.book.gaps >= 1)
            case .duplicate, .stall: #expect(client.book.gaps == 0 && client.reconnects == 0)
            case .junk: #expect(client.undecodable + client.book.malformed == 1 && client.book.gaps == 0)
            default: #expect(client.reconnects >= 1)
            }
        }
    }

    @Test("All faults at once, by seed, end with the true book", arguments: [UInt64(1), 2])
    func faultPlan(seed: UInt64) async throws {
        try await Self.withExchange { configuration in
            configuration.faults.seed = seed
            for fault in Fault.allCases { configuration.faults.rates[fault] = 0.01 }
            configuration.faults.rates[.stall] = 0.002
            configuration.faults.stallDuration = .milliseconds(50)
            configuration.faults.halfOpenDuration = .milliseconds(50)
            configuration.faults.refuseDuration = .milliseconds(50)
            configuration.faults.restDelay = .milliseconds(50)
        } _: { exchange, endpoints in
            let endpoint = try #require(endpoints[.usdm])
            let symbol = SimulatedSymbol.standard(.usdm)[0]
            let client = ReferenceClient(endpoint: endpoint, symbol: symbol)
            try client.follow(seconds: 120) { $0.frames >= 300 && $0.book.isValid }
            #expect((await exchange.state()?.faults.count ?? 0) >= 4)
        }
    }

    @Test("A stale snapshot is older than every frame")
    func staleSnapshot() async throws {
        try await Self.withExchange { exchange, endpoints in
            let endpoint = try #require(endpoints[.spot])
            await exchange.inject(.staleSnapshot, segment: .spot)
            let stale = try BlockingSocket.request("GET", "/api/v3/depth?symbol=BTCUSDT&limit=5", port: endpoint.port)
                .json()
            let fresh = try BlockingSocket.request("GET", "/api/v3/depth?symbol=BTCUSDT&limit=5", port: endpoint.port)
                .json()
            let (old, new) = (stale["lastUpdateId"] as? Int ?? 0, fresh["lastUpdateId"] as? Int ?? 0)
            #expect(old > 0 && old < new)
        }
    }

    @Test("Subscriptions are acknowledged, listed and ended; what does not exist stays silent")
    func subscriptions() async throws {
        try await Self.withExchange { exchange, endpoints in
            let port = try #require(endpoints[.usdm]).port
            let socket = try BlockingSocket.webSocket("/public/stream", port: port)
            try socket.send(text: #"{"method":"SUBSCRIBE","params":["nothing@depth","btcusdt@aggTrade"],"id":7}"#)
            #expect(try socket.message() == #"{"result":null,"id":7}"#)
            try socket.send(text: #"{"method":"LIST_SUBSCRIPTIONS","id":8}"#)
            #expect(try socket.message() == #"{"result":["nothing@depth","btcusdt@aggTrade"],"id":8}"#)
            try socket.send(text: #"{"method":"NONSENSE","id":9}"#)
            #expect(try socket.message().hasPrefix(#"{"code":2,"msg":"Invalid request: unknown variant NONSENSE"#))
            try socket.send(text: #"{"method":"SUBSCRIBE","params":["币安人生usdt@depth@100ms"],"id":10}"#)
            #expect(try socket.message() == #"{"result":null,"id":10}"#)
            #expect(try socket.message().hasPrefix(#"{"stream":"币安人生usdt@depth@100ms","data":{"e":"depthUpdate""#))
        }
    }

    @Test("Messages have today's fields")
    func shapes() async throws {
        try await Self.withExchange { exchange, endpoints in
            let expected: [(MarketSegment, String, String, Set<String>)] = [
                (.spot, "/ws/", "btcusdt@depth@100ms", ["e", "E", "s", "U", "u", "b", "a"]),
                (.spot, "/ws/", "btcusdt@trade", ["e", "E", "s", "t", "p", "q", "T", "m", "M"]),
                (.spot, "/ws/", "btcusdt@bookTicker", ["u", "s", "b", "B", "a", "A"]),
                (
                    .usdm, "/public/ws/", "btcusdt@depth@100ms",
                    ["e", "E", "T", "s", "ps", "U", "u", "pu", "b", "a", "st"]
                ),
                (
                    .usdm, "/market/ws/", "btcusdt@aggTrade",
                    ["e", "E", "s", "ps", "a", "p", "q", "nq", "f", "l", "T", "m", "st"]
                ),
                (
                    .coinm, "/ws/", "btcusd_perp@aggTrade",
                    ["e", "E", "s", "ps", "a", "p", "q", "f", "l", "T", "m", "st"]
                ),
                (.coinm, "/ws/", "btcusd_perp@bookTicker", ["e", "u", "s", "ps", "b", "B", "a", "A", "T", "E", "st"]),
            ]
            for (segment, path, stream, keys) in expected {
                let socket = try BlockingSocket.webSocket(path + stream, port: #require(endpoints[segment]).port)
                let object = try JSONSerialization.jsonObject(with: Data(try socket.messageBytes())) as? [String: Any]
                #expect(Set((object ?? [:]).keys) == keys, "\(segment) \(stream)")
            }
        }
    }

    @Test("Too many streams, too many messages and too many connects end as the venue ends them")
    func limits() async throws {
        try await Self.withExchange {
            $0.limits.streamsPerConnection = 3
            $0.limits.messagesPerSecond[.spot] = 2
            $0.limits.connectsPerFiveMinutes = 2
        } _: { exchange, endpoints in
            let port = try #require(endpoints[.spot]).port
            let crowded = try BlockingSocket.webSocket("/stream", port: port)
            try crowded.send(text: #"{"method":"SUBSCRIBE","params":["a@x","b@x","c@x","d@x"],"id":1}"#)
            #expect(try crowded.message().hasPrefix(#"{"code":"#))
            #expect(throws: BlockingSocket.Closed.self) { try crowded.message() }
            let chatty = try BlockingSocket.webSocket("/stream", port: port)
            for id in 0..<3 { try chatty.send(text: #"{"method":"LIST_SUBSCRIPTIONS","id":\#(id)}"#) }
            #expect(throws: BlockingSocket.Closed.self) { for _ in 0..<3 { _ = try chatty.message() } }
            #expect(throws: BlockingSocket.Closed.self) { try BlockingSocket.webSocket("/stream", port: port) }
            let counters = try #require(await exchange.state()).counters
            #expect(counters.tooManyMessages == 1 && counters.connectionsRefused == 1)
        }
    }

    @Test("The server pings, cuts off who does not answer, and ends every connection in time")
    func keepalive() async throws {
        try await Self.withExchange {
            // A polite client that a busy machine holds up for a second is not one that does not answer.
            $0.limits.pingInterval[.spot] = .milliseconds(200)
            $0.limits.pongTimeout[.spot] = .milliseconds(1_500)
            $0.limits.connectionLifetime = .milliseconds(3_000)
        } _: { exchange, endpoints in
            let port = try #require(endpoints[.spot]).port
            let silent = try BlockingSocket.webSocket("/stream", port: port)
            silent.answersPings = false
            #expect(throws: BlockingSocket.Closed.self) { try silent.message() }
            let polite = try BlockingSocket.webSocket("/stream", port: port)
            #expect(throws: BlockingSocket.Closed.self) { try polite.message() }
            #expect(polite.pings >= 5)
            let counters = try #require(await exchange.state()).counters
            #expect(counters.pongsMissed == 1 && counters.lifetimesEnded == 1)
        }
    }

    @Test("A connection is closed as after its day when asked, and those of other segments are not")
    func lifetime() async throws {
        try await Self.withExchange { exchange, endpoints in
            let spot = try BlockingSocket.webSocket("/stream", port: #require(endpoints[.spot]).port)
            let usdm = try BlockingSocket.webSocket(
                "/public/stream?streams=btcusdt@depth@100ms", port: #require(endpoints[.usdm]).port)
            #expect(await exchange.inject(.lifetime, segment: .spot) == 1)
            #expect(throws: BlockingSocket.Closed.self) { try spot.message() }
            #expect(try usdm.message().contains("depthUpdate"))
            #expect(try #require(await exchange.state()).counters.lifetimesEnded == 1)
        }
    }

    @Test("REST answers have the venue's shapes, weights and errors")
    func rest() async throws {
        try await Self.withExchange { exchange, endpoints in
            let spot = try #require(endpoints[.spot]).port
            let usdm = try #require(endpoints[.usdm]).port
            let coinm = try #require(endpoints[.coinm]).port
            let info = try BlockingSocket.request("GET", "/api/v3/exchangeInfo", port: spot)
            #expect(info.headers["x-mbx-used-weight-1m"] == "20")
            let symbols = try info.json()["symbols"] as? [[String: Any]] ?? []
            #expect(symbols.map { $0["symbol"] as? String } == ["BTCUSDT", "ETHUSDT", "币安人生USDT"])
            let contracts =
                try BlockingSocket.request("GET", "/dapi/v1/exchangeInfo", port: coinm).json()["symbols"]
                as? [[String: Any]]
            #expect(contracts?.first?["contractStatus"] as? String == "TRADING")
            #expect(contracts?.first?["contractSize"] as? Int == 100)
            #expect(contracts?.first?["status"] == nil)
            let depth = try BlockingSocket.request("GET", "/api/v3/depth?symbol=BTCUSDT&limit=1000", port: spot)
            #expect(depth.headers["x-mbx-used-weight-1m"] == "70")
            #expect(Set(try depth.json().keys) == ["lastUpdateId", "bids", "asks"])
            let first = try BlockingSocket.request("GET", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000", port: usdm)
            let second = try BlockingSocket.request("GET", "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000", port: coinm)
            #expect(first.headers["x-mbx-used-weight-1m"] == "21" && second.headers["x-mbx-used-weight-1m"] == "41")
            #expect(Set(try second.json().keys) == ["lastUpdateId", "E", "T", "symbol", "pair", "bids", "asks"])
            let unknown = try BlockingSocket.request("GET", "/api/v3/depth?symbol=NOPE", port: spot)
            #expect(unknown.status == 400 && unknown.text == #"{"code":-1121,"msg":"Invalid symbol."}"#)
            let badLimit = try BlockingSocket.request("GET", "/fapi/v1/depth?symbol=BTCUSDT&limit=7", port: usdm)
            #expect(badLimit.status == 400 && badLimit.text.contains("-4021"))
            let percent = "%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT"
            #expect(try BlockingSocket.request("GET", "/api/v3/depth?symbol=\(percent)", port: spot).status == 200)
            #expect(try BlockingSocket.request("GET", "/fapi/v1/time", port: usdm).json()["serverTime"] != nil)
            #expect(try BlockingSocket.request("GET", "/fapi/v1/depth?symbol=BTCUSDT", port: spot).status == 404)
        }
    }

    @Test("Weight past the limit is 429, then 418, with Retry-After")
    func weight() async throws {
        try await Self.withExchange {
            $0.limits.futuresWeight = 10
            $0.limits.strikesBeforeBan = 1
        } _: { exchange, endpoints in
            let ports = try [#require(endpoints[.usdm]).port, #require(endpoints[.coinm]).port]
            var statuses: [Int] = []
            // A minute may turn between two requests, which forgives one strike.
            while statuses.last != 418, statuses.count < 4 {
                let isEven = statuses.count % 2 == 0
                let target = isEven ? "/fapi/v1/depth?symbol=BTCUSDT" : "/dapi/v1/depth?symbol=BTCUSD_PERP"
                let answer = try BlockingSocket.request(
                    "GET", "\(target)&limit=1000", port: ports[isEven ? 0 : 1])
                #expect((answer.headers["retry-after"].flatMap { Int($0) } ?? 0) > 0)
                statuses.append(answer.status)
            }
            #expect(statuses.first == 429 && statuses.last == 418)
            let counters = try #require(await exchange.state()).counters
            #expect(counters.requestsLimited == statuses.count - 1 && counters.requestsBanned == 1)
        }
    }

    @Test("The simulator's own pages tell state and books, and take faults")
    func pages() async throws {
        try await Self.withExchange { exchange, endpoints in
            let port = try #require(endpoints[.spot]).port
            await exchange.pause()
            let injected = try BlockingSocket.request(
                "POST", "/simulator/fault?kind=rateLimited&segment=spot&count=2", port: port)
            #expect(injected.text == #"{"injected":2}"#)
            #expect(try BlockingSocket.request("GET", "/api/v3/time", port: port).status == 429)
            #expect(try BlockingSocket.request("GET", "/api/v3/time", port: port).status == 429)
            #expect(try BlockingSocket.request("GET", "/api/v3/time", port: port).status == 200)
            _ = try BlockingSocket.request("POST", "/simulator/fault?kind=banned&segment=spot&count=3", port: port)
            let calmed = try BlockingSocket.request("POST", "/simulator/calm", port: port)
            #expect(calmed.text == #"{"forgotten":3}"#)
            #expect(try BlockingSocket.request("GET", "/api/v3/time", port: port).status == 200)
            #expect(try BlockingSocket.request("POST", "/simulator/fault?kind=nonsense", port: port).status == 400)
            let state = try BlockingSocket.request("GET", "/simulator/state", port: port).json()
            #expect(state["faults"] as? [String: Int] == ["rateLimited": 2])
            #expect((state["markets"] as? [[String: Any]])?.count == 8)
            let book = try BlockingSocket.request(
                "GET", "/simulator/book?segment=usdm&symbol=BTCUSDT&limit=3", port: port
            ).json()
            let truth = try #require(await exchange.book(of: "BTCUSDT", in: .usdm, limit: 3))
            #expect(book["lastUpdateId"] as? UInt64 == truth.lastID)
            #expect((book["bids"] as? [[String]])?.count == 3)
        }
    }
}
