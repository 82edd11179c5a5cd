package import MarketModel
package import Resilience

extension Binance {
    package func scopes(limits: VenueLimits) -> [String: RateLimits] {
        // No headroom: the configured share of the venue's limit is what is left to others already.
        func scope(_ key: String, _ meter: RateWindow.Meter = .weight, per length: Duration = .seconds(60))
            -> RateLimits
        {
            RateLimits(windows: [RateWindow(meter, limit: limits.usable(key), per: length)], headroom: 0)
        }
        return [
            "spot": scope("spot_weight_per_minute"),
            "futures": scope("futures_weight_per_minute"),
            "futures-data": scope("futures_data_per_5_minutes", .requests, per: .seconds(300)),
            "funding-info": scope("funding_info_per_5_minutes", .requests, per: .seconds(300)),
            "connections": scope("connects_per_5_minutes", .requests, per: .seconds(300)),
        ]
    }

    package func connectScope(of segment: VenueSegment) -> String { "connections" }

    package func instrumentRequests(in segment: VenueSegment) -> [VenueRequest] {
        let section = BinanceSegment(of: segment)
        return [
            VenueRequest(
                segment.id, path: BinanceEndpoints.instruments(section),
                costs: [.init(BinanceLimits.scope(of: section), BinanceLimits.instrumentsWeight(section))])
        ]
    }

    package func instruments(
        _ body: [UInt8], in segment: VenueSegment
    ) throws(UnreadableAnswer) -> (instruments: [Instrument], refused: Int) {
        do {
            return try BinanceInstruments.parse(body, segment: BinanceSegment(of: segment))
        } catch {
            throw UnreadableAnswer("\(error)")
        }
    }

    package func snapshotRequest(of symbol: String, levels: Int, in segment: VenueSegment) -> VenueRequest? {
        let section = BinanceSegment(of: segment)
        let limit = BinanceLimits.depthLimit(section, wanted: levels)
        return VenueRequest(
            segment.id, path: BinanceEndpoints.depth(section, symbol: symbol, limit: limit),
            costs: [.init(BinanceLimits.scope(of: section), BinanceLimits.depthWeight(section, limit: limit))])
    }

    package func auditRequest(of symbol: String, levels: Int, in segment: VenueSegment) -> VenueBookRequest? {
        self.snapshotRequest(of: symbol, levels: levels, in: segment).map {
            VenueBookRequest($0, levels: BinanceLimits.depthLimit(BinanceSegment(of: segment), wanted: levels))
        }
    }

    package func turnoverRequests(in segment: VenueSegment) -> [VenueRequest] {
        let section = BinanceSegment(of: segment)
        return [
            VenueRequest(
                segment.id, path: BinanceEndpoints.turnovers(section),
                costs: [.init(BinanceLimits.scope(of: section), BinanceLimits.turnoversWeight(section))])
        ]
    }

    package func turnovers(
        _ body: [UInt8], in segment: VenueSegment
    ) throws(UnreadableAnswer) -> [String: DecimalValue] {
        try BinanceTurnovers.parse(body, segment: BinanceSegment(of: segment))
    }

    /// 429 and 418 carry `Retry-After` in seconds, 403 is the venue's firewall, which also acts on rates, and -1003 may
    /// come with any status (https://developers.binance.com/docs/binance-spot-api-docs/rest-api, read 2026-07-21).
    package func verdict(on answer: VenueAnswer) -> AnswerVerdict {
        guard answer.status != 200 else { return .success }
        let refusal = BinanceRefusal(answer.body)
        // Whole seconds; the date form of RFC 9110 section 10.2.3 is not what Binance sends, and is passed over.
        let told = answer.header("Retry-After").flatMap { Int64($0) }
        switch (answer.status, refusal?.meaning) {
        case (418, _), (429, _), (403, _), (_, .tooManyRequests):
            let banned = refusal.flatMap { Self.banned($0, answer.nowMilliseconds) }
            let longest = [told, banned].compactMap(\.self).max()
            return .rateLimited(retryAfter: longest.map { .seconds(min(max($0, 1), Self.closureMax)) })
        case (500...599, _), (408, _), (_, .temporary):
            return .unavailable(retryAfter: told.map { .seconds(min(max($0, 0), Self.unavailableMax)) })
        default:
            return .refused(code: refusal?.code)
        }
    }

    package func usage(
        in answer: VenueAnswer, to request: VenueRequest
    ) -> [(scope: String, used: Int, per: Duration)] {
        guard let used = answer.header(BinanceLimits.usedWeightHeader).flatMap({ Int($0) }) else { return [] }
        return request.costs.filter { $0.scope == "spot" || $0.scope == "futures" }
            .map { ($0.scope, used, .seconds(60)) }
    }

    /// What a venue may close its scope for at most: its longest ban, three days (read 2026-07-21).
    private static let closureMax: Int64 = 259_200
    /// What a broken venue's `Retry-After` is followed for at most.
    private static let unavailableMax: Int64 = 300

    /// Seconds until a ban's end, rounded up.
    private static func banned(_ refusal: BinanceRefusal, _ nowMilliseconds: Int64) -> Int64? {
        guard let until = refusal.bannedUntilMilliseconds else { return nil }
        let (left, overflow) = until.subtractingReportingOverflow(nowMilliseconds)
        return overflow ? nil : left / 1_000 + 1
    }
}
