import ExchangeSimulator
import Venues

extension MatrixTruth {
    private static func names(_ symbol: String, _ market: MarketSegment) -> (market: String, symbol: String) {
        let base = symbol.prefix(3)
        return switch market {
        case .spot: ("spot", "\(base)-USDT")
        case .usdm: ("perpetual", "\(base)-USDT")
        default: ("perpetual", "\(base)-USD")
        }
    }

    func binance(_ type: DataType, _ symbol: String, _ market: MarketSegment) async -> [MatrixMessage?]? {
        let names = Self.names(symbol, market)
        let isSpot = market == .spot
        let unit = market == .coinm ? "contracts" : "base"
        let stream = symbol.lowercased()
        func head(_ event: ExactJSON?, _ sent: ExactJSON? = nil) -> [String: String] {
            Self.head(names.market, names.symbol, symbol, event: event, sent: sent)
        }
        switch type {
        case .trade:
            return await self.sent(isSpot ? "\(stream)@trade" : "\(stream)@aggTrade", market).map {
                trade -> MatrixMessage? in
                let isSale = trade["m"]?.plain == "true"
                return Self.message(
                    head(trade["T"], trade["E"]),
                    [
                        "id": trade[isSpot ? "t" : "a"]?.plain, "first_sequence": trade[isSpot ? "t" : "a"]?.plain,
                        "sequence": trade[isSpot ? "t" : "a"]?.plain, "price": trade["p"]?.decimal,
                        "size": trade["q"]?.decimal, "unit": unit, "side": isSale ? "sell" : "buy",
                        "aggregated": isSpot ? "false" : "true", "backfilled": "false",
                    ])
            }
        case .bbo:
            return await self.sent("\(stream)@bookTicker", market).map { offer -> MatrixMessage? in
                Self.message(
                    head(offer["T"], offer["E"]),
                    [
                        "bid": offer["b"]?.decimal, "bid_size": offer["B"]?.decimal, "ask": offer["a"]?.decimal,
                        "ask_size": offer["A"]?.decimal, "unit": unit, "venue_sequence": offer["u"]?.plain,
                    ])
            }
        case .markPrice:
            return await self.sent("\(stream)@markPrice@1s", market).map {
                Self.message(head($0["E"]), ["mark": $0["p"]?.decimal, "index": $0["i"]?.decimal])
            }
        case .fundingRate:
            // The rate comes on the socket, how long it is for by request; until the answer nobody knows.
            let told = await self.sent("\(stream)@markPrice@1s", market)
            var messages: [MatrixMessage?] = []
            for rate in told {
                for interval in ["null", "28800000000"] {
                    messages.append(
                        Self.message(
                            head(rate["E"]),
                            [
                                "rate": rate["r"]?.decimal, "settled_rate": "null", "accrual": "periodic",
                                "interval_us": interval, "funding_us": Self.time(rate["T"]), "backfilled": "false",
                            ]))
                }
            }
            return messages
        case .liquidation:
            return await self.sent("\(stream)@forceOrder", market).map { frame -> MatrixMessage? in
                let order = frame["o"]
                return Self.message(
                    head(order?["T"], frame["E"]),
                    [
                        "id": "null", "position": order?["S"]?.plain == "SELL" ? "long" : "short",
                        "price": order?["ap"]?.decimal, "price_kind": "average", "size": order?["z"]?.decimal,
                        "unit": unit, "sampled": "true",
                    ])
            }
        case .openInterest:
            let path = market == .usdm ? "/fapi/v1/openInterest" : "/dapi/v1/openInterest"
            return await self.answered(path, ["symbol": symbol], market).map { answer -> MatrixMessage? in
                Self.message(
                    head(answer["time"]),
                    [
                        "amount": answer["openInterest"]?.decimal, "unit": unit, "base_amount": "null",
                        "value_usd": "null",
                    ])
            }
        case .topPositionRatio:
            return await self.binanceRatio("topLongShortPositionRatio", symbol, market, head)
        case .topAccountRatio:
            return await self.binanceRatio("topLongShortAccountRatio", symbol, market, head)
        case .allAccountRatio:
            return await self.binanceRatio("globalLongShortAccountRatio", symbol, market, head)
        case .kline:
            return await self.sent("\(stream)@kline_1m", market).map { frame -> MatrixMessage? in
                let bar = frame["k"]
                // COIN-M counts contracts, and the base where the others count the quote.
                let volumes: [String: String?] =
                    market == .coinm
                    ? [
                        "base_volume": bar?["q"]?.decimal, "quote_volume": "null",
                        "contract_volume": bar?["v"]?.decimal,
                    ]
                    : [
                        "base_volume": bar?["v"]?.decimal, "quote_volume": bar?["q"]?.decimal,
                        "contract_volume": "null",
                    ]
                let fields: [String: String?] = [
                    "interval": bar?["i"]?.plain, "open_us": Self.time(bar?["t"]), "open": bar?["o"]?.decimal,
                    "high": bar?["h"]?.decimal, "low": bar?["l"]?.decimal, "close": bar?["c"]?.decimal,
                    "trade_count": bar?["n"]?.plain, "closed": bar?["x"]?.plain, "confirmed": "false",
                    "backfilled": "false",
                ]
                return Self.message(head(frame["E"]), fields.merging(volumes) { first, _ in first })
            }
        case .instrument: return await self.binanceInstruments(symbol, market, head(nil), unit)
        case .orderbook, .volatilityIndex: return nil
        }
    }

