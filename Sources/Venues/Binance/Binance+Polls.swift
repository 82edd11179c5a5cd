package import MarketModel

extension Binance {
    package func polls(of instruments: [Instrument], in segment: VenueSegment, wanted: Wanted) -> [VenuePoll] {
        let section = BinanceSegment(of: segment)
        guard section != .spot, !instruments.isEmpty else { return [] }
        var polls: [VenuePoll] = []
        if wanted.types.contains(.openInterest) {
            polls += instruments.map { Self.openInterest(of: $0.venueSymbol, in: section) }
        }
        for (type, kind) in Self.ratios where wanted.types.contains(type) {
            polls += instruments.compactMap { Self.ratio(type, kind, of: $0, in: section, period: wanted.ratioPeriod) }
        }
        if wanted.types.contains(.fundingRate) { polls.append(Self.fundingIntervals(in: section)) }
        return polls
    }

    package func klineRequest(
        of symbol: String, _ interval: KlineInterval, fromMilliseconds: Int64, toMilliseconds: Int64,
        in segment: VenueSegment
    ) -> VenueRequest? {
        let section = BinanceSegment(of: segment)
        guard segment.klineIntervals.contains(interval), fromMilliseconds >= 0, fromMilliseconds <= toMilliseconds,
            toMilliseconds <= Self.timeMax
        else { return nil }
        // The shortest month: a range is never cut for one that is longer.
        let length = interval.leastMilliseconds
        let most = Int64(BinanceLimits.klinesMost(section))
        // From the end backwards: spot and USD-M would fill an answer from its start.
        var from = max(fromMilliseconds, toMilliseconds - most * length + 1)
        if section == .coinm { from = max(from, toMilliseconds - Self.coinmRange) }
        let limit = Int(min(most, (toMilliseconds - from) / length + 1))
        return VenueRequest(
            segment.id,
            path: BinanceEndpoints.klines(
                section, symbol: symbol, interval, from: from, to: toMilliseconds, limit: limit),
            costs: [.init(BinanceLimits.scope(of: section), BinanceLimits.klinesWeight(section, limit: limit))])
    }

    // MARK: - Private

    /// Year 2255, far below where a sum of times would overflow.
    static let timeMax: Int64 = 9_000_000_000_000
    /// COIN-M refuses a range of more than 200 days.
    private static let coinmRange: Int64 = 200 * 86_400_000 - 1

    private static let ratios: [(type: DataType, kind: LongShortRatio.Kind)] = [
        (.topPositionRatio, .topPosition), (.topAccountRatio, .topAccount), (.allAccountRatio, .allAccount),
    ]

    private static func openInterest(of symbol: String, in section: BinanceSegment) -> VenuePoll {
        VenuePoll(
            type: .openInterest, symbol: symbol, question: .openInterest,
            request: VenueRequest(
                section.id, path: BinanceEndpoints.openInterest(section, symbol: symbol),
                costs: [.init(BinanceLimits.scope(of: section), BinanceLimits.openInterestWeight)]))
    }

    /// USD-M measures ratios of each symbol. COIN-M measures them of a pair with all of its contracts: each pair is
    /// asked for once, for its perpetual, and a dated contract has none of its own.
    private static func ratio(
        _ type: DataType, _ kind: LongShortRatio.Kind, of instrument: Instrument, in section: BinanceSegment,
        period: KlineInterval
    ) -> VenuePoll? {
        guard section != .coinm || instrument.market == .perpetual,
            let name = Self.figureName(of: instrument.venueSymbol, in: section)
        else { return nil }
        return VenuePoll(
            type: type, symbol: instrument.venueSymbol, question: .ratio(kind, period: period),
            request: VenueRequest(
                section.id, path: BinanceEndpoints.ratio(section, kind, of: name, period: period),
                costs: Self.figureCosts(section)))
    }

    /// By what ratios and past open interest are asked for: the symbol, or the pair of COIN-M's perpetual.
    static func figureName(of symbol: String, in section: BinanceSegment) -> String? {
        guard section == .coinm else { return symbol }
        return symbol.hasSuffix("_PERP") ? String(symbol.dropLast(5)) : nil
    }

    /// No weight on USD-M; copies of COIN-M's pages say 1 (undated, not verified), and may mean the shared budget.
    static func figureCosts(_ section: BinanceSegment) -> [VenueRequest.Cost] {
        let costs = [VenueRequest.Cost("futures-data", 0)]
        return section == .coinm ? costs + [.init("futures", 1)] : costs
    }

    /// One question for the whole section. USD-M counts it in a budget that it shares with the history of rates; of
    /// COIN-M's no weight is published, and one is assumed
    /// (https://developers.binance.com/docs/derivatives/coin-margined-futures/market-data/rest-api/Get-Funding-Info,
    /// from an undated copy, not verified).
    private static func fundingIntervals(in section: BinanceSegment) -> VenuePoll {
        let cost: VenueRequest.Cost = section == .usdm ? .init("funding-info", 0) : .init("futures", 1)
        return VenuePoll(
            type: .fundingRate, symbol: nil, question: .fundingIntervals,
            request: VenueRequest(section.id, path: BinanceEndpoints.fundingIntervals(section), costs: [cost]))
    }
}
