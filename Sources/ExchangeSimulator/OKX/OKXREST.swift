internal import Transport

/// An endpoint of OKX: what it allows and by what it is metered.
enum OKXEndpoint: String {
    case instruments = "/api/v5/public/instruments"
    case time = "/api/v5/public/time"
    case fundingRate = "/api/v5/public/funding-rate"
    case fundingHistory = "/api/v5/public/funding-rate-history"
    case openInterest = "/api/v5/public/open-interest"
    case markPrice = "/api/v5/public/mark-price"
    case archives = "/api/v5/public/market-data-history"
    case books = "/api/v5/market/books"
    case tickers = "/api/v5/market/tickers"
    case trades = "/api/v5/market/trades"
    case historyTrades = "/api/v5/market/history-trades"
    case candles = "/api/v5/market/candles"
    case historyCandles = "/api/v5/market/history-candles"
    case markCandles = "/api/v5/market/mark-price-candles"
    case historyMarkCandles = "/api/v5/market/history-mark-price-candles"
    case interestHistory = "/api/v5/rubik/stat/contracts/open-interest-history"
    case accountRatio = "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract"
    case topAccountRatio = "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract-top-trader"
    case topPositionRatio = "/api/v5/rubik/stat/contracts/long-short-position-ratio-contract-top-trader"

    /// Requests within two seconds.
    var limit: Int {
        switch self {
        case .instruments, .openInterest, .historyTrades, .tickers, .historyCandles, .markCandles, .historyMarkCandles:
            20
        case .time, .fundingRate, .fundingHistory, .markPrice, .interestHistory: 10
        case .books, .candles: 40
        case .trades: 100
        case .accountRatio, .topAccountRatio, .topPositionRatio, .archives: 5
        }
    }

    /// The parameter that it is metered by, beside the client.
    var meteredBy: String? {
        switch self {
        case .instruments: "instType"
        case .fundingRate, .fundingHistory, .markPrice: "instId"
        default: nil
        }
    }
}

extension ExchangeCore {
    private static let json = "application/json"

    /// Answers a request to OKX.
    func respondAsOKX(_ request: HTTPRequest) -> HTTPResponse {
        let segments = SimulatedHost.okx.segments
        if self.faultHappens(.serverError, segments: segments, .rest(request.path)) {
            return self.okxError(503, "50001", "Service temporarily unavailable. Try again later.")
        }
        if self.faultHappens(.rateLimited, segments: segments, .rest(request.path))
            || self.faultHappens(.banned, segments: segments, .rest(request.path))
        {
            return self.okxTooMany()
        }
        guard request.method == "GET", let endpoint = OKXEndpoint(rawValue: request.path) else {
            return self.okxError(404, "50000", "Not found")
        }
        let scope = endpoint.meteredBy.flatMap { request.query($0) } ?? ""
        let now = LoopClock.monotonicMicroseconds()
        guard self.okx.admit(endpoint.rawValue + scope.prefix(40), limit: endpoint.limit, at: now) else {
            self.counters.requestsLimited += 1
            return self.okxTooMany()
        }
        return self.okxAnswer(endpoint, request, at: LoopClock.wallMicroseconds() / 1000)
    }

    private func okxAnswer(_ endpoint: OKXEndpoint, _ request: HTTPRequest, at now: Int64) -> HTTPResponse {
        switch endpoint {
        case .time: self.okxData { $0.write("{\"ts\":\"\(now)\"}") }
        case .instruments: self.okxInstruments(request)
        case .books: self.okxBook(request, at: now)
        case .tickers: self.okxFigures(request, at: now) { $0.writeTicker($1, now, into: &$2) }
        case .openInterest: self.okxFigures(request, at: now) { $0.writeOpenInterest($1, now, into: &$2) }
        case .markPrice: self.okxFigures(request, at: now) { $0.writeMark($1, now, into: &$2) }
        case .fundingRate: self.okxFunding(request, at: now)
        case .fundingHistory: self.okxFundingHistory(request, at: now)
        case .trades: self.okxTrades(request, pageMax: 500, at: now)
        case .historyTrades: self.okxTrades(request, pageMax: 100, at: now)
        case .candles: self.okxCandles(request, isHistory: false, at: now)
        case .historyCandles: self.okxCandles(request, isHistory: true, at: now)
        case .archives: self.okxArchives(request, at: now)
        case .markCandles: self.okxMarkCandles(request, isHistory: false, at: now)
        case .historyMarkCandles: self.okxMarkCandles(request, isHistory: true, at: now)
        case .interestHistory: self.okxInterestHistory(request, at: now)
        case .accountRatio: self.okxRatio(request, 0, at: now)
        case .topAccountRatio: self.okxRatio(request, 1, at: now)
        case .topPositionRatio: self.okxRatio(request, 2, at: now)
        }
    }

    // MARK: Envelopes

