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
    private let snapshotLimits: [SegmentID: Int]

    init(_ configuration: Configuration, loop: ServiceLoop, resolver: Resolver) throws(TransportError) {
        var client = HTTPClientConfiguration()
        client.resolver = resolver
        client.caFile = configuration.transport.caFile
        client.maxWaiting = 4_096
        client.proxy = configuration.transport.proxy.map { .init(host: $0.host, port: Int($0.port)) }
        self.client = try HTTPClient(loop: loop, configuration: client)
        self.rest = VenueREST(
            settings: configuration.requestSettings, client: self.client, registry: .process,
            wallMilliseconds: { LoopClock.wallMicroseconds() / 1_000 })
        self.snapshotLimits = Dictionary(
            uniqueKeysWithValues: configuration.venues.segments.map { ($0.segment.id, $0.settings.snapshotLimit) })
    }

    func close() async {
        await self.client.close()
    }

    func budgets() -> [(scope: String, snapshot: RateLimiterSnapshot)] { self.rest.budgets() }

    /// Loads the wanted instruments of a segment; tries for ever and says so, nil only when cancelled.
    func instruments(of segment: VenueSegment, wanted: [String], log: SampledLog) async -> Listing? {
        guard let venue = VenueCatalog.venue(segment.id.venue) else { return nil }
        var generator = SystemRandomNumberGenerator()
        var failures = 0
        while !Task.isCancelled {
            do {
                let (all, refused) = try await self.list(segment, of: venue)
                let names = Set(wanted)
                let found = all.filter { names.contains($0.venueSymbol) }
                let missing = names.subtracting(found.map(\.venueSymbol)).sorted()
                if !missing.isEmpty {
                    log.log.error(
                        "the venue does not list symbols",
                        metadata: ["segment": "\(segment.id)", "symbols": "\(missing.prefix(20))"])
                }
                log.log.info(
                    "instruments loaded",
                    metadata: [
                        "segment": "\(segment.id)", "listed": "\(all.count)", "wanted": "\(found.count)",
                        "refused": "\(refused)",
                    ])
                return Listing(found: found, missing: missing)
            } catch {
                log.tell(
                    "instruments are not available", about: segment.id.description,
                    metadata: ["segment": "\(segment.id)", "error": "\(error)"])
            }
            failures += 1
            let pause = .seconds(1) + Self.loadBackoff.delay(failures: failures, using: &generator)
            do { try await Task.sleep(for: pause) } catch { return nil }
        }
        return nil
    }

    /// Loads a section's whole list, of however many answers that is made.
    private func list(
        _ segment: VenueSegment, of venue: any Venue
    ) async throws -> (instruments: [Instrument], refused: Int) {
        var all: [Instrument] = []
        var refused = 0
        for request in venue.instrumentRequests(in: segment) {
            let part = try venue.instruments(try await self.rest.get(request, priority: .resync), in: segment)
            all += part.instruments
            refused += part.refused
        }
        // A venue whose list is known without a question.
        if venue.instrumentRequests(in: segment).isEmpty { all = try venue.instruments([], in: segment).instruments }
        return (all, refused)
    }

    /// Gives a venue's answer to a request, once.
    func get(_ request: VenueRequest, priority: RatePriority) async throws(RequestFailure) -> [UInt8] {
        try await self.rest.get(request, priority: priority)
    }

    /// Fetches a snapshot.
    func snapshot(_ order: SnapshotOrder, log: SampledLog) async -> Result<[UInt8], RequestFailure> {
        let symbol = order.instrument.venueSymbol
        let id = SegmentID(of: order.instrument)
        guard let venue = VenueCatalog.venue(id.venue), let segment = VenueCatalog.segment(id),
            let request = venue.snapshotRequest(of: symbol, levels: self.snapshotLimits[id] ?? 1_000, in: segment)
        else {
            return .failure(RequestFailure(kind: .impossible, endpoint: symbol, detail: "no snapshots are served"))
        }
        do throws(RequestFailure) {
            return .success(
                try await self.rest.get(
                    request, priority: order.request.purpose == .seed ? .resync : .polls))
        } catch {
            if error.kind != .cancelled {
                log.tell(
                    "no snapshot", about: id.description,
                    metadata: ["segment": "\(id)", "symbol": "\(symbol)", "error": "\(error)"])
            }
            return .failure(error)
        }
    }
}

extension Configuration {
    /// Where and how patiently the venues are asked.
    var requestSettings: VenueRESTSettings {
        var settings = VenueRESTSettings()
        for (segment, configured) in self.venues.segments {
            let rest = configured.rest
            settings.hosts[segment.id] = VenueRESTSettings.Host(
                isSecure: rest.scheme.isEncrypted, host: rest.address.host, port: Int(rest.address.port),
                prefix: rest.path)
            settings.limits[segment.id.venue] = self.limits[segment.id.venue]
        }
        settings.deadlines = self.transport.requestDeadlines
        return settings
    }
}
