package import Resilience
package import Transport
package import Venues

/// Binance's REST through the limiter of its scope: instruments and depth snapshots.
///
/// Everything that asks a venue goes through here, so that one budget serves all of it. A 429 or 418 closes the whole
/// scope for as long as the venue says. All waits are on the registry's clock, outside of every lock.
package final class VenueREST<C: Clock>: Sendable where C.Duration == Duration {
    private let settings: VenueRESTSettings
    private let client: HTTPClient
    private let registry: LimiterRegistry<C>
    private let wallMilliseconds: @Sendable () -> Int64

    /// - Parameter wallMilliseconds: Milliseconds since 1970, for bans that the venue tells the end of.
    package init(
        settings: VenueRESTSettings, client: HTTPClient, registry: LimiterRegistry<C>,
        wallMilliseconds: @escaping @Sendable () -> Int64
    ) {
        self.settings = settings
        self.client = client
        self.registry = registry
        self.wallMilliseconds = wallMilliseconds
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
        guard let host = self.settings.hosts[segment] else {
            throw RequestFailure(kind: .impossible, endpoint: path, detail: "no address is configured")
        }
        var request = HTTPClientRequest(
            isSecure: host.isSecure, host: host.host, port: host.port, target: host.prefix + path, headers: [])
        request.deadlines = self.settings.deadlines
        request.maxBodyBytes = self.settings.maxBodyBytes
        let limiter = self.limiter(segment)
        let policy = self.settings.retry(priority)
        let clock = self.registry.clock
        let start = clock.now
        var generator = SystemRandomNumberGenerator()
        do {
            return try await retrying(
                policy, clock: clock, limiter: limiter, using: &generator,
                recovery: { (failure: RequestFailure) in failure.recovery }
            ) { (_: Int) async throws(RequestFailure) -> [UInt8] in
                let left = policy.total - start.duration(to: clock.now)
                return try await self.attempt(request, path, weight, priority, limiter, waitLimit: left)
            }
        } catch {
            guard error.reason != .cancelled else {
                throw RequestFailure(kind: .cancelled, endpoint: path, detail: "cancelled after \(error.last.detail)")
            }
            throw error.last
        }
    }

    private func limiter(_ segment: BinanceSegment) -> RateLimiter<C> {
        let weight = self.settings.weightPerMinute[segment] ?? 1_000
        // What one address may ask of one venue: segments that share a scope share the limiter, wherever they are served.
        let scope = BinanceLimits.scope(of: segment)
        let hosts = BinanceSegment.allCases.filter { BinanceLimits.scope(of: $0) == scope }
            .compactMap { self.settings.hosts[$0] }.map { "\($0.host):\($0.port)" }
        let name = ([scope] + hosts).joined(separator: " ")
        // No headroom: the configured share of the venue's limit is what is left to others already.
        return self.registry.limiter(
            for: name,
            limits: RateLimits(windows: [RateWindow(.weight, limit: weight, per: .seconds(60))], headroom: 0))
    }

    /// Asks once, with a permit that is given back when nothing was sent.
    private func attempt(
        _ request: HTTPClientRequest, _ path: String, _ weight: Int, _ priority: RatePriority,
        _ limiter: RateLimiter<C>, waitLimit: Duration
    ) async throws(RequestFailure) -> [UInt8] {
        let permit: RateLimiter<C>.Permit
        do {
            permit = try await limiter.acquire(weight: weight, priority: priority, waitLimit: waitLimit)
        } catch {
            throw RequestFailure(error, endpoint: path)
        }
        let answer: HTTPClientResponse
        do {
            answer = try await self.client.get(request)
        } catch {
            if !error.mayHaveBeenSent { limiter.giveBack(permit) }
            throw RequestFailure(error, endpoint: path)
        }
        if let used = answer.header(BinanceLimits.usedWeightHeader).flatMap({ Int($0) }) {
            limiter.observed(used: used, per: .seconds(60))
        }
        guard answer.status == 200 else {
            throw RequestFailure(answer, endpoint: path, nowMilliseconds: self.wallMilliseconds())
        }
        return answer.body
    }
}
