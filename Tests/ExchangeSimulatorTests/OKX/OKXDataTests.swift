import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("What OKX's channels carry", .serialized)
struct OKXDataTests {
    @Test("The state tells the first and the last match, where trades and matches are counted apart")
    func sequences() async throws {
        try await ExchangeFixture.run([.okxSpot]) { exchange, ports in
            let client = try OKXClient(port: #require(ports[.okxSpot]))
            try client.subscribe("trades:BTC-USDT")
            _ = try client.next(of: "trades")
            await exchange.pause()
            let port = try #require(ports[.okxSpot])
            let answer = try BlockingSocket.request("GET", "/simulator/state", port: port).json()
            let markets = try #require(answer["markets"] as? [[String: Any]])
            let market = try #require(markets.first { $0["symbol"] as? String == "BTC-USDT" })
            let (first, last) = (market["first_trade_id"] as? UInt64 ?? 0, market["last_trade_id"] as? UInt64 ?? 0)
            #expect(market["first_sequence"] as? UInt64 == OKXAmounts.matches(of: first).lowerBound)
            let newest = try BlockingSocket.request(
                "GET", "/api/v5/market/history-trades?instId=BTC-USDT&limit=1", port: port)
            #expect(newest.text.contains("\"tradeId\":\"\(market["last_sequence"] as? UInt64 ?? 0)\""))
            #expect(first > 0 && last >= first)
        }
    }

    @Test("Aggregated trades leave no id out, and every match is told on the other connection")
    func trades() async throws {
        try await ExchangeFixture.run([.okxSwap]) { exchange, ports in
            let port = try #require(ports[.okxSwap])
            let client = try OKXClient(port: port)
            let single = try OKXClient("/ws/v5/business", port: port)
            try single.subscribe("trades-all:BTC-USDT-SWAP")
            #expect(try single.next()["event"].text == "subscribe")
            try client.subscribe("trades:BTC-USDT-SWAP")
            var ids: [Int] = []
            var sizes: [Int: Decimal] = [:]
            var counts: Set<Int> = []
            for _ in 0..<20 {
                let trade = try client.next(of: "trades")["data"][0]
                #expect(
                    trade.keys == ["instId", "tradeId", "px", "sz", "side", "ts", "count", "source", "seqId"])
                let id = try #require(trade["tradeId"].text.flatMap { Int($0) })
                let count = try #require(trade["count"].text.flatMap { Int($0) })
                if let last = ids.last { #expect(id - count == last) }
                ids.append(id)
                counts.insert(count)
                for match in id - count + 1...id { sizes[match] = 0 }
                sizes[id] = trade["sz"].decimal
            }
            #expect(counts == [1, 2])
            var seen: [Int: Decimal] = [:]
            while (seen.keys.max() ?? 0) < ids[19] {
                for match in try single.next(of: "trades-all")["data"].list {
                    seen[try #require(match["tradeId"].text.flatMap { Int($0) })] = match["sz"].decimal
                }
            }
            #expect(sizes.keys.allSatisfy { (seen[$0] ?? 0) > 0 })
            #expect(
                sizes.values.reduce(0, +) == sizes.keys.map { seen[$0] ?? 0 }.reduce(0, +))
        }
    }

    @Test("The best prices come first at once, then as they change")
    func best() async throws {
        try await ExchangeFixture.run([.okxSpot]) { exchange, ports in
            await exchange.pause()
            let client = try OKXClient(port: #require(ports[.okxSpot]))
            try client.subscribe("bbo-tbt:BTC-USDT")
            let first = try client.next(of: "bbo-tbt")["data"][0]
            let truth = try #require(await exchange.book(of: "BTC-USDT", in: .okxSpot, limit: 1))
            #expect(first["seqId"].integer == Int(truth.lastID))
            #expect(first["bids"][0][0].decimal == Decimal(truth.bids[0].price) / 10)
            #expect(first["asks"][0][1].decimal == Decimal(truth.asks[0].size) / 100_000_000)
            await exchange.resume()
            let next = try client.next(of: "bbo-tbt")["data"][0]
            #expect((next["seqId"].integer ?? 0) > Int(truth.lastID))
            let kept = await exchange.sent("bbo-tbt:BTC-USDT", in: .okxSpot)
            #expect(kept.count == 1 && kept[0].hasPrefix(#"{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"}"#))
        }
    }

    @Test("Instruments are listed by type, and the book's answer is one level unless more are asked for")
    func rest() async throws {
        try await ExchangeFixture.run([.okxSpot, .okxSwap]) { exchange, ports in
            let port = try #require(ports[.okxSwap])
            let swaps = try JSONValue(
                BlockingSocket.request("GET", "/api/v5/public/instruments?instType=SWAP", port: port))
            #expect(swaps["code"].text == "0")
            #expect(
                swaps["data"].list.map { $0["instId"].text } == ["BTC-USDT-SWAP", "ETH-USDT-SWAP", "BTC-USD-SWAP"])
            #expect(swaps["data"].list.map { $0["ctType"].text } == ["linear", "linear", "inverse"])
            #expect(swaps["data"].list.map { $0["ctVal"].text } == ["0.01", "0.1", "100"])
            #expect(swaps["data"].list.map { $0["tickSz"].text } == ["0.1", "0.01", "0.1"])
            let spot = try JSONValue(
                BlockingSocket.request("GET", "/api/v5/public/instruments?instType=SPOT", port: port))
            #expect(spot["data"].list.map { $0["lotSz"].text } == ["0.00000001", "0.000001"])
            await exchange.pause()
            let truth = try #require(await exchange.book(of: "BTC-USDT", in: .okxSpot, limit: 400))
            let one = try JSONValue(BlockingSocket.request("GET", "/api/v5/market/books?instId=BTC-USDT", port: port))
            #expect(one["data"][0]["bids"].list.count == 1 && one["data"][0]["seqId"].integer == Int(truth.lastID))
            let all = try JSONValue(
                BlockingSocket.request("GET", "/api/v5/market/books?instId=BTC-USDT&sz=400", port: port))
            #expect(all["data"][0]["asks"].list.count == 400)
            #expect(all["data"][0]["asks"][399][0].decimal == Decimal(truth.asks[399].price) / 10)
            for (target, code) in [
                ("market/books?instId=NOPE", "51001"), ("market/books?instId=BTC-USDT&sz=401", "51000"),
                ("public/instruments?instType=NOPE", "51000"),
            ] {
                let answer = try JSONValue(BlockingSocket.request("GET", "/api/v5/\(target)", port: port))
                #expect(answer["code"].text == code && answer["data"].list.isEmpty)
            }
        }
    }

    @Test("Past an endpoint's limit the answer is 429 with its code, and other endpoints still answer")
    func limits() async throws {
        try await ExchangeFixture.run([.okxSpot]) {
            $0.limits.okxStrictness = 20
        } _: { exchange, ports in
            let port = try #require(ports[.okxSpot])
            let target = "/api/v5/market/books?instId=BTC-USDT"
            let answers = try (0..<3).map { _ in try BlockingSocket.request("GET", target, port: port) }
            #expect(answers.map(\.status) == [200, 200, 429])
            #expect(try JSONValue(answers[2])["code"].text == "50011")
            #expect(
                try BlockingSocket.request("GET", "/api/v5/public/instruments?instType=SPOT", port: port).status == 200)
            #expect(await exchange.state()?.counters.requestsLimited == 1)
        }
    }
}
