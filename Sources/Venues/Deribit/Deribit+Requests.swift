package import MarketModel
package import Resilience

extension Deribit {
    /// A pool of credits refills as it is used: what it holds when full may be spent in the time that fills it.
    package func scopes(limits: VenueLimits) -> [String: RateLimits] {
        // No headroom: the configured share of the venue's limit is what is left to others already.
        func scope(_ meter: RateWindow.Meter, _ key: String, per length: Duration) -> RateLimits {
            RateLimits(windows: [RateWindow(meter, limit: limits.usable(key), per: length)], headroom: 0)
        }
        return [
            "requests": scope(.weight, "request_credits_per_5_seconds", per: .seconds(5)),
            "instruments": scope(.weight, "instrument_credits_per_50_seconds", per: .seconds(50)),
            // The venue caps what is open, not what is opened: thus a storm of reconnects stays below the cap.
            "connections": scope(.requests, "connections", per: .seconds(10)),
        ]
    }

    package func connectScope(of segment: VenueSegment) -> String { "connections" }

    static let requestCredits = 500
    private static let listCredits = 10_000

    static func request(_ segment: VenueSegment, _ method: String, _ query: String) -> VenueRequest {
        VenueRequest(
            segment.id, path: "/api/v2/public/\(method)?\(query)", costs: [.init("requests", Self.requestCredits)])
    }

    /// The word for a section's instruments in requests; nil for the indices.
    static func kind(of segment: VenueSegment) -> String? {
        switch DeribitSegment(of: segment) {
        case .perpetual: "future"
        case .option: "option"
        case .index: nil
        }
    }

    // MARK: - Instruments

    package func instrumentRequests(in segment: VenueSegment) -> [VenueRequest] {
        guard let kind = Self.kind(of: segment) else { return [] }
        return [
            VenueRequest(
                segment.id, path: "/api/v2/public/get_instruments?currency=any&kind=\(kind)&expired=false",
                costs: [.init("instruments", Self.listCredits)])
        ]
    }

    /// The indices are listed by no answer: theirs is always the same.
    package func instruments(
        _ body: [UInt8], in segment: VenueSegment
    ) throws(UnreadableAnswer) -> (instruments: [Instrument], refused: Int) {
        let section = DeribitSegment(of: segment)
        guard section != .index else { return (Self.indices, 0) }
        do throws(JSONError) {
            return try DeribitInstruments.parse(body.span, section: section)
        } catch {
            throw UnreadableAnswer("get_instruments of \(segment.id): \(error)")
        }
    }

    /// Two indices have values, whatever others the documentation names (2026-03-06).
    static let indices = ["BTC", "ETH"].map { currency in
        Instrument(
            venue: Self.id, segment: DeribitSegment.index.rawValue, market: .option, symbol: currency,
            venueSymbol: "\(currency.lowercased())_usd", base: currency, quote: "USD", contract: .spot, unit: .base)
    }

    package func snapshotRequest(of symbol: String, levels: Int, in segment: VenueSegment) -> VenueRequest? { nil }

    /// Numbers of levels a side that are served (2026-03-06).
    private static let bookDepths = [1, 5, 10, 20, 50, 100, 1_000, 10_000]

    package func auditRequest(of symbol: String, levels: Int, in segment: VenueSegment) -> VenueBookRequest? {
        guard Self.kind(of: segment) != nil, let most = Self.bookDepths.last else { return nil }
        let depth = Self.bookDepths.first { $0 >= levels } ?? most
        return VenueBookRequest(
            Self.request(segment, "get_order_book", "instrument_name=\(symbol)&depth=\(depth)"), levels: depth)
    }

    // MARK: - Polls

    package func polls(of instruments: [Instrument], in segment: VenueSegment, wanted: Wanted) -> [VenuePoll] {
        if DeribitSegment(of: segment) == .index {
            guard wanted.types.contains(.volatilityIndex) else { return [] }
            return instruments.map { Self.volatilityPoll(of: $0, segment) }
        }
        guard wanted.types.contains(.kline) else { return [] }
        return instruments.flatMap { instrument in
            wanted.klineIntervals.compactMap { Self.klinePoll(of: instrument.venueSymbol, $0, segment) }
        }
    }

    private static func volatilityPoll(of instrument: Instrument, _ segment: VenueSegment) -> VenuePoll {
        VenuePoll(
            type: .volatilityIndex, symbol: instrument.venueSymbol, question: .volatilityIndex(.minute1),
            request: Self.request(
                segment, "get_volatility_index_data", "currency=\(instrument.base)&resolution=60"),
            range: Self.range(barMilliseconds: 60_000, most: Self.volatilityBarsMax))
    }

