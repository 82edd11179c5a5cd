import ExchangeSimulator
import Foundation
import Venues

extension MatrixTruth {
    /// Our name: `BTC-USD`, `BTC-261225-100000-C`, `BTC` of the index.
    private static func symbol(of name: String) -> String {
        let parts = name.split(separator: "-")
        guard parts.count == 4 else {
            return parts.count == 2 ? "\(parts[0])-USD" : name.prefix { $0 != "_" }.uppercased()
        }
        let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
        let month = (months.firstIndex(of: String(parts[1].dropLast(2).suffix(3))) ?? 99) + 1
        let day = parts[1].dropLast(5)
        let date = "\(parts[1].suffix(2))\(month < 10 ? "0" : "")\(month)\(day.count < 2 ? "0" : "")\(day)"
        return "\(parts[0])-\(date)-\(parts[2])-\(parts[3])"
    }

    func deribit(_ type: DataType, _ name: String, _ market: MarketSegment) async -> [MatrixMessage?]? {
        let isPerpetual = name.hasSuffix("-PERPETUAL")
        let unit = isPerpetual ? "quote" : "base"
        func head(_ event: ExactJSON?) -> [String: String] {
            Self.head(isPerpetual ? "perpetual" : "option", Self.symbol(of: name), name, event: event)
        }
        func data(_ channel: String) async -> [ExactJSON] {
            await self.sent(channel, market).compactMap { $0["params"]?["data"] }
        }
        switch type {
        case .trade:
            return await data("trades.\(name).100ms").flatMap(\.elements).map { trade -> MatrixMessage? in
                Self.message(
                    head(trade["timestamp"]),
                    [
                        "id": trade["trade_id"]?.plain, "first_sequence": trade["trade_seq"]?.plain,
                        "sequence": trade["trade_seq"]?.plain, "price": trade["price"]?.decimal,
                        "size": trade["amount"]?.decimal, "unit": unit, "side": trade["direction"]?.plain,
                        "aggregated": "false", "backfilled": "false",
                    ])
            }
        case .liquidation:
            return await data("trades.\(name).100ms").flatMap(\.elements).flatMap { trade -> [MatrixMessage?] in
                let flag = trade["liquidation"]?.plain ?? ""
                let isPurchase = trade["direction"]?.plain == "buy"
                // Who buys by force had a short position.
                let taker = flag.contains("T") ? [isPurchase ? "short" : "long"] : []
                let maker = flag.contains("M") ? [isPurchase ? "long" : "short"] : []
                return (taker + maker).map { position -> MatrixMessage? in
                    Self.message(
                        head(trade["timestamp"]),
                        [
                            "id": trade["trade_id"]?.plain, "position": position, "price": trade["price"]?.decimal,
                            "price_kind": "trade", "size": trade["amount"]?.decimal, "unit": unit, "sampled": "false",
                        ])
                }
            }
        case .bbo:
            return await data("quote.\(name)").map { quote -> MatrixMessage? in
                Self.message(
                    head(quote["timestamp"]),
                    [
                        "bid": quote["best_bid_price"]?.decimal, "bid_size": quote["best_bid_amount"]?.decimal,
                        "ask": quote["best_ask_price"]?.decimal, "ask_size": quote["best_ask_amount"]?.decimal,
                        "unit": unit, "venue_sequence": "null",
                    ])
            }
        case .markPrice:
            return await data("ticker.\(name).100ms").map { ticker -> MatrixMessage? in
                Self.message(
                    head(ticker["timestamp"]),
                    ["mark": ticker["mark_price"]?.decimal, "index": ticker["index_price"]?.decimal])
            }
        case .fundingRate:
            return await data("ticker.\(name).100ms").map { ticker -> MatrixMessage? in
                Self.message(
                    head(ticker["timestamp"]),
                    [
                        "rate": ticker["current_funding"]?.decimal, "settled_rate": ticker["funding_8h"]?.decimal,
                        "accrual": "continuous", "interval_us": "null", "funding_us": "null",
                        "backfilled": "false",
                    ])
            }
        case .openInterest:
            return await data("ticker.\(name).100ms").map { ticker -> MatrixMessage? in
                Self.message(
                    head(ticker["timestamp"]),
                    [
                        "amount": ticker["open_interest"]?.decimal, "unit": unit, "base_amount": "null",
                        "value_usd": "null",
                    ])
            }
        case .volatilityIndex: return await self.volatility(name, market, head)
        case .kline: return await self.bars(name, market, head(nil))
        case .instrument: return await self.instruments(name, market, head(nil), unit)
        case .orderbook, .topPositionRatio, .topAccountRatio, .allAccountRatio: return nil
        }
    }

