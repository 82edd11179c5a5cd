/// Writes the lines of an archive as its venue does.
///
/// Binance's futures have headings and milliseconds, its spot neither: microseconds since 2025
/// (<https://github.com/binance/binance-public-data>, 2026-08). OKX's have headings.
struct ArchiveTable {
    private static let rowsAtOnce = 2_000
    /// 2025-01-01, milliseconds.
    private static let microsecondsSince: Int64 = 1_735_689_600_000
    /// 2026-06-25, milliseconds: figures bore the time of their period's end before, so that a day's last was the midnight
    /// behind it (<https://github.com/binance/binance-public-data/issues/491>, 2026-08-24).
    private static let relabelled: Int64 = 1_782_345_600_000
    private static let figurePeriod: Int64 = 300_000

    let file: ArchiveFile
    let log: TradeLog

    private var past: PastMarket { self.log.past }
    private var symbol: SimulatedSymbol { self.log.symbol }
    private var segment: MarketSegment { self.file.segment }
    private var isOKX: Bool { self.segment.venue == .okx }
    private var hasMicroseconds: Bool { self.segment == .spot && self.file.from >= Self.microsecondsSince }
    private var binance: BinanceMessages { BinanceMessages(segment: self.segment, symbol: self.symbol) }

    /// Hands over the text in pieces of a few thousand lines; false where there are no lines but the heading.
    func write(_ take: ([UInt8]) -> Void) -> Bool {
        var text: [UInt8] = []
        text.write(self.heading)
        let hasRows =
            switch self.file.table {
            case .trades, .aggregateTrades: self.writeTrades(&text, take)
            case .quotes: self.writeQuotes(&text, take)
            case .bars(let grid): self.writeBars(grid, isMark: false, &text, take)
            case .markBars(let grid): self.writeBars(grid, isMark: true, &text, take)
            case .fundingRates: self.writeRates(&text)
            case .metrics: self.writeMetrics(&text)
            }
        take(text)
        return hasRows
    }

    private var heading: String {
        switch self.file.table {
        case .trades:
            self.isOKX
                ? "instrument_name,trade_id,side,price,size,created_time,source\n"
                : self.segment == .spot
                    ? "" : "id,price,qty,\(self.segment == .coinm ? "base_qty" : "quote_qty"),time,is_buyer_maker\n"
        case .aggregateTrades:
            self.segment == .spot
                ? "" : "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
        case .quotes:
            "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n"
        case .bars, .markBars:
            self.isOKX
                ? "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm\n"
                : self.segment == .spot
                    ? ""
                    : "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
                        + "taker_buy_quote_volume,ignore\n"
        case .fundingRates:
            self.isOKX
                ? "instrument_name,funding_rate,funding_time\n" : "calc_time,funding_interval_hours,last_funding_rate\n"
        case .metrics:
            "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
                + "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"
        }
    }

    // MARK: Trades

    private func writeTrades(_ text: inout [UInt8], _ take: ([UInt8]) -> Void) -> Bool {
        var next = self.log.firstID(from: self.file.from)
        let end = self.log.firstID(from: self.file.to)
        let hasRows = next < end
        while next < end {
            for trade in self.log.trades(next...end - 1, limit: Self.rowsAtOnce) {
                if self.isOKX { self.writeMatches(trade, &text) } else { self.writeTrade(trade, &text) }
            }
            next += UInt64(Self.rowsAtOnce)
            take(text)
            text.removeAll(keepingCapacity: true)
        }
        return hasRows
    }

