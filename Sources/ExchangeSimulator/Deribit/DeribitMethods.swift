internal import Transport

extension ExchangeCore {
    private static let json = "application/json"

    /// Answers a request to Deribit over HTTP: `/api/v2/public/get_time`.
    func respondAsDeribit(_ request: HTTPRequest) -> HTTPResponse {
        let segments = SimulatedHost.deribit.segments
        if self.faultHappens(.serverError, segments: segments, .rest(request.path)) {
            return self.deribitFailure(503, .unavailable)
        }
        if self.faultHappens(.rateLimited, segments: segments, .rest(request.path))
            || self.faultHappens(.banned, segments: segments, .rest(request.path))
        {
            return self.deribitFailure(429, .tooManyRequests)
        }
        guard request.method == "GET", request.path.hasPrefix("/api/v2/") else {
            return self.deribitFailure(404, .unknownMethod)
        }
        guard self.deribitCredits.spend(500, at: LoopClock.monotonicMicroseconds()) else {
            self.counters.requestsLimited += 1
            return self.deribitFailure(429, .tooManyRequests)
        }
        let values = request.query.map { ($0.name, DeribitParameters.Value.text($0.value)) }
        let parameters = DeribitParameters(values: Dictionary(values, uniquingKeysWith: { $1 }))
        let result = self.deribitResult(String(request.path.dropFirst(8)), parameters)
        if case .failure(let error) = result {
            return self.deribitFailure(error == .tooManyRequests ? 429 : 400, error)
        }
        return HTTPResponse(contentType: Self.json, body: DeribitAnswer.write(nil, result))
    }

    private func deribitFailure(_ status: Int, _ error: DeribitError) -> HTTPResponse {
        HTTPResponse(status: status, contentType: Self.json, body: DeribitAnswer.write(nil, .failure(error)))
    }

    /// Does what a method of either transport asks for.
    func deribitResult(_ method: String, _ parameters: DeribitParameters) -> Result<[UInt8], DeribitError> {
        do throws(DeribitError) {
            return .success(try self.deribitAnswer(method, parameters, at: LoopClock.wallMicroseconds() / 1000))
        } catch {
            return .failure(error)
        }
    }

