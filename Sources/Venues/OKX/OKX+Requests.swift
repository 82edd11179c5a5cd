package import MarketModel
package import Resilience

extension OKX {
    // MARK: Budgets

    /// Endpoints by the name of their budget: requests that the venue takes in two seconds from one address.
    private static let endpoints: [(scope: String, limit: Int)] = [
        ("instruments", 20), ("tickers", 20), ("candles", 40), ("history-candles", 20), ("books", 40),
        // Rates are metered for each instrument; one budget for all of them asks no faster than for one.
        (Self.tradesScope, 20), (Self.fundingScope, 10), (Self.timeScope, 10),
        (Self.ratioScope(.allAccount), 5), (Self.ratioScope(.topAccount), 5), (Self.ratioScope(.topPosition), 5),
        (Self.openInterestScope, 10), ("mark-price-candles", 20), ("history-mark-price-candles", 20),
        (Self.archiveScope, 5),
    ]

    private static let connections = "connections"

    package func scopes(limits: VenueLimits) -> [String: RateLimits] {
        // No headroom: the configured share of the venue's limit is what is left to others already. Evenly spaced: what
        // went together, and again together a stretch later, would be too many within one stretch as soon as the first
        // of them take longer to reach the venue than the last. Of one request nothing can be reserved.
        func scope(_ limit: Int, per length: Duration) -> RateLimits {
            var windows = [RateWindow(.requests, limit: limit, per: length)]
            if limit > 1 { windows.append(RateWindow(.requests, limit: 1, per: length / limit)) }
            return RateLimits(windows: windows, headroom: 0, reserve: 0)
        }
        var scopes = [Self.connections: scope(limits.usable("connects_per_second"), per: .seconds(1))]
        for endpoint in Self.endpoints {
            let usable = max(1, endpoint.limit * limits.usePercent / 100)
            scopes[endpoint.scope] = scope(usable, per: .seconds(2))
        }
        return scopes
    }

    package func connectScope(of segment: VenueSegment) -> String { Self.connections }

    static let openInterestScope = "open-interest-history"
    static let archiveScope = "market-data-history"

    static func ratioScope(_ kind: LongShortRatio.Kind) -> String {
        switch kind {
        case .allAccount: "long-short-accounts"
        case .topAccount: "long-short-top-accounts"
        case .topPosition: "long-short-top-positions"
        }
    }

    // MARK: Requests

    func request(_ segment: VenueSegment, _ path: String, _ scope: String) -> VenueRequest {
        VenueRequest(segment.id, path: "/api/v5/\(path)", costs: [.init(scope, 1)])
    }

    package func instrumentRequests(in segment: VenueSegment) -> [VenueRequest] {
        let type = OKXSegment(of: segment).instrumentType
        return [self.request(segment, "public/instruments?instType=\(type)", "instruments")]
    }

    package func instruments(
        _ body: [UInt8], in segment: VenueSegment
    ) throws(UnreadableAnswer) -> (instruments: [Instrument], refused: Int) {
        try OKXInstruments.parse(body, segment: OKXSegment(of: segment))
    }

    /// Books start with a snapshot in their stream.
    package func snapshotRequest(of symbol: String, levels: Int, in segment: VenueSegment) -> VenueRequest? { nil }

    /// Levels a side of the book that the stream brings, and the most of an answer with its ids.
    private static let bookLevels = 400

    /// The answer is as of the last 50 ms and carries the id that the stream's updates have (docs-v5 of 2026-08-22).
    package func auditRequest(of symbol: String, levels: Int, in segment: VenueSegment) -> VenueBookRequest? {
        let size = min(max(levels, 1), Self.bookLevels)
        return VenueBookRequest(
            self.request(segment, "market/books?instId=\(symbol)&sz=\(size)", "books"), levels: size)
    }

    package func polls(of instruments: [Instrument], in segment: VenueSegment, wanted: Wanted) -> [VenuePoll] {
        guard OKXSegment(of: segment) == .swap, let period = OKXChannel.bar(of: wanted.ratioPeriod) else { return [] }
        let kinds: [(type: DataType, kind: LongShortRatio.Kind)] = [
            (.topPositionRatio, .topPosition), (.topAccountRatio, .topAccount), (.allAccountRatio, .allAccount),
        ]
        return kinds.filter { wanted.types.contains($0.type) }.flatMap { kind in
            instruments.map { instrument in
                let path = "\(Self.ratioPath(kind.kind))?instId=\(instrument.venueSymbol)&period=\(period)&limit=1"
                return VenuePoll(
                    type: kind.type, symbol: instrument.venueSymbol,
                    question: .ratio(kind.kind, period: wanted.ratioPeriod),
                    request: self.request(segment, path, Self.ratioScope(kind.kind)))
            }
        }
    }