    /// An answer with what `write` puts into its list.
    func okxData(_ write: (inout [UInt8]) -> Void) -> HTTPResponse {
        var text: [UInt8] = []
        text.write("{\"code\":\"0\",\"msg\":\"\",\"data\":[")
        write(&text)
        text.write("]}")
        return HTTPResponse(contentType: Self.json, body: text)
    }

    func okxError(_ status: Int, _ code: StaticString, _ message: String) -> HTTPResponse {
        var text: [UInt8] = []
        text.write("{\"code\":\"")
        text.write(code)
        text.write("\",\"msg\":")
        text.write(quoted: message)
        text.write(",\"data\":[]}")
        return HTTPResponse(status: status, contentType: Self.json, body: text)
    }

    private func okxTooMany() -> HTTPResponse { self.okxError(429, "50011", "Too Many Requests") }

    /// The instrument that a request names, of those that are still listed.
    func okxMarket(_ request: HTTPRequest) -> (market: GeneratedMarket, messages: OKXMessages)? {
        guard let name = request.query("instId") else { return nil }
        let segment = OKXTopics.segment(of: name)
        guard let market = self.generated[segment]?[name], !market.isDelisted else { return nil }
        return (market, OKXMessages(segment: segment, symbol: market.market.symbol))
    }

    func okxUnknown() -> HTTPResponse {
        self.okxError(200, "51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
    }

    // MARK: Instruments and books

    private func okxInstruments(_ request: HTTPRequest) -> HTTPResponse {
        guard let segment = Self.okxSegment(request.query("instType")) else {
            return self.okxError(200, "51000", "Parameter instType error")
        }
        let wanted = request.query("instId")
        let symbols = self.symbols(of: segment).filter {
            !$0.isDelisted && (wanted == nil || $0.symbol == wanted)
        }
        return self.okxData { text in
            for (index, symbol) in symbols.enumerated() {
                if index > 0 { text.write(",") }
                OKXMessages(segment: segment, symbol: symbol).writeInstrument(into: &text)
            }
        }
    }

    static func okxSegment(_ type: String?) -> MarketSegment? {
        type == "SPOT" ? .okxSpot : type == "SWAP" ? .okxSwap : nil
    }

    private func okxBook(_ request: HTTPRequest, at now: Int64) -> HTTPResponse {
        guard let (market, messages) = self.okxMarket(request) else { return self.okxUnknown() }
        let size = request.query("sz").flatMap { Int($0) } ?? 1
        guard (1...OKXMessages.levelsMax).contains(size) else {
            return self.okxError(200, "51000", "Parameter sz error")
        }
        let isStale = self.faultHappens(.staleSnapshot, segments: [market.market.segment])
        // The ids of answers are those of the stream.
        let top = isStale ? market.top(size, isStale: true) : market.told(size)
        return self.okxData { text in
            text.write("{")
            messages.writeSides(top, into: &text)
            text.write(",\"ts\":\"\(now)\",\"seqId\":\(top.lastID)}")
        }
    }
}

extension OKXMessages {
    /// An instrument as lists and pushes describe it.
    func writeInstrument(into text: inout [UInt8]) {
        let isSwap = self.segment == .okxSwap
        let symbol = self.symbol
        let fields: [(String, String)] = [
            ("alias", ""), ("baseCcy", isSwap ? "" : symbol.base), ("category", "1"), ("ctMult", isSwap ? "1" : ""),
            ("ctType", isSwap ? (symbol.isInverse ? "inverse" : "linear") : ""), ("ctVal", symbol.contractValue),
            ("ctValCcy", isSwap ? (symbol.isInverse ? symbol.quote : symbol.base) : ""), ("expTime", symbol.endsAt),
            ("instFamily", isSwap ? symbol.family : ""), ("instId", symbol.symbol),
            ("instType", isSwap ? "SWAP" : "SPOT"), ("lever", "10"), ("listTime", String(symbol.listedAt)),
            ("maxLmtSz", "100000000"), ("maxMktSz", "100000"), ("optType", ""),
            ("quoteCcy", isSwap ? "" : symbol.quote), ("ruleType", "normal"),
            ("settleCcy", isSwap ? (symbol.isInverse ? symbol.base : symbol.quote) : ""), ("state", symbol.okxState),
            ("stk", ""), ("uly", isSwap ? symbol.family : ""),
        ]
        for (index, (key, value)) in fields.enumerated() {
            text.write(index == 0 ? "{" : ",")
            text.write(quoted: key)
            text.write(":")
            text.write(quoted: value)
        }
        text.write(",\"tickSz\":")
        text.write(shortestQuoted: symbol.priceStep, decimals: symbol.priceDecimals)
        for key in ["lotSz", "minSz"] {
            text.write(",\"\(key)\":")
            text.write(shortestQuoted: symbol.sizeStep, decimals: symbol.sizeDecimals)
        }
        text.write(",\"instIdCode\":1}")
    }
}

extension SimulatedSymbol {
    fileprivate var okxState: String { self.isDelisted ? "expired" : "live" }
    fileprivate var endsAt: String { self.option.map { String($0.expiresAt) } ?? "" }
}
