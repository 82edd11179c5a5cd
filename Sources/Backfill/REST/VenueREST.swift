package import Resilience
internal import Synchronization
package import Transport
package import Venues

/// The venues' REST, each request through the core: the breaker and the gate of its host, the limiters of its scopes.
///
/// Everything that asks a venue goes through here, so that one budget serves all of it. A 429 or 418 closes the whole
/// scope for as long as the venue says. All waits are on the core's clock, outside of every lock.
package final class VenueREST<C: Clock>: Sendable where C.Duration == Duration {
    private let settings: Mutex<VenueRESTSettings>
    private let client: HTTPClient
    private let core: RequestCore<C>
    private let wallMilliseconds: @Sendable () -> Int64

    /// - Parameter wallMilliseconds: Milliseconds since 1970, for bans that the venue tells the end of.
    package init(
        settings: VenueRESTSettings, client: HTTPClient, core: RequestCore<C>,
        wallMilliseconds: @escaping @Sendable () -> Int64
    ) {
        self.settings = Mutex(settings)
        self.client = client
        self.core = core
        self.wallMilliseconds = wallMilliseconds
    }

    /// Asks for a section at an address from now on.
    package func serve(_ segment: SegmentID, at host: VenueRESTSettings.Host) {
        self.settings.withLock { $0.hosts[segment] = host }
    }

    /// Gives what the venue answers to a request.
    package func get(_ request: VenueRequest, priority: RatePriority) async throws(RequestFailure) -> [UInt8] {
        let settings = self.settings.withLock { $0 }
        guard let host = settings.hosts[request.segment],
            let venue = VenueCatalog.venue(request.segment.venue)
        else {
            throw RequestFailure(kind: .impossible, endpoint: request.path, detail: "no address is configured")
        }
        return try await self.get(request, venue, host, settings, priority)
    }

    /// The budgets as they stand, by scope.
    package func budgets() -> [(scope: String, snapshot: RateLimiterSnapshot)] {
        self.core.limiters.snapshots()
    }

    private func get(
        _ asked: VenueRequest, _ venue: any Venue, _ host: VenueRESTSettings.Host, _ settings: VenueRESTSettings,
        _ priority: RatePriority
    ) async throws(RequestFailure) -> [UInt8] {
        var request = HTTPClientRequest(
            isSecure: host.isSecure, host: host.host, port: host.port, target: host.prefix + asked.path, headers: [])
        request.deadlines = settings.deadlines
        request.maxBodyBytes = settings.maxBodyBytes
        let scopes = try self.limiters(of: asked, venue, settings)
        let core = CoreRequest(
            host: host.address, endpoint: String(asked.path.prefix { $0 != "?" }),
            draws: asked.costs.compactMap { cost in scopes[cost.scope].map { RateDraw($0, weight: cost.weight) } },
            priority: priority, policy: settings.retry(priority))
        do {
            return try await self.core.run(core) { (_: Int) async throws(RequestFailure) -> [UInt8] in
                try await self.attempt(request, asked, venue, scopes)
            }
        } catch {
            throw RequestFailure(error, endpoint: asked.path)
        }
    }

    /// The limiters a request draws on, which all sections of the venue share wherever they are served.
    private func limiters(
        of asked: VenueRequest, _ venue: any Venue, _ settings: VenueRESTSettings
    ) throws(RequestFailure) -> [String: RateLimiter<C>] {
        let known = venue.scopes(limits: settings.limits[venue.id] ?? VenueLimits(venue.limits))
        var limiters: [String: RateLimiter<C>] = [:]
        for cost in asked.costs {
            guard let limits = known[cost.scope] else { continue }
            limiters[cost.scope] = self.core.limiters.limiter(
                for: settings.scopeName(cost.scope, of: venue), limits: limits)
        }
        guard !asked.costs.isEmpty, asked.costs.allSatisfy({ limiters[$0.scope] != nil }) else {
            throw RequestFailure(kind: .impossible, endpoint: asked.path, detail: "no budget is known for it")
        }
        return limiters
    }

    /// Asks once.
    private func attempt(
        _ request: HTTPClientRequest, _ asked: VenueRequest, _ venue: any Venue, _ scopes: [String: RateLimiter<C>]
    ) async throws(RequestFailure) -> [UInt8] {
        let response: HTTPClientResponse
        do {
            response = try await self.client.get(request)
        } catch {
            throw RequestFailure(error, endpoint: asked.path)
        }
        let answer = VenueAnswer(
            status: response.status, body: response.body, nowMilliseconds: self.wallMilliseconds(),
            header: { response.header($0) })
        for usage in venue.usage(in: answer, to: asked) {
            scopes[usage.scope]?.observed(used: usage.used, per: usage.per)
        }
        if let failure = RequestFailure(venue.verdict(on: answer), of: answer, endpoint: asked.path) { throw failure }
        return response.body
    }
}
