import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("OKX's figures, histories and listings", .serialized)
struct OKXFigureTests {
    private static let both: [MarketSegment] = [.okxSpot, .okxSwap]

    private static func get(_ target: String, _ port: Int) throws -> JSONValue {
        try JSONValue(BlockingSocket.request("GET", "/api/v5/\(target)", port: port))
    }

    @Test("Figures come at once with their fields, and liquidations of the whole type as they happen")
    func figures() async throws {
        try await ExchangeFixture.run(Self.both) {
            $0.pace.liquidation = .milliseconds(50)
        } _: { exchange, ports in
            let client = try OKXClient(port: #require(ports[.okxSwap]))
            let fields = [
                ("funding-rate:BTC-USD-SWAP", ["fundingRate", "fundingTime", "nextFundingTime", "settFundingRate"]),
                ("mark-price:BTC-USDT-SWAP", ["markPx", "ts"]), ("index-tickers:BTC-USDT", ["idxPx", "ts"]),
                ("open-interest:ETH-USDT-SWAP", ["oi", "oiCcy", "oiUsd"]),
                ("tickers:BTC-USDT", ["last", "bidPx", "askPx", "vol24h", "volCcy24h"]),
            ]
            for (name, keys) in fields {
                try client.subscribe(name)
                let channel = String(name.prefix { $0 != ":" })
                let data = try client.next(of: channel)["data"][0]
                for key in keys { #expect(data[key].decimal != nil, "\(name) \(key)") }
                #expect(data["instId"].text == String(name.dropFirst(channel.count + 1)))
            }
            try client.subscribe("liquidation-orders:SWAP")
            var found: Set<String> = []
            while found.count < 3 {
                let data = try client.next(of: "liquidation-orders")["data"][0]
                let detail = data["details"][0]
                #expect((detail["side"].text == "sell") == (detail["posSide"].text == "long"))
                #expect(detail["bkPx"].decimal ?? 0 > 0 && detail["sz"].decimal ?? 0 > 0)
                found.insert(data["instId"].text ?? "")
            }
            #expect(found == ["BTC-USDT-SWAP", "ETH-USDT-SWAP", "BTC-USD-SWAP"])
        }
    }

    @Test("The funding rate's settlement lies ahead, one period before the next")
    func funding() async throws {
        try await ExchangeFixture.run([.okxSwap]) {
            $0.pace.fundingPeriod = .seconds(3600)
        } _: { exchange, ports in
            let port = try #require(ports[.okxSwap])
            let now = try Self.get("public/funding-rate?instId=BTC-USDT-SWAP", port)["data"][0]
            let time = try #require(now["fundingTime"].decimal)
            #expect(now["nextFundingTime"].decimal == time + 3_600_000)
            #expect(time > Decimal(Date().timeIntervalSince1970 * 1000))
            let history = try Self.get("public/funding-rate-history?instId=BTC-USDT-SWAP&limit=3", port)["data"].list
            #expect(history.map { $0["fundingTime"].decimal } == (1...3).map { time - Decimal($0) * 3_600_000 })
            #expect(history[0]["realizedRate"].text == now["settFundingRate"].text)
            let older = try Self.get(
                "public/funding-rate-history?instId=BTC-USDT-SWAP&limit=1&after=\(history[1]["fundingTime"].text ?? "")",
                port)
            #expect(older["data"][0]["fundingTime"].text == history[2]["fundingTime"].text)
            #expect(try Self.get("public/funding-rate?instId=ANY", port)["data"].list.count == 3)
        }
    }

    @Test("Closed bars of the stream are those of the history")
    func candles() async throws {
        try await ExchangeFixture.run([.okxSpot]) {
            $0.pace.barLength = .seconds(1)
        } _: { exchange, ports in
            let port = try #require(ports[.okxSpot])
            let client = try OKXClient("/ws/v5/business", port: port)
            try client.subscribe("candle1m:BTC-USDT")
            var closed: [JSONValue] = []
            while closed.count < 3 {
                let row = try client.next(of: "candle1m")["data"][0]
                #expect(row.list.count == 9)
                if row[8].text == "1" { closed.append(row) }
            }
            let last = try #require(closed[2][0].text.flatMap { Int($0) })
            let answered = try Self.get(
                "market/history-candles?instId=BTC-USDT&bar=1m&limit=2&after=\(last + 1)", port)["data"].list
            let rows = answered.map { $0.list.map(\.text) }
            #expect(rows == [closed[2], closed[1]].map { $0.list.map(\.text) })
            let newer = try Self.get("market/candles?instId=BTC-USDT&before=\(last - 1)&limit=300", port)["data"].list
            #expect(newer.last?[0].text == String(last))
        }
    }

    @Test("Trades page backwards by id without a hole, further than the exchange has lived")
    func trades() async throws {
        try await ExchangeFixture.run([.okxSwap]) { exchange, ports in
            let port = try #require(ports[.okxSwap])
            let target = "market/history-trades?instId=ETH-USDT-SWAP&limit=100"
            var ids = try Self.get(target, port)["data"].list.compactMap { $0["tradeId"].text.flatMap { Int($0) } }
            for _ in 0..<2 {
                let page = try Self.get("\(target)&after=\(ids[ids.count - 1])", port)["data"].list
                ids += page.compactMap { $0["tradeId"].text.flatMap { Int($0) } }
            }
            #expect(ids.count == 300 && zip(ids, ids.dropFirst()).allSatisfy { $0 - 1 == $1 })
            let newer = try Self.get("\(target)&after=\(ids[0])&before=\(ids[9])", port)["data"].list
            #expect(newer.map { $0["tradeId"].text } == ids[1..<9].map { String($0) })
        }
    }

    @Test("Ratios have a row for each period, newest first, and are longs by shorts")
    func ratios() async throws {
        try await ExchangeFixture.run([.okxSwap]) { exchange, ports in
            let port = try #require(ports[.okxSwap])
            var seen: Set<[String?]> = []
            for name in [
                "long-short-account-ratio-contract", "long-short-account-ratio-contract-top-trader",
                "long-short-position-ratio-contract-top-trader",
            ] {
                let rows = try Self.get("rubik/stat/contracts/\(name)?instId=BTC-USDT-SWAP&limit=5", port)["data"].list
                let times = rows.compactMap { $0[0].text.flatMap { Int($0) } }
                #expect(times.count == 5 && zip(times, times.dropFirst()).allSatisfy { $0 - 300_000 == $1 })
                #expect(rows.allSatisfy { $0[1].decimal ?? 0 > 0 })
                seen.insert(rows.map { $0[1].text })
            }
            #expect(seen.count == 3)
        }
    }

    @Test("A listing and a delisting are pushed, listed and served")
    func listing() async throws {
        try await ExchangeFixture.run(Self.both) { exchange, ports in
            let port = try #require(ports[.okxSwap])
            let client = try OKXClient(port: port)
            try client.subscribe("instruments:SWAP", "liquidation-orders:SWAP")
            #expect(try client.next()["event"].text == "subscribe")
            #expect(await exchange.list("NEW-USDT-SWAP", in: .okxSwap))
            #expect(await exchange.list("NEW-USDT-SWAP", in: .okxSwap) == false)
            #expect(await exchange.list("NEWUSDT", in: .okxSwap) == false)
            let pushed = try client.next(of: "instruments")["data"][0]
            #expect(pushed["instId"].text == "NEW-USDT-SWAP" && pushed["state"].text == "live")
            try client.subscribe("books:NEW-USDT-SWAP")
            #expect(try client.next(of: "books")["action"].text == "snapshot")
            let answer = try BlockingSocket.request(
                "POST", "/simulator/delist?segment=okx_swap&symbol=NEW-USDT-SWAP", port: port)
            #expect(answer.status == 200)
            #expect(try client.next(of: "instruments")["data"][0]["state"].text == "expired")
            let names = try Self.get("public/instruments?instType=SWAP", port)["data"].list.map { $0["instId"].text }
            #expect(names.count == 3 && !names.contains("NEW-USDT-SWAP"))
            try client.subscribe("trades:NEW-USDT-SWAP", id: "late")
            while true {
                let message = try client.next()
                guard message["id"].text == "late" else { continue }
                #expect(message["code"].text == "60018")
                break
            }
        }
    }
}
