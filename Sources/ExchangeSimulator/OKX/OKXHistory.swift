internal import Transport

extension ExchangeCore {
    private static let bar: Int64 = 300_000
    /// Bars that the endpoint for recent ones serves.
    private static let recentBars: Int64 = 1_440

    // MARK: Figures

    /// The figures of a type's instruments, or of one of them.
    func okxFigures(
        _ request: HTTPRequest, at now: Int64, _ write: (OKXMessages, MarketFigures, inout [UInt8]) -> Void
    ) -> HTTPResponse {
        guard let segment = Self.okxSegment(request.query("instType")) else {
            return self.okxError(200, "51000", "Parameter instType error")
        }
        let wanted = request.query("instId")
        return self.okxData { text in
            var isFirst = true
            for symbol in self.symbols(of: segment)
            where !symbol.isDelisted && (wanted == nil || wanted == symbol.symbol) {
                guard let market = self.generated[segment]?[symbol.symbol] else { continue }
                if !isFirst { text.write(",") }
                isFirst = false
                write(OKXMessages(segment: segment, symbol: symbol), market.figures(at: now), &text)
            }
        }
    }

    func okxFunding(_ request: HTTPRequest, at now: Int64) -> HTTPResponse {
        guard request.query("instId") != "ANY" else {
            let markets = self.symbols(of: .okxSwap).filter { !$0.isDelisted }
            return self.okxData { text in
                for (index, symbol) in markets.enumerated() {
                    guard let market = self.generated[.okxSwap]?[symbol.symbol] else { continue }
                    if index > 0 { text.write(",") }
                    OKXMessages(segment: .okxSwap, symbol: symbol)
                        .writeFunding(market.figures(at: now), now, into: &text)
                }
            }
        }
        guard let (market, messages) = self.okxMarket(request), messages.segment == .okxSwap else {
            return self.okxUnknown()
        }
        return self.okxData { messages.writeFunding(market.figures(at: now), now, into: &$0) }
    }

    /// What was charged at the settlements of three months, newest first.
    func okxFundingHistory(_ request: HTTPRequest, at now: Int64) -> HTTPResponse {
        guard let (market, messages) = self.okxMarket(request), messages.segment == .okxSwap else {
            return self.okxUnknown()
        }
        let past = market.log.past
        let times = Self.page(
            request, .every(past.fundingPeriod), newest: now, oldest: self.okxOldest(past, months3: true, at: now),
            pageMax: 400
        ).dropLast().reversed()
        return self.okxData { text in
            for (index, time) in times.enumerated() {
                if index > 0 { text.write(",") }
                text.write("{\"instType\":\"SWAP\",\"instId\":")
                text.write(quoted: messages.symbol.symbol)
                text.write(",\"method\":\"current_period\",\"formulaType\":\"noRate\",\"fundingRate\":")
                text.write(shortestQuoted: past.settledRate(at: time) + 7, decimals: 8)
                text.write(",\"realizedRate\":")
                text.write(shortestQuoted: past.settledRate(at: time), decimals: 8)
                text.write(",\"fundingTime\":\"\(time)\"}")
            }
        }
    }

    /// Rows of time and longs by shorts, newest first.
    func okxRatio(_ request: HTTPRequest, _ kind: Int, at now: Int64) -> HTTPResponse {
        self.okxStatistic(request, at: now) { market, _, time, text in
            let share = market.log.past.longShare(kind, at: time)
            text.write("[\"\(time)\",")
            text.write(shortestQuoted: BinanceMessages.ratio(share), decimals: 4)
            text.write("]")
        }
    }

    /// Rows of time and open interest in contracts, coins and dollars, newest first.
    func okxInterestHistory(_ request: HTTPRequest, at now: Int64) -> HTTPResponse {
        self.okxStatistic(request, at: now) { market, messages, time, text in
            messages.writeInterest(market.log.past, at: time, into: &text)
        }
    }

