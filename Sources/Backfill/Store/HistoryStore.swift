internal import Foundation
internal import GRDB
internal import MarketModel
internal import Venues

/// The jobs of history, their open pieces and what is covered, in a SQLite file that outlives the process.
///
/// Several processes may read it and change the states of jobs; one at a time works on pieces, which its owner sees to.
/// Every change is one transaction: a process that is killed leaves it as it was before or after.
package final class HistoryStore: Sendable {
    /// A piece that was taken to be worked on.
    package struct Claim: Hashable, Sendable {
        package let id: Int64
        package let job: Int64
        package let seriesID: Int64
        package let series: HistorySeries
        package let output: String
        package let rangeMilliseconds: Range<Int64>
        package let source: PieceSource
        /// Tries before this one that failed.
        package let attempts: Int
        /// When its first try was begun, milliseconds since 1970; nil where this is the first.
        package let begunMilliseconds: Int64?
    }

    /// A series whose next stretch may be cut into pieces.
    package struct Uncut: Hashable, Sendable {
        package let job: Int64
        package let seriesID: Int64
        package let series: HistorySeries
        /// What of the job is not cut yet.
        package let rangeMilliseconds: Range<Int64>
        package let covered: TimeRanges
    }

    /// Records of failures that are kept, of all jobs.
    static let failuresMost = 1_000
    /// Pieces of a job that failed for good, past which it is paused.
    package static let failedPiecesMost = 10_000
    /// Pieces of a job that wait for another try, past which no more are cut.
    static let waitingMost = 1_000
    /// How long another process may hold the file.
    private static let busyTimeout = 10.0

    let database: DatabaseQueue

    /// Opens the file, which is made where it is missing.
    package init(path: String) throws(HistoryStoreError) {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(Self.busyTimeout)
        configuration.foreignKeysEnabled = true
        configuration.label = "history"
        configuration.prepareDatabase { database in
            // Each commit is synced: an output may rely on what was noted before it began.
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        }
        do {
            self.database = try DatabaseQueue(path: path, configuration: configuration)
            try HistorySchema.migrator.migrate(self.database)
        } catch {
            throw HistoryStoreError("\(HistoryStoreError(error)) (\(path))")
        }
    }

    /// Closes the file; what follows fails.
    package func close() {
        try? self.database.close()
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(HistoryStoreError) -> Value {
        do {
            return try await self.database.write { database in try body(database) }
        } catch {
            throw HistoryStoreError(error)
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(HistoryStoreError) -> Value {
        do {
            return try await self.database.read { database in try body(database) }
        } catch {
            throw HistoryStoreError(error)
        }
    }

    /// The number of a series, which is given where it has none.
    static func id(of series: HistorySeries, _ database: Database) throws -> Int64 {
        let names: StatementArguments = [
            series.segment.venue.name, series.segment.name, series.symbol, series.kind.description,
        ]
        try database.execute(
            sql: "INSERT OR IGNORE INTO series (venue, section, symbol, kind) VALUES (?, ?, ?, ?)", arguments: names)
        return try Int64.fetchOne(
            database, sql: "SELECT id FROM series WHERE venue = ? AND section = ? AND symbol = ? AND kind = ?",
            arguments: names) ?? 0
    }

    /// Reads the columns `venue`, `section`, `symbol` and `kind`.
    static func series(_ row: Row) throws(HistoryStoreError) -> HistorySeries {
        let (venue, section, symbol, kind): (String, String, String, String) = (
            row["venue"], row["section"], row["symbol"], row["kind"]
        )
        guard let kind = HistoryKind(kind) else {
            throw HistoryStoreError("the history's database has a kind that is none: \(kind)")
        }
        return HistorySeries(SegmentID(VenueID(venue), section), symbol: symbol, kind: kind)
    }

    static func range(_ row: Row) -> Range<Int64> {
        let (from, to): (Int64, Int64) = (row["from_ms"], row["to_ms"])
        return from..<max(from, to)
    }
}

/// Where a piece comes from, as it stands in the store.
package enum PieceSource: String, Hashable, Sendable {
    case rest, day, month
    /// Never worked on: what was left of a series that was given up before it could be cut.
    case uncut
}
