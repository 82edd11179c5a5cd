import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("Binance's past over REST", .serialized)
struct BinancePastTests {
    private static let names: [MarketSegment: String] = [
        .spot: "BTCUSDT", .usdm: "ETHUSDT", .coinm: "BTCUSD_PERP",
    ]

    private static func base(_ segment: MarketSegment) -> String {
        segment == .spot ? "/api/v3" : segment == .usdm ? "/fapi/v1" : "/dapi/v1"
    }

    /// Bars of two days in pages of a thousand, or of what is left.
    private static func bars(
        _ path: String, _ port: Int, from: Int64, to: Int64
    ) throws -> [[String: Decimal?]] {
        var rows: [[String: Decimal?]] = []
        var next = from
        while next < to {
            // COIN-M answers with the latest of a window, so that this must not be longer than a page.
            let end = min(to, next + 1_000 * 60_000) - 1
            let page = try PastFixture.get("\(path)&interval=1m&limit=1000&startTime=\(next)&endTime=\(end)", port).list
            rows += page.map { row in
                [
                    "time": row[0].decimal, "open": row[1].decimal, "high": row[2].decimal, "low": row[3].decimal,
                    "close": row[4].decimal, "volume": row[5].decimal, "turnover": row[7].decimal,
                    "trades": row[8].decimal,
                ]
            }
            next = end + 1
        }
        return rows
    }

