internal import Transport

extension ExchangeCore {
    private static let json = "application/json;charset=UTF-8"

    /// Answers a request to one host, or to the simulator's own pages, or for an archive, which all of them serve.
    ///
    /// - Parameter host: `nil` for the port of archives alone.
    func respond(_ request: HTTPRequest, host: SimulatedHost?) -> HTTPResponse {
        if request.path.hasPrefix("/simulator/") { return self.simulatorPage(request) }
        let isArchive = request.path.hasPrefix(ArchiveFile.root + "/")
        let scope: RequestScope = isArchive ? .archive(request.path) : .rest(request.path)
        let segments = isArchive ? self.archiveSegments(request) : host?.segments ?? MarketSegment.allCases
        var response = self.refusal(segments, scope) ?? self.answer(request, host: host, isArchive: isArchive)
        let kind =
            !isArchive
            ? request.path
            : response.status == 404 ? "missing" : request.path.hasSuffix(".CHECKSUM") ? "checksum" : "archive"
        self.tally.count(!isArchive && response.status == 404 ? "unknown" : kind, status: response.status)
        guard response.status < 300 else { return response }
        if !isArchive, let host { self.keepAnswer(response.body, to: request, host: host) }
        if self.faultHappens(.cutAnswer, segments: segments, scope) {
            response.body.removeLast(response.body.count - response.body.count / 2)
        }
        if self.faultHappens(.emptyAnswer, segments: segments, scope) { response.body = [] }
        if self.faultHappens(.slowREST, segments: segments, scope) {
            response.delay = self.configuration.faults.restDelay
        }
        if !isArchive, self.faultHappens(.truncatedBody, segments: segments, scope) {
            response.truncateBodyAt = response.body.count / 2
        }
        return response
    }

    private func answer(_ request: HTTPRequest, host: SimulatedHost?, isArchive: Bool) -> HTTPResponse {
        guard !isArchive else {
            self.counters.archiveRequests += 1
            return self.respondArchive(request)
        }
        self.counters.requests += 1
        guard let host else { return HTTPResponse(status: 404, text: "archives alone\n") }
        return switch host.venue {
        case .binance: self.respondAsBinance(request, segment: host.segments[0])
        case .okx: self.respondAsOKX(request)
        case .deribit: self.respondAsDeribit(request)
        }
    }

    /// What no venue words in its own way.
    private func refusal(_ segments: [MarketSegment], _ scope: RequestScope) -> HTTPResponse? {
        if self.faultHappens(.forbidden, segments: segments, scope) {
            return HTTPResponse(status: 403, contentType: "text/html", text: "<html>403 Forbidden</html>")
        }
        if self.faultHappens(.internalError, segments: segments, scope) {
            return HTTPResponse(status: 500, contentType: "text/html", text: "<html>Internal Server Error</html>")
        }
        return nil
    }

    /// The answers given last on a path of a segment's host, oldest first.
    func answered(_ path: String, segment: MarketSegment) -> [SimulatedAnswer] {
        guard let host = SimulatedHost.allCases.first(where: { $0.segments.contains(segment) }) else { return [] }
        return self.answers[host]?[path] ?? []
    }

