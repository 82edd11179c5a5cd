package import MarketModel
import Venues

/// How what came before is fetched.
package struct HistorySettings: Hashable, Sendable {
    package var enabled = false
    package var parallel = 8
    package var attempts = 8
    package var retryBase = Duration.seconds(5)
    package var retryCap = Duration.seconds(600)
    package var archives = true
    package var addresses = ArchiveAddresses()
    package var archiveRequests = 1_200
    package var downloadBytes = ByteSize.gibibytes(16)

    package init() {}

    static var fields: [SettingField<HistorySettings>] {
        [
            .value(
                "enabled", \.enabled, .flag,
                "Work on the jobs of `sluice backfill` inside `sluice run`, at the lowest priority, so that one process "
                    + "shares one budget."),
            .value("parallel", \.parallel, .integer(1...64), "Pieces that are fetched at a time, at most."),
            .value(
                "attempts", \.attempts, .integer(1...100),
                "Tries of a piece before it counts as failed; `sluice backfill retry-failed` begins anew."),
            .value(
                "retry_base", \.retryBase, .duration(.milliseconds(100)...(.seconds(600))),
                "The longest pause behind a first failure; it doubles with each, and a part of it is drawn by chance."),
            .value(
                "retry_cap", \.retryCap, .duration(.seconds(1)...(.seconds(86_400))), "The longest pause of all."),
            .value(
                "archives", \.archives, .flag,
                "Take whole days and months from the venues' archives where they have them; everything over REST "
                    + "otherwise."),
            .section(
                "archive_addresses", \.addresses, ArchiveAddresses.fields,
                "Where the venues' archives are fetched from, in place of their own addresses."),
            .value(
                "archive_requests_per_minute", \.archiveRequests, .integer(10...1_000_000),
                "Requests a minute to the host of a venue's archives, two a file; the hosts name no limit."),
            .value(
                "download_bytes", \.downloadBytes, .size(.mebibytes(64)...(.gibibytes(1024))),
                "What archives may take on disk until they are used."),
        ]
    }
}

/// Addresses that stand for those of the venues' archives.
package struct ArchiveAddresses: Hashable, Sendable {
    package private(set) var values: [VenueID: Endpoint] = [:]

    package init() {}

    package subscript(venue: VenueID) -> Endpoint? {
        get { self.values[venue] }
        set { self.values[venue] = newValue }
    }

    static var fields: [SettingField<ArchiveAddresses>] {
        VenueCatalog.all.compactMap { venue in
            venue.archiveAddress.map { address in
                .optional(
                    venue.id.name, \.[venue.id], .endpoint([.https, .http], example: address),
                    "Base address of \(venue.title)'s archives; the venue's own if left out.")
            }
        }
    }
}
