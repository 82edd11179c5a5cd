import Backfill
import Logging
import MarketModel
import OrderBook
import Resilience
import Transport
import Venues

/// The service's requests to venues, and what it says when they fail.
struct VenueRequests: Sendable {
    private static let retryPause = Duration.seconds(5)

    private let client: HTTPClient
    private let rest: VenueREST
    private let snapshotLimits: [BinanceSegment: Int]

    init(_ configuration: Configuration, loop: ServiceLoop, resolver: Resolver) throws(TransportError) {
        var client = HTTPClientConfiguration()
        client.resolver = resolver
        client.caFile = configuration.transport.caFile
        client.maxWaiting = 4_096
        client.proxy = configuration.transport.proxy.map { .init(host: $0.host, port: Int($0.port)) }
        self.client = try HTTPClient(loop: loop, configuration: client)
        var settings = VenueREST.Settings()
        var limits: [BinanceSegment: Int] = [:]
        for (segment, configured) in configuration.venues.binance.segments {
            let rest = configured.rest
            settings.hosts[segment] = VenueREST.Host(
                isSecure: rest.scheme.isEncrypted, host: rest.address.host, port: Int(rest.address.port),
                prefix: rest.path)
            settings.weightPerMinute[segment] = configuration.limits.binance.weightPerMinute(of: segment)
            limits[segment] = configured.snapshotLimit
        }
        settings.deadline = configuration.transport.requestTimeout
        self.rest = VenueREST(settings: settings, client: self.client)
        self.snapshotLimits = limits
    }

    func close() async {
        await self.client.close()
    }

    func budgets() -> [(scope: String, snapshot: RateLimiterSnapshot)] { self.rest.budgets() }

    /// Loads the wanted instruments of a segment; tries for ever and says so, nil only when cancelled.
    func instruments(of segment: BinanceSegment, wanted: [String], log: SampledLog) async -> [Instrument]? {
        while !Task.isCancelled {
            do {
                let body = try await self.rest.instruments(segment)
                let (all, refused) = try BinanceInstruments.parse(body, segment: segment)
                let names = Set(wanted)
                let found = all.filter { names.contains($0.venueSymbol) }
                let missing = names.subtracting(found.map(\.venueSymbol)).sorted()
                if !missing.isEmpty {
                    log.log.error(
                        "the venue does not list symbols",
                        metadata: ["segment": "\(segment.rawValue)", "symbols": "\(missing.prefix(20))"])
                }
                log.log.info(
                    "instruments loaded",
                    metadata: [
                        "segment": "\(segment.rawValue)", "listed": "\(all.count)", "wanted": "\(found.count)",
                        "refused": "\(refused)",
                    ])
                return found
            } catch {
                log.tell(
                    "instruments are not available", about: segment.rawValue,
                    metadata: ["segment": "\(segment.rawValue)", "error": "\(error)"])
            }
            do { try await Task.sleep(for: Self.retryPause) } catch { return nil }
        }
        return nil
    }

    /// Fetches a snapshot; nil when it could not be had, which the book answers with another request.
    func snapshot(_ order: SnapshotOrder, log: SampledLog) async -> [UInt8]? {
        guard let segment = BinanceSegment(rawValue: order.instrument.segment) else { return nil }
        do throws(RequestFailure) {
            return try await self.rest.depth(
                segment, symbol: order.instrument.venueSymbol, limit: self.snapshotLimits[segment] ?? 1_000,
                priority: order.request.purpose == .seed ? .resync : .polls)
        } catch {
            if error.kind != .cancelled {
                log.tell(
                    "no snapshot", about: segment.rawValue,
                    metadata: ["symbol": "\(order.instrument.venueSymbol)", "error": "\(error)"])
            }
            return nil
        }
    }
}
