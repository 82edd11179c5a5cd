extension OKXMessages {
    /// Fraction digits of mark and index prices.
    private var fineDecimals: Int { self.symbol.priceDecimals + 2 }
    private var amounts: OKXAmounts { OKXAmounts(symbol: self.symbol) }

    /// The rest of a frame that tells figures, after the argument.
    func writeFigures(_ figures: MarketFigures, _ kind: StreamKind, _ now: Int64, into text: inout [UInt8]) {
        text.write(",\"data\":[")
        switch kind {
        case .markPrice: self.writeMark(figures, now, into: &text)
        case .indexPrice: self.writeIndex(figures, now, into: &text)
        case .funding: self.writeFunding(figures, now, into: &text)
        case .openInterest: self.writeOpenInterest(figures, now, into: &text)
        default: self.writeTicker(figures, now, into: &text)
        }
        text.write("]}")
    }

    func writeMark(_ figures: MarketFigures, _ now: Int64, into text: inout [UInt8]) {
        self.writeOpening(into: &text)
        text.write(",\"markPx\":")
        text.write(shortestQuoted: figures.mark, decimals: self.fineDecimals)
        self.writeTime(now, into: &text)
    }

    private func writeIndex(_ figures: MarketFigures, _ now: Int64, into text: inout [UInt8]) {
        text.write("{\"instId\":")
        text.write(quoted: self.symbol.family)
        for (key, price) in [
            ("idxPx", figures.index), ("high24h", figures.index + 900), ("low24h", max(figures.index - 900, 1)),
            ("open24h", figures.index), ("sodUtc0", figures.index), ("sodUtc8", figures.index),
        ] {
            text.write(",\"\(key)\":")
            text.write(shortestQuoted: price, decimals: self.fineDecimals)
        }
        self.writeTime(now, into: &text)
    }

    func writeFunding(_ figures: MarketFigures, _ now: Int64, into text: inout [UInt8]) {
        self.writeOpening(into: &text)
        text.write(",\"formulaType\":\"noRate\",\"fundingRate\":")
        text.write(shortestQuoted: figures.fundingRate, decimals: 8)
        text.write(",\"fundingTime\":\"")
        text.write(figures.fundingTime)
        text.write("\",\"nextFundingRate\":\"\",\"nextFundingTime\":\"")
        text.write(figures.fundingTime + figures.fundingPeriod)
        text.write(
            "\",\"method\":\"current_period\",\"impactValue\":\"20000\",\"interestRate\":\"0.0001\","
                + "\"maxFundingRate\":\"0.00375\",\"minFundingRate\":\"-0.00375\",\"premium\":")
        text.write(shortestQuoted: figures.premium, decimals: 8)
        text.write(",\"settFundingRate\":")
        text.write(shortestQuoted: figures.settledRate, decimals: 8)
        text.write(",\"settState\":\"settled\"")
        self.writeTime(now, into: &text)
    }

    func writeOpenInterest(_ figures: MarketFigures, _ now: Int64, into text: inout [UInt8]) {
        self.writeOpening(into: &text)
        text.write(",\"oi\":")
        text.write(shortestQuoted: figures.openInterest, decimals: self.symbol.sizeDecimals)
        let base = self.amounts.base(figures.openInterest, price: figures.mark, priceDecimals: self.fineDecimals)
        let quote = self.amounts.quote(figures.openInterest, price: figures.mark, priceDecimals: self.fineDecimals)
        text.write(",\"oiCcy\":")
        text.write(shortestQuoted: base.units, decimals: base.decimals)
        text.write(",\"oiUsd\":")
        text.write(shortestQuoted: quote.units, decimals: quote.decimals)
        self.writeTime(now, into: &text)
    }

    func writeTicker(_ figures: MarketFigures, _ now: Int64, into text: inout [UInt8]) {
        let (price, size) = (self.symbol.priceDecimals, self.symbol.sizeDecimals)
        let (bid, ask) = (figures.best.bids.first, figures.best.asks.first)
        let day = figures.day
        self.writeOpening(into: &text)
        for (key, units, decimals) in [
            ("last", figures.last?.print.price ?? day.close, price), ("lastSz", figures.last?.print.size ?? 0, size),
            ("askPx", ask?.price ?? 0, price), ("askSz", ask?.size ?? 0, size), ("bidPx", bid?.price ?? 0, price),
            ("bidSz", bid?.size ?? 0, size), ("open24h", day.open, price), ("high24h", day.high, price),
            ("low24h", day.low, price), ("sodUtc0", day.open, price), ("sodUtc8", day.open, price),
            ("vol24h", day.volume, size),
        ] as [(String, Int64, Int)] {
            text.write(",\"\(key)\":")
            text.write(shortestQuoted: units, decimals: decimals)
        }
        let worth =
            self.segment == .okxSpot
            ? self.amounts.quote(day.volume, price: day.close, priceDecimals: price)
            : self.amounts.base(day.volume, price: day.close, priceDecimals: price)
        text.write(",\"volCcy24h\":")
        text.write(shortestQuoted: worth.units, decimals: worth.decimals)
        self.writeTime(now, into: &text)
    }

    private func writeOpening(into text: inout [UInt8]) {
        text.write("{\"instType\":")
        text.write(quoted: self.segment == .okxSpot ? "SPOT" : "SWAP")
        text.write(",\"instId\":")
        text.write(quoted: self.symbol.symbol)
    }

    private func writeTime(_ now: Int64, into text: inout [UInt8]) {
        text.write(",\"ts\":\"")
        text.write(now)
        text.write("\"}")
    }
}
