internal import Transport

extension ExchangeCore {
    func binanceOpenInterest(
        _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        let (market, messages) = try self.binanceMarket(request, segment)
        var text: [UInt8] = []
        text.write("{\"symbol\":")
        text.write(quoted: messages.symbol.symbol)
        if segment == .coinm {
            text.write(",\"pair\":")
            text.write(quoted: messages.symbol.pair)
            text.write(",\"contractType\":\"PERPETUAL\"")
        }
        text.write(",\"openInterest\":")
        messages.writeSize(market.figures(at: now).openInterest, into: &text)
        text.write(",\"time\":\(now)}")
        return text
    }

    /// COIN-M answers with a list even for one symbol.
    func binancePremiumIndex(
        _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        try self.oneOrAll(request, segment, isList: segment == .coinm) { market, messages, text in
            let figures = market.figures(at: now)
            text.write("{\"symbol\":")
            text.write(quoted: messages.symbol.symbol)
            if segment == .coinm {
                text.write(",\"pair\":")
                text.write(quoted: messages.symbol.pair)
            }
            for (key, price) in [
                ("markPrice", figures.mark), ("indexPrice", figures.index), ("estimatedSettlePrice", figures.index),
            ] {
                text.write(",\"\(key)\":")
                messages.writeFine(price, into: &text)
            }
            text.write(",\"lastFundingRate\":")
            text.write(units: figures.fundingRate, decimals: 8)
            text.write(",\"interestRate\":\"0.00010000\",\"nextFundingTime\":\(figures.fundingTime),\"time\":\(now)}")
        }
    }

    /// Only contracts whose interval was adjusted are listed: here every second one, and all where it is not eight hours.
    func binanceFundingInfo(_ segment: MarketSegment) -> [UInt8] {
        let adjusted = self.symbols(of: segment).enumerated()
            .map {
                (number: $0.offset, symbol: $0.element, hours: self.fundingPeriod(of: $0.element, segment) / 3_600_000)
            }
            .filter { $0.number % 2 == 1 || $0.hours != 8 }
        return Self.list(adjusted) { contract, text in
            text.write("{\"symbol\":")
            text.write(quoted: contract.symbol.symbol)
            text.write(",\"adjustedFundingRateCap\":\"0.02000000\",\"adjustedFundingRateFloor\":\"-0.02000000\"")
            text.write(",\"fundingIntervalHours\":\(max(contract.hours, 1)),\"disclaimer\":false}")
        }
    }

    /// The last day of an instrument or of all.
    func binanceTickers(
        _ request: HTTPRequest, _ segment: MarketSegment, at now: Int64
    ) throws(BinanceError) -> [UInt8] {
        try self.oneOrAll(request, segment, isList: segment == .coinm) { market, messages, text in
            let day = market.figures(at: now).day
            text.write("{\"symbol\":")
            text.write(quoted: messages.symbol.symbol)
            if segment == .coinm {
                text.write(",\"pair\":")
                text.write(quoted: messages.symbol.pair)
            }
            text.write(",\"priceChange\":")
            messages.writePrice(day.close - day.open, into: &text)
            text.write(",\"priceChangePercent\":\"0.120\"")
            for (key, price) in [
                ("lastPrice", day.close), ("openPrice", day.open), ("highPrice", day.high), ("lowPrice", day.low),
            ] {
                text.write(",\"\(key)\":")
                messages.writePrice(price, into: &text)
            }
            text.write(",\"volume\":")
            messages.writeSize(day.volume, into: &text)
            text.write(segment == .coinm ? ",\"baseVolume\":" : ",\"quoteVolume\":")
            messages.writeWorth(day.turnover, day.coins, into: &text)
            text.write(",\"openTime\":\(now - 86_400_000),\"closeTime\":\(now),\"firstId\":\(day.firstID)")
            text.write(",\"lastId\":\(day.lastID),\"count\":\(day.trades)}")
        }
    }

    private func oneOrAll(
        _ request: HTTPRequest, _ segment: MarketSegment, isList: Bool,
        _ write: (GeneratedMarket, BinanceMessages, inout [UInt8]) -> Void
    ) throws(BinanceError) -> [UInt8] {
        guard request.query("symbol") != nil else {
            let markets = self.symbols(of: segment).compactMap { self.generated[segment]?[$0.symbol] }
            return Self.list(markets) {
                write($0, BinanceMessages(segment: segment, symbol: $0.market.symbol), &$1)
            }
        }
        let (market, messages) = try self.binanceMarket(request, segment)
        var text: [UInt8] = []
        write(market, messages, &text)
        return isList ? Array("[".utf8) + text + Array("]".utf8) : text
    }
}

extension BinanceMessages {
    func aggregateRow(_ trade: TimedPrint, into text: inout [UInt8]) {
        let print = trade.print
        text.write("{\"a\":\(print.id),\"p\":")
        self.writePrice(print.price, into: &text)
        text.write(",\"q\":")
        self.writeSize(print.size, into: &text)
        if self.segment == .usdm {
            text.write(",\"nq\":")
            self.writeSize(print.size, into: &text)
        }
        text.write(",\"f\":\(print.id),\"l\":\(print.id),\"T\":\(trade.milliseconds)")
        text.write(",\"m\":\(print.buyerIsMaker)")
        text.write(self.segment == .spot ? ",\"M\":true}" : "}")
    }

    func tradeRow(_ trade: TimedPrint, into text: inout [UInt8]) {
        let print = trade.print
        text.write("{\"id\":\(print.id),\"price\":")
        self.writePrice(print.price, into: &text)
        text.write(",\"qty\":")
        self.writeSize(print.size, into: &text)
        text.write(self.segment == .coinm ? ",\"baseQty\":" : ",\"quoteQty\":")
        var bar = Bar(start: 0, length: 1, price: print.price)
        bar.take(print, priceDecimals: self.symbol.priceDecimals)
        self.writeWorth(bar.turnover, bar.coins, into: &text)
        text.write(",\"time\":\(trade.milliseconds),\"isBuyerMaker\":\(print.buyerIsMaker)")
        text.write(self.segment == .spot ? ",\"isBestMatch\":true}" : "}")
    }
}
