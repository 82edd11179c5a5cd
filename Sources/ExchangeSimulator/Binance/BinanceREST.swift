internal import Transport

extension ExchangeCore {
    private static let json = "application/json;charset=UTF-8"

    /// Answers a request to one of Binance's hosts.
    func respondAsBinance(_ request: HTTPRequest, segment: MarketSegment) -> HTTPResponse {
        if self.faultHappens(.serverError, segments: [segment]) {
            return HTTPResponse(status: 503, contentType: "text/html", text: "<html>Service Unavailable</html>")
        }
        let retryAfter = self.configuration.faults.retryAfterSeconds
        if self.faultHappens(.rateLimited, segments: [segment]) { return self.limited(429, retryAfter, used: nil) }
        if self.faultHappens(.banned, segments: [segment]) { return self.limited(418, retryAfter, used: nil) }
        let limit = DepthLimit(request.query("limit"), segment: segment)
        let endpoint = self.endpoint(of: request, segment: segment)
        let weight =
            switch endpoint {
            case "/depth": limit?.weight ?? 1
            case "/exchangeInfo": segment == .spot ? 20 : 1
            default: 1
            }
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

    /// The path before every endpoint.
    private static func prefix(_ segment: MarketSegment) -> String {
        segment == .spot ? "/api/v3" : segment == .usdm ? "/fapi/v1" : "/dapi/v1"
    }

    /// The part of the path after the segment's prefix.
    private func endpoint(of request: HTTPRequest, segment: MarketSegment) -> String? {
        guard request.method == "GET", request.path.hasPrefix(Self.prefix(segment)) else { return nil }
        return String(request.path.dropFirst(Self.prefix(segment).count))
    }

    private func answer(
        _ endpoint: String?, _ request: HTTPRequest, segment: MarketSegment, limit: DepthLimit?
    ) -> HTTPResponse {
        switch endpoint {
        case "/ping": return HTTPResponse(contentType: Self.json, text: "{}")
        case "/time":
            return HTTPResponse(
                contentType: Self.json, text: "{\"serverTime\":\(LoopClock.wallMicroseconds() / 1000)}")
        case "/exchangeInfo":
            return HTTPResponse(contentType: Self.json, body: self.exchangeInfo(segment))
        case "/depth":
            guard let symbol = request.query("symbol") else {
                return self.error(
                    -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
            }
            guard let limit else {
                return segment == .spot
                    ? self.error(-1100, "Illegal characters found in parameter 'limit'.")
                    : self.error(-4021, "\(request.query("limit") ?? "") is not valid depth limit")
            }
            let isStale = self.faultHappens(.staleSnapshot, segments: [segment])
            guard let body = self.depth(of: symbol, segment: segment, limit: limit.levels, isStale: isStale) else {
                return self.error(-1121, "Invalid symbol.")
            }
            return HTTPResponse(contentType: Self.json, body: body)
        default:
            return HTTPResponse(status: 404, contentType: "text/html", text: "<html>Not Found</html>")
        }
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

    // MARK: exchangeInfo

    private func exchangeInfo(_ segment: MarketSegment) -> [UInt8] {
        var text: [UInt8] = []
        text.write("{\"timezone\":\"UTC\",\"serverTime\":")
        text.write(LoopClock.wallMicroseconds() / 1000)
        text.write(
            ",\"rateLimits\":[{\"rateLimitType\":\"REQUEST_WEIGHT\",\"interval\":\"MINUTE\",\"intervalNum\":1,\"limit\":"
        )
        text.write(segment == .spot ? self.spotWeight.limit : self.futuresWeight.limit)
        text.write("}],\"exchangeFilters\":[],\"symbols\":[")
        for (index, symbol) in self.symbols(of: segment).enumerated() {
            if index > 0 { text.write(",") }
            self.describe(symbol, segment, into: &text)
        }
        text.write("]}")
        return text
    }

    private func describe(_ symbol: SimulatedSymbol, _ segment: MarketSegment, into text: inout [UInt8]) {
        text.write("{\"symbol\":")
        text.write(quoted: symbol.symbol)
        if segment.isFutures {
            text.write(",\"pair\":")
            text.write(quoted: symbol.pair)
            text.write(",\"contractType\":\"PERPETUAL\",\"deliveryDate\":4133404800000,\"onboardDate\":1569398400000")
        }
        text.write(segment == .coinm ? ",\"contractStatus\":" : ",\"status\":")
        text.write(quoted: symbol.status)
        text.write(",\"baseAsset\":")
        text.write(quoted: symbol.base)
        text.write(",\"quoteAsset\":")
        text.write(quoted: symbol.quote)
        if segment.isFutures {
            text.write(",\"marginAsset\":")
            text.write(quoted: segment == .coinm ? symbol.base : symbol.quote)
            text.write(",\"pricePrecision\":")
            text.write(symbol.priceDecimals)
            text.write(",\"quantityPrecision\":")
            text.write(symbol.sizeDecimals)
        }
        if let contractSize = symbol.contractSize {
            text.write(",\"contractSize\":")
            text.write(contractSize)
        }
        let width = segment == .spot ? 8 : 0
        text.write(",\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"minPrice\":")
        text.write(units: 1, decimals: symbol.priceDecimals, width: width)
        text.write(",\"maxPrice\":\"1000000\",\"tickSize\":")
        text.write(units: 1, decimals: symbol.priceDecimals, width: width)
        text.write("},{\"filterType\":\"LOT_SIZE\",\"minQty\":")
        text.write(units: 1, decimals: symbol.sizeDecimals, width: width)
        text.write(",\"maxQty\":\"9000000\",\"stepSize\":")
        text.write(units: 1, decimals: symbol.sizeDecimals, width: width)
        switch segment {
        case .spot: text.write("},{\"filterType\":\"NOTIONAL\",\"minNotional\":\"5.00000000\"}]}")
        case .usdm: text.write("},{\"filterType\":\"MIN_NOTIONAL\",\"notional\":\"5\"}]}")
        default: text.write("}]}")
        }
    }
}