    @Test("Pages of bars give every row, each once", arguments: [MarketSegment.spot, .usdm, .coinm])
    func klines(segment: MarketSegment) async throws {
        try await ExchangeFixture.run([segment]) { exchange, ports in
            let port = try #require(ports[segment])
            let name = try #require(Self.names[segment])
            let (from, to) = (PastFixture.midnight(40), PastFixture.midnight(38))
            let truth = try #require(
                await exchange.past(PastKind("kline:1m")!, of: name, in: segment, from: from, to: to))
            #expect(truth.count == 2_880)
            let rows = try Self.bars("\(Self.base(segment))/klines?symbol=\(name)", port, from: from, to: to)
            #expect(
                PastFixture.same(rows, truth, ["open", "high", "low", "close", "volume", "turnover", "trades"]))
            guard segment != .spot else { return }
            let marks = try #require(
                await exchange.past(PastKind("mark_price:1m")!, of: name, in: segment, from: from, to: to))
            let answered = try Self.bars(
                "\(Self.base(segment))/markPriceKlines?symbol=\(name)", port, from: from, to: to)
            #expect(marks.count == 2_880 && PastFixture.same(answered, marks, ["open", "high", "low", "close"]))
        }
    }

    @Test("A limit keeps the oldest bars behind a start, but the newest on COIN-M; without a start, the newest")
    func limits() async throws {
        try await ExchangeFixture.run([.usdm, .coinm]) { exchange, ports in
            let start = PastFixture.midnight(10)
            for segment in [MarketSegment.usdm, .coinm] {
                let port = try #require(ports[segment])
                let path = "\(Self.base(segment))/klines?symbol=\(Self.names[segment] ?? "")&interval=1h&limit=3"
                func opens(_ range: String) throws -> [Int64] {
                    try PastFixture.get(path + range, port).list.compactMap { $0[0].integer.map { Int64($0) } }
                }
                let end = start + 9 * PastFixture.hour
                let newest = (7...9).map { start + $0 * PastFixture.hour }
                let oldest = (0...2).map { start + $0 * PastFixture.hour }
                #expect(try opens("&startTime=\(start)&endTime=\(end)") == (segment == .coinm ? newest : oldest))
                #expect(try opens("&endTime=\(end)") == newest)
                if segment == .usdm {
                    let first = try opens("&startTime=1000&endTime=\(PastFixture.now)")
                    #expect(first.count == 3 && first[0] == PastFixture.midnight(92))
                }
            }
            let far = PastFixture.now - 201 * PastFixture.day
            let refused = try BlockingSocket.request(
                "GET", "/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1d&startTime=\(far)&endTime=\(PastFixture.now)",
                port: try #require(ports[.coinm]))
            #expect(refused.status == 400 && refused.text.contains("-1127"))
            for interval in ["3d", "1w", "1M"] {
                let rows = try PastFixture.get(
                    "/fapi/v1/klines?symbol=BTCUSDT&interval=\(interval)&limit=3", try #require(ports[.usdm])
                ).list
                #expect(rows.count == 3)
                #expect(zip(rows, rows.dropFirst()).allSatisfy { ($0[6].integer ?? 0) + 1 == $1[0].integer })
            }
        }
    }

    @Test(
        "Trades join the running market's without a hole and page by id over equal times",
        arguments: [MarketSegment.spot, .usdm])
    func trades(segment: MarketSegment) async throws {
        try await ExchangeFixture.run([segment]) {
            $0.past.tradesPerDay = 2_000
        } _: { exchange, ports in
            let port = try #require(ports[segment])
            let name = try #require(Self.names[segment])
            var state = try #require(await exchange.state()?.markets.first { $0.symbol == name })
            while (state.lastTradeID ?? 0) < (state.firstTradeID ?? 1) + 20 {
                try await Task.sleep(for: .milliseconds(20))
                state = try #require(await exchange.state()?.markets.first { $0.symbol == name })
            }
            await exchange.pause()
            let from = PastFixture.now - 3 * PastFixture.hour
            let truth = try #require(
                await exchange.past(.trade, of: name, in: segment, from: from, to: PastFixture.now + 1_000))
            let ids = truth.compactMap(\.id)
            let live = try #require(await exchange.state()?.markets.first { $0.symbol == name })
            #expect(ids.contains((live.firstTradeID ?? 0) - 1) && ids.last == live.lastTradeID)
            #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 + 1 == $1 })
            var rows: [[String: Decimal?]] = []
            var next = try #require(ids.first)
            while rows.count < truth.count {
                let page = try PastFixture.get(
                    "\(Self.base(segment))/aggTrades?symbol=\(name)&limit=37&fromId=\(next)", port
                ).list
                #expect(!page.isEmpty)
                rows += page.map { row in
                    [
                        "time": row["T"].decimal, "id": row["a"].decimal, "price": row["p"].decimal,
                        "size": row["q"].decimal,
                    ]
                }
                next += UInt64(page.count)
            }
            #expect(PastFixture.same(rows, truth, ["price", "size"]))
            let times = truth.map(\.milliseconds)
            #expect(zip(times, times.dropFirst()).contains { $0 == $1 })
        }
    }

    @Test("Futures serve put together trades of a day, in windows below an hour, and single ones of a month")
    func tradeLimits() async throws {
        try await ExchangeFixture.run([.spot, .usdm]) { exchange, ports in
            let port = try #require(ports[.usdm])
            let now = PastFixture.now
            let path = "/fapi/v1/aggTrades?symbol=BTCUSDT"
            for (query, code) in [
                ("&startTime=\(now - 2 * PastFixture.hour)&endTime=\(now - PastFixture.hour)", "-1127"),
                ("&fromId=5&startTime=\(now - 1_000)", "-1128"),
            ] {
                let answer = try BlockingSocket.request("GET", path + query, port: port)
                #expect(answer.status == 400 && answer.text.contains(code))
            }
            let window = try PastFixture.get(
                "\(path)&startTime=\(now - 7_200_000)&endTime=\(now - 3_600_001)&limit=1000", port
            ).list
            let truth = try #require(
                await exchange.past(.trade, of: "BTCUSDT", in: .usdm, from: now - 7_200_000, to: now - 3_600_000))
            #expect(!truth.isEmpty && window.map { $0["a"].integer } == truth.map { $0.id.map { Int($0) } })
            #expect(
                try PastFixture.get(
                    "\(path)&startTime=\(now - 26 * PastFixture.hour)&endTime=\(now - 25 * PastFixture.hour - 1)", port
                ).list.isEmpty)
            let oldest = try PastFixture.get("\(path)&fromId=1&limit=1", port)[0]["T"].integer ?? 0
            #expect(Int64(oldest) >= now - PastFixture.day && Int64(oldest) < now - PastFixture.day + 600_000)
            let spot = try PastFixture.get(
                "/api/v3/aggTrades?symbol=BTCUSDT&fromId=1&limit=1", try #require(ports[.spot]))
            #expect(Int64(spot[0]["T"].integer ?? 0) < PastFixture.midnight(91))
        }
    }

    @Test("Charged rates, open interest and ratios are the past's, within the month that is served")
    func rates() async throws {
        try await ExchangeFixture.run([.usdm, .coinm]) { configuration in
            configuration.symbols[.usdm]?[1].fundingPeriod = .seconds(4 * 3_600)
        } _: { exchange, ports in
            let usdm = try #require(ports[.usdm])
            let (from, to) = (PastFixture.midnight(29), PastFixture.midnight(22))
            for (name, count) in [("BTCUSDT", 21), ("ETHUSDT", 42)] {
                let truth = try #require(await exchange.past(.fundingRate, of: name, in: .usdm, from: from, to: to))
                let rows = try PastFixture.get(
                    "/fapi/v1/fundingRate?symbol=\(name)&startTime=\(from)&endTime=\(to - 1)", usdm
                ).list
                #expect(truth.count == count)
                #expect(
                    PastFixture.same(
                        rows.map { ["time": $0["fundingTime"].decimal, "rate": $0["fundingRate"].decimal] }, truth,
                        ["rate"]))
            }
            #expect(
                try PastFixture.get("/fapi/v1/fundingInfo", usdm).list.contains {
                    $0["fundingIntervalHours"].integer == 4
                })
            #expect(try PastFixture.get("/fapi/v1/fundingRate?symbol=BTCUSDT", usdm).list.count == 200)
            for segment in [MarketSegment.usdm, .coinm] {
                let port = try #require(ports[segment])
                let name = segment == .usdm ? "BTCUSDT" : "BTCUSD_PERP"
                let key = segment == .usdm ? "symbol=BTCUSDT" : "pair=BTCUSD&contractType=PERPETUAL"
                for (path, kind, fields) in [
                    (
                        "openInterestHist", "open_interest:5m",
                        ["amount": "sumOpenInterest", "value": "sumOpenInterestValue"]
                    ),
                    (
                        "globalLongShortAccountRatio", "lsr_all_account:5m",
                        ["ratio": "longShortRatio", "long": "longAccount"]
                    ),
                    (
                        "topLongShortAccountRatio", "lsr_top_account:5m",
                        ["ratio": "longShortRatio", "long": "longAccount"]
                    ),
                    ("topLongShortPositionRatio", "lsr_top_position:5m", ["ratio": "longShortRatio"]),
                ] {
                    let end = from + 400 * 300_000
                    let truth = try #require(
                        await exchange.past(PastKind(kind)!, of: name, in: segment, from: from, to: end))
                    let rows = try PastFixture.get(
                        "/futures/data/\(path)?\(key)&period=5m&limit=500&startTime=\(from)&endTime=\(end - 1)", port)
                    let read = rows.list.map { row in
                        fields.mapValues { row[$0].decimal }.merging(["time": row["timestamp"].decimal]) { $1 }
                    }
                    #expect(truth.count == 400 && PastFixture.same(read, truth, Array(fields.keys)), "\(path)")
                }
            }
            let old = PastFixture.now - 31 * PastFixture.day
            let refused = try BlockingSocket.request(
                "GET", "/futures/data/openInterestHist?symbol=BTCUSDT&period=5m&startTime=\(old)", port: usdm)
            #expect(refused.status == 400 && refused.text.contains("-1130"))
        }
    }
}