    private func deribitAnswer(
        _ method: String, _ parameters: DeribitParameters, at now: Int64
    ) throws(DeribitError) -> [UInt8] {
        switch method {
        case "public/test": return Array(#"{"version":"1.2.26"}"#.utf8)
        case "public/get_time": return Array(String(now).utf8)
        case "public/status": return Array(#"{"locked":"false","locked_indices":[]}"#.utf8)
        case "public/get_instruments": return try self.deribitInstruments(parameters)
        case "public/get_order_book": return try self.deribitBook(parameters, at: now)
        case "public/get_book_summary_by_currency": return try self.deribitSummary(parameters, at: now)
        case "public/get_last_trades_by_instrument": return try self.deribitTrades(parameters)
        case "public/get_last_trades_by_instrument_and_time": return try self.deribitTrades(parameters)
        case "public/get_volatility_index_data": return try self.deribitVolatility(parameters, at: now)
        case "public/get_tradingview_chart_data": return try self.deribitChart(parameters, at: now)
        case "public/get_funding_rate_history": return try self.deribitFunding(parameters)
        default: throw .unknownMethod
        }
    }

    /// The instrument that a method names, of those that are still listed.
    func deribitMarket(
        _ parameters: DeribitParameters
    ) throws(DeribitError) -> (market: GeneratedMarket, messages: DeribitMessages) {
        guard let name = parameters.text("instrument_name") else { throw .invalidParameters }
        let segment = DeribitTopics.segment(of: name)
        guard let market = self.generated[segment]?[name], !market.isDelisted else { throw .unknownInstrument }
        return (market, self.deribitMessages(segment, market.market.symbol))
    }

    func deribitMessages(_ segment: MarketSegment, _ symbol: SimulatedSymbol) -> DeribitMessages {
        DeribitMessages(
            segment: segment, symbol: symbol,
            liquidationTrades: UInt64(max(self.configuration.pace.liquidationTrades, 1)))
    }

    /// The instruments of a currency and kind, delisted ones on demand.
    private func deribitSymbols(
        _ parameters: DeribitParameters
    ) throws(DeribitError) -> [(segment: MarketSegment, symbol: SimulatedSymbol)] {
        guard let currency = parameters.text("currency") else { throw .invalidParameters }
        let kind = parameters.text("kind")
        let isExpired = parameters.text("expired") == "true"
        return SimulatedHost.deribit.segments.flatMap { segment -> [(MarketSegment, SimulatedSymbol)] in
            let isWanted = kind == nil || kind == "any" || kind == (segment == .deribitOption ? "option" : "future")
            guard isWanted else { return [] }
            return self.symbols(of: segment)
                .filter { (currency == "any" || $0.base == currency) && $0.isDelisted == isExpired }
                .map { (segment, $0) }
        }
    }

    private func deribitInstruments(_ parameters: DeribitParameters) throws(DeribitError) -> [UInt8] {
        guard self.deribitListCredits.spend(10_000, at: LoopClock.monotonicMicroseconds()) else {
            throw .tooManyRequests
        }
        var text: [UInt8] = []
        text.write("[")
        for (index, (segment, symbol)) in try self.deribitSymbols(parameters).enumerated() {
            if index > 0 { text.write(",") }
            self.deribitMessages(segment, symbol).writeInstrument(into: &text)
        }
        text.write("]")
        return text
    }

    private func deribitBook(_ parameters: DeribitParameters, at now: Int64) throws(DeribitError) -> [UInt8] {
        let (market, messages) = try self.deribitMarket(parameters)
        let depth = parameters.integer("depth") ?? 5
        guard [1, 5, 10, 20, 50, 100, 1000, 10_000].contains(depth) else { throw .invalidParameters }
        let isStale = self.faultHappens(.staleSnapshot, segments: [market.market.segment])
        let top = market.top(Int(depth), isStale: isStale)
        var text: [UInt8] = []
        text.write("{")
        messages.writeState(market.figures(at: now), now, into: &text)
        text.write(",\"change_id\":\(top.lastID)")
        for (key, levels) in [("bids", top.bids), ("asks", top.asks)] {
            text.write(",\"\(key)\":[")
            for (index, level) in levels.enumerated() {
                text.write(index == 0 ? "[" : ",[")
                messages.writePrice(level.price, into: &text)
                text.write(",")
                messages.writeSize(level.size, into: &text)
                text.write("]")
            }
            text.write("]")
        }
        text.write("}")
        return text
    }

    private func deribitSummary(_ parameters: DeribitParameters, at now: Int64) throws(DeribitError) -> [UInt8] {
        var text: [UInt8] = []
        text.write("[")
        for (index, (segment, symbol)) in try self.deribitSymbols(parameters).enumerated() {
            guard let market = self.generated[segment]?[symbol.symbol] else { continue }
            if index > 0 { text.write(",") }
            self.deribitMessages(segment, symbol).writeSummary(market.figures(at: now), now, into: &text)
        }
        text.write("]")
        return text
    }
}

extension DeribitMessages {
    /// An instrument as lists describe it.
    func writeInstrument(into text: inout [UInt8]) {
        let symbol = self.symbol
        text.write("{\"instrument_name\":")
        text.write(quoted: symbol.symbol)
        text.write(",\"instrument_id\":\(symbol.symbol.utf8.reduce(UInt32(1)) { ($0 &* 31 &+ UInt32($1)) % 900_000 })")
        text.write(",\"kind\":\"\(symbol.option == nil ? "future" : "option")\",\"instrument_type\":\"reversed\"")
        text.write(",\"state\":\"\(symbol.isDelisted ? "archivized" : "open")\"")
        text.write(",\"is_active\":\(!symbol.isDelisted),\"base_currency\":\"\(symbol.base)\"")
        text.write(",\"quote_currency\":\"\(symbol.quote)\",\"counter_currency\":\"USD\"")
        text.write(",\"settlement_currency\":\"\(symbol.base)\",\"price_index\":\"\(symbol.base.lowercased())_usd\"")
        text.write(",\"contract_size\":")
        text.write(shortest: Int64(symbol.contractSize ?? 1), decimals: 0, keepsPoint: true)
        text.write(",\"tick_size\":")
        self.writePrice(symbol.priceStep, into: &text)
        text.write(",\"tick_size_steps\":[],\"min_trade_amount\":")
        self.writeSize(symbol.sizeStep, into: &text)
        text.write(",\"creation_timestamp\":\(symbol.listedAt),\"expiration_timestamp\":")
        if let option = symbol.option {
            text.write("\(option.expiresAt),\"settlement_period\":\"month\",\"strike\":\(option.strike).0")
            text.write(",\"option_type\":\"\(option.isCall ? "call" : "put")\"")
        } else {
            text.write("32503708800000,\"settlement_period\":\"perpetual\",\"max_leverage\":50")
        }
        text.write(",\"taker_commission\":0.0005,\"maker_commission\":0.0,\"rfq\":false}")
    }

    /// An instrument as the summary of its currency tells it.
    func writeSummary(_ figures: MarketFigures, _ now: Int64, into text: inout [UInt8]) {
        text.write("{\"creation_timestamp\":\(now)")
        self.writeName(into: &text)
        text.write(",\"base_currency\":\"\(self.symbol.base)\",\"quote_currency\":\"\(self.symbol.quote)\",\"volume\":")
        self.writeVolume(figures.day, into: &text)
        text.write(",\"volume_usd\":")
        if let option = self.symbol.option {
            text.write(
                shortest: figures.day.volume &* option.underlying, decimals: self.symbol.sizeDecimals, keepsPoint: true)
        } else {
            self.writeCost(figures.day, into: &text)
        }
        text.write(",\"open_interest\":")
        self.writeSize(figures.openInterest, into: &text)
        text.write(",\"mark_price\":")
        text.write(shortest: figures.mark, decimals: self.symbol.priceDecimals + 2, keepsPoint: true)
        text.write(",\"last\":")
        self.writePrice(figures.last?.print.price ?? figures.day.close, into: &text)
        text.write(",\"bid_price\":")
        self.writePrice(figures.best.bids.first?.price ?? 0, into: &text)
        text.write(",\"ask_price\":")
        self.writePrice(figures.best.asks.first?.price ?? 0, into: &text)
        text.write("}")
    }
}