    private func binanceRatio(
        _ resource: String, _ symbol: String, _ market: MarketSegment,
        _ head: (ExactJSON?, ExactJSON?) -> [String: String]
    ) async -> [MatrixMessage?] {
        let isPair = market == .coinm
        let name = isPair ? symbol.replacing("_PERP", with: "") : symbol
        let answers = await self.answered(
            "/futures/data/\(resource)", [isPair ? "pair" : "symbol": name, "period": "5m"], market)
        return answers.flatMap(\.elements).map { row -> MatrixMessage? in
            Self.message(
                head(row["timestamp"], nil),
                [
                    "ratio": row["longShortRatio"]?.decimal,
                    "long": (row["longAccount"] ?? row["longPosition"])?.decimal,
                    "short": (row["shortAccount"] ?? row["shortPosition"])?.decimal, "period_us": "300000000",
                ])
        }
    }

    private func binanceInstruments(
        _ symbol: String, _ market: MarketSegment, _ head: [String: String], _ unit: String
    ) async -> [MatrixMessage?] {
        let path =
            market == .spot
            ? "/api/v3/exchangeInfo" : market == .usdm ? "/fapi/v1/exchangeInfo" : "/dapi/v1/exchangeInfo"
        let listed = Self.elements(of: "symbols", in: await self.answered(path, [:], market))
        return listed.filter { $0["symbol"]?.plain == symbol }.map { entry -> MatrixMessage? in
            func filter(_ name: String, _ key: String) -> String? {
                entry["filters"]?.elements.first { $0["filterType"]?.plain == name }?[key]?.decimal
            }
            let status = (entry["status"] ?? entry["contractStatus"])?.plain
            let least = filter("NOTIONAL", "minNotional") ?? filter("MIN_NOTIONAL", "notional")
            return Self.message(
                head,
                [
                    "status": status == "TRADING" ? "trading" : nil, "venue_status": status,
                    "base": entry["baseAsset"]?.plain, "quote": entry["quoteAsset"]?.plain,
                    "settle": entry["marginAsset"]?.plain ?? "null",
                    "contract": market == .spot ? "spot" : market == .usdm ? "linear" : "inverse",
                    "contract_size": entry["contractSize"]?.decimal ?? "null",
                    "contract_size_unit": market == .coinm ? "quote" : "null", "unit": unit,
                    "tick_size": filter("PRICE_FILTER", "tickSize"), "lot_size": filter("LOT_SIZE", "stepSize"),
                    "min_size": filter("LOT_SIZE", "minQty"), "min_notional": least ?? "null",
                    "listed_us": Self.time(entry["onboardDate"]), "expires_us": "null", "strike": "null",
                    "option_type": "null",
                ])
        }
    }
}
