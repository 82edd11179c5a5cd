package import MarketModel
package import Resilience
package import Transport
package import Venues

/// Fetches archives and hands on the rows that are wanted of them.
///
/// A file is removed once it is used, and after a failure unless a later try can go on with it.
package final class ArchiveFetcher<C: Clock>: Sendable where C.Duration == Duration {
    /// What knows a venue's archives.
    package typealias Venues = @Sendable (VenueID) -> (any VenueHistory & Sendable)?

    private let settings: ArchiveSettings
    private let folder: ArchiveFolder
    private let downloader: ArchiveDownloader<C>
    private let rest: VenueREST<C>
    private let venues: Venues
    private let wallMicroseconds: @Sendable () -> Int64

    /// - Parameters:
    ///   - client: On a loop beside live data, which waits while files are written; made with `ArchiveSettings.client`.
    ///   - rest: Asked for lists of archives.
    /// - Throws: `.file` where the folder of downloads cannot be made or read.
    package init(
        settings: ArchiveSettings, client: HTTPClient, core: RequestCore<C>, rest: VenueREST<C>,
        venues: @escaping Venues = { VenueCatalog.venue($0) },
        wallMicroseconds: @escaping @Sendable () -> Int64 = { LoopClock.wallMicroseconds() }
    ) throws(ArchiveFailure) {
        self.settings = settings
        let keptFrom = wallMicroseconds() / 1_000_000 - settings.partsKept.components.seconds
        self.folder = try ArchiveFolder(
            path: settings.folder, bytesMost: settings.folderBytesMost, keptFrom: Int(keptFrom))
        self.downloader = ArchiveDownloader(settings: settings, folder: self.folder, client: client, core: core)
        self.rest = rest
        self.venues = venues
        self.wallMicroseconds = wallMicroseconds
    }

    /// What the folder of downloads takes, bytes, files under way as a whole.
    package var bytesOnDisk: Int { self.folder.bytes }

    /// Fetches an archive and gives its rows, a page at a time; the next is read when `take` has returned.
    ///
    /// - Parameters:
    ///   - instrument: What the rows are of; its number in them is 0.
    ///   - range: The rows that are wanted by their time, half-open, milliseconds since 1970.
    /// - Throws: The failure; what was handed on before it is a part of the rows only.
    package func fetch(
        _ location: ArchiveLocation, instrument: Instrument, range: Range<Int64>,
        take: (HistoryPage) async throws(HistoryOutputError) -> Void
    ) async throws(ArchiveFailure) -> ArchiveCounts {
        let archive = location.archive
        let id = InstrumentID(0)
        guard let venue = self.venues(archive.segment.venue),
            let decoder = venue.makeArchiveDecoder(for: archive, instrument: id)
        else { throw Self.impossible("\(archive.segment) \(archive.kind): nothing reads such archives") }
        let base = self.settings.addresses[archive.segment.venue] ?? venue.archiveAddress
        let address = try await self.address(of: location, base: base, venue)
        let file = try await self.downloader.download(
            address,
            checksum: try archive.checksumPath.map { path throws(ArchiveFailure) in try Self.whole(path, base) },
            scope: "\(archive.segment.venue)-archive")
        do throws(ArchiveFailure) {
            let reader = try ArchiveReader(
                path: file.path, decoder: decoder, scales: instrument.scales, range: range,
                limits: self.limits(fileBytes: try ArchiveFile.size(of: file.path)),
                wallMicroseconds: self.wallMicroseconds)
            var counts = try await Self.read(reader, take)
            // Days without a row are files without one: what has rows of other times or symbols alone is another file.
            if counts.rows == 0, counts.outside > 0,
                range == archive.rangeMilliseconds || counts.others == counts.outside
            {
                throw ArchiveFailure(
                    .unreadable, "\(address): none of \(counts.outside) rows is of \(archive.symbol) and the range",
                    mayHaveBeenSent: false)
            }
            file.discard()
            counts.bytesDownloaded = UInt64(file.bytesDownloaded)
            counts.bytesResumed = UInt64(file.bytesResumed)
            return counts
        } catch {
            if !error.keepsFile { file.discard() }
            throw error
        }
    }

    // MARK: - Private

    /// Hands on all pages, and closes the file whatever happens.
    private static func read(
        _ reader: ArchiveReader, _ take: (HistoryPage) async throws(HistoryOutputError) -> Void
    ) async throws(ArchiveFailure) -> ArchiveCounts {
        do throws(ArchiveFailure) {
            while let page = try await reader.nextPage() {
                if Task.isCancelled { throw ArchiveFailure(.cancelled, "cancelled", mayHaveBeenSent: false) }
                guard !page.rows.isEmpty else { continue }
                do throws(HistoryOutputError) {
                    try await take(page)
                } catch {
                    throw ArchiveFailure(
                        .output(error.kind), error.description, mayHaveBeenSent: false)
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        return await reader.counts
    }

    private func address(
        of location: ArchiveLocation, base: String?, _ venue: any VenueHistory & Sendable
    ) async throws(ArchiveFailure) -> String {
        switch location {
        case .named(let archive): return try Self.whole(archive.path, base)
        case .listed(let request, let archive):
            let body: [UInt8]
            do throws(RequestFailure) {
                body = try await self.rest.get(request, priority: .history)
            } catch {
                throw ArchiveFailure(error)
            }
            let found: String?
            do throws(UnreadableAnswer) {
                found = try venue.archiveAddress(body, of: archive)
            } catch {
                throw ArchiveFailure(.unreadable, "list of archives: \(error)")
            }
            guard let found else {
                throw ArchiveFailure(.missing, "\(archive.symbol): the venue lists no such archive")
            }
            return found
        }
    }

    /// Puts the base address before a path; whole addresses stay.
    private static func whole(_ path: String, _ base: String?) throws(ArchiveFailure) -> String {
        if path.hasPrefix("https://") || path.hasPrefix("http://") { return path }
        guard let base else { throw self.impossible("\(path): the venue has no archives") }
        return base + path
    }

    private func limits(fileBytes: Int) -> ArchiveReader.Limits {
        let (product, isLarge) = fileBytes.multipliedReportingOverflow(by: self.settings.expansionMost)
        let (sum, isLarger) = product.addingReportingOverflow(self.settings.expansionFree)
        let most = self.settings.unpackedBytesMost
        return ArchiveReader.Limits(
            table: ArchiveTable.Limits(
                lineBytes: self.settings.lineBytesMost, unpackedBytes: isLarge || isLarger ? most : min(sum, most)),
            pageRows: max(1, self.settings.pageRows), pageBytes: max(1, self.settings.pageBytes),
            refusedLines: self.settings.refusedLinesMost)
    }

    private static func impossible(_ detail: String) -> ArchiveFailure {
        ArchiveFailure(.impossible, detail, mayHaveBeenSent: false)
    }
}
