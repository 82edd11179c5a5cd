extension BinanceMessages {
    private var fineDecimals: Int { self.symbol.priceDecimals + 2 }

    func writePrice(_ price: Int64, into text: inout [UInt8]) {
        text.write(units: price, decimals: self.symbol.priceDecimals, width: self.width)
    }

    func writeSize(_ size: Int64, into text: inout [UInt8]) {
        text.write(units: size, decimals: self.symbol.sizeDecimals, width: self.width)
    }

    func writeFine(_ price: Int64, into text: inout [UInt8]) {
        text.write(units: price, decimals: self.fineDecimals)
    }

    /// What was bought for a bar's trades: quote money, base coins on COIN-M.
    func writeWorth(_ turnover: Int64, _ coins: Int64, into text: inout [UInt8]) {
        if let contract = self.symbol.contractSize {
            text.write(units: coins &* Int64(contract), decimals: 8)
        } else {
            text.write(
                units: turnover, decimals: self.symbol.priceDecimals + self.symbol.sizeDecimals, width: self.width)
        }
    }

    func markPrice(_ figures: MarketFigures, milliseconds now: Int64, into text: inout [UInt8]) {
        text.write("{\"e\":\"markPriceUpdate\",\"E\":\(now)")
        self.writeSymbol(into: &text)
        text.write(",\"p\":")
        self.writeFine(figures.mark, into: &text)
        if self.segment == .usdm {
            text.write(",\"ap\":")
            self.writeFine(figures.mark, into: &text)
        }
        text.write(",\"P\":")
        self.writeFine(figures.index, into: &text)
        text.write(",\"i\":")
        self.writeFine(figures.index, into: &text)
        text.write(",\"r\":")
        text.write(units: figures.fundingRate, decimals: 8)
        text.write(",\"T\":\(figures.fundingTime)")
        self.writeFamily(into: &text)
    }

    /// The pair and the family stand inside the order, as they do live.
    func forceOrder(_ liquidation: SimulatedLiquidation, milliseconds now: Int64, into text: inout [UInt8]) {
        text.write("{\"e\":\"forceOrder\",\"E\":\(now),\"o\":{\"s\":")
        text.write(quoted: self.symbol.symbol)
        text.write(",\"ps\":")
        text.write(quoted: self.symbol.pair)
        text.write(liquidation.side == .sell ? ",\"S\":\"SELL\"" : ",\"S\":\"BUY\"")
        text.write(",\"o\":\"LIMIT\",\"f\":\"IOC\",\"q\":")
        self.writeSize(liquidation.size, into: &text)
        text.write(",\"p\":")
        self.writePrice(liquidation.price, into: &text)
        text.write(",\"ap\":")
        self.writePrice(liquidation.averagePrice, into: &text)
        text.write(",\"X\":\"FILLED\",\"l\":")
        self.writeSize(liquidation.size, into: &text)
        text.write(",\"z\":")
        self.writeSize(liquidation.size, into: &text)
        text.write(",\"T\":\(liquidation.milliseconds)")
        self.writeFamily(into: &text)
        text.write("}")
    }

    /// - Parameter stream: Its name ends with the interval.
    func kline(_ bar: Bar, _ stream: String, milliseconds now: Int64, into text: inout [UInt8]) {
        let interval = stream.split(separator: "_").last.map(String.init) ?? ""
        text.write("{\"e\":\"kline\",\"E\":\(now),\"s\":")
        text.write(quoted: self.symbol.symbol)
        text.write(",\"k\":{\"t\":\(bar.start),\"T\":\(bar.end - 1),\"s\":")
        text.write(quoted: self.symbol.symbol)
        text.write(",\"i\":\"\(interval)\",\"f\":")
        let (first, last) = self.tradeIDs(bar)
        text.write("\(first),\"L\":\(last)")
        for (key, price) in [("o", bar.open), ("c", bar.close), ("h", bar.high), ("l", bar.low)] {
            text.write(",\"\(key)\":")
            self.writePrice(price, into: &text)
        }
        text.write(",\"v\":")
        self.writeSize(bar.volume, into: &text)
        text.write(bar.isClosed ? ",\"n\":\(bar.trades),\"x\":true,\"q\":" : ",\"n\":\(bar.trades),\"x\":false,\"q\":")
        self.writeWorth(bar.turnover, bar.coins, into: &text)
        text.write(",\"V\":")
        self.writeSize(bar.bought, into: &text)
        text.write(",\"Q\":")
        self.writeWorth(bar.boughtTurnover, bar.boughtCoins, into: &text)
        text.write(",\"B\":\"0\"}}")
    }

    /// A bar as REST answers it: a list of twelve.
    func klineRow(_ bar: Bar, into text: inout [UInt8]) {
        text.write("[\(bar.start)")
        for price in [bar.open, bar.high, bar.low, bar.close] {
            text.write(",")
            self.writePrice(price, into: &text)
        }
        text.write(",")
        self.writeSize(bar.volume, into: &text)
        text.write(",\(bar.end - 1),")
        self.writeWorth(bar.turnover, bar.coins, into: &text)
        text.write(",\(bar.trades),")
        self.writeSize(bar.bought, into: &text)
        text.write(",")
        self.writeWorth(bar.boughtTurnover, bar.boughtCoins, into: &text)
        text.write(",\"0\"]")
    }

    /// Ids of the trades; -1 where there were none.
    private func tradeIDs(_ bar: Bar) -> (first: Int64, last: Int64) {
        bar.trades > 0 ? (Int64(clamping: bar.firstID), Int64(clamping: bar.lastID)) : (-1, -1)
    }

    /// What all clients are told when a contract is listed or ends.
    func contractInfo(milliseconds now: Int64, into text: inout [UInt8]) {
        text.write("{\"e\":\"contractInfo\",\"E\":\(now)")
        self.writeSymbol(into: &text)
        text.write(",\"ct\":\"PERPETUAL\",\"dt\":\(self.symbol.isDelisted ? now : 4_133_404_800_000)")
        text.write(",\"ot\":\(self.symbol.listedAt),\"cs\":")
        text.write(quoted: self.symbol.status)
        self.writeFamily(into: &text)
    }
}