    private func writeTrade(_ trade: TimedPrint, _ text: inout [UInt8]) {
        let print = trade.print
        let isSpot = self.segment == .spot
        text.write("\(print.id),")
        self.writePrice(print.price, &text)
        text.write(",")
        self.writeSize(print.size, &text)
        text.write(",")
        if self.file.table == .aggregateTrades {
            text.write("\(print.id),\(print.id),")
        } else {
            var bar = Bar(start: 0, length: 1, price: print.price)
            bar.take(print, priceDecimals: self.symbol.priceDecimals)
            self.writeWorth(bar.turnover, bar.coins, &text)
            text.write(",")
        }
        self.writeTime(trade.milliseconds, &text)
        text.write(isSpot ? (print.buyerIsMaker ? ",True,True\n" : ",False,True\n") : ",\(print.buyerIsMaker)\n")
    }

    private func writeMatches(_ trade: TimedPrint, _ text: inout [UInt8]) {
        for match in OKXAmounts.matches(of: trade.print.id) {
            text.write("\(self.symbol.symbol),\(match),\(trade.print.buyerIsMaker ? "sell" : "buy"),")
            text.write(shortest: trade.print.price, decimals: self.symbol.priceDecimals)
            text.write(",")
            text.write(shortest: OKXAmounts.size(match, of: trade.print), decimals: self.symbol.sizeDecimals)
            text.write(",\(trade.milliseconds),0\n")
        }
    }

    // MARK: Quotes

    private func writeQuotes(_ text: inout [UInt8], _ take: ([UInt8]) -> Void) -> Bool {
        let numbers = self.past.quotes(from: self.file.from, to: self.file.to)
        for number in numbers {
            let quote = self.past.quote(number)
            text.write("\(quote.sequence),")
            self.writePrice(quote.bid, &text)
            text.write(",")
            self.writeSize(quote.bidSize, &text)
            text.write(",")
            self.writePrice(quote.ask, &text)
            text.write(",")
            self.writeSize(quote.askSize, &text)
            text.write(",\(quote.milliseconds),\(quote.sentAt)\n")
            if number % Int64(Self.rowsAtOnce) == 0 {
                take(text)
                text.removeAll(keepingCapacity: true)
            }
        }
        return !numbers.isEmpty
    }

    // MARK: Bars

    private func writeBars(
        _ grid: BarGrid, isMark: Bool, _ text: inout [UInt8], _ take: ([UInt8]) -> Void
    ) -> Bool {
        var from = max(self.file.from, grid.start(of: self.past.from))
        var hasRows = false
        while from < self.file.to {
            let edges = grid.edges(from: from, through: self.file.to - 1, limit: Self.rowsAtOnce)
            guard let last = edges.last else { break }
            hasRows = true
            if isMark {
                for (start, end) in zip(edges, edges.dropFirst()) {
                    self.writeMark(self.past.markBar(from: start, to: end, until: .max), end: end, &text)
                }
            } else {
                for bar in self.log.bars(edges, until: .max) { self.writeBar(bar, &text) }
            }
            take(text)
            text.removeAll(keepingCapacity: true)
            from = last
        }
        return hasRows
    }