    /// The last bars of an interval, of which those that are over are taken.
    private static func klinePoll(
        of symbol: String, _ interval: KlineInterval, _ segment: VenueSegment
    ) -> VenuePoll? {
        guard let resolution = DeribitStream.resolution(of: interval), let length = interval.microseconds else {
            return nil
        }
        return VenuePoll(
            type: .kline, symbol: symbol, question: .klines(interval),
            request: Self.request(
                segment, "get_tradingview_chart_data", "instrument_name=\(symbol)&resolution=\(resolution)"),
            range: Self.range(barMilliseconds: length / 1_000, most: Self.barsMax), interval: .microseconds(length))
    }

    /// Two bars before the time up to which was asked: the one that was growing then, and the one that it began in.
    private static func range(barMilliseconds: Int64, most bars: Int64) -> VenuePoll.TimeRange {
        VenuePoll.TimeRange(
            startKey: "start_timestamp", endKey: "end_timestamp", lengthMilliseconds: 2 * barMilliseconds,
            mostMilliseconds: bars * barMilliseconds)
    }

    // MARK: - Bars

    /// What one answer holds at most, as clients found; the venue names no number.
    static let barsMax: Int64 = 5_000
    static let volatilityBarsMax: Int64 = 1_000

    package func klineRequest(
        of symbol: String, _ interval: KlineInterval, fromMilliseconds: Int64, toMilliseconds: Int64,
        in segment: VenueSegment
    ) -> VenueRequest? {
        guard Self.kind(of: segment) != nil, let resolution = DeribitStream.resolution(of: interval),
            let length = interval.microseconds
        else { return nil }
        // The first opening of the last that an answer holds: a range of just as many loses none.
        let step = length / 1_000
        let (last, overflow) = toMilliseconds.subtractingReportingOverflow(Self.barsMax * step - step)
        let start = overflow ? fromMilliseconds : max(fromMilliseconds, last / step * step)
        return Self.request(
            segment, "get_tradingview_chart_data",
            "instrument_name=\(symbol)&resolution=\(resolution)&start_timestamp=\(start)"
                + "&end_timestamp=\(toMilliseconds)"
        )
    }

    // MARK: - History

    /// The most trades of one answer.
    static let tradesMost: UInt64 = 1_000
    /// Numbers of trades are read from signed numbers of 64 bits.
    private static let tradeNumberMax = UInt64(Int64.max)
    /// Hours that one answer holds, as clients found; the venue names no number.
    static let fundingHoursMax: Int64 = 744

    /// By `trade_seq`, oldest first
    /// (https://docs.deribit.com/api-reference/market-data/public-get_last_trades_by_instrument, 2026-03-06). How far back
    /// they are served without an account is not published; older ones are left out of the answer.
    package func tradeRequest(
        of symbol: String, ids: ClosedRange<UInt64>, in segment: VenueSegment, wanted: Wanted
    ) -> VenueTradeRequest? {
        guard Self.kind(of: segment) != nil, ids.upperBound <= Self.tradeNumberMax else { return nil }
        let asked = ids.first(Self.tradesMost)
        let query =
            "instrument_name=\(symbol)&start_seq=\(asked.lowerBound)&end_seq=\(asked.upperBound)"
            + "&count=\(Self.tradesMost)&sorting=asc"
        return VenueTradeRequest(Self.request(segment, "get_last_trades_by_instrument", query), ids: asked)
    }

    /// A row for each hour that ended then, the newest of them.
    package func fundingRequest(
        of symbol: String, fromMilliseconds: Int64, toMilliseconds: Int64, in segment: VenueSegment
    ) -> VenueRequest? {
        guard DeribitSegment(of: segment) == .perpetual, fromMilliseconds >= 0, fromMilliseconds <= toMilliseconds
        else { return nil }
        let start = max(fromMilliseconds, toMilliseconds - (Self.fundingHoursMax - 1) * 3_600_000)
        return Self.request(
            segment, "get_funding_rate_history",
            "instrument_name=\(symbol)&start_timestamp=\(start)&end_timestamp=\(toMilliseconds)")
    }

    // MARK: - Turnover

    /// Currencies that instruments settle in (2026-03-06); a summary is of one of them.
    private static let currencies = ["BTC", "ETH", "USDC", "USDT", "EURR"]

    package func turnoverRequests(in segment: VenueSegment) -> [VenueRequest] {
        guard let kind = Self.kind(of: segment) else { return [] }
        return Self.currencies.map {
            Self.request(segment, "get_book_summary_by_currency", "currency=\($0)&kind=\(kind)")
        }
    }

    package func turnovers(
        _ body: [UInt8], in segment: VenueSegment
    ) throws(UnreadableAnswer) -> [String: DecimalValue] {
        do throws(JSONError) {
            return try DeribitInstruments.turnovers(body.span)
        } catch {
            throw UnreadableAnswer("get_book_summary_by_currency of \(segment.id): \(error)")
        }
    }

    package func usage(
        in answer: VenueAnswer, to request: VenueRequest
    ) -> [(scope: String, used: Int, per: Duration)] { [] }
}
