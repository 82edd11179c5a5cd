import Backfill
import Logging
import MarketModel
import OrderBook
import Resilience
import Synchronization
import Transport
import Venues

/// The service's requests to venues, and what it says when they fail.
final class VenueRequests: Sendable {
    private let client: HTTPClient
    let rest: VenueREST<ContinuousClock>
    private let snapshotLimits: Mutex<[SegmentID: Int]>

    init(_ configuration: Configuration, loop: ServiceLoop, resolver: Resolver) throws(TransportError) {
        var client = HTTPClientConfiguration()
        client.resolver = resolver
        client.caFile = configuration.transport.caFile
        client.maxWaiting = 4_096
        client.proxy = configuration.transport.proxy.map { .init(host: $0.host, port: Int($0.port)) }
        self.client = try HTTPClient(loop: loop, configuration: client)
        self.rest = VenueREST(
            settings: configuration.requestSettings, client: self.client, core: .process,
            wallMilliseconds: { LoopClock.wallMicroseconds() / 1_000 })
        self.snapshotLimits = Mutex(
            Dictionary(
                uniqueKeysWithValues: configuration.venues.segments.map { ($0.segment.id, $0.settings.snapshotLimit) }))
    }

    /// Asks for a section as it is configured now.
    func serve(_ segment: SegmentID, _ settings: SegmentSettings) {
        self.snapshotLimits.withLock { $0[segment] = settings.snapshotLimit }
        self.rest.serve(segment, at: settings.host)
    }

    func close() async {
        await self.client.close()
    }

    func budgets() -> [(scope: String, snapshot: RateLimiterSnapshot)] { self.rest.budgets() }

    /// Loads a section's whole list, of however many answers that is made.
    func list(_ segment: VenueSegment) async throws -> (instruments: [Instrument], refused: Int) {
        guard let venue = VenueCatalog.venue(segment.id.venue) else { return ([], 0) }
        let requests = venue.instrumentRequests(in: segment)
        // A list that is known without a question.
        if requests.isEmpty { return try venue.instruments([], in: segment) }
        var all: [Instrument] = []
        var refused = 0
        for request in requests {
            let part = try venue.instruments(try await self.rest.get(request, priority: .resync), in: segment)
            all += part.instruments
            refused += part.refused
        }
        return (all, refused)
    }

    /// Loads the last day's turnover of a section's symbols.
    func turnovers(_ segment: VenueSegment) async throws -> [String: DecimalValue] {
        guard let venue = VenueCatalog.venue(segment.id.venue) else { return [:] }
        var all: [String: DecimalValue] = [:]
        for request in venue.turnoverRequests(in: segment) {
            let part = try venue.turnovers(try await self.rest.get(request, priority: .polls), in: segment)
            all.merge(part, uniquingKeysWith: { _, last in last })
        }
        return all
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
            let request = venue.snapshotRequest(
                of: symbol, levels: self.snapshotLimits.withLock { $0[id] } ?? 1_000,
                in: segment)
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
        for (segment, configured) in self.venues.segments { settings.hosts[segment.id] = configured.host }
        for venue in VenueCatalog.all {
            settings.limits[venue.id] = self.limits[venue.id]
            settings.scopeHosts[venue.id] = settings.addresses(of: venue.id)
        }
        settings.deadlines = self.transport.requestDeadlines
        return settings
    }
}

extension SegmentSettings {
    /// Where its requests go.
    fileprivate var host: VenueRESTSettings.Host {
        VenueRESTSettings.Host(
            isSecure: self.rest.scheme.isEncrypted, host: self.rest.address.host, port: Int(self.rest.address.port),
            prefix: self.rest.path)
    }
}
