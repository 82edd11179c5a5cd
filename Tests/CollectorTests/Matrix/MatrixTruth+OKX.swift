import ExchangeSimulator
import Venues

extension MatrixTruth {
    func okx(_ type: DataType, _ symbol: String, _ market: MarketSegment) async -> [MatrixMessage?]? {
        let isSwap = market == .okxSwap
        let pair = symbol.replacing("-SWAP", with: "")
        let unit = isSwap ? "contracts" : "base"
        func head(_ event: ExactJSON?) -> [String: String] {
            Self.head(isSwap ? "perpetual" : "spot", pair, symbol, event: event)
        }
        func rows(_ channel: String) async -> [ExactJSON] {
            Self.elements(of: "data", in: await self.sent("\(channel):\(symbol)", market))
        }
        switch type {
        case .trade:
            return await rows("trades").map { trade -> MatrixMessage? in
                let isAggregate = trade["count"]?.plain != "1"
                let last = trade["tradeId"]?.plain
                let count = trade["count"]?.plain.flatMap { UInt64($0) }
                let first = last.flatMap { UInt64($0) }.flatMap { last in count.map { String(last - $0 + 1) } }
                return Self.message(
                    head(trade["ts"]),
                    [
                        "id": last, "first_sequence": first, "sequence": last, "price": trade["px"]?.decimal,
                        "size": trade["sz"]?.decimal,
                        "unit": unit, "side": trade["side"]?.plain, "aggregated": isAggregate ? "true" : "false",
                        "backfilled": "false",
                    ])
            }
        case .bbo:
            return await rows("bbo-tbt").map { best -> MatrixMessage? in
                Self.message(
                    head(best["ts"]),
                    [
                        "bid": best["bids"]?[0]?[0]?.decimal, "bid_size": best["bids"]?[0]?[1]?.decimal,
                        "ask": best["asks"]?[0]?[0]?.decimal, "ask_size": best["asks"]?[0]?[1]?.decimal, "unit": unit,
                        "venue_sequence": best["seqId"]?.plain,
                    ])
            }
        case .markPrice:
            // The index comes on a stream of its own: the newest one that came before, null until there is one.
            let indices = Self.elements(of: "data", in: await self.sent("index-tickers:\(pair)", market))
            return await rows("mark-price").flatMap { mark -> [MatrixMessage?] in
                let time = mark["ts"]?.plain ?? ""
                let before = indices.filter { ($0["ts"]?.plain ?? "") <= time }.suffix(3)
                var known: [String?] = before.map { $0["idxPx"]?.decimal }
                if known.count < 3 { known.append("null") }
                return known.map { Self.message(head(mark["ts"]), ["mark": mark["markPx"]?.decimal, "index": $0]) }
            }
        case .fundingRate:
            return await rows("funding-rate").map { rate -> MatrixMessage? in
                let end = rate["nextFundingTime"]?.plain.flatMap { Int64($0) } ?? 0
                let start = rate["fundingTime"]?.plain.flatMap { Int64($0) } ?? 0
                return Self.message(
                    head(rate["ts"]),
                    [
                        "rate": rate["fundingRate"]?.decimal, "settled_rate": rate["settFundingRate"]?.decimal,
                        "accrual": "periodic", "interval_us": "\((end - start) * 1_000)",
                        "funding_us": Self.time(rate["fundingTime"]), "backfilled": "false",
                    ])
            }
        case .openInterest:
            return await rows("open-interest").map { interest -> MatrixMessage? in
                Self.message(
                    head(interest["ts"]),
                    [
                        "amount": interest["oi"]?.decimal, "unit": unit, "base_amount": interest["oiCcy"]?.decimal,
                        "value_usd": interest["oiUsd"]?.decimal,
                    ])
            }
        case .liquidation: return await self.okxLiquidations(symbol, market, head)
        case .topPositionRatio:
            return await self.okxRatio("long-short-position-ratio-contract-top-trader", symbol, market, head)
        case .topAccountRatio:
            return await self.okxRatio("long-short-account-ratio-contract-top-trader", symbol, market, head)
        case .allAccountRatio:
            return await self.okxRatio("long-short-account-ratio-contract", symbol, market, head)
        case .kline:
            return await rows("candle1m").map { row -> MatrixMessage? in
                let fields: [String: String?] = [
                    "interval": "1m", "open_us": Self.time(row[0]), "open": row[1]?.decimal, "high": row[2]?.decimal,
                    "low": row[3]?.decimal, "close": row[4]?.decimal, "base_volume": row[isSwap ? 6 : 5]?.decimal,
                    "quote_volume": row[7]?.decimal, "contract_volume": isSwap ? row[5]?.decimal : "null",
                    "trade_count": "null", "closed": row[8]?.plain == "1" ? "true" : "false", "confirmed": "false",
                    "backfilled": "false",
                ]
                return Self.message(head(nil), fields)
            }
        case .instrument: return await self.okxInstruments(symbol, market, head(nil), unit)
        case .orderbook, .volatilityIndex: return nil
        }
    }

