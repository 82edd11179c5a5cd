internal import MarketModel
internal import Transport

extension ExchangeCore {
    /// What one question for rows gives at most.
    private static let rowsMax = 200_000

    /// The rows of a series whose time lies in a half-open range, oldest first; `nil` where there is no such series.
    ///
    /// Bars and periods that are not over are left out, and no venue's retention shortens it.
    func pastRows(_ kind: PastKind, of name: String, segment: MarketSegment, from: Int64, to: Int64) -> [PastRow]? {
        guard let market = self.generated[segment]?[name] else { return nil }
        let log = market.log
        let now = LoopClock.wallMicroseconds() / 1000
        let symbol = market.market.symbol
        let fine = symbol.priceDecimals + 2
        func edges(_ grid: BarGrid) -> [Int64] {
            let first = max(from, grid.start(of: log.past.from))
            return grid.edges(from: first, through: min(to - 1, now), limit: Self.rowsMax)
        }
        func times(_ grid: BarGrid) -> [Int64] {
            grid.edges(from: max(from, log.past.from), through: min(to - 1, now), limit: Self.rowsMax).dropLast()
        }
        switch kind {
        case .trade: return self.pastTrades(log, segment, from: from, to: to)
        case .bbo:
            guard segment.venue == .binance, segment.isFutures else { return nil }
            return log.past.quotes(from: from, to: to).prefix(Self.rowsMax).map { Self.row(log.past.quote($0), symbol) }
        case .kline(let interval):
            let writer = PastBarWriter(symbol: symbol, segment: segment)
            return log.bars(edges(market.grid(interval.grid)), until: now).filter(\.isClosed).map(writer.row)
        case .fundingRate:
            guard segment.hasFunding else { return nil }
            let isHourly = segment == .deribitPerpetual
            return times(.every(isHourly ? 3_600_000 : log.past.fundingPeriod)).map { time in
                let rate = log.past.settledRate(at: time)
                let eight = Self.shortest(rate, 8)
                return PastRow(
                    milliseconds: time, id: nil,
                    values: isHourly ? ["rate": Self.shortest(rate / 8, 8), "rate_8h": eight] : ["rate": eight])
            }
        case .openInterest(let interval):
            guard segment.hasFunding, segment != .deribitPerpetual else { return nil }
            return times(interval.grid).map { time in
                PastRow(milliseconds: time, id: nil, values: self.pastInterest(log.past, segment, at: time))
            }
        case .ratio(let ratio, let interval):
            guard segment.hasFunding, segment != .deribitPerpetual else { return nil }
            return times(interval.grid).map { time in
                let share = log.past.longShare(ratio.rawValue, at: time)
                let value = Self.shortest(BinanceMessages.ratio(share), 4)
                return PastRow(
                    milliseconds: time, id: nil,
                    values: segment.venue == .binance
                        ? ["ratio": value, "long": Self.shortest(share, 4)] : ["ratio": value])
            }
        case .markPrice(let interval):
            guard segment.hasFunding else { return nil }
            return Self.bars(edges(market.grid(interval.grid)), decimals: fine) {
                log.past.markBar(from: $0, to: $1, until: now)
            }
        case .volatilityIndex(let interval):
            guard segment == .deribitPerpetual else { return nil }
            return Self.bars(edges(interval.grid), decimals: 2) { log.past.volatilityBar(from: $0, to: $1, until: now) }
        }
    }

    private func pastTrades(_ log: TradeLog, _ segment: MarketSegment, from: Int64, to: Int64) -> [PastRow] {
        let first = log.firstID(from: from)
        let last = log.firstID(from: to)
        guard first < last else { return [] }
        return log.trades(first...last - 1, limit: Self.rowsMax).flatMap { trade in
            let ids = segment.venue == .okx ? OKXAmounts.matches(of: trade.print.id) : trade.print.id...trade.print.id
            return ids.map { id in
                let size = segment.venue == .okx ? OKXAmounts.size(id, of: trade.print) : trade.print.size
                return PastRow(
                    milliseconds: trade.milliseconds, id: id,
                    values: [
                        "price": Self.shortest(trade.print.price, log.symbol.priceDecimals),
                        "size": Self.shortest(size, log.symbol.sizeDecimals),
                        "side": trade.print.buyerIsMaker ? "sell" : "buy",
                    ])
            }
        }
    }

