import MarketModel

/// What is served of the past. The venue has no archives, and of quotes, of open interest, of ratios and of mark prices nothing: its
/// history of mark prices holds options of the volatility index alone, and no bars.
///
/// Source: https://docs.deribit.com/ (2026-03-06). Both ends of a range are part of it.
extension Deribit {
    package func historyOffer(of kind: HistoryKind, in segment: VenueSegment, wanted: Wanted) -> HistoryOffer? {
        guard segment.offer(of: kind.type).isOffered else { return nil }
        func offer(_ rows: Int64, span: Int64? = nil) -> HistoryOffer {
            HistoryOffer(
                rowsMost: Int(rows), spanMostMilliseconds: span, costs: [.init("requests", Self.requestCredits)])
        }
        switch kind {
        // How far back they are served to those without an account is not published.
        case .trade: return offer(Int64(Self.tradesMost))
        case .kline(let interval): return segment.klineIntervals.contains(interval) ? offer(Self.barsMax) : nil
        case .fundingRate: return offer(Self.fundingHoursMax, span: Self.fundingSpan)
        case .volatilityIndex(let interval):
            return Self.volatilityResolution(of: interval) == nil ? nil : offer(Self.volatilityBarsMax)
        case .bbo, .openInterest, .ratio, .markPrice: return nil
        }
    }

    package func historyRequest(
        of kind: HistoryKind, symbol: String, fromMilliseconds from: Int64, toMilliseconds to: Int64,
        in segment: VenueSegment
    ) -> HistoryRequest? {
        guard segment.offer(of: kind.type).isOffered, from >= 0, from <= to, to <= Self.timeMax else { return nil }
        switch kind {
        case .kline(let interval):
            guard segment.klineIntervals.contains(interval), Self.holds(interval, from, to, most: Self.barsMax) else {
                return nil
            }
            return self.klineRequest(of: symbol, interval, fromMilliseconds: from, toMilliseconds: to, in: segment)
                .map { HistoryRequest($0, .klines(interval, missed: HistoryRequest.missed)) }
        case .fundingRate:
            guard to - from <= Self.fundingSpan else { return nil }
            return self.fundingRequest(of: symbol, fromMilliseconds: from, toMilliseconds: to, in: segment)
                .map { HistoryRequest($0, .fundingHistory) }
        case .volatilityIndex(let interval):
            guard let resolution = Self.volatilityResolution(of: interval),
                Self.holds(interval, from, to, most: Self.volatilityBarsMax),
                let index = Self.indices.first(where: { $0.venueSymbol == symbol })
            else { return nil }
            let query =
                "currency=\(index.base)&resolution=\(resolution)&start_timestamp=\(from)&end_timestamp=\(to)"
            return HistoryRequest(
                Self.request(segment, "get_volatility_index_data", query), .volatilityIndex(interval))
        case .trade, .bbo, .openInterest, .ratio, .markPrice:
            return nil
        }
    }

    /// The first of a month: options may not be traded for weeks.
    package func tradeSearchRequest(
        of symbol: String, atMilliseconds time: Int64, in segment: VenueSegment, wanted: Wanted
    ) -> TradeSearchRequest? {
        guard Self.kind(of: segment) != nil, time >= 0, time <= Self.timeMax else { return nil }
        let end = time + Self.searchSpan
        let query =
            "instrument_name=\(symbol)&start_timestamp=\(time)&end_timestamp=\(end - 1)&count=1&sorting=asc"
        return TradeSearchRequest(
            Self.request(segment, "get_last_trades_by_instrument_and_time", query), tells: .first,
            endMilliseconds: end, keptMilliseconds: Self.tradesKept)
    }

    package func lastTradeRequest(
        of symbol: String, fromMilliseconds from: Int64, beforeMilliseconds end: Int64, in segment: VenueSegment,
        wanted: Wanted
    ) -> VenueRequest? {
        guard Self.kind(of: segment) != nil, from >= 0, from < end, end <= Self.timeMax else { return nil }
        let query =
            "instrument_name=\(symbol)&start_timestamp=\(from)&end_timestamp=\(end - 1)&count=1&sorting=desc"
        return Self.request(segment, "get_last_trades_by_instrument_and_time", query)
    }

    // MARK: - Private

    private static let searchSpan: Int64 = 30 * 86_400_000
    /// What is documented of requests for an account's own trades; of public ones nothing is (2026-03-06).
    private static let tradesKept: Int64 = 86_400_000
    private static let fundingSpan: Int64 = (Self.fundingHoursMax - 1) * 3_600_000
    /// Year 2255, far below where a sum of times would overflow.
    private static let timeMax: Int64 = 9_000_000_000_000

    private static func volatilityResolution(of interval: KlineInterval) -> String? {
        DeribitStream.volatilityResolutions.first { $0.interval == interval }?.text
    }

    /// Whether an answer holds all rows of a range.
    private static func holds(_ interval: KlineInterval, _ from: Int64, _ to: Int64, most: Int64) -> Bool {
        (to - from) / interval.leastMilliseconds < most
    }
}