    /// One stream tells those of all instruments.
    private func okxLiquidations(
        _ symbol: String, _ market: MarketSegment, _ head: (ExactJSON?) -> [String: String]
    ) async -> [MatrixMessage?] {
        let told = Self.elements(of: "data", in: await self.sent("liquidation-orders:SWAP", market))
        let details = Self.elements(of: "details", in: told.filter { $0["instId"]?.plain == symbol })
        return details.map { detail -> MatrixMessage? in
            Self.message(
                head(detail["ts"]),
                [
                    "id": "null", "position": detail["posSide"]?.plain, "price": detail["bkPx"]?.decimal,
                    "price_kind": "bankruptcy", "size": detail["sz"]?.decimal, "unit": "contracts",
                    "sampled": "true",
                ])
        }
    }

    private func okxRatio(
        _ resource: String, _ symbol: String, _ market: MarketSegment, _ head: (ExactJSON?) -> [String: String]
    ) async -> [MatrixMessage?] {
        let path = "/api/v5/rubik/stat/contracts/\(resource)"
        let answers = await self.answered(path, ["instId": symbol, "period": "5m"], market)
        return Self.elements(of: "data", in: answers).map { row -> MatrixMessage? in
            Self.message(
                head(row[0]), ["ratio": row[1]?.decimal, "long": "null", "short": "null", "period_us": "300000000"])
        }
    }

    private func okxInstruments(
        _ symbol: String, _ market: MarketSegment, _ head: [String: String], _ unit: String
    ) async -> [MatrixMessage?] {
        let isSwap = market == .okxSwap
        let pair = symbol.split(separator: "-").map(String.init)
        let answers = await self.answered(
            "/api/v5/public/instruments", ["instType": isSwap ? "SWAP" : "SPOT"], market)
        let entries = Self.elements(of: "data", in: answers).filter { $0["instId"]?.plain == symbol }
        return entries.map { entry -> MatrixMessage? in
            let isLinear = entry["ctType"]?.plain == "linear"
            let status = entry["state"]?.plain
            // The simulator's multiplier is 1.
            let size: String? = isSwap ? entry["ctVal"]?.decimal : "null"
            let sizeUnit: String = isSwap ? (isLinear ? "base" : "quote") : "null"
            let settle: String? = isSwap ? entry["settleCcy"]?.plain : "null"
            return Self.message(
                head,
                [
                    "status": status == "live" ? "trading" : nil, "venue_status": status, "base": pair[0],
                    "quote": pair[1], "settle": settle,
                    "contract": isSwap ? (isLinear ? "linear" : "inverse") : "spot", "contract_size": size,
                    "contract_size_unit": sizeUnit, "unit": unit, "tick_size": entry["tickSz"]?.decimal,
                    "lot_size": entry["lotSz"]?.decimal, "min_size": entry["minSz"]?.decimal,
                    "min_notional": "null", "listed_us": Self.time(entry["listTime"]),
                    "expires_us": Self.time(entry["expTime"]), "strike": "null", "option_type": "null",
                ])
        }
    }
}
