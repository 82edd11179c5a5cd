package import Resilience
package import Transport
package import Venues

/// The venues' REST, each request through the limiters of its scopes.
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

    /// Gives what the venue answers to a request.
    package func get(_ request: VenueRequest, priority: RatePriority) async throws(RequestFailure) -> [UInt8] {
        guard let host = self.settings.hosts[request.segment],
            let venue = VenueCatalog.venue(request.segment.venue)
        else {
            throw RequestFailure(kind: .impossible, endpoint: request.path, detail: "no address is configured")
        }
        return try await self.get(request, venue, host, priority)
    }

    /// The budgets as they stand, by scope.
    package func budgets() -> [(scope: String, snapshot: RateLimiterSnapshot)] {
        self.registry.snapshots()
    }

    private func get(
        _ asked: VenueRequest, _ venue: any Venue, _ host: VenueRESTSettings.Host, _ priority: RatePriority
    ) async throws(RequestFailure) -> [UInt8] {
        var request = HTTPClientRequest(
            isSecure: host.isSecure, host: host.host, port: host.port, target: host.prefix + asked.path, headers: [])
        request.deadlines = self.settings.deadlines
        request.maxBodyBytes = self.settings.maxBodyBytes
        guard let cost = asked.costs.first, let limiter = self.limiter(cost.scope, of: venue) else {
            throw RequestFailure(kind: .impossible, endpoint: asked.path, detail: "no budget is known for it")
        }
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
                return try await self.attempt(request, asked, venue, cost, priority, limiter, waitLimit: left)
            }
        } catch {
            guard error.reason != .cancelled else {
                throw RequestFailure(
                    kind: .cancelled, endpoint: asked.path, detail: "cancelled after \(error.last.detail)")
            }
            throw error.last
        }
    }

    /// The limiter of a venue's scope, which all sections of the venue share wherever they are served.
    private func limiter(_ scope: String, of venue: any Venue) -> RateLimiter<C>? {
        let limits = self.settings.limits[venue.id] ?? VenueLimits(venue.limits)
        guard let rates = venue.scopes(limits: limits)[scope] else { return nil }
        return self.registry.limiter(for: self.settings.scopeName(scope, of: venue), limits: rates)
    }

    /// Asks once, with a permit that is given back when nothing was sent.
    private func attempt(
        _ request: HTTPClientRequest, _ asked: VenueRequest, _ venue: any Venue, _ cost: VenueRequest.Cost,
        _ priority: RatePriority, _ limiter: RateLimiter<C>, waitLimit: Duration
    ) async throws(RequestFailure) -> [UInt8] {
        let permit: RateLimiter<C>.Permit
        do {
            permit = try await limiter.acquire(weight: cost.weight, priority: priority, waitLimit: waitLimit)
        } catch {
            throw RequestFailure(error, endpoint: asked.path)
        }
        let response: HTTPClientResponse
        do {
            response = try await self.client.get(request)
        } catch {
            if !error.mayHaveBeenSent { limiter.giveBack(permit) }
            throw RequestFailure(error, endpoint: asked.path)
        }
        let answer = VenueAnswer(
            status: response.status, body: response.body, nowMilliseconds: self.wallMilliseconds(),
            header: { response.header($0) })
        for usage in venue.usage(in: answer, to: asked) where usage.scope == cost.scope {
            limiter.observed(used: usage.used, per: usage.per)
        }
        if let failure = RequestFailure(venue.verdict(on: answer), of: answer, endpoint: asked.path) { throw failure }
        return response.body
    }
}
