/// What is asked for later.
extension Binance {
    /// Trades one by one and those put together are counted apart: the stream that is wanted says which ids these are.
    /// Futures give single trades, older than the latest, to holders of a key alone.
    package func tradeRequest(
        of symbol: String, ids: ClosedRange<UInt64>, in segment: VenueSegment, wanted: Wanted
    ) -> VenueTradeRequest? {
        let section = BinanceSegment(of: segment)
        let isAggregate = wanted.options["trade_stream"] == "aggTrade"
        guard isAggregate || section == .spot, ids.upperBound <= Self.idMax else { return nil }
        let asked = ids.first(BinanceLimits.tradesMost)
        let count = asked.upperBound - asked.lowerBound + 1
        return VenueTradeRequest(
            VenueRequest(
                segment.id,
                path: BinanceEndpoints.trades(
                    section, symbol: symbol, isAggregate: isAggregate, from: asked.lowerBound, limit: count),
                costs: [
                    .init(
                        BinanceLimits.scope(of: section),
                        BinanceLimits.tradesWeight(section, isAggregate: isAggregate))
                ]), ids: asked)
    }

    /// The oldest come first; what goes past an answer is left.
    package func fundingRequest(
        of symbol: String, fromMilliseconds: Int64, toMilliseconds: Int64, in segment: VenueSegment
    ) -> VenueRequest? {
        let section = BinanceSegment(of: segment)
        guard section != .spot, fromMilliseconds >= 0, fromMilliseconds <= toMilliseconds,
            toMilliseconds <= Self.timeMax
        else { return nil }
        return VenueRequest(
            segment.id,
            path: BinanceEndpoints.fundingHistory(
                section, symbol: symbol, from: fromMilliseconds, to: toMilliseconds),
            costs: Self.fundingCosts(section))
    }

    /// USD-M counts it together with the intervals and gives it no weight, COIN-M's weighs one
    /// (https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api, 2026-07-01).
    static func fundingCosts(_ section: BinanceSegment) -> [VenueRequest.Cost] {
        [section == .usdm ? .init("funding-info", 0) : .init("futures", 1)]
    }

    /// Ids are signed numbers of 64 bits.
    private static let idMax = UInt64(Int64.max)
}
