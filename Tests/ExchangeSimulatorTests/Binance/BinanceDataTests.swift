import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("Binance's figures, histories and listings", .serialized)
struct BinanceDataTests {
    private static func get(_ target: String, _ port: Int) throws -> JSONValue {
        try JSONValue(BlockingSocket.request("GET", target, port: port))
    }

    /// The payloads of a raw stream.
    private static func stream(_ path: String, _ port: Int) throws -> () throws -> JSONValue {
        let socket = try BlockingSocket.webSocket(path, port: port)
        return { try JSONValue(try socket.message()) }
    }

    @Test("Futures tell mark prices, forced orders and bars, with the fields they have live")
    func shapes() async throws {
        try await ExchangeFixture.run(MarketSegment.binance) {
            $0.pace.liquidation = .milliseconds(50)
        } _: { exchange, ports in
            let usdm = try #require(ports[.usdm])
            let coinm = try #require(ports[.coinm])
            let mark = try Self.stream("/market/ws/btcusdt@markPrice@1s", usdm)()
            #expect(mark.keys == ["e", "E", "s", "ps", "p", "ap", "P", "i", "r", "T", "st"])
            #expect((mark["T"].integer ?? 0) > (mark["E"].integer ?? 0))
            #expect(
                try Self.stream("/ws/btcusd_perp@markPrice@1s", coinm)().keys
                    == ["e", "E", "s", "ps", "p", "P", "i", "r", "T", "st"])
            let forced = try Self.stream("/ws/btcusd_perp@forceOrder", coinm)()
            #expect(forced.keys == ["e", "E", "o"] && forced["o"]["st"].integer == 2)
            #expect(
                forced["o"].keys
                    == ["s", "ps", "S", "o", "f", "q", "p", "ap", "X", "l", "z", "T", "st"])
            let all = try Self.stream("/market/ws/!forceOrder@arr", usdm)
            var symbols: Set<String> = []
            while symbols.count < 3 { symbols.insert(try all()["o"]["s"].text ?? "") }
            #expect(symbols == ["BTCUSDT", "ETHUSDT", "币安人生USDT"])
            let bar = try Self.stream("/market/ws/ethusdt@kline_1m", usdm)()
            #expect(
                bar["k"].keys
                    == ["t", "T", "s", "i", "f", "L", "o", "c", "h", "l", "v", "n", "x", "q", "V", "Q", "B"])
            #expect(bar["k"]["i"].text == "1m" && bar["k"]["T"].integer == (bar["k"]["t"].integer ?? 0) + 59_999)
        }
    }

    @Test("Closed bars of the stream are those of REST", arguments: [MarketSegment.usdm, .coinm, .spot])
    func bars(segment: MarketSegment) async throws {
        try await ExchangeFixture.run([segment]) {
            $0.pace.barLength = .seconds(1)
        } _: { exchange, ports in
            let port = try #require(ports[segment])
            let symbol = SimulatedSymbol.standard(segment)[0].symbol
            let path = segment == .usdm ? "/market/ws/" : "/ws/"
            let next = try Self.stream("\(path)\(symbol.lowercased())@kline_1m", port)
            var closed: [JSONValue] = []
            while closed.count < 2 {
                let bar = try next()["k"]
                if bar["x"].flag == true { closed.append(bar) }
            }
            #expect(zip(closed, closed.dropFirst()).allSatisfy { ($0["t"].integer ?? 0) + 1_000 == $1["t"].integer })
            let prefix = segment == .spot ? "/api/v3" : segment == .usdm ? "/fapi/v1" : "/dapi/v1"
            let rows = try Self.get(
                "\(prefix)/klines?symbol=\(symbol)&interval=1m&limit=2&startTime=\(closed[0]["t"].integer ?? 0)"
                    + "&endTime=\(closed[1]["t"].integer ?? 0)", port)
            for (row, bar) in zip(rows.list, closed) {
                #expect(row[0].integer == bar["t"].integer && row[6].integer == bar["T"].integer)
                let keys = ["o", "h", "l", "c", "v"]
                #expect(keys.indices.allSatisfy { row[$0 + 1].text == bar[keys[$0]].text })
                #expect(row[7].text == bar["q"].text && row[8].integer == bar["n"].integer)
                #expect(row[9].text == bar["V"].text && row[10].text == bar["Q"].text)
            }
            #expect(rows.list.count == 2)
        }
    }

    @Test("Trades can be asked for from an id on, also those before the exchange began")
    func trades() async throws {
        try await ExchangeFixture.run([.spot, .usdm]) { exchange, ports in
            let spot = try #require(ports[.spot])
            let next = try Self.stream("/ws/btcusdt@trade", spot)
            let sent = try (0..<5).map { _ in try next() }
            let first = try #require(sent[0]["t"].integer)
            let rows = try Self.get("/api/v3/historicalTrades?symbol=BTCUSDT&limit=5&fromId=\(first)", spot).list
            #expect(rows.map { $0["id"].integer } == sent.map { $0["t"].integer })
            #expect(rows.map { $0["price"].text } == sent.map { $0["p"].text })
            #expect(rows.map { $0["time"].integer } == sent.map { $0["T"].integer })
            let older = try Self.get("/api/v3/aggTrades?symbol=BTCUSDT&limit=1000&fromId=\(first - 900)", spot).list
            let ids = older.compactMap { $0["a"].integer }
            #expect(ids.count >= 900 && zip(ids, ids.dropFirst()).allSatisfy { $0 + 1 == $1 })
            let times = older.compactMap { $0["T"].integer }
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
            let usdm = try #require(ports[.usdm])
            let refused = try BlockingSocket.request(
                "GET", "/fapi/v1/historicalTrades?symbol=BTCUSDT&fromId=5", port: usdm)
            #expect(refused.status == 401 && refused.text.contains("-2014"))
        }
    }

    @Test("Each question weighs what the venue says, and statistics weigh nothing")
    func weights() async throws {
        try await ExchangeFixture.run([.usdm, .coinm]) { exchange, ports in
            let usdm = try #require(ports[.usdm])
            var used = 0
            for (target, weight) in [
                ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
                ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1000", 5),
                ("/fapi/v1/aggTrades?symbol=BTCUSDT", 20), ("/fapi/v1/trades?symbol=BTCUSDT", 5),
                ("/fapi/v1/ticker/24hr", 40), ("/fapi/v1/premiumIndex", 10),
                ("/fapi/v1/openInterest?symbol=BTCUSDT", 1), ("/fapi/v1/fundingRate?symbol=BTCUSDT", 0),
                ("/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1m&limit=1500", 10),
                ("/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT&period=5m", 0),
            ] {
                let answer = try BlockingSocket.request("GET", target, port: usdm)
                #expect(answer.status == 200, "\(target)")
                let now = answer.headers["x-mbx-used-weight-1m"].flatMap { Int($0) } ?? -1
                // A minute may turn between two requests.
                #expect(now == used + weight || now == weight, "\(target)")
                used = now
            }
        }
    }

    @Test("Figures are answered with their units and names, which differ between the families")
    func figures() async throws {
        try await ExchangeFixture.run([.usdm, .coinm]) { exchange, ports in
            let usdm = try #require(ports[.usdm])
            let coinm = try #require(ports[.coinm])
            let interest = try Self.get("/dapi/v1/openInterest?symbol=BTCUSD_PERP", coinm)
            #expect(interest["pair"].text == "BTCUSD" && interest["openInterest"].decimal ?? 0 > 0)
            let premium = try Self.get("/fapi/v1/premiumIndex?symbol=BTCUSDT", usdm)
            #expect(premium["lastFundingRate"].decimal != nil && premium["nextFundingTime"].integer != nil)
            #expect(try Self.get("/dapi/v1/premiumIndex?symbol=BTCUSD_PERP", coinm).list.count == 1)
            #expect(try Self.get("/fapi/v1/fundingInfo", usdm)[0]["fundingIntervalHours"].integer == 8)
            #expect(try Self.get("/fapi/v1/ticker/24hr", usdm).list.count == 3)
            #expect(try Self.get("/dapi/v1/ticker/24hr?symbol=BTCUSD_PERP", coinm)[0]["baseVolume"].decimal != nil)
            for name in ["globalLongShortAccountRatio", "topLongShortAccountRatio", "topLongShortPositionRatio"] {
                let linear = try Self.get("/futures/data/\(name)?symbol=BTCUSDT&period=5m&limit=3", usdm).list
                #expect(linear.count == 3 && linear[0].keys.contains("longAccount"))
                let inverse = try Self.get("/futures/data/\(name)?pair=BTCUSD&period=5m&limit=1", coinm)[0]
                let isPosition = name == "topLongShortPositionRatio"
                #expect(inverse["pair"].text == "BTCUSD")
                #expect(inverse.keys.contains(isPosition ? "longPosition" : "longAccount"))
            }
            #expect(try BlockingSocket.request("GET", "/api/v3/ping", port: usdm).status == 404)
        }
    }

    @Test("A listing is told to both families, and a delisted contract is no longer trading")
    func listing() async throws {
        try await ExchangeFixture.run([.usdm, .coinm]) { exchange, ports in
            let usdm = try #require(ports[.usdm])
            let coinm = try #require(ports[.coinm])
            let linear = try BlockingSocket.webSocket("/market/stream", port: usdm)
            let inverse = try BlockingSocket.webSocket("/stream", port: coinm)
            for socket in [linear, inverse] {
                try socket.send(text: #"{"method":"SUBSCRIBE","params":["!contractInfo"],"id":1}"#)
                #expect(try socket.message() == #"{"result":null,"id":1}"#)
            }
            #expect(await exchange.list("NEWUSDT", in: .usdm))
            for socket in [linear, inverse] {
                let told = try JSONValue(try socket.message())
                #expect(told["stream"].text == "!contractInfo" && told["data"]["st"].integer == 1)
                #expect(told["data"]["s"].text == "NEWUSDT" && told["data"]["cs"].text == "TRADING")
            }
            #expect(try Self.get("/fapi/v1/depth?symbol=NEWUSDT&limit=5", usdm)["bids"].list.count == 5)
            #expect(await exchange.delist("NEWUSDT", in: .usdm))
            #expect(try JSONValue(try linear.message())["data"]["cs"].text == "SETTLING")
            let listed = try Self.get("/fapi/v1/exchangeInfo", usdm)["symbols"].list
            #expect(listed.first { $0["symbol"].text == "NEWUSDT" }?["status"].text == "SETTLING")
        }
    }
}