    /// Values as they stand, and the minutes that they make.
    private func volatility(
        _ name: String, _ market: MarketSegment, _ head: (ExactJSON?) -> [String: String]
    ) async -> [MatrixMessage?] {
        let values = await self.sent("deribit_volatility_index.\(name)", market).map { frame -> MatrixMessage? in
            let data = frame["params"]?["data"]
            return Self.message(
                head(data?["timestamp"]),
                [
                    "open": "null", "high": "null", "low": "null", "close": data?["volatility"]?.decimal,
                    "resolution_us": "null",
                ])
        }
        let currency = Self.symbol(of: name)
        let answers = await self.answered(
            "/api/v2/public/get_volatility_index_data", ["currency": currency, "resolution": "60"], market)
        let rows = Self.elements(of: "data", in: answers.compactMap { $0["result"] })
        let minutes = rows.map { row -> MatrixMessage? in
            Self.message(
                head(row[0]),
                [
                    "open": row[1]?.decimal, "high": row[2]?.decimal, "low": row[3]?.decimal,
                    "close": row[4]?.decimal, "resolution_us": "60000000",
                ])
        }
        return values + minutes
    }

    /// Bars that grow, and those that were asked for when they were over.
    private func bars(_ name: String, _ market: MarketSegment, _ head: [String: String]) async -> [MatrixMessage?] {
        func bar(_ tick: ExactJSON?, _ value: (String) -> ExactJSON?, isConfirmed: Bool) -> MatrixMessage? {
            Self.message(
                head,
                [
                    "interval": "1m", "open_us": Self.time(tick), "open": value("open")?.decimal,
                    "high": value("high")?.decimal, "low": value("low")?.decimal, "close": value("close")?.decimal,
                    "base_volume": value("volume")?.decimal, "quote_volume": value("cost")?.decimal,
                    "contract_volume": "null", "trade_count": "null", "closed": isConfirmed ? "true" : "false",
                    "confirmed": isConfirmed ? "true" : "false", "backfilled": "false",
                ])
        }
        let growing = await self.sent("chart.trades.\(name).1", market).map { frame -> MatrixMessage? in
            let data = frame["params"]?["data"]
            return bar(data?["tick"], { data?[$0] }, isConfirmed: false)
        }
        let answers = await self.answered(
            "/api/v2/public/get_tradingview_chart_data", ["instrument_name": name, "resolution": "1"], market)
        var over: [MatrixMessage?] = []
        for result in answers.compactMap({ $0["result"] }) {
            for (place, tick) in (result["ticks"]?.elements ?? []).enumerated() {
                over.append(bar(tick, { result[$0]?[place] }, isConfirmed: true))
            }
        }
        return growing + over
    }

    private func instruments(
        _ name: String, _ market: MarketSegment, _ head: [String: String], _ unit: String
    ) async -> [MatrixMessage?] {
        let listed = Self.elements(of: "result", in: await self.answered("/api/v2/public/get_instruments", [:], market))
        return listed.filter { $0["instrument_name"]?.plain == name }.map { entry -> MatrixMessage? in
            let isOption = entry["kind"]?.plain == "option"
            let contract = entry["contract_size"]?.decimal
            let least = entry["min_trade_amount"]?.decimal
            let both: [String] = [contract, least].compactMap { $0 }
            let lot: String? = both.min { left, right in
                (Decimal(string: left) ?? 0) < (Decimal(string: right) ?? 0)
            }
            let state = entry["state"]?.plain
            return Self.message(
                head,
                [
                    "status": state == "open" ? "trading" : nil, "venue_status": state,
                    "base": entry["base_currency"]?.plain, "quote": entry["quote_currency"]?.plain,
                    "settle": entry["settlement_currency"]?.plain, "contract": "inverse",
                    "contract_size": contract, "contract_size_unit": unit, "unit": unit,
                    "tick_size": entry["tick_size"]?.decimal, "lot_size": lot, "min_size": least,
                    "min_notional": "null", "listed_us": Self.time(entry["creation_timestamp"]),
                    "expires_us": isOption ? Self.time(entry["expiration_timestamp"]) : "null",
                    "strike": isOption ? entry["strike"]?.decimal : "null",
                    "option_type": isOption ? entry["option_type"]?.plain : "null",
                ])
        }
    }
}
