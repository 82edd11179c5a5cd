/// Writes OKX's frames of one instrument.
///
/// Numbers are texts without zeros at their ends, but for the ids of books
/// (<https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel>, 2026-08).
struct OKXMessages: MarketWriter {
    static let levelsMax = 400

    let segment: MarketSegment
    let symbol: SimulatedSymbol

    var books: BookDelivery { .linked(levels: Self.levelsMax) }
    var batchesTrades: Bool { false }
    var welcomes: Bool { true }

    private var amounts: OKXAmounts { OKXAmounts(symbol: self.symbol) }

    func write(_ news: MarketNews, on topic: StreamTopic, at now: Int64, into text: inout [UInt8]) {
        text.append(contentsOf: topic.prefix)
        switch news {
        case .snapshot(let top):
            text.write(",\"action\":\"snapshot\",\"data\":[{")
            self.writeSides(top, into: &text)
            self.writeIDs(previous: -1, last: top.lastID, now, into: &text)
        case .delta(let delta):
            text.write(",\"action\":\"update\",\"data\":[{\"asks\":")
            self.write(delta.asks, into: &text)
            text.write(",\"bids\":")
            self.write(delta.bids, into: &text)
            self.writeIDs(previous: Int64(clamping: delta.previousID), last: delta.lastID, now, into: &text)
        case .unchanged(let id):
            text.write(",\"action\":\"update\",\"data\":[{\"asks\":[],\"bids\":[]")
            self.writeIDs(previous: Int64(clamping: id), last: id, now, into: &text)
        case .best(let top):
            text.write(",\"data\":[{")
            self.writeSides(top, into: &text)
            text.write(",\"ts\":\"")
            text.write(now)
            text.write("\",\"seqId\":")
            text.write(top.lastID)
            text.write("}]}")
        case .trades(let trades):
            text.write(",\"data\":[")
            for trade in trades {
                if topic.kind == .trade {
                    self.writeMatches(trade, into: &text)
                } else {
                    self.writeTrade(trade, into: &text)
                }
            }
            text.write("]}")
        case .figures(let figures): self.writeFigures(figures, topic.kind, now, into: &text)
        case .bar(let bar):
            text.write(",\"data\":[")
            self.write(bar, into: &text)
            text.write("]}")
        case .liquidation(let liquidation): self.write(liquidation, into: &text)
        case .change: text.removeAll(keepingCapacity: true)
        }
    }

    // MARK: Books

    private func writeIDs(previous: Int64, last: UInt64, _ now: Int64, into text: inout [UInt8]) {
        text.write(",\"ts\":\"")
        text.write(now)
        // Zero since 2026-06.
        text.write("\",\"checksum\":0,\"prevSeqId\":")
        text.write(previous)
        text.write(",\"seqId\":")
        text.write(last)
        text.write("}]}")
    }

    /// Both sides of a book, without the object around them.
    func writeSides(_ top: BookTop, into text: inout [UInt8]) {
        text.write("\"asks\":")
        self.write(top.asks.map { LevelChange(price: $0.price, size: $0.size, isNew: true) }, into: &text)
        text.write(",\"bids\":")
        self.write(top.bids.map { LevelChange(price: $0.price, size: $0.size, isNew: true) }, into: &text)
    }

    private func write(_ levels: [LevelChange], into text: inout [UInt8]) {
        text.write("[")
        for (index, level) in levels.enumerated() {
            text.write(index == 0 ? "[" : ",[")
            text.write(shortestQuoted: level.price, decimals: self.symbol.priceDecimals)
            text.write(",")
            text.write(shortestQuoted: level.size, decimals: self.symbol.sizeDecimals)
            // A dead field, then the number of orders.
            text.write(",\"0\",\"")
            text.write(level.size == 0 ? 0 : 1 + level.size % 7)
            text.write("\"]")
        }
        text.write("]")
    }

    // MARK: Trades