    private func writeBar(_ bar: Bar, _ text: inout [UInt8]) {
        guard !self.isOKX else {
            // The row of an answer, without its brackets and quotation marks, behind the name and with the time last.
            var row: [UInt8] = []
            OKXMessages(segment: self.segment, symbol: self.symbol).write(bar, into: &row)
            let fields = row.filter { ![UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "\"")].contains($0) }
                .split(separator: UInt8(ascii: ","))
            text.write(self.symbol.symbol)
            for field in fields[1...7] + [fields[0], fields[8]] {
                text.write(",")
                text.append(contentsOf: field)
            }
            text.write("\n")
            return
        }
        self.writeTime(bar.start, &text)
        for price in [bar.open, bar.high, bar.low, bar.close] {
            text.write(",")
            self.writePrice(price, &text)
        }
        text.write(",")
        self.writeSize(bar.volume, &text)
        text.write(",")
        self.writeLast(bar.end, &text)
        text.write(",")
        self.writeWorth(bar.turnover, bar.coins, &text)
        text.write(",\(bar.trades),")
        self.writeSize(bar.bought, &text)
        text.write(",")
        self.writeWorth(bar.boughtTurnover, bar.boughtCoins, &text)
        text.write(",0\n")
    }

    private func writeMark(_ bar: PriceBar, end: Int64, _ text: inout [UInt8]) {
        self.writeTime(bar.start, &text)
        for price in [bar.open, bar.high, bar.low, bar.close] {
            text.write(",")
            text.writePlain(units: price, decimals: self.symbol.priceDecimals + 2, width: 8)
        }
        text.write(",0,")
        self.writeLast(end, &text)
        text.write(",0,\((end - bar.start) / 1_000),0,0,0\n")
    }

    // MARK: What belongs to a time

    private func writeRates(_ text: inout [UInt8]) -> Bool {
        let period = self.past.fundingPeriod
        let times = self.times(.every(period))
        for time in times {
            let rate = self.past.settledRate(at: time)
            if self.isOKX {
                text.write("\(self.symbol.symbol),")
                text.write(shortest: rate, decimals: 8)
                text.write(",\(time)\n")
            } else {
                text.write("\(time),\(max(period / 3_600_000, 1)),")
                text.writePlain(units: rate, decimals: 8)
                text.write("\n")
            }
        }
        return !times.isEmpty
    }

    private func writeMetrics(_ text: inout [UInt8]) -> Bool {
        let late = self.file.from < Self.relabelled ? Self.figurePeriod : 0
        let times = self.times(.every(Self.figurePeriod), late: late)
        for time in times {
            let (amount, worth) = self.binance.interest(self.past, at: time)
            let minutes = Int(time % PastMarket.day / 60_000)
            text.write(
                "\(ArchiveFile.date(time)) \(ArchiveFile.two(minutes / 60)):\(ArchiveFile.two(minutes % 60)):00,")
            text.write("\(self.symbol.symbol),")
            text.writePlain(units: amount, decimals: self.symbol.sizeDecimals, width: 16)
            text.write(",")
            text.writePlain(units: worth.units, decimals: worth.decimals, width: 16)
            for kind in [1, 2, 0] {
                text.write(",")
                let share = self.past.longShare(kind, at: time)
                text.writePlain(units: BinanceMessages.ratio(share), decimals: 4, width: 8)
            }
            text.write(",")
            text.writePlain(units: self.past.takerRatio(at: time), decimals: 4, width: 8)
            text.write("\n")
        }
        return !times.isEmpty
    }

    /// - Parameter late: By how much the rows lie behind the file's range.
    private func times(_ grid: BarGrid, late: Int64 = 0) -> [Int64] {
        grid.edges(
            from: max(self.file.from + late, self.past.from), through: self.file.to - 1 + late, limit: 100_000
        ).dropLast()
    }

    // MARK: Numbers

    private func writePrice(_ price: Int64, _ text: inout [UInt8]) {
        text.writePlain(units: price, decimals: self.symbol.priceDecimals, width: self.binance.width)
    }

    private func writeSize(_ size: Int64, _ text: inout [UInt8]) {
        text.writePlain(units: size, decimals: self.symbol.sizeDecimals, width: self.binance.width)
    }

    private func writeWorth(_ turnover: Int64, _ coins: Int64, _ text: inout [UInt8]) {
        if let contract = self.symbol.contractSize {
            text.writePlain(units: coins &* Int64(contract), decimals: 8)
        } else {
            text.writePlain(
                units: turnover, decimals: self.symbol.priceDecimals + self.symbol.sizeDecimals,
                width: self.binance.width)
        }
    }

    private func writeTime(_ milliseconds: Int64, _ text: inout [UInt8]) {
        text.write(milliseconds)
        if self.hasMicroseconds { text.write("000") }
    }

    /// The last moment before a time.
    private func writeLast(_ milliseconds: Int64, _ text: inout [UInt8]) {
        text.write(milliseconds - 1)
        if self.hasMicroseconds { text.write("999") }
    }
}
