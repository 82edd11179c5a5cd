/// Writes Deribit's frames of one instrument: numbers are bare, and whole ones keep their `.0`.
///
/// Source: <https://docs.deribit.com/#book-instrument_name-interval> and the channels beside it (2026-08).
struct DeribitMessages: MarketWriter {
    let segment: MarketSegment
    let symbol: SimulatedSymbol
    /// Of how many trades one is a liquidation.
    let liquidationTrades: UInt64

    var books: BookDelivery { .linked(levels: .max) }
    var batchesTrades: Bool { true }
    var welcomes: Bool { true }

    func write(_ news: MarketNews, on topic: StreamTopic, at now: Int64, into text: inout [UInt8]) {
        text.append(contentsOf: topic.prefix)
        switch news {
        case .snapshot(let top):
            text.write("{\"type\":\"snapshot\",\"timestamp\":\(now)")
            self.writeName(into: &text)
            text.write(",\"change_id\":\(top.lastID),\"bids\":")
            self.write(top.bids.map { LevelChange(price: $0.price, size: $0.size, isNew: true) }, into: &text)
            text.write(",\"asks\":")
            self.write(top.asks.map { LevelChange(price: $0.price, size: $0.size, isNew: true) }, into: &text)
            text.write("}")
        case .delta(let delta):
            text.write("{\"type\":\"change\",\"timestamp\":\(now),\"prev_change_id\":\(delta.previousID)")
            self.writeName(into: &text)
            text.write(",\"change_id\":\(delta.lastID),\"bids\":")
            self.write(delta.bids, into: &text)
            text.write(",\"asks\":")
            self.write(delta.asks, into: &text)
            text.write("}")
        case .best(let best):
            text.write("{\"timestamp\":\(now)")
            self.writeName(into: &text)
            self.writeBest(best, into: &text)
            text.write("}")
        case .trades(let trades):
            text.write("[")
            for (index, trade) in trades.enumerated() {
                if index > 0 { text.write(",") }
                self.write(trade, into: &text)
            }
            text.write("]")
        case .figures(let figures): self.writeFigures(figures, topic, now, into: &text)
        case .bar(let bar): self.write(bar, into: &text)
        case .change, .unchanged, .liquidation:
            text.removeAll(keepingCapacity: true)
            return
        }
        text.write("}}")
    }

    // MARK: Pieces

    func writePrice(_ price: Int64, into text: inout [UInt8]) {
        text.write(shortest: price, decimals: self.symbol.priceDecimals, keepsPoint: true)
    }

    /// A price in hundredths of the price units.
    func writeFine(_ price: Int64, into text: inout [UInt8]) {
        text.write(shortest: price, decimals: self.symbol.priceDecimals + 2, keepsPoint: true)
    }

    func writeSize(_ size: Int64, into text: inout [UInt8]) {
        text.write(shortest: size, decimals: self.symbol.sizeDecimals, keepsPoint: true)
    }

    func writeName(into text: inout [UInt8]) {
        text.write(",\"instrument_name\":")
        text.write(quoted: self.symbol.symbol)
    }

    private func write(_ levels: [LevelChange], into text: inout [UInt8]) {
        text.write("[")
        for (index, level) in levels.enumerated() {
            if index > 0 { text.write(",") }
            text.write(level.size == 0 ? "[\"delete\"," : level.isNew ? "[\"new\"," : "[\"change\",")
            self.writePrice(level.price, into: &text)
            text.write(",")
            self.writeSize(level.size, into: &text)
            text.write("]")
        }
        text.write("]")
    }

    /// The four fields of the best prices, each after a comma.
    func writeBest(_ best: BookTop, into text: inout [UInt8]) {
        for (key, level) in [("bid", best.bids.first), ("ask", best.asks.first)] {
            text.write(",\"best_\(key)_price\":")
            self.writePrice(level?.price ?? 0, into: &text)
            text.write(",\"best_\(key)_amount\":")
            self.writeSize(level?.size ?? 0, into: &text)
        }
    }

    /// A trade as channels and answers have it.
    func write(_ trade: TimedPrint, into text: inout [UInt8]) {
        let print = trade.print
        text.write("{\"trade_seq\":\(print.id),\"trade_id\":")
        text.write(quoted: self.tradeID(print.id))
        text.write(",\"timestamp\":\(trade.milliseconds),\"tick_direction\":\(print.id % 4)")
        text.write(",\"price\":")
        self.writePrice(print.price, into: &text)
        text.write(",\"mark_price\":")
        self.writePrice(print.price + self.symbol.priceStep, into: &text)
        self.writeName(into: &text)
        text.write(",\"index_price\":")
        if let option = self.symbol.option {
            text.write("\(option.underlying).25")
            // Implied volatility in percent.
            text.write(",\"iv\":\(40 + print.id % 30).\(10 + print.id % 7)")
        } else {
            self.writePrice(print.price - self.symbol.priceStep, into: &text)
        }
        if self.isLiquidation(print.id) {
            text.write(",\"liquidation\":\"")
            text.write(["M", "T", "MT"][Int(print.id / self.liquidationTrades % 3)])
            text.write("\"")
        }
        text.write(print.buyerIsMaker ? ",\"direction\":\"sell\",\"amount\":" : ",\"direction\":\"buy\",\"amount\":")
        self.writeSize(print.size, into: &text)
        text.write(",\"contracts\":")
        text.write(
            shortest: print.size / self.symbol.sizeStep,
            decimals: self.symbol.option == nil ? 0 : self.symbol.sizeDecimals,
            keepsPoint: true)
        text.write("}")
    }

    /// Whether one side of a trade was closed by force.
    func isLiquidation(_ id: UInt64) -> Bool { id % max(self.liquidationTrades, 1) == 0 }

    /// Unique for each currency; those of ether are not numbers.
    private func tradeID(_ id: UInt64) -> String {
        let number = "\(id)\(self.symbol.symbol.utf8.reduce(UInt32(7)) { ($0 &* 31 &+ UInt32($1)) % 10_000 })"
        return self.symbol.base == "BTC" ? number : "\(self.symbol.base)-\(number)"
    }

    /// Volume is in the base and cost in the quote.
    func write(_ bar: Bar, into text: inout [UInt8]) {
        text.write("{\"volume\":")
        self.writeVolume(bar, into: &text)
        text.write(",\"tick\":\(bar.start)")
        for (key, price) in [("open", bar.open), ("low", bar.low), ("high", bar.high), ("close", bar.close)] {
            text.write(",\"\(key)\":")
            self.writePrice(price, into: &text)
        }
        text.write(",\"cost\":")
        self.writeCost(bar, into: &text)
        text.write("}")
    }

    func writeVolume(_ bar: Bar, into text: inout [UInt8]) {
        if self.symbol.option == nil {
            text.write(shortest: bar.coins, decimals: 8, keepsPoint: true)
        } else {
            self.writeSize(bar.volume, into: &text)
        }
    }

    func writeCost(_ bar: Bar, into text: inout [UInt8]) {
        if self.symbol.option == nil {
            self.writeSize(bar.volume, into: &text)
        } else {
            text.write(
                shortest: bar.turnover, decimals: self.symbol.priceDecimals + self.symbol.sizeDecimals, keepsPoint: true
            )
        }
    }
}