    private static func row(_ quote: PastQuote, _ symbol: SimulatedSymbol) -> PastRow {
        PastRow(
            milliseconds: quote.milliseconds, id: quote.sequence,
            values: [
                "bid": Self.shortest(quote.bid, symbol.priceDecimals),
                "bid_size": Self.shortest(quote.bidSize, symbol.sizeDecimals),
                "ask": Self.shortest(quote.ask, symbol.priceDecimals),
                "ask_size": Self.shortest(quote.askSize, symbol.sizeDecimals),
            ])
    }

    private func pastInterest(_ past: PastMarket, _ segment: MarketSegment, at time: Int64) -> [String: String] {
        if segment.venue == .okx {
            let amounts = OKXMessages(segment: segment, symbol: past.symbol).interest(past, at: time)
            let texts = amounts.map { Self.shortest($0.units, $0.decimals) }
            return ["amount": texts[0], "base": texts[1], "value": texts[2]]
        }
        let (amount, worth) = BinanceMessages(segment: segment, symbol: past.symbol).interest(past, at: time)
        return [
            "amount": Self.shortest(amount, past.symbol.sizeDecimals),
            "value": Self.shortest(worth.units, worth.decimals),
        ]
    }

    private static func bars(_ edges: [Int64], decimals: Int, _ make: (Int64, Int64) -> PriceBar) -> [PastRow] {
        zip(edges, edges.dropFirst()).map { make($0, $1) }.filter(\.isClosed).map { bar in
            PastRow(
                milliseconds: bar.start, id: nil,
                values: [
                    "open": Self.shortest(bar.open, decimals), "high": Self.shortest(bar.high, decimals),
                    "low": Self.shortest(bar.low, decimals), "close": Self.shortest(bar.close, decimals),
                ])
        }
    }

    static func shortest(_ units: Int64, _ decimals: Int) -> String {
        var text: [UInt8] = []
        text.write(shortest: units, decimals: decimals)
        return String(decoding: text, as: UTF8.self)
    }

    /// Answers `GET /simulator/past?segment=&symbol=&kind=&from=&to=`: a JSON object a line.
    func pastPage(_ request: HTTPRequest, _ segment: MarketSegment?) -> HTTPResponse {
        guard let segment, let symbol = request.query("symbol"),
            let kind = request.query("kind").flatMap({ PastKind($0) }),
            let from = Self.time(request, "from"), let to = Self.time(request, "to"),
            let rows = self.pastRows(kind, of: symbol, segment: segment, from: from, to: to)
        else { return HTTPResponse(status: 404, text: "no such segment, symbol, kind and range\n") }
        var text: [UInt8] = []
        for row in rows {
            row.write(into: &text)
            text.write("\n")
        }
        return HTTPResponse(contentType: "application/x-ndjson", body: text)
    }
}

/// Words a traded bar's figures as its venue gives them.
private struct PastBarWriter {
    let symbol: SimulatedSymbol
    let segment: MarketSegment

    func row(_ bar: Bar) -> PastRow {
        let price = self.symbol.priceDecimals
        var values = [
            "open": ExchangeCore.shortest(bar.open, price), "high": ExchangeCore.shortest(bar.high, price),
            "low": ExchangeCore.shortest(bar.low, price), "close": ExchangeCore.shortest(bar.close, price),
        ]
        values.merge(self.amounts(bar)) { $1 }
        return PastRow(milliseconds: bar.start, id: nil, values: values)
    }

    private func amounts(_ bar: Bar) -> [String: String] {
        let (price, size) = (self.symbol.priceDecimals, self.symbol.sizeDecimals)
        let volume = ExchangeCore.shortest(bar.volume, size)
        let coins = ExchangeCore.shortest(bar.coins &* Int64(self.symbol.contractSize ?? 1), 8)
        switch self.segment.venue {
        case .binance:
            let turnover = self.symbol.isInverse ? coins : ExchangeCore.shortest(bar.turnover, price + size)
            return ["volume": volume, "turnover": turnover, "trades": String(bar.trades)]
        case .okx:
            let quote = OKXAmounts(symbol: self.symbol).quote(bar.volume, price: bar.close, priceDecimals: price)
            return ["volume": volume, "turnover": ExchangeCore.shortest(quote.units, quote.decimals)]
        case .deribit:
            return self.symbol.option == nil
                ? ["volume": ExchangeCore.shortest(bar.coins, 8), "turnover": volume]
                : ["volume": volume, "turnover": ExchangeCore.shortest(bar.turnover, price + size)]
        }
    }
}

extension KlineInterval {
    /// When its bars open.
    var grid: BarGrid {
        switch self {
        case .month1: .month
        case .week1: .weeks()
        default: .every((self.microseconds ?? 0) / 1000)
        }
    }
}