    static func ratioPath(_ kind: LongShortRatio.Kind) -> String {
        let resource =
            switch kind {
            case .topPosition: "long-short-position-ratio-contract-top-trader"
            case .topAccount: "long-short-account-ratio-contract-top-trader"
            case .allAccount: "long-short-account-ratio-contract"
            }
        return "rubik/stat/contracts/\(resource)"
    }

    /// Whether bars from a time on are where the recent ones are.
    func isRecent(_ interval: KlineInterval, fromMilliseconds: Int64) -> Bool {
        fromMilliseconds >= self.nowMilliseconds() - interval.leastMilliseconds * Self.recentBars
    }

    /// How many bars the endpoint of recent ones goes back: 1440, of which some are left for the way of the request.
    private static let recentBars: Int64 = 1_400

    package func klineRequest(
        of symbol: String, _ interval: KlineInterval, fromMilliseconds: Int64, toMilliseconds: Int64,
        in segment: VenueSegment
    ) -> VenueRequest? {
        guard let bar = OKXChannel.bar(of: interval), fromMilliseconds > 0, toMilliseconds >= fromMilliseconds,
            toMilliseconds < Int64.max
        else { return nil }
        // The newest bars are only where the recent ones are, older ones only in the history.
        let scope =
            self.isRecent(interval, fromMilliseconds: fromMilliseconds) ? "candles" : "history-candles"
        // Both bounds are left out: `after` asks for what is older, `before` for what is newer.
        let bounds = "after=\(toMilliseconds + 1)&before=\(fromMilliseconds - 1)"
        return self.request(segment, "market/\(scope)?instId=\(symbol)&bar=\(bar)&\(bounds)&limit=300", scope)
    }

    // MARK: History

    static let tradesScope = "history-trades"
    static let fundingScope = "funding-rate-history"
    /// The most trades of one answer.
    static let tradesMost: UInt64 = 100
    /// Ids of 18 digits are the longest that are read.
    private static let tradeIDMax: UInt64 = 999_999_999_999_999_998

    /// Single trades of the last three months, by `type=1`, which pages by id, and newest first: both bounds, which are
    /// left out of the answer, make a page of the oldest (https://www.okx.com/docs-v5/en/, trades history, 2026-08-22).
    ///
    /// A trade of the stream that was put together of several comes as these.
    package func tradeRequest(
        of symbol: String, ids: ClosedRange<UInt64>, in segment: VenueSegment, wanted: Wanted
    ) -> VenueTradeRequest? {
        guard ids.upperBound <= Self.tradeIDMax else { return nil }
        let asked = ids.first(Self.tradesMost)
        // Nothing is below the first id of all.
        let before = asked.lowerBound > 0 ? "&before=\(asked.lowerBound - 1)" : ""
        let path = "market/history-trades?instId=\(symbol)&type=1&after=\(asked.upperBound + 1)\(before)&limit=100"
        return VenueTradeRequest(self.request(segment, path, Self.tradesScope), ids: asked)
    }

    /// The newest of the last three months, 400 at most.
    package func fundingRequest(
        of symbol: String, fromMilliseconds: Int64, toMilliseconds: Int64, in segment: VenueSegment
    ) -> VenueRequest? {
        guard OKXSegment(of: segment) == .swap, fromMilliseconds > 0, toMilliseconds >= fromMilliseconds,
            toMilliseconds < Int64.max
        else { return nil }
        let bounds = "after=\(toMilliseconds + 1)&before=\(fromMilliseconds - 1)"
        return self.request(
            segment, "public/funding-rate-history?instId=\(symbol)&\(bounds)&limit=400", Self.fundingScope)
    }

    package func turnoverRequests(in segment: VenueSegment) -> [VenueRequest] {
        let type = OKXSegment(of: segment).instrumentType
        return [self.request(segment, "market/tickers?instType=\(type)", "tickers")]
    }

    package func turnovers(
        _ body: [UInt8], in segment: VenueSegment
    ) throws(UnreadableAnswer) -> [String: DecimalValue] {
        try OKXTurnovers.parse(body, segment: OKXSegment(of: segment))
    }

    // MARK: Answers

    /// The code in the body counts, whatever the status; the venue names no time to wait.
    package func verdict(on answer: VenueAnswer) -> AnswerVerdict {
        let code = OKXRefusal.code(of: answer.body)
        if code == 0 { return .success }
        switch (answer.status, code.map { OKXRefusal(code: $0).meaning }) {
        case (429, _), (_, .tooManyRequests): return .rateLimited(retryAfter: nil)
        // A success without a code is an answer cut short.
        case (500...599, _), (408, _), (_, .temporary), (200...299, nil): return .unavailable(retryAfter: nil)
        default: return .refused(code: code)
        }
    }

    /// Answers say nothing of what was used.
    package func usage(
        in answer: VenueAnswer, to request: VenueRequest
    ) -> [(scope: String, used: Int, per: Duration)] { [] }
}
