import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("OKX's past over REST", .serialized)
struct OKXPastTests {
    private static func get(_ target: String, _ port: Int) throws -> [JSONValue] {
        try PastFixture.get("/api/v5/\(target)", port)["data"].list
    }

    /// Pages from the newest row of a range back to its oldest, by the oldest of each page.
    private static func pages(_ target: String, _ port: Int, from: Int64, to: Int64) throws -> [JSONValue] {
        var rows: [JSONValue] = []
        var after = to
        while true {
            let page = try Self.get("\(target)&after=\(after)&before=\(from - 1)", port)
            guard let oldest = page.last?[0].text.flatMap({ Int64($0) }) else { return rows.reversed() }
            rows += page
            after = oldest
        }
    }

    @Test("Pages of bars, newest first, give every row of a range, each once")
    func candles() async throws {
        try await ExchangeFixture.run([.okxSpot, .okxSwap]) {
            $0.limits.okxConnectsPerSecond = 100
        } _: { exchange, ports in
            let port = try #require(ports[.okxSwap])
            let (from, to) = (PastFixture.midnight(30), PastFixture.midnight(30) + 20 * PastFixture.hour)
            for (path, kind, limit) in [
                ("history-candles", "kline:1m", 300), ("history-mark-price-candles", "mark_price:1m", 100),
            ] {
                let truth = try #require(
                    await exchange.past(PastKind(kind)!, of: "BTC-USDT-SWAP", in: .okxSwap, from: from, to: to))
                let rows = try Self.pages(
                    "market/\(path)?instId=BTC-USDT-SWAP&bar=1m&limit=\(limit)", port, from: from, to: to)
                let read = rows.map { row in
                    [
                        "time": row[0].decimal, "open": row[1].decimal, "high": row[2].decimal, "low": row[3].decimal,
                        "close": row[4].decimal,
                    ]
                }
                #expect(truth.count == 1_200 && PastFixture.same(read, truth, ["open", "high", "low", "close"]))
                if path == "history-candles" {
                    let amounts = rows.map {
                        ["time": $0[0].decimal, "volume": $0[5].decimal, "turnover": $0[7].decimal]
                    }
                    #expect(PastFixture.same(amounts, truth, ["volume", "turnover"]))
                }
                #expect(rows.allSatisfy { $0[$0.list.count - 1].text == "1" })
            }
            // Recent bars go back 1440, and `before` alone begins with the newest.
            #expect(try Self.get("market/candles?instId=BTC-USDT-SWAP&bar=1m&after=\(to)", port).isEmpty)
            let newest = try Self.get("market/history-candles?instId=BTC-USDT-SWAP&bar=1H&limit=2&before=\(from)", port)
            #expect(
                newest[0][0].text == String(PastFixture.now / PastFixture.hour * PastFixture.hour - PastFixture.hour))
            let east = try Self.get("market/history-candles?instId=BTC-USDT-SWAP&bar=1D&limit=1", port)
            #expect((east[0][0].text.flatMap { Int64($0) } ?? 0) % PastFixture.day == 16 * PastFixture.hour)
        }
    }

    @Test("Matches of a day page backwards by id and by time, and join the running market's")
    func trades() async throws {
        try await ExchangeFixture.run([.okxSpot]) {
            $0.past.tradesPerDay = 480
        } _: { exchange, ports in
            let port = try #require(ports[.okxSpot])
            let (from, to) = (PastFixture.midnight(9), PastFixture.midnight(8))
            let truth = try #require(await exchange.past(.trade, of: "BTC-USDT", in: .okxSpot, from: from, to: to))
            #expect(truth.count == 720)
            let path = "market/history-trades?instId=BTC-USDT&limit=100"
            var page = try Self.get("\(path)&type=2&after=\(to)", port)
            var rows: [JSONValue] = []
            while rows.count < truth.count, let oldest = page.last?["tradeId"].text {
                rows += page
                page = try Self.get("\(path)&type=1&after=\(oldest)", port)
            }
            let read = rows.prefix(truth.count).reversed().map { row in
                [
                    "time": row["ts"].decimal, "id": row["tradeId"].decimal, "price": row["px"].decimal,
                    "size": row["sz"].decimal,
                ]
            }
            #expect(PastFixture.same(read, truth, ["price", "size"]))
            var live: SimulatedMarketState?
            while live?.firstTradeID == nil {
                try await Task.sleep(for: .milliseconds(20))
                live = await exchange.state()?.markets.first { $0.symbol == "BTC-USDT" }
            }
            let first = try #require(live?.firstTradeID)
            let border = OKXAmounts.matches(of: first).lowerBound
            let around = try Self.get("\(path)&type=1&after=\(border + 1)&before=\(border - 3)", port)
            #expect(around.map { $0["tradeId"].text } == (0...2).map { String(border - $0) })
        }
    }

    @Test("Charged rates, open interest and ratios are the past's")
    func rates() async throws {
        try await ExchangeFixture.run([.okxSwap]) { exchange, ports in
            let port = try #require(ports[.okxSwap])
            let (from, to) = (PastFixture.midnight(80), PastFixture.midnight(40))
            let name = "ETH-USDT-SWAP"
            let truth = try #require(await exchange.past(.fundingRate, of: name, in: .okxSwap, from: from, to: to))
            let rows = try Self.get(
                "public/funding-rate-history?instId=\(name)&limit=400&after=\(to)&before=\(from - 1)", port)
            #expect(
                truth.count == 120
                    && PastFixture.same(
                        rows.reversed().map {
                            ["time": $0["fundingTime"].decimal, "rate": $0["realizedRate"].decimal]
                        },
                        truth, ["rate"])
            )
            let hour = PastFixture.now / PastFixture.hour * PastFixture.hour
            for (path, kind, fields) in [
                ("open-interest-history", "open_interest:5m", ["amount": 1, "base": 2, "value": 3]),
                ("long-short-account-ratio-contract", "lsr_all_account:5m", ["ratio": 1]),
                ("long-short-account-ratio-contract-top-trader", "lsr_top_account:5m", ["ratio": 1]),
                ("long-short-position-ratio-contract-top-trader", "lsr_top_position:5m", ["ratio": 1]),
            ] {
                let (begin, end) = (hour - 20 * PastFixture.hour, hour - 12 * PastFixture.hour)
                let truth = try #require(
                    await exchange.past(PastKind(kind)!, of: name, in: .okxSwap, from: begin, to: end))
                let rows = try Self.get(
                    "rubik/stat/contracts/\(path)?instId=\(name)&period=5m&limit=100&begin=\(begin - 1)&end=\(end)",
                    port)
                let read = rows.reversed().map { row in
                    fields.mapValues { row[$0].decimal }.merging(["time": row[0].decimal]) { $1 }
                }
                #expect(truth.count == 96 && PastFixture.same(read, truth, Array(fields.keys)), "\(path)")
            }
            let old = try Self.get(
                "rubik/stat/contracts/open-interest-history?instId=\(name)&period=5m&end=\(hour - 121 * PastFixture.hour)",
                port)
            #expect(old.isEmpty)
        }
    }
}
