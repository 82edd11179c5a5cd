import MarketModel

/// What is served of the past.
///
/// Source: https://www.okx.com/docs-v5/en/ (2026-08-22). Answers come newest first; where a range is given by `after` and
/// `before`, both bounds are left out of it.
extension OKX {
    package func historyOffer(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> HistoryOffer? {
        guard segment.offer(of: kind.type).isOffered, Self.serves(kind, in: segment) else { return nil }
        func offer(
            _ scope: String, _ rows: Int, retention: Int64? = nil, span: Int64? = nil
        ) -> HistoryOffer {
            HistoryOffer(
                retentionMilliseconds: retention, rowsMost: rows, spanMostMilliseconds: span, costs: [.init(scope, 1)])
        }
        switch kind {
        case .trade:
            return offer(Self.tradesScope, Int(Self.tradesMost), retention: Self.quarter)
        case .kline(let interval):
            return offer(
                "history-candles", Self.barsMost, retention: interval == .second1 ? Self.quarter : nil)
        case .fundingRate:
            return offer(Self.fundingScope, Self.ratesMost, retention: Self.quarter, span: Self.fundingSpan)
        case .openInterest(let period):
            return offer(Self.openInterestScope, Self.figuresMost, retention: Self.retention(period))
        case .ratio(let ratio, let period):
            return offer(Self.ratioScope(ratio), Self.figuresMost, retention: Self.retention(period))
        case .markPrice:
            return offer("history-mark-price-candles", Self.markBarsMost)
        case .bbo, .volatilityIndex:
            return nil
        }
    }

    package func historyRequest(
        of kind: HistoryKind, symbol: String, fromMilliseconds from: Int64, toMilliseconds to: Int64,
        in segment: VenueSegment
    ) -> HistoryRequest? {
        guard segment.offer(of: kind.type).isOffered, Self.serves(kind, in: segment), from > 0, from <= to,
            to <= Self.timeMax
        else { return nil }
        switch kind {
        case .kline(let interval):
            guard Self.holds(interval, from, to, most: Self.barsMost) else { return nil }
            return self.klineRequest(of: symbol, interval, fromMilliseconds: from, toMilliseconds: to, in: segment)
                .map { HistoryRequest($0, .klines(interval, missed: HistoryRequest.missed)) }
        case .fundingRate:
            guard to - from <= Self.fundingSpan else { return nil }
            return self.fundingRequest(of: symbol, fromMilliseconds: from, toMilliseconds: to, in: segment)
                .map { HistoryRequest($0, .fundingHistory) }
        case .openInterest(let period):
            guard Self.holds(period, from, to, most: Self.figuresMost), let text = OKXChannel.bar(of: period) else {
                return nil
            }
            let path =
                "rubik/stat/contracts/open-interest-history?instId=\(symbol)&period=\(text)\(Self.bounds(from, to))"
            return HistoryRequest(
                self.request(segment, path, Self.openInterestScope), .openInterestHistory(period))
        case .ratio(let ratio, let period):
            guard Self.holds(period, from, to, most: Self.figuresMost), let text = OKXChannel.bar(of: period) else {
                return nil
            }
            let path = "\(Self.ratioPath(ratio))?instId=\(symbol)&period=\(text)\(Self.bounds(from, to))"
            return HistoryRequest(
                self.request(segment, path, Self.ratioScope(ratio)), .ratio(ratio, period: period))
        case .markPrice(let interval):
            guard Self.holds(interval, from, to, most: Self.markBarsMost), let bar = OKXChannel.bar(of: interval)
            else { return nil }
            let isRecent = self.isRecent(interval, fromMilliseconds: from)
            let scope = isRecent ? "mark-price-candles" : "history-mark-price-candles"
            let path =
                "market/\(scope)?instId=\(symbol)&bar=\(bar)&after=\(to + 1)&before=\(from - 1)&limit=\(Self.markBarsMost)"
            return HistoryRequest(self.request(segment, path, scope), .markPriceBars(interval))
        case .trade, .bbo, .volatilityIndex:
            return nil
        }
    }

    /// By time trades are asked for backwards alone: the last one before it.
    package func tradeSearchRequest(
        of symbol: String, atMilliseconds time: Int64, in segment: VenueSegment, wanted: Wanted
    ) -> TradeSearchRequest? {
        guard time > 0, time <= Self.timeMax else { return nil }
        return TradeSearchRequest(
            self.request(
                segment, "market/history-trades?instId=\(symbol)&type=2&after=\(time)&limit=1", Self.tradesScope),
            tells: .lastBefore)
    }

    package func lastTradeRequest(
        of symbol: String, fromMilliseconds: Int64, beforeMilliseconds end: Int64, in segment: VenueSegment,
        wanted: Wanted
    ) -> VenueRequest? {
        self.tradeSearchRequest(of: symbol, atMilliseconds: end, in: segment, wanted: wanted)?.request
    }

    // MARK: - Private

    /// Three months, for which trades, rates and bars of a second are kept.
    private static let quarter: Int64 = 90 * 86_400_000
    /// Year 2255, far below where a sum of times would overflow.
    static let timeMax: Int64 = 9_000_000_000_000

    private static let barsMost = 300
    private static let markBarsMost = 100
    private static let figuresMost = 100
    private static let ratesMost = 400
    /// Funding is charged once an hour at most.
    private static let fundingSpan: Int64 = 399 * 3_600_000

    /// Whether the venue has a kind at all, and bars or periods of this length.
    private static func serves(_ kind: HistoryKind, in segment: VenueSegment) -> Bool {
        switch kind {
        case .trade, .fundingRate: true
        case .kline(let interval): segment.klineIntervals.contains(interval)
        // A month has no length that a bar of the mark price could tell; there are none of a second.
        case .markPrice(let interval):
            interval != .second1 && interval.microseconds != nil && segment.klineIntervals.contains(interval)
        case .openInterest(let period), .ratio(_, let period): segment.ratioPeriods.contains(period)
        case .bbo, .volatilityIndex: false
        }
    }

    /// The last 1440 periods.
    private static func retention(_ period: KlineInterval) -> Int64 { period.leastMilliseconds * 1_440 }

    /// Whether an answer holds all rows of a range.
    private static func holds(_ interval: KlineInterval, _ from: Int64, _ to: Int64, most: Int) -> Bool {
        (to - from) / interval.leastMilliseconds < Int64(most)
    }

    /// The range of an answer of statistics: `begin` asks for what is newer, `end` for what is older, and whether they are
    /// part of it is not said. Rows lie on whole five minutes: just beside these, it makes no difference.
    private static func bounds(_ from: Int64, _ to: Int64) -> String {
        let step: Int64 = 300_000
        let first = (from + step - 1) / step * step
        let last = to / step * step
        return "&begin=\(first - 1)&end=\(last + 1)&limit=\(Self.figuresMost)"
    }
}
