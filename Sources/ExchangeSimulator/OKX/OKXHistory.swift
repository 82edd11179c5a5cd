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
        let period = market.source.fundingPeriod
        let times = Self.page(
            request, newest: now / period * period, oldest: now - 90 * 86_400_000, step: period, pageMax: 400)
        return self.okxData { text in
            for (index, time) in times.enumerated() {
                if index > 0 { text.write(",") }
                text.write("{\"instType\":\"SWAP\",\"instId\":")
                text.write(quoted: messages.symbol.symbol)
                text.write(",\"method\":\"current_period\",\"formulaType\":\"noRate\",\"fundingRate\":")
                text.write(shortestQuoted: market.source.settledRate(at: time) + 7, decimals: 8)
                text.write(",\"realizedRate\":")
                text.write(shortestQuoted: market.source.settledRate(at: time), decimals: 8)
                text.write(",\"fundingTime\":\"\(time)\"}")
            }
        }
    }

    /// Rows of time and longs by shorts, newest first.
    func okxRatio(_ request: HTTPRequest, _ kind: Int, at now: Int64) -> HTTPResponse {
        guard let (market, messages) = self.okxMarket(request), messages.segment == .okxSwap else {
            return self.okxUnknown()
        }
        guard let step = OKXTopics.bars[request.query("period") ?? "5m"], step >= Self.bar else {
            return self.okxError(200, "51000", "Parameter period error")
        }
        let newest = min(request.query("end").flatMap { Int64($0) } ?? now, now) / step * step
        let oldest = max(request.query("begin").flatMap { Int64($0) } ?? 0, now - Self.recentBars * step)
        let limit = min(max(request.query("limit").flatMap { Int($0) } ?? 100, 1), 100)
        return self.okxData { text in
            for (index, time) in stride(from: newest, through: oldest, by: -Int(step)).prefix(limit).enumerated() {
                let share = market.source.longShare(kind, at: time)
                text.write(index == 0 ? "[\"\(time)\"," : ",[\"\(time)\",")
                text.write(shortestQuoted: share * 10_000 / (10_000 - share), decimals: 4)
                text.write("]")
            }
        }
    }

    // MARK: Bars and trades

    /// Bars, newest first; `after` asks for older ones, `before` for newer ones.
    func okxCandles(_ request: HTTPRequest, isHistory: Bool, at now: Int64) -> HTTPResponse {
        guard let (market, messages) = self.okxMarket(request) else { return self.okxUnknown() }
        guard let named = OKXTopics.bars[request.query("bar") ?? "1m"] else {
            return self.okxError(200, "51000", "Parameter bar error")
        }
        let length = market.barLength(named)
        let current = now / length * length
        let times = Self.page(
            request, newest: isHistory ? current - length : current,
            oldest: isHistory ? 0 : current - Self.recentBars * length, step: length, pageMax: 300)
        guard let newest = times.first, let oldest = times.last else { return self.okxData { _ in } }
        let bars = market.log.bars(from: oldest, through: newest, length: length, until: now)
        return self.okxData { text in
            for (index, bar) in bars.reversed().enumerated() {
                if index > 0 { text.write(",") }
                messages.write(bar, into: &text)
            }
        }
    }

    /// Matches, newest first, by id or before a time.
    func okxTrades(_ request: HTTPRequest, pageMax: Int) -> HTTPResponse {
        guard let (market, messages) = self.okxMarket(request) else { return self.okxUnknown() }
        let log = market.log
        let limit = min(max(request.query("limit").flatMap { Int($0) } ?? 100, 1), pageMax)
        var newest = OKXAmounts.matches(of: log.lastID).upperBound
        var oldest: UInt64 = 1
        let after = request.query("after").flatMap { UInt64($0) }
        if request.query("type") == "2" {
            if let after { newest = OKXAmounts.matches(of: log.firstID(from: Int64(clamping: after))).lowerBound - 1 }
        } else {
            if let after, after > 0 { newest = min(newest, after - 1) }
            if let before = request.query("before").flatMap({ UInt64($0) }), before < newest { oldest = before + 1 }
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

    /// The times of a page, newest first.
    private static func page(
        _ request: HTTPRequest, newest: Int64, oldest: Int64, step: Int64, pageMax: Int
    ) -> [Int64] {
        var (newest, oldest) = (newest, max(oldest, 0))
        if let after = request.query("after").flatMap({ Int64($0) }), after > 0 {
            newest = min(newest, (after - 1) / step * step)
        }
        if let before = request.query("before").flatMap({ Int64($0) }), before > 0 { oldest = max(oldest, before + 1) }
        let limit = min(max(request.query("limit").flatMap { Int($0) } ?? 100, 1), pageMax)
        return Array(stride(from: newest, through: oldest, by: -Int(step)).prefix(limit))
    }
}
