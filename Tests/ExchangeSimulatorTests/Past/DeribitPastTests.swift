import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("Deribit's past over REST", .serialized)
struct DeribitPastTests {
    private static func get(_ target: String, _ port: Int) throws -> JSONValue {
        try PastFixture.get("/api/v2/public/\(target)", port)["result"]
    }

    @Test("Trades are found by time and page by sequence", arguments: [MarketSegment.deribitPerpetual, .deribitOption])
    func trades(segment: MarketSegment) async throws {
        try await ExchangeFixture.run([segment]) { exchange, ports in
            let port = try #require(ports[segment])
            let name = SimulatedSymbol.standard(segment)[0].symbol
            let (from, to) = (PastFixture.midnight(50), PastFixture.midnight(49))
            let truth = try #require(await exchange.past(.trade, of: name, in: segment, from: from, to: to))
            #expect(truth.count == 5_000)
            let found = try Self.get(
                "get_last_trades_by_instrument_and_time?instrument_name=\(name)&start_timestamp=\(from)"
                    + "&end_timestamp=\(to)&count=1&sorting=asc", port)
            var next = try #require(found["trades"][0]["trade_seq"].integer.map { UInt64($0) })
            #expect(next == truth[0].id && found["has_more"].flag == true)
            var rows: [[String: Decimal?]] = []
            let last = try #require(truth.last?.id)
            while next <= last {
                let page = try Self.get(
                    "get_last_trades_by_instrument?instrument_name=\(name)&start_seq=\(next)&end_seq=\(last)"
                        + "&count=1000&sorting=asc", port)["trades"].list
                #expect(!page.isEmpty)
                rows += page.map { row in
                    [
                        "time": row["timestamp"].decimal, "id": row["trade_seq"].decimal, "price": row["price"].decimal,
                        "size": row["amount"].decimal,
                    ]
                }
                next += UInt64(page.count)
            }
            #expect(PastFixture.same(rows, truth, ["price", "size"]))
        }
    }

    @Test("Bars, hourly funding and the volatility index are the past's")
    func series() async throws {
        try await ExchangeFixture.run([.deribitPerpetual]) { exchange, ports in
            let port = try #require(ports[.deribitPerpetual])
            let name = "ETH-PERPETUAL"
            let (from, to) = (PastFixture.midnight(60), PastFixture.midnight(57))
            let range = "start_timestamp=\(from)&end_timestamp=\(to - 1)"
            let bars = try #require(
                await exchange.past(PastKind("kline:1m")!, of: name, in: .deribitPerpetual, from: from, to: to))
            let chart = try Self.get("get_tradingview_chart_data?instrument_name=\(name)&\(range)&resolution=1", port)
            let keys = [
                "time": "ticks", "open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume",
                "turnover": "cost",
            ]
            let read = (0..<chart["ticks"].list.count).map { index in keys.mapValues { chart[$0][index].decimal } }
            #expect(
                bars.count == 4_320
                    && PastFixture.same(read, bars, ["open", "high", "low", "close", "volume", "turnover"]))
            let rates = try #require(
                await exchange.past(.fundingRate, of: name, in: .deribitPerpetual, from: from, to: to))
            let funding = try Self.get("get_funding_rate_history?instrument_name=\(name)&\(range)", port).list
            #expect(
                rates.count == 72
                    && PastFixture.same(
                        funding.map {
                            [
                                "time": $0["timestamp"].decimal, "rate": $0["interest_1h"].decimal,
                                "rate_8h": $0["interest_8h"].decimal,
                            ]
                        },
                        rates, ["rate", "rate_8h"])
            )
            let index = try #require(
                await exchange.past(
                    PastKind("volatility_index:1m")!, of: name, in: .deribitPerpetual, from: from, to: to))
            var rows: [JSONValue] = []
            var end: Int? = Int(to - 1)
            while let last = end {
                let page = try Self.get(
                    "get_volatility_index_data?currency=ETH&start_timestamp=\(from)&end_timestamp=\(last)&resolution=60",
                    port)
                rows = page["data"].list + rows
                end = page["continuation"].integer
            }
            #expect(
                index.count == 4_320
                    && PastFixture.same(
                        rows.map {
                            [
                                "time": $0[0].decimal, "open": $0[1].decimal, "high": $0[2].decimal,
                                "low": $0[3].decimal, "close": $0[4].decimal,
                            ]
                        },
                        index, ["open", "high", "low", "close"])
            )
        }
    }
}
