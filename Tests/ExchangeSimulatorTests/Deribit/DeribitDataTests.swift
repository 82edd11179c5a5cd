import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("What Deribit's channels and methods carry", .serialized)
struct DeribitDataTests {
    private static let both: [MarketSegment] = [.deribitPerpetual, .deribitOption]

    private static func get(_ target: String, _ port: Int) throws -> JSONValue {
        try JSONValue(BlockingSocket.request("GET", "/api/v2/public/\(target)", port: port))
    }

    @Test("Trades come in lists and leave no sequence out; some of them are liquidations")
    func trades() async throws {
        try await ExchangeFixture.run(Self.both) {
            $0.pace.liquidationTrades = 4
        } _: { exchange, ports in
            let port = try #require(ports[.deribitPerpetual])
            let client = try DeribitClient(port: port)
            _ = try client.subscribe("trades.ETH-PERPETUAL.100ms")
            var trades: [JSONValue] = []
            while trades.count < 24 { trades += try client.next(of: "trades.ETH-PERPETUAL.100ms").list }
            let sequences = trades.compactMap { $0["trade_seq"].integer }
            #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $0 + 1 == $1 })
            #expect(trades.filter { $0["liquidation"].text != nil }.count >= 5)
            #expect(trades.allSatisfy { $0["trade_id"].text?.hasPrefix("ETH-") == true && $0["iv"].decimal == nil })
            // What was sent can be asked for by sequence, oldest first, and says that more follow.
            let asked = try Self.get(
                "get_last_trades_by_instrument?instrument_name=ETH-PERPETUAL&start_seq=\(sequences[0])"
                    + "&end_seq=\(sequences[9])&count=5&sorting=asc", port)
            #expect(asked["result"]["has_more"].flag == true)
            let answered = asked["result"]["trades"].list
            #expect(answered.map { $0["trade_seq"].integer } == Array(sequences[..<5]))
            #expect(answered.map { $0["price"].decimal } == trades[..<5].map { $0["price"].decimal })
            #expect(answered.map { $0["trade_id"].text } == trades[..<5].map { $0["trade_id"].text })
            let newest = try Self.get(
                "get_last_trades_by_instrument?instrument_name=ETH-PERPETUAL&start_seq=\(sequences[0])"
                    + "&end_seq=\(sequences[9])&count=100", port)
            #expect(newest["result"]["has_more"].flag == false)
            #expect(newest["result"]["trades"].list.map { $0["trade_seq"].integer } == sequences[..<10].reversed())
        }
    }

    @Test("Options have trades with volatility, and names, strikes and expiries that agree")
    func options() async throws {
        try await ExchangeFixture.run(Self.both) {
            $0.stepsPerSecond = 1_000
        } _: { exchange, ports in
            let port = try #require(ports[.deribitOption])
            let listed = try Self.get("get_instruments?currency=BTC&kind=option", port)["result"].list
            #expect(listed.count == 8 && listed.allSatisfy { $0["kind"].text == "option" })
            let now = Date().timeIntervalSince1970 * 1000
            for option in listed {
                let expiry = try #require(option["expiration_timestamp"].integer)
                let name = ExpiryDate.name(Int64(expiry))
                let strike = try #require(option["strike"].integer)
                let side = option["option_type"].text == "call" ? "C" : "P"
                #expect(option["instrument_name"].text == "BTC-\(name)-\(strike)-\(side)")
                #expect(Double(expiry) > now)
            }
            #expect(listed.contains { Double($0["expiration_timestamp"].integer ?? 0) < now + 30 * 86_400_000 })
            let name = try #require(listed[0]["instrument_name"].text)
            let client = try DeribitClient(port: port)
            _ = try client.subscribe("trades.\(name).100ms", "ticker.\(name).100ms")
            let ticker = try client.next(of: "ticker.\(name).100ms")
            #expect(ticker["mark_iv"].decimal != nil && ticker["current_funding"].decimal == nil)
            let trade = try client.next(of: "trades.\(name).100ms")[0]
            #expect(trade["iv"].decimal != nil && trade["instrument_name"].text == name)
        }
    }

