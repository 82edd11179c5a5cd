/// Writes the venue's messages, without the combined stream's wrapper.
///
/// Shapes as of mid 2026, `ps` and `st` on futures included
/// (<https://developers.binance.com/docs/derivatives/change-log>).
struct BinanceMessages {
    let segment: MarketSegment
    let symbol: SimulatedSymbol

    /// Spot pads to eight digits; futures send the instrument's own.
    var width: Int { self.segment == .spot ? 8 : 0 }

    func depthUpdate(_ change: SimulatedMarket.Change, milliseconds now: Int64, into text: inout [UInt8]) {
        text.write("{\"e\":\"depthUpdate\",\"E\":")
        text.write(now)
        if self.segment.isFutures {
            text.write(",\"T\":")
            text.write(now - 4)
        }
        self.writeSymbol(into: &text)
        text.write(",\"U\":")
        text.write(change.firstID)
        text.write(",\"u\":")
        text.write(change.lastID)
        if self.segment.isFutures {
            text.write(",\"pu\":")
            text.write(change.previousID)
        }
        text.write(",\"b\":")
        self.write(change.bids, into: &text)
        text.write(",\"a\":")
        self.write(change.asks, into: &text)
        self.writeFamily(into: &text)
    }

    func trade(_ print: SimulatedMarket.Print, milliseconds now: Int64, into text: inout [UInt8]) {
        text.write("{\"e\":\"trade\",\"E\":")
        text.write(now)
        self.writeSymbol(into: &text)
        text.write(",\"t\":")
        text.write(print.id)
        self.writeAmounts(print, into: &text)
        text.write(",\"T\":")
        text.write(now - 1)
        if self.segment.isFutures { text.write(",\"X\":\"MARKET\"") }
        text.write(print.buyerIsMaker ? ",\"m\":true" : ",\"m\":false")
        if !self.segment.isFutures { text.write(",\"M\":true") }
        self.writeFamily(into: &text)
    }

    func aggregateTrade(_ print: SimulatedMarket.Print, milliseconds now: Int64, into text: inout [UInt8]) {
        text.write("{\"e\":\"aggTrade\",\"E\":")
        text.write(now)
        self.writeSymbol(into: &text)
        text.write(",\"a\":")
        text.write(print.id)
        self.writeAmounts(print, into: &text)
        if self.segment == .usdm {
            text.write(",\"nq\":")
            text.write(units: print.size, decimals: self.symbol.sizeDecimals)
        }
        // Every one stands for one single trade, of the same id.
        text.write(",\"f\":")
        text.write(print.id)
        text.write(",\"l\":")
        text.write(print.id)
        text.write(",\"T\":")
        text.write(now - 1)
        text.write(print.buyerIsMaker ? ",\"m\":true" : ",\"m\":false")
        if !self.segment.isFutures { text.write(",\"M\":true") }
        self.writeFamily(into: &text)
    }

    func bookTicker(_ book: BookTop, milliseconds now: Int64, into text: inout [UInt8]) {
        text.write(self.segment.isFutures ? "{\"e\":\"bookTicker\",\"u\":" : "{\"u\":")
        text.write(book.lastID)
        self.writeSymbol(into: &text)
        self.writeBest(book.bids.first, price: ",\"b\":", size: ",\"B\":", into: &text)
        self.writeBest(book.asks.first, price: ",\"a\":", size: ",\"A\":", into: &text)
        if self.segment.isFutures {
            text.write(",\"T\":")
            text.write(now - 4)
            text.write(",\"E\":")
            text.write(now)
        }
        self.writeFamily(into: &text)
    }

    /// The REST answer to a depth request.
    func snapshot(_ top: BookTop, milliseconds now: Int64, into text: inout [UInt8]) {
        text.write("{\"lastUpdateId\":")
        text.write(top.lastID)
        if self.segment.isFutures {
            text.write(",\"E\":")
            text.write(now)
            text.write(",\"T\":")
            text.write(now - 4)
        }
        if self.segment == .coinm {
            text.write(",\"symbol\":")
            text.write(quoted: self.symbol.symbol)
            text.write(",\"pair\":")
            text.write(quoted: self.symbol.pair)
        }
        text.write(",\"bids\":")
        self.write(top.bids, into: &text)
        text.write(",\"asks\":")
        self.write(top.asks, into: &text)
        text.write("}")
    }

    // MARK: Pieces

    func writeSymbol(into text: inout [UInt8]) {
        text.write(",\"s\":\"")
        text.write(self.symbol.symbol)
        text.write("\"")
        if self.segment.isFutures {
            text.write(",\"ps\":\"")
            text.write(self.symbol.pair)
            text.write("\"")
        }
    }

    /// Closes the object; futures say which family they are of.
    func writeFamily(into text: inout [UInt8]) {
        switch self.segment {
        case .usdm: text.write(",\"st\":1}")
        case .coinm: text.write(",\"st\":2}")
        default: text.write("}")
        }
    }

    private func writeAmounts(_ print: SimulatedMarket.Print, into text: inout [UInt8]) {
        text.write(",\"p\":")
        text.write(units: print.price, decimals: self.symbol.priceDecimals, width: self.width)
        text.write(",\"q\":")
        text.write(units: print.size, decimals: self.symbol.sizeDecimals, width: self.width)
    }

    private func writeBest(
        _ level: BookLevel?, price: StaticString, size: StaticString, into text: inout [UInt8]
    ) {
        text.write(price)
        text.write(units: level?.price ?? 0, decimals: self.symbol.priceDecimals, width: self.width)
        text.write(size)
        text.write(units: level?.size ?? 0, decimals: self.symbol.sizeDecimals, width: self.width)
    }

    private func write(_ levels: [BookLevel], into text: inout [UInt8]) {
        text.write("[")
        for (index, level) in levels.enumerated() {
            text.write(index == 0 ? "[" : ",[")
            text.write(units: level.price, decimals: self.symbol.priceDecimals, width: self.width)
            text.write(",")
            text.write(units: level.size, decimals: self.symbol.sizeDecimals, width: self.width)
            text.write("]")
        }
        text.write("]")
    }
}

extension BinanceMessages: MarketWriter {
    var books: BookDelivery { .changes }
    var batchesTrades: Bool { false }
    var welcomes: Bool { false }

    func write(_ news: MarketNews, on topic: StreamTopic, at milliseconds: Int64, into text: inout [UInt8]) {
        switch news {
        case .change(let change): self.depthUpdate(change, milliseconds: milliseconds, into: &text)
        case .best(let best): self.bookTicker(best, milliseconds: milliseconds, into: &text)
        case .trades(let trades):
            guard let print = trades.first?.print else { return }
            if topic.kind == .trade {
                self.trade(print, milliseconds: milliseconds, into: &text)
            } else {
                self.aggregateTrade(print, milliseconds: milliseconds, into: &text)
            }
        case .figures(let figures): self.markPrice(figures, milliseconds: milliseconds, into: &text)
        case .bar(let bar): self.kline(bar, topic.name, milliseconds: milliseconds, into: &text)
        case .liquidation(let liquidation): self.forceOrder(liquidation, milliseconds: milliseconds, into: &text)
        case .snapshot, .delta, .unchanged: return
        }
    }
}
