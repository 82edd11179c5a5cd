import Backfill
import MarketModel
import Resilience
import Transport
import Venues

/// The venues' archives, fetched on a loop of their own: live data never waits for a file.
final class HistoryArchives: Sendable {
    private let loop: ServiceLoop
    private let client: HTTPClient
    private let fetcher: ArchiveFetcher<ContinuousClock>

    init(
        _ configuration: Configuration, rest: VenueRequests, resolver: Resolver
    ) throws(HistorySession.Unavailable) {
        var settings = ArchiveSettings(folder: HistorySession.directory(configuration) + "/downloads")
        settings.addresses = configuration.history.addresses.values.mapValues { "\($0)" }
        settings.folderBytesMost = configuration.history.downloadBytes.bytes
        settings.requestsPerMinute = configuration.history.archiveRequests
        settings.connections = configuration.history.parallel
        self.loop = ServiceLoop(
            options: ServiceLoopOptions(name: "archives", caFile: configuration.transport.caFile))
        do {
            try self.loop.start()
            var client = HTTPClientConfiguration()
            client.resolver = resolver
            client.caFile = configuration.transport.caFile
            client.proxy = configuration.transport.proxy.map { .init(host: $0.host, port: Int($0.port)) }
            self.client = try HTTPClient(loop: self.loop, configuration: settings.client(client))
            self.fetcher = try ArchiveFetcher(settings: settings, client: self.client, core: .process, rest: rest.rest)
        } catch {
            self.loop.stop()
            throw HistorySession.Unavailable(description: "archives: \(error)")
        }
    }

    /// Fetches a piece that an archive has; gives the lines that could not be read.
    func fetch(
        _ piece: HistoryPiece, _ location: ArchiveLocation, _ take: @escaping HistoryRunner.Take
    ) async throws(PieceFailure) -> UInt64 {
        do throws(ArchiveFailure) {
            return try await self.fetcher.fetch(
                location, instrument: piece.instrument, range: piece.rangeMilliseconds, take: take
            ).refused
        } catch {
            throw PieceFailure(error)
        }
    }

    func close() async {
        await self.client.close()
        self.loop.stop()
    }
}
