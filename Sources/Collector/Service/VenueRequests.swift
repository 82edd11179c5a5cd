import Backfill
import Logging
import MarketModel
import OrderBook
import Resilience
import Transport
import Venues

/// The service's requests to venues, and what it says when they fail.
struct VenueRequests: Sendable {
    /// A segment's instruments, as far as the venue lists them.
    struct Listing {
        var found: [Instrument]
        /// Symbols that are wanted and not listed, or listed in a form that is refused.
        var missing: [String]
    }

    /// What is waited between the loads of a list of instruments, beside a second.
    private static let loadBackoff = Backoff(base: .seconds(5), cap: .seconds(60))

    private let client: HTTPClient
    private let rest: VenueREST<ContinuousClock>
    private let snapshotLimits: [BinanceSegment: Int]

    init(_ configuration: Configuration, loop: ServiceLoop, resolver: Resolver) throws(TransportError) {
        var client = HTTPClientConfiguration()
        client.resolver = resolver
        client.caFile = configuration.transport.caFile
        client.maxWaiting = 4_096
        client.proxy = configuration.transport.proxy.map { .init(host: $0.host, port: Int($0.port)) }
        self.client = try HTTPClient(loop: loop, configuration: client)
        var settings = VenueRESTSettings()
        var limits: [BinanceSegment: Int] = [:]
        for (segment, configured) in configuration.venues.binance.segments {
            let rest = configured.rest
            settings.hosts[segment] = VenueRESTSettings.Host(
                isSecure: rest.scheme.isEncrypted, host: rest.address.host, port: Int(rest.address.port),
                prefix: rest.path)
            settings.weightPerMinute[segment] = configuration.limits.binance.weightPerMinute(of: segment)
            limits[segment] = configured.snapshotLimit
        }
        settings.deadlines = configuration.transport.requestDeadlines
        self.rest = VenueREST(
            settings: settings, client: self.client, registry: .process,
            wallMilliseconds: { LoopClock.wallMicroseconds() / 1_000 })
        self.snapshotLimits = limits
    }

    func close() async {
        await self.client.close()
    }

    func budgets() -> [(scope: String, snapshot: RateLimiterSnapshot)] { self.rest.budgets() }

    /// Loads the wanted instruments of a segment; tries for ever and says so, nil only when cancelled.
    func instruments(of segment: BinanceSegment, wanted: [String], log: SampledLog) async -> Listing? {
        var generator = SystemRandomNumberGenerator()
        var failures = 0
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
                return Listing(found: found, missing: missing)
            } catch {
                log.tell(
                    "instruments are not available", about: segment.rawValue,
                    metadata: ["segment": "\(segment.rawValue)", "error": "\(error)"])
            }
            failures += 1
            let pause = .seconds(1) + Self.loadBackoff.delay(failures: failures, using: &generator)
            do { try await Task.sleep(for: pause) } catch { return nil }
        }
        return nil
    }

    /// Fetches a snapshot.
    func snapshot(_ order: SnapshotOrder, log: SampledLog) async -> Result<[UInt8], RequestFailure> {
        let symbol = order.instrument.venueSymbol
        guard let segment = BinanceSegment(rawValue: order.instrument.segment) else {
            return .failure(RequestFailure(kind: .impossible, endpoint: symbol, detail: "no such segment"))
        }
        do throws(RequestFailure) {
            return .success(
                try await self.rest.depth(
                    segment, symbol: symbol, limit: self.snapshotLimits[segment] ?? 1_000,
                    priority: order.request.purpose == .seed ? .resync : .polls))
        } catch {
            if error.kind != .cancelled {
                log.tell(
                    "no snapshot", about: segment.rawValue,
                    metadata: ["symbol": "\(symbol)", "error": "\(error)"])
            }
            return .failure(error)
        }
    }
}
