package import Resilience
package import Transport
package import Venues

/// Binance's REST through the limiter of its scope: instruments and depth snapshots.
///
/// Everything that asks a venue goes through here, so that one budget serves all of it. A 429 or 418 closes the whole
/// scope for as long as the venue says.
package final class VenueREST: Sendable {
    /// Where a segment's REST is served.
    package struct Host: Sendable {
        package var isSecure: Bool
        package var host: String
        package var port: Int
        /// What stands before the venue's own paths, without a slash at its end.
        package var prefix: String

        package init(isSecure: Bool, host: String, port: Int, prefix: String = "") {
            self.isSecure = isSecure
            self.host = host
            self.port = port
            self.prefix = prefix
        }
    }

    package struct Settings: Sendable {
        package var hosts: [BinanceSegment: Host] = [:]
        /// Weight that may be used in a minute, by segment; segments of one scope give the same.
        package var weightPerMinute: [BinanceSegment: Int] = [:]
        package var deadline = Duration.seconds(15)
        /// The total covers the wait for budget: a mass resync of hundreds of books takes minutes.
        package var retry = RetryPolicy(total: .seconds(900))

        package init() {}
    }

    private let settings: Settings
    private let client: HTTPClient
    private let registry: LimiterRegistry<ContinuousClock>

    package init(
        settings: Settings, client: HTTPClient, registry: LimiterRegistry<ContinuousClock> = .process
    ) {
        self.settings = settings
        self.client = client
        self.registry = registry
    }

    /// Gives the list of a segment's instruments as the venue answers it.
    package func instruments(_ segment: BinanceSegment) async throws(RequestFailure) -> [UInt8] {
        try await self.get(
            segment, path: BinanceEndpoints.instruments(segment),
            weight: BinanceLimits.instrumentsWeight(segment), priority: .resync)
    }

    /// Gives a depth snapshot as the venue answers it.
    ///
    /// - Parameter limit: Levels a side; futures give the next of the numbers they serve.
    package func depth(
        _ segment: BinanceSegment, symbol: String, limit: Int, priority: RatePriority
    ) async throws(RequestFailure) -> [UInt8] {
        let limit = BinanceLimits.depthLimit(segment, wanted: limit)
        return try await self.get(
            segment, path: BinanceEndpoints.depth(segment, symbol: symbol, limit: limit),
            weight: BinanceLimits.depthWeight(segment, limit: limit), priority: priority)
    }

    /// The budgets as they stand, by scope.
    package func budgets() -> [(scope: String, snapshot: RateLimiterSnapshot)] {
        self.registry.snapshots()
    }

    private func get(
        _ segment: BinanceSegment, path: String, weight: Int, priority: RatePriority
    ) async throws(RequestFailure) -> [UInt8] {
        let limiter = self.limiter(segment)
        var generator = SystemRandomNumberGenerator()
        do {
            return try await retrying(
                self.settings.retry, clock: ContinuousClock(), limiter: limiter, using: &generator,
                recovery: { (failure: RequestFailure) in failure.recovery }
            ) { (_: Int) async throws(RequestFailure) -> [UInt8] in
                try await self.attempt(segment, path, weight, priority, limiter)
            }
        } catch {
            throw error.last
        }
    }

    private func limiter(_ segment: BinanceSegment) -> RateLimiter<ContinuousClock> {
        let weight = self.settings.weightPerMinute[segment] ?? 1_000
        // What one address may ask of one venue: segments that share a scope share the limiter, wherever they are served.
        let scope = BinanceLimits.scope(of: segment)
        let hosts = BinanceSegment.allCases.filter { BinanceLimits.scope(of: $0) == scope }
            .compactMap { self.settings.hosts[$0] }.map { "\($0.host):\($0.port)" }
        let name = ([scope] + hosts).joined(separator: " ")
        return self.registry.limiter(
            for: name, limits: RateLimits(windows: [RateWindow(.weight, limit: weight, per: .seconds(60))]))
    }

    private func attempt(
        _ segment: BinanceSegment, _ path: String, _ weight: Int, _ priority: RatePriority,
        _ limiter: RateLimiter<ContinuousClock>
    ) async throws(RequestFailure) -> [UInt8] {
        guard let host = self.settings.hosts[segment] else {
            throw RequestFailure(kind: .refused(status: 0), endpoint: path, detail: "no address is configured")
        }
        do {
            try await limiter.acquire(weight: weight, priority: priority)
        } catch {
            let kind: RequestFailure.Kind = error == .cancelled ? .cancelled : .unavailable
            throw RequestFailure(kind: kind, endpoint: path, detail: "limiter: \(error)")
        }
        var request = HTTPClientRequest(
            isSecure: host.isSecure, host: host.host, port: host.port, target: host.prefix + path, headers: [])
        request.deadlines.total = self.settings.deadline
        let answer: HTTPClientResponse
        do {
            answer = try await self.client.get(request)
        } catch {
            let kind: RequestFailure.Kind = error.kind == .cancelled ? .cancelled : .unavailable
            throw RequestFailure(kind: kind, endpoint: path, detail: "\(error)")
        }
        if let used = answer.header(BinanceLimits.usedWeightHeader).flatMap({ Int($0) }) {
            limiter.observed(used: used, per: .seconds(60))
        }
        guard answer.status == 200 else { throw Self.failure(answer, path) }
        return answer.body
    }

    /// Classifies an answer that is no success.
    private static func failure(_ answer: HTTPClientResponse, _ path: String) -> RequestFailure {
        let text = String(decoding: answer.body.prefix(200), as: UTF8.self)
        let detail = "HTTP \(answer.status) \(text)"
        switch answer.status {
        case 418, 429:
            let delay = answer.header("Retry-After").flatMap { Int64($0) }.map {
                Duration.seconds(min(max($0, 1), 259_200))
            }
            return RequestFailure(kind: .rateLimited(retryAfter: delay), endpoint: path, detail: detail)
        case 403:
            return RequestFailure(kind: .rateLimited(retryAfter: nil), endpoint: path, detail: detail)
        case 500...599:
            return RequestFailure(kind: .unavailable, endpoint: path, detail: detail)
        default:
            return RequestFailure(kind: .refused(status: answer.status), endpoint: path, detail: detail)
        }
    }
}
