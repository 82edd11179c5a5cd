internal import Transport

extension ExchangeCore {
    private static let json = "application/json;charset=UTF-8"

    /// Answers a request to one of Binance's hosts.
    func respondAsBinance(_ request: HTTPRequest, segment: MarketSegment) -> HTTPResponse {
        if self.faultHappens(.serverError, segments: [segment], .rest(request.path)) {
            return HTTPResponse(status: 503, contentType: "text/html", text: "<html>Service Unavailable</html>")
        }
        let retryAfter = self.configuration.faults.retryAfterSeconds
        if self.faultHappens(.rateLimited, segments: [segment], .rest(request.path)) {
            return self.limited(429, retryAfter, used: nil)
        }
        if self.faultHappens(.banned, segments: [segment], .rest(request.path)) {
            return self.limited(418, retryAfter, used: nil)
        }
        let limit = DepthLimit(request.query("limit"), segment: segment)
        let endpoint = self.endpoint(of: request, segment: segment)
        let moment = LoopClock.monotonicMicroseconds()
        if endpoint?.isStatistic == true && !self.binanceStatistics.admit(at: moment)
            || endpoint?.isFunding == true && segment == .usdm && !self.binanceFunding.admit(at: moment)
        {
            self.counters.requestsLimited += 1
            return self.limited(429, retryAfter, used: nil)
        }
        let weight = endpoint == .depth ? limit?.weight ?? 1 : endpoint?.weight(request, segment) ?? 1
        let now = LoopClock.wallMicroseconds()
        let verdict =
            segment == .spot ? self.spotWeight.spend(weight, at: now) : self.futuresWeight.spend(weight, at: now)
        switch verdict {
        case .tooMany(let used, let seconds):
            self.counters.requestsLimited += 1
            return self.limited(429, seconds, used: used)
        case .banned(let used, let seconds):
            self.counters.requestsBanned += 1
            return self.limited(418, seconds, used: used)
        case .admitted(let used):
            var response = self.answer(endpoint, request, segment: segment, limit: limit)
            response.headers.append((name: "X-MBX-USED-WEIGHT-1M", value: String(used)))
            return response
        }
    }

    /// The endpoint of a path; `nil` where the segment has none there.
    private func endpoint(of request: HTTPRequest, segment: MarketSegment) -> BinanceEndpoint? {
        guard request.method == "GET" else { return nil }
        let prefix = segment == .spot ? "/api/v3/" : segment == .usdm ? "/fapi/v1/" : "/dapi/v1/"
        let statistics = "/futures/data/"
        if segment.isFutures, request.path.hasPrefix(statistics) {
            return BinanceEndpoint(rawValue: String(request.path.dropFirst(statistics.count)))
                .flatMap { $0.isStatistic ? $0 : nil }
        }
        guard request.path.hasPrefix(prefix),
            let endpoint = BinanceEndpoint(rawValue: String(request.path.dropFirst(prefix.count)))
        else { return nil }
        return endpoint.isStatistic || (endpoint.isOfFutures && !segment.isFutures) ? nil : endpoint
    }

    private func answer(
        _ endpoint: BinanceEndpoint?, _ request: HTTPRequest, segment: MarketSegment, limit: DepthLimit?
    ) -> HTTPResponse {
        let now = LoopClock.wallMicroseconds() / 1000
        guard let endpoint else {
            return HTTPResponse(status: 404, contentType: "text/html", text: "<html>Not Found</html>")
        }
        do throws(BinanceError) {
            let body: [UInt8] =
                switch endpoint {
                case .ping: Array("{}".utf8)
                case .time: Array("{\"serverTime\":\(now)}".utf8)
                case .exchangeInfo: self.exchangeInfo(segment)
                case .depth: try self.binanceDepth(request, segment, limit)
                case .klines: try self.binanceKlines(request, segment, at: now)
                case .aggTrades, .trades, .historicalTrades: try self.binanceTrades(endpoint, request, segment, at: now)
                case .ticker: try self.binanceTickers(request, segment, at: now)
                case .openInterest: try self.binanceOpenInterest(request, segment, at: now)
                case .premiumIndex: try self.binancePremiumIndex(request, segment, at: now)
                case .fundingInfo: self.binanceFundingInfo(segment)
                case .fundingRate: try self.binanceFundingRate(request, segment, at: now)
                case .markPriceKlines: try self.binanceMarkKlines(request, segment, at: now)
                case .accountRatio, .topAccountRatio, .topPositionRatio, .openInterestHistory:
                    try self.binanceStatistic(endpoint, request, segment, at: now)
                }
            return HTTPResponse(contentType: Self.json, body: body)
        } catch {
            var response = self.error(error.code, error.message)
            response.status = error.status
            return response
        }
    }

    private func binanceDepth(
        _ request: HTTPRequest, _ segment: MarketSegment, _ limit: DepthLimit?
    ) throws(BinanceError) -> [UInt8] {
        guard let symbol = request.query("symbol") else { throw .missing("symbol") }
        guard let limit else {
            throw segment == .spot
                ? BinanceError(-1100, "Illegal characters found in parameter 'limit'.")
                : BinanceError(-4021, "\(request.query("limit") ?? "") is not valid depth limit")
        }
        let isStale = self.faultHappens(.staleSnapshot, segments: [segment])
        guard let body = self.depth(of: symbol, segment: segment, limit: limit.levels, isStale: isStale) else {
            throw .unknownSymbol
        }
        return body
    }

    /// The instrument that a request names.
    func binanceMarket(
        _ request: HTTPRequest, _ segment: MarketSegment
    ) throws(BinanceError) -> (market: GeneratedMarket, messages: BinanceMessages) {
        guard let symbol = request.query("symbol") else { throw .missing("symbol") }
        guard let market = self.generated[segment]?[symbol] else { throw .unknownSymbol }
        return (market, BinanceMessages(segment: segment, symbol: market.market.symbol))
    }

    private func error(_ code: Int, _ message: String) -> HTTPResponse {
        var text: [UInt8] = []
        text.write("{\"code\":")
        text.write(code)
        text.write(",\"msg\":")
        text.write(quoted: message)
        text.write("}")
        return HTTPResponse(status: 400, contentType: Self.json, body: text)
    }

    private func limited(_ status: Int, _ seconds: Int, used: Int?) -> HTTPResponse {
        var response = self.error(-1003, "Way too much request weight used; IP banned. Please use WebSocket Streams.")
        response.status = status
        response.headers.append((name: "Retry-After", value: String(seconds)))
        if let used { response.headers.append((name: "X-MBX-USED-WEIGHT-1M", value: String(used))) }
        return response
    }
}