    /// Remembers an answer; paths without an endpoint have none that succeed, so that there are few.
    private func keepAnswer(_ body: [UInt8], to request: HTTPRequest, host: SimulatedHost) {
        guard self.configuration.sentKept > 0 else { return }
        var kept = self.answers[host]?[request.path] ?? []
        if kept.count >= self.configuration.sentKept { kept.removeFirst() }
        let query = Dictionary(request.query.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        kept.append(SimulatedAnswer(query: query, body: body))
        self.answers[host, default: [:]][request.path] = kept
    }

    /// Answers a request to one of the simulator's own pages.
    private func simulatorPage(_ request: HTTPRequest) -> HTTPResponse {
        let segment = request.query("segment").flatMap(MarketSegment.init(rawValue:))
        switch (request.method, request.path) {
        case ("GET", "/simulator/state"):
            return HTTPResponse(contentType: Self.json, body: self.state().text)
        case ("GET", "/simulator/book"):
            guard let segment, let symbol = request.query("symbol"),
                let body = self.depth(
                    of: symbol, segment: segment, limit: request.query("limit").flatMap { Int($0) } ?? 100,
                    isStale: false)
            else { return HTTPResponse(status: 404, text: "no such segment and symbol\n") }
            return HTTPResponse(contentType: Self.json, body: body)
        case ("POST", "/simulator/fault"):
            guard let fault = request.query("kind").flatMap(Fault.init(rawValue:)) else {
                let names = Fault.allCases.map(\.rawValue).joined(separator: " ")
                return HTTPResponse(status: 400, text: "kind is one of: \(names)\n")
            }
            let count = self.inject(
                fault, segment: segment, stream: request.query("stream"),
                count: request.query("count").flatMap { Int($0) } ?? 1,
                only: request.query("only").flatMap(SessionAge.init(rawValue:)))
            return HTTPResponse(contentType: Self.json, text: "{\"injected\":\(count)}")
        case ("POST", "/simulator/rate"):
            let share = request.query("share").flatMap { Double($0) }
            let scope = request.query("scope")
            guard let fault = request.query("kind").flatMap(Fault.init(rawValue:)), let share,
                scope == nil || scope == "rest" || scope == "archive",
                self.setRate(fault, to: share, ofArchives: scope.map { $0 == "archive" })
            else { return HTTPResponse(status: 400, text: "kind of requests, share from 0 to 1, scope\n") }
            return HTTPResponse(contentType: Self.json, text: "{}")
        case ("POST", "/simulator/calm"):
            return HTTPResponse(contentType: Self.json, text: "{\"forgotten\":\(self.calm())}")
        case ("POST", "/simulator/pause"), ("POST", "/simulator/resume"):
            self.setPaused(request.path == "/simulator/pause")
            return HTTPResponse(contentType: Self.json, text: "{}")
        case ("GET", "/simulator/sent"):
            guard let segment, let stream = request.query("stream") else {
                return HTTPResponse(status: 404, text: "no such segment and stream\n")
            }
            return HTTPResponse(
                contentType: Self.json, text: self.sent(stream, segment: segment).joined(separator: "\n"))
        case ("GET", "/simulator/past"): return self.pastPage(request, segment)
        case ("POST", "/simulator/list"), ("POST", "/simulator/delist"):
            guard let segment, let symbol = request.query("symbol"),
                request.path == "/simulator/list"
                    ? self.list(symbol, in: segment) : self.delist(symbol, in: segment)
            else { return HTTPResponse(status: 404, text: "no such segment and symbol\n") }
            return HTTPResponse(contentType: Self.json, text: "{}")
        default:
            return HTTPResponse(
                status: 404,
                text:
                    "GET /simulator/state, /simulator/book, /simulator/sent, /simulator/past; POST /simulator/fault, /simulator/rate, /simulator/calm, "
                    + "/simulator/pause, /simulator/resume, /simulator/list, /simulator/delist\n")
        }
    }
}

extension SimulatorState {
    /// The state as JSON.
    var text: [UInt8] {
        var text: [UInt8] = []
        text.write("{\"source\":")
        text.write(quoted: self.source)
        text.write(self.isFinished ? ",\"finished\":true" : ",\"finished\":false")
        text.write(",\"frames_played\":")
        text.write(self.framesPlayed)
        text.write(",\"spot_weight_max\":")
        text.write(self.spotWeightMax)
        text.write(",\"futures_weight_max\":")
        text.write(self.futuresWeightMax)
        text.write(",\"spot_weight_total\":")
        text.write(self.spotWeightTotal)
        text.write(",\"counters\":{")
        for (index, (name, value)) in self.counters.named.enumerated() {
            text.write(index == 0 ? "\"" : ",\"")
            text.write(name)
            text.write("\":")
            text.write(value)
        }
        text.write("},\"faults\":{")
        for (index, (fault, count)) in self.faults.sorted(by: { $0.key.rawValue < $1.key.rawValue }).enumerated() {
            if index > 0 { text.write(",") }
            text.write(quoted: fault.rawValue)
            text.write(":")
            text.write(count)
        }
        text.write("},\"archives_made\":\(self.archivesMade),\"statuses\":{")
        for (index, (status, count)) in self.statuses.sorted(by: { $0.key < $1.key }).enumerated() {
            text.write(index == 0 ? "\"\(status)\":\(count)" : ",\"\(status)\":\(count)")
        }
        text.write("},\"requests\":{")
        for (index, (kind, count)) in self.requests.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { text.write(",") }
            text.write(quoted: kind)
            text.write(":{\"asked\":\(count.asked),\"limited\":\(count.limited),\"failed\":\(count.failed)}")
        }
        text.write("},\"connections\":{")
        for (index, (name, count)) in self.connections.sorted(by: { $0.key < $1.key }).enumerated() {
            text.write(index == 0 ? "\"\(name)\":" : ",\"\(name)\":")
            text.write("{\"open\":\(count.open),\"most\":\(count.most),\"accepted\":\(count.accepted)}")
        }
        text.write("},\"markets\":[")
        for (index, market) in self.markets.enumerated() {
            text.write(index == 0 ? "{\"segment\":" : ",{\"segment\":")
            text.write(quoted: market.segment.rawValue)
            text.write(",\"symbol\":")
            text.write(quoted: market.symbol)
            text.write(",\"last_id\":")
            text.write(market.lastID)
            text.write(",\"trades\":")
            text.write(market.trades)
            if let first = market.firstTradeID, let last = market.lastTradeID {
                text.write(",\"first_trade_id\":")
                text.write(first)
                text.write(",\"last_trade_id\":")
                text.write(last)
                text.write(",\"first_sequence\":")
                text.write(market.sequences(of: first).lowerBound)
                text.write(",\"last_sequence\":")
                text.write(market.sequences(of: last).upperBound)
            }
            text.write("}")
        }
        text.write("]}")
        return text
    }
}