    @Test("Tickers, quotes, bars and the volatility index come at once and go on")
    func sampled() async throws {
        try await ExchangeFixture.run([.deribitPerpetual]) { exchange, ports in
            let client = try DeribitClient(port: #require(ports[.deribitPerpetual]))
            let channels = [
                "ticker.BTC-PERPETUAL.100ms", "quote.BTC-PERPETUAL", "chart.trades.BTC-PERPETUAL.1",
                "deribit_volatility_index.btc_usd", "deribit_price_index.btc_usd", "perpetual.BTC-PERPETUAL.100ms",
            ]
            let parameters = #"{"channels":["\#(channels.joined(separator: "\",\""))"]}"#
            #expect(try client.call("public/subscribe", parameters)["result"].list.count == channels.count)
            let expected: [String: Set<String>] = [
                channels[1]: [
                    "timestamp", "instrument_name", "best_bid_price", "best_bid_amount", "best_ask_price",
                    "best_ask_amount",
                ],
                channels[2]: ["tick", "open", "high", "low", "close", "volume", "cost"],
                channels[3]: ["index_name", "volatility", "timestamp"],
                channels[4]: ["index_name", "price", "timestamp"],
                channels[5]: ["interest", "index_price", "timestamp"],
            ]
            var counts: [String: Int] = [:]
            while counts.count < channels.count || counts.values.contains(where: { $0 < 2 }) {
                let message = try client.next()
                guard let channel = message["params"]["channel"].text else { continue }
                counts[channel, default: 0] += 1
                let data = message["params"]["data"]
                if let keys = expected[channel] {
                    #expect(data.keys == keys, "\(channel)")
                } else {
                    let figures = ["mark_price", "index_price", "current_funding", "funding_8h", "open_interest"]
                    #expect(figures.allSatisfy { data[$0].decimal != nil })
                }
            }
        }
    }

    @Test("Instruments, books and summaries are answered over HTTP without an id")
    func answers() async throws {
        try await ExchangeFixture.run(Self.both) { exchange, ports in
            let port = try #require(ports[.deribitPerpetual])
            let listed = try Self.get("get_instruments?currency=any&kind=future", port)
            #expect(listed["result"].list.map { $0["instrument_name"].text } == ["BTC-PERPETUAL", "ETH-PERPETUAL"])
            #expect(
                listed["result"].list.map { $0["tick_size"].decimal } == [
                    Decimal(string: "0.5"), Decimal(string: "0.05"),
                ])
            #expect(listed["result"].list.map { $0["contract_size"].decimal } == [10, 1])
            #expect(listed["id"].integer == nil && listed["jsonrpc"].text == "2.0")
            await exchange.pause()
            let truth = try #require(await exchange.book(of: "BTC-PERPETUAL", in: .deribitPerpetual, limit: 20))
            let book = try Self.get("get_order_book?instrument_name=BTC-PERPETUAL&depth=20", port)["result"]
            #expect(book["change_id"].integer == Int(truth.lastID) && book["bids"].list.count == 20)
            #expect(book["asks"][19][0].decimal == Decimal(truth.asks[19].price) / 10)
            let summary = try Self.get("get_book_summary_by_currency?currency=ETH&kind=option", port)["result"]
            #expect(summary.list.count == 8 && summary.list.allSatisfy { $0["open_interest"].decimal ?? 0 > 0 })
            let wrong = try BlockingSocket.request(
                "GET", "/api/v2/public/get_order_book?instrument_name=NOPE", port: port)
            #expect(wrong.status == 400)
            #expect(try JSONValue(wrong)["error"]["code"].integer == 13020)
        }
    }

    @Test("Histories have a row for each step, and are the same when asked again")
    func histories() async throws {
        try await ExchangeFixture.run([.deribitPerpetual]) { exchange, ports in
            let port = try #require(ports[.deribitPerpetual])
            let end = Int(Date().timeIntervalSince1970) / 3600 * 3_600_000
            let funding =
                "get_funding_rate_history?instrument_name=BTC-PERPETUAL&start_timestamp=\(end - 36_000_000)"
                + "&end_timestamp=\(end)"
            let rows = try Self.get(funding, port)["result"].list
            #expect(rows.count == 11 && rows.allSatisfy { $0["interest_1h"].decimal != nil })
            #expect(
                try Self.get(funding, port)["result"].list.map { $0["interest_8h"].decimal }
                    == rows.map { $0["interest_8h"].decimal })
            let volatility = try Self.get(
                "get_volatility_index_data?currency=BTC&start_timestamp=\(end - 3_600_000_000)&end_timestamp=\(end)"
                    + "&resolution=3600", port)["result"]
            #expect(volatility["data"].list.count == 1_000 && volatility["data"][0].list.count == 5)
            #expect(volatility["continuation"].integer == end - 1_000 * 3_600_000)
            let chart = try Self.get(
                "get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&start_timestamp=\(end - 600_000)"
                    + "&end_timestamp=\(end - 60_000)&resolution=1", port)["result"]
            for key in ["ticks", "open", "high", "low", "close", "volume", "cost"] {
                #expect(chart[key].list.count == 10, "\(key)")
            }
        }
    }
}

@Suite("Deribit's listings", .serialized)
struct DeribitListingTests {
    @Test("A listed option and its end are told to who watches every instrument")
    func listing() async throws {
        try await ExchangeFixture.run([.deribitPerpetual, .deribitOption]) { exchange, ports in
            let port = try #require(ports[.deribitOption])
            let client = try DeribitClient(port: port)
            _ = try client.subscribe("instrument.state.any.any", "instrument.creation.option.BTC")
            let name = "BTC-25DEC26-70000-P"
            #expect(await exchange.list(name, in: .deribitOption))
            let state = try client.next(of: "instrument.state.any.any")
            #expect(state["instrument_name"].text == name && state["state"].text == "open")
            #expect(try client.next(of: "instrument.creation.option.BTC")["instrument_name"].text == name)
            let listed = try JSONValue(
                BlockingSocket.request("GET", "/api/v2/public/get_instruments?currency=BTC&kind=option", port: port))
            let option = try #require(listed["result"].list.first { $0["instrument_name"].text == name })
            #expect(option["strike"].integer == 70_000 && option["expiration_timestamp"].integer == 1_798_185_600_000)
            #expect(await exchange.delist(name, in: .deribitOption))
            #expect(try client.next(of: "instrument.state.any.any")["state"].text == "inactive")
            #expect(await exchange.list("nonsense", in: .deribitOption) == false)
        }
    }
}