    private func writeTrade(_ trade: TimedPrint, into text: inout [UInt8]) {
        let matches = OKXAmounts.matches(of: trade.print.id)
        self.writeMatch(matches.upperBound, trade, size: trade.print.size, into: &text)
        text.write(",\"count\":\"")
        text.write(matches.count)
        text.write("\",\"source\":\"0\",\"seqId\":")
        text.write(trade.bookID)
        text.write("}")
    }

    private func writeMatches(_ trade: TimedPrint, into text: inout [UInt8]) {
        for (index, match) in OKXAmounts.matches(of: trade.print.id).enumerated() {
            if index > 0 { text.write(",") }
            self.writeMatch(match, trade, size: OKXAmounts.size(match, of: trade.print), into: &text)
            text.write(",\"source\":\"0\"}")
        }
    }

    /// A match or several, without the end of the object.
    func writeMatch(_ id: UInt64, _ trade: TimedPrint, size: Int64, into text: inout [UInt8]) {
        text.write("{\"instId\":")
        text.write(quoted: self.symbol.symbol)
        text.write(",\"tradeId\":\"")
        text.write(id)
        text.write("\",\"px\":")
        text.write(shortestQuoted: trade.print.price, decimals: self.symbol.priceDecimals)
        text.write(",\"sz\":")
        text.write(shortestQuoted: size, decimals: self.symbol.sizeDecimals)
        text.write(trade.print.buyerIsMaker ? ",\"side\":\"sell\",\"ts\":\"" : ",\"side\":\"buy\",\"ts\":\"")
        text.write(trade.milliseconds)
        text.write("\"")
    }

    // MARK: Bars and liquidations

    /// `[ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm]`, all texts.
    func write(_ bar: Bar, into text: inout [UInt8]) {
        text.write("[\"")
        text.write(bar.start)
        text.write("\"")
        for price in [bar.open, bar.high, bar.low, bar.close] {
            text.write(",")
            text.write(shortestQuoted: price, decimals: self.symbol.priceDecimals)
        }
        let volume = OKXAmounts.Amount(units: bar.volume, decimals: self.symbol.sizeDecimals)
        let base = self.amounts.base(bar.volume, price: bar.close, priceDecimals: self.symbol.priceDecimals)
        let quote = self.amounts.quote(bar.volume, price: bar.close, priceDecimals: self.symbol.priceDecimals)
        for amount in [volume, self.segment == .okxSpot ? quote : base, quote] {
            text.write(",")
            text.write(shortestQuoted: amount.units, decimals: amount.decimals)
        }
        text.write(bar.isClosed ? ",\"1\"]" : ",\"0\"]")
    }

    private func write(_ liquidation: SimulatedLiquidation, into text: inout [UInt8]) {
        let family = self.symbol.family
        text.write(",\"data\":[{\"instId\":")
        text.write(quoted: self.symbol.symbol)
        text.write(",\"instFamily\":")
        text.write(quoted: family)
        text.write(",\"instType\":\"SWAP\",\"uly\":")
        text.write(quoted: family)
        text.write(",\"details\":[{\"side\":\"")
        text.write(liquidation.side == .sell ? "sell\",\"posSide\":\"long" : "buy\",\"posSide\":\"short")
        text.write("\",\"bkPx\":")
        text.write(shortestQuoted: liquidation.price, decimals: self.symbol.priceDecimals)
        text.write(",\"sz\":")
        text.write(shortestQuoted: liquidation.size, decimals: self.symbol.sizeDecimals)
        text.write(",\"bkLoss\":\"0\",\"ccy\":\"\",\"ts\":\"")
        text.write(liquidation.milliseconds)
        text.write("\"}]}]}")
    }
}

extension SimulatedSymbol {
    /// OKX's instrument family, which is its index too: the first two parts of the name.
    var family: String { self.symbol.split(separator: "-").prefix(2).joined(separator: "-") }
}