    /// The latest periods, between two times that are left out where they are asked for.
    private func okxStatistic(
        _ request: HTTPRequest, at now: Int64,
        _ write: (GeneratedMarket, OKXMessages, Int64, inout [UInt8]) -> Void
    ) -> HTTPResponse {
        guard let (market, messages) = self.okxMarket(request), messages.segment == .okxSwap else {
            return self.okxUnknown()
        }
        guard let step = OKXTopics.bars[request.query("period") ?? "5m"], step >= Self.bar else {
            return self.okxError(200, "51000", "Parameter period error")
        }
        let (begin, end) = (Self.time(request, "begin"), Self.time(request, "end"))
        let oldest = max(
            market.log.past.from, self.configuration.past.keepsRetention ? now - Self.recentBars * step : 0)
        let times = RowPage(
            first: max(begin.map { $0 + 1 } ?? 0, oldest), last: min(end.map { $0 - 1 } ?? now, now),
            limit: Self.limit(request, usual: 100, most: 100), keepsOldest: false
        ).times(.every(step))
        return self.okxData { text in
            for (index, time) in times.reversed().enumerated() {
                if index > 0 { text.write(",") }
                write(market, messages, time, &text)
            }
        }
    }

    // MARK: Bars and trades

    /// Bars, newest first; `after` asks for older ones, `before` for newer ones.
    func okxCandles(_ request: HTTPRequest, isHistory: Bool, at now: Int64) -> HTTPResponse {
        self.okxBars(request, isHistory: isHistory, pageMax: 300, at: now) { market, messages, edges, text in
            for (index, bar) in market.log.bars(edges, until: now).reversed().enumerated() {
                if index > 0 { text.write(",") }
                messages.write(bar, into: &text)
            }
        }
    }

    /// Bars of the mark price, paged as those of trades are.
    func okxMarkCandles(_ request: HTTPRequest, isHistory: Bool, at now: Int64) -> HTTPResponse {
        self.okxBars(request, isHistory: isHistory, pageMax: 100, at: now) { market, messages, edges, text in
            for (index, edge) in zip(edges, edges.dropFirst()).reversed().enumerated() {
                if index > 0 { text.write(",") }
                messages.write(market.log.past.markBar(from: edge.0, to: edge.1, until: now), into: &text)
            }
        }
    }

    private func okxBars(
        _ request: HTTPRequest, isHistory: Bool, pageMax: Int, at now: Int64,
        _ write: (GeneratedMarket, OKXMessages, [Int64], inout [UInt8]) -> Void
    ) -> HTTPResponse {
        guard let (market, messages) = self.okxMarket(request) else { return self.okxUnknown() }
        let bar = request.query("bar") ?? "1m"
        guard let named = OKXTopics.grid(bar) else { return self.okxError(200, "51000", "Parameter bar error") }
        let grid = market.grid(named)
        let current = grid.start(of: now)
        var oldest = grid.start(of: self.okxOldest(market.log.past, months3: isHistory && bar == "1s", at: now))
        if !isHistory, self.configuration.past.keepsRetention {
            let length = grid.next(current) - current
            oldest = max(oldest, current - Self.recentBars * length)
        }
        let edges = Self.page(
            request, grid, newest: isHistory ? current - 1 : current, oldest: oldest, pageMax: pageMax)
        return self.okxData { write(market, messages, edges, &$0) }
    }

    /// Where the past begins, or what is served of it for three months.
    private func okxOldest(_ past: PastMarket, months3: Bool, at now: Int64) -> Int64 {
        months3 && self.configuration.past.keepsRetention ? max(past.from, now - 90 * PastMarket.day) : past.from
    }

