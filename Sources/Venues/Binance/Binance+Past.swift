import MarketModel

/// What is served of the past.
///
/// Source: https://developers.binance.com/docs/ (spot 2026-07-21, derivatives 2026-07-01), market data endpoints.
extension Binance {
    package func historyOffer(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> HistoryOffer? {
        let section = BinanceSegment(of: segment)
        guard segment.offer(of: kind.type).isOffered, Self.serves(kind, in: segment) else { return nil }
        switch kind {
        case .trade:
            return Self.tradeOffer(section, isAggregate: wanted.options["trade_stream"] == "aggTrade")
        case .kline, .markPrice:
            let most = BinanceLimits.pastKlinesMost(section)
            return HistoryOffer(
                rowsMost: most, spanMostMilliseconds: section == .coinm ? Self.coinmSpan : nil,
                costs: [.init(BinanceLimits.scope(of: section), BinanceLimits.klinesWeight(section, limit: most))])
        case .fundingRate:
            return HistoryOffer(
                rowsMost: BinanceLimits.fundingRatesMost, spanMostMilliseconds: Self.fundingSpan,
                costs: Self.fundingCosts(section))
        case .openInterest, .ratio:
            // A start before the last thirty days is refused; an hour is left for the way of the request.
            return HistoryOffer(
                retentionMilliseconds: 30 * 86_400_000 - 3_600_000, rowsMost: BinanceLimits.futuresDataMost,
                costs: Self.figureCosts(section))
        case .bbo, .volatilityIndex:
            return nil
        }
    }

    package func historyRequest(
        of kind: HistoryKind, symbol: String, fromMilliseconds from: Int64, toMilliseconds to: Int64,
        in segment: VenueSegment
    ) -> HistoryRequest? {
        let section = BinanceSegment(of: segment)
        guard segment.offer(of: kind.type).isOffered, Self.serves(kind, in: segment), from >= 0, from <= to,
            to <= Self.timeMax
        else { return nil }
        switch kind {
        case .kline(let interval):
            guard let limit = Self.rows(interval, from, to, most: BinanceLimits.klinesMost(section)),
                section != .coinm || to - from <= Self.coinmSpan
            else { return nil }
            return HistoryRequest(
                VenueRequest(
                    segment.id,
                    path: BinanceEndpoints.klines(section, symbol: symbol, interval, from: from, to: to, limit: limit),
                    costs: Self.barCosts(section, limit)), .klines(interval, missed: HistoryRequest.missed))
        case .markPrice(let interval):
            guard let limit = Self.rows(interval, from, to, most: BinanceLimits.klinesMost(section)),
                section != .coinm || to - from <= Self.coinmSpan
            else { return nil }
            return HistoryRequest(
                VenueRequest(
                    segment.id,
                    path: BinanceEndpoints.markPriceKlines(
                        section, symbol: symbol, interval, from: from, to: to, limit: limit),
                    costs: Self.barCosts(section, limit)), .markPriceBars(interval))
        case .fundingRate:
            guard to - from <= Self.fundingSpan else { return nil }
            return self.fundingRequest(of: symbol, fromMilliseconds: from, toMilliseconds: to, in: segment)
                .map { HistoryRequest($0, .fundingHistory) }
        case .openInterest(let period):
            guard let name = Self.figureName(of: symbol, in: section),
                let limit = Self.rows(period, from, to, most: BinanceLimits.futuresDataMost)
            else { return nil }
            return HistoryRequest(
                VenueRequest(
                    segment.id,
                    path: BinanceEndpoints.openInterestHistory(
                        section, of: name, period: period, from: from, to: to, limit: limit),
                    costs: Self.figureCosts(section)), .openInterestHistory(period))
        case .ratio(let ratio, let period):
            guard let name = Self.figureName(of: symbol, in: section),
                let limit = Self.rows(period, from, to, most: BinanceLimits.futuresDataMost)
            else { return nil }
            return HistoryRequest(
                VenueRequest(
                    segment.id,
                    path: BinanceEndpoints.ratios(
                        section, ratio, of: name, period: period, from: from, to: to, limit: limit),
                    costs: Self.figureCosts(section)), .ratio(ratio, period: period))
        case .trade, .bbo, .volatilityIndex:
            return nil
        }
    }

    /// By time are served only trades that were put together. Each tells the first and the last that it is made of, by
    /// which single ones are found; futures search less than an hour at once.
    package func tradeSearchRequest(
        of symbol: String, atMilliseconds time: Int64, in segment: VenueSegment, wanted: Wanted
    ) -> TradeSearchRequest? {
        let section = BinanceSegment(of: segment)
        let isAggregate = wanted.options["trade_stream"] == "aggTrade"
        guard isAggregate || section == .spot, time >= 0, time <= Self.timeMax else { return nil }
        let end = section == .spot ? nil : time + Self.searchSpan
        return TradeSearchRequest(
            VenueRequest(
                segment.id,
                path: BinanceEndpoints.aggregates(
                    section, symbol: symbol, from: time, to: end.map { $0 - 1 }, limit: 1),
                costs: [
                    .init(
                        BinanceLimits.scope(of: section), BinanceLimits.tradesWeight(section, isAggregate: true))
                ]), tells: .first, endMilliseconds: end)
    }

    // MARK: - Private

    private static let searchSpan: Int64 = 3_600_000
    /// COIN-M refuses a range of more than 200 days.
    private static let coinmSpan: Int64 = 199 * 86_400_000
    /// Funding is charged once an hour at most: an answer holds a thousand of them.
    private static let fundingSpan: Int64 = 999 * 3_600_000

    /// Whether the venue has a kind at all, and bars or periods of this length.
    private static func serves(_ kind: HistoryKind, in segment: VenueSegment) -> Bool {
        switch kind {
        case .trade, .fundingRate: true
        case .kline(let interval): segment.klineIntervals.contains(interval)
        // A month has no length that a bar of the mark price could tell.
        case .markPrice(let interval): interval.microseconds != nil && segment.klineIntervals.contains(interval)
        case .openInterest(let period), .ratio(_, let period): segment.ratioPeriods.contains(period)
        // Archives alone have quotes.
        case .bbo, .volatilityIndex: false
        }
    }

    /// Single trades of spot are served all, those of futures to holders of a key alone. What was put together is served
    /// all on spot, and of the last 24 hours on futures (change of 2026-05).
    private static func tradeOffer(_ section: BinanceSegment, isAggregate: Bool) -> HistoryOffer? {
        guard isAggregate || section == .spot else { return nil }
        return HistoryOffer(
            retentionMilliseconds: section == .spot ? nil : 86_400_000, rowsMost: Int(BinanceLimits.tradesMost),
            costs: [
                .init(
                    BinanceLimits.scope(of: section),
                    BinanceLimits.tradesWeight(section, isAggregate: isAggregate))
            ])
    }

    /// The most rows that a range holds; nil where that is more than an answer does.
    private static func rows(_ interval: KlineInterval, _ from: Int64, _ to: Int64, most: Int) -> Int? {
        let rows = (to - from) / interval.leastMilliseconds + 1
        return rows <= Int64(most) ? Int(rows) : nil
    }

    private static func barCosts(_ section: BinanceSegment, _ limit: Int) -> [VenueRequest.Cost] {
        [.init(BinanceLimits.scope(of: section), BinanceLimits.klinesWeight(section, limit: limit))]
    }
}