    /// Matches, newest first, by id or before a time.
    func okxTrades(_ request: HTTPRequest, pageMax: Int, at now: Int64) -> HTTPResponse {
        guard let (market, messages) = self.okxMarket(request) else { return self.okxUnknown() }
        let log = market.log
        let limit = min(max(request.query("limit").flatMap { Int($0) } ?? 100, 1), pageMax)
        var newest = OKXAmounts.matches(of: log.lastID).upperBound
        let first = log.firstID(from: self.okxOldest(log.past, months3: true, at: now))
        var oldest = OKXAmounts.matches(of: first).lowerBound
        let after = request.query("after").flatMap { UInt64($0) }
        if request.query("type") == "2" {
            if let after { newest = OKXAmounts.matches(of: log.firstID(from: Int64(clamping: after))).lowerBound - 1 }
        } else {
            if let after, after > 0 { newest = min(newest, after - 1) }
            if let before = request.query("before").flatMap({ UInt64($0) }), before < newest {
                oldest = max(oldest, before + 1)
            }
        }
        return self.okxData { text in
            guard newest >= oldest else { return }
            let count = min(UInt64(limit), newest - oldest + 1)
            var isFirst = true
            for match in (0..<count).map({ newest - $0 }) {
                guard let trade = log.trade(OKXAmounts.trade(of: match)) else { continue }
                if !isFirst { text.write(",") }
                isFirst = false
                messages.writeMatch(match, trade, size: OKXAmounts.size(match, of: trade.print), into: &text)
                text.write(",\"source\":\"0\"}")
            }
        }
    }

    /// The openings of a page and the end of the last of them: the newest of a closed range of times, without `after` and
    /// `before` themselves.
    private static func page(
        _ request: HTTPRequest, _ grid: BarGrid, newest: Int64, oldest: Int64, pageMax: Int
    ) -> [Int64] {
        let (after, before) = (Self.time(request, "after"), Self.time(request, "before"))
        return RowPage(
            first: max(before.map { $0 + 1 } ?? 0, oldest), last: min(after.map { $0 - 1 } ?? newest, newest),
            limit: Self.limit(request, usual: 100, most: pageMax), keepsOldest: false
        ).edges(grid)
    }
}

extension OKXTopics {
    /// When the bars of a name open: six hours and longer at midnight of UTC+8, where the name does not end with `utc`.
    static func grid(_ name: String) -> BarGrid? {
        if let length = Self.bars[name] { return .every(length) }
        let east: Int64 = -28_800_000
        switch name {
        case "6H", "12H", "1D": return Self.bars[name + "utc"].map { .every($0, offset: east) }
        case "2D": return .every(2 * PastMarket.day, offset: east)
        case "3D": return .every(3 * PastMarket.day, offset: east)
        case "2Dutc": return .every(2 * PastMarket.day)
        case "3Dutc": return .every(3 * PastMarket.day)
        case "1W": return .weeks(offset: east)
        case "1Wutc": return .weeks()
        case "1Mutc": return .month
        default: return nil
        }
    }
}

extension OKXMessages {
    /// `[ts,o,h,l,c,confirm]`, all texts.
    func write(_ bar: PriceBar, into text: inout [UInt8]) {
        text.write("[\"\(bar.start)\"")
        for price in [bar.open, bar.high, bar.low, bar.close] {
            text.write(",")
            text.write(shortestQuoted: price, decimals: self.symbol.priceDecimals + 2)
        }
        text.write(bar.isClosed ? ",\"1\"]" : ",\"0\"]")
    }

    /// `[ts,oi,oiCcy,oiUsd]`, all texts.
    func writeInterest(_ past: PastMarket, at time: Int64, into text: inout [UInt8]) {
        text.write("[\"\(time)\"")
        for amount in self.interest(past, at: time) {
            text.write(",")
            text.write(shortestQuoted: amount.units, decimals: amount.decimals)
        }
        text.write("]")
    }

    /// Open interest in contracts, coins and dollars.
    func interest(_ past: PastMarket, at time: Int64) -> [OKXAmounts.Amount] {
        let amounts = OKXAmounts(symbol: self.symbol)
        let (amount, mark, decimals) = (past.openInterest(at: time), past.mark(at: time), self.symbol.priceDecimals + 2)
        return [
            OKXAmounts.Amount(units: amount, decimals: self.symbol.sizeDecimals),
            amounts.base(amount, price: mark, priceDecimals: decimals),
            amounts.quote(amount, price: mark, priceDecimals: decimals),
        ]
    }
}
