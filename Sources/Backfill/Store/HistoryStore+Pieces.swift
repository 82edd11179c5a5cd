internal import GRDB
internal import MarketModel
package import Venues

/// The work on pieces, of the one process that does it.
extension HistoryStore {
    /// Takes pieces back that an earlier process was working on.
    package func begin() async throws(HistoryStoreError) {
        try await self.write { database in
            try database.execute(sql: "UPDATE piece SET state = 'open' WHERE state = 'running'")
        }
    }

    /// Takes the next piece that is due, of the job of the highest priority.
    ///
    /// - Parameter held: Outputs whose jobs have to wait.
    package func claim(
        nowMilliseconds now: Int64, held: Set<String> = []
    ) async throws(HistoryStoreError) -> Claim? {
        try await self.write { try Self.claim(now, held, $0) }
    }

    private static func claim(_ now: Int64, _ held: Set<String>, _ database: Database) throws -> Claim? {
        while let row = try Self.due(now, held, database) {
            let (id, job, seriesID, output): (Int64, Int64, Int64, Int64) = (
                row["id"], row["job"], row["series"], row["output"]
            )
            let range = Self.range(row)
            let missing = try Self.coverage(output, seriesID, database).missing(in: range)
            let stored: String = row["source"]
            let source = PieceSource(rawValue: stored) ?? .rest
            guard missing == [range] else {
                // Another job has fetched of it since it was cut.
                try database.execute(sql: "DELETE FROM piece WHERE id = ?", arguments: [id])
                for gap in missing { try Self.insert(job, seriesID, gap, source, database) }
                let present = range.upperBound - range.lowerBound - TimeRanges(missing).totalMilliseconds
                try database.execute(
                    sql: "UPDATE job SET covered_ms = covered_ms + ? WHERE id = ?", arguments: [present, job])
                continue
            }
            try database.execute(sql: "UPDATE piece SET state = 'running' WHERE id = ?", arguments: [id])
            return Claim(
                id: id, job: job, seriesID: seriesID, series: try Self.series(row), output: row["output_name"],
                rangeMilliseconds: range, source: source, attempts: row["attempts"],
                begunMilliseconds: try Self.begin(range, output, seriesID, now, database))
        }
        return nil
    }

    /// The next open piece of which no other job has a part in work.
    private static func due(_ now: Int64, _ held: Set<String>, _ database: Database) throws -> Row? {
        let places = databaseQuestionMarks(count: held.count)
        return try Row.fetchOne(
            database,
            sql: """
                SELECT piece.*, venue, section, symbol, kind, job.output, output.name AS output_name FROM piece
                JOIN job ON job.id = piece.job JOIN series ON series.id = piece.series
                JOIN output ON output.id = job.output
                WHERE piece.state = 'open' AND not_before_ms <= ? AND job.state = 'running'
                    AND output.name NOT IN (\(places))
                    AND NOT EXISTS (
                        SELECT 1 FROM piece AS other JOIN job AS owner ON owner.id = other.job
                        WHERE other.series = piece.series AND other.state = 'running' AND owner.output = job.output
                            AND other.from_ms < piece.to_ms AND other.to_ms > piece.from_ms)
                ORDER BY job.priority DESC, job.id, piece.from_ms, piece.id LIMIT 1
                """, arguments: [now] + StatementArguments(held))
    }

    /// Notes that a stretch is begun, and gives when any of it was first begun before.
    private static func begin(
        _ range: Range<Int64>, _ output: Int64, _ series: Int64, _ now: Int64, _ database: Database
    ) throws -> Int64? {
        let earliest = try Int64.fetchOne(
            database,
            sql: "SELECT min(begun_ms) FROM begun WHERE output = ? AND series = ? AND from_ms < ? AND to_ms > ?",
            arguments: [output, series, range.upperBound, range.lowerBound])
        try database.execute(
            sql: "INSERT OR IGNORE INTO begun (output, series, from_ms, to_ms, begun_ms) VALUES (?, ?, ?, ?, ?)",
            arguments: [output, series, range.lowerBound, range.upperBound, now])
        return earliest
    }

    /// When the next piece that waits is due; nil where none waits.
    package func nextDue() async throws(HistoryStoreError) -> Int64? {
        try await self.read { database in
            try Int64.fetchOne(
                database,
                sql: """
                    SELECT min(not_before_ms) FROM piece JOIN job ON job.id = piece.job
                    WHERE piece.state = 'open' AND job.state = 'running'
                    """)
        }
    }

    /// Gives series with something left to cut, of the jobs of the highest priority first, those that lie furthest back
    /// first; none of which another running job has pieces in work, none of a job of which so many pieces wait already.
    ///
    /// - Parameters:
    ///   - held: Outputs whose jobs have to wait.
    ///   - away: Sections whose series have to wait.
    package func uncut(
        limit: Int, held: Set<String> = [], away: Set<SegmentID> = []
    ) async throws(HistoryStoreError) -> [Uncut] {
        try await self.read { database in
            let places = databaseQuestionMarks(count: held.count)
            let sections = databaseQuestionMarks(count: away.count)
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT job_series.job, job_series.series AS series_id, next_ms, job_series.to_ms, job.output,
                        venue, section, symbol, kind
                    FROM job JOIN job_series ON job_series.job = job.id JOIN series ON series.id = job_series.series
                    JOIN output ON output.id = job.output
                    WHERE job.state = 'running' AND next_ms < job_series.to_ms AND output.name NOT IN (\(places))
                    AND venue || '.' || section NOT IN (\(sections))
                    AND (SELECT count(*) FROM piece WHERE piece.job = job.id AND piece.state = 'open') < ?
                    AND NOT EXISTS (
                        SELECT 1 FROM piece JOIN job AS other ON other.id = piece.job
                        WHERE piece.series = job_series.series AND piece.state <> 'failed' AND other.state = 'running'
                            AND other.id <> job.id AND other.output = job.output)
                    ORDER BY job.priority DESC, job.id, next_ms, series_id LIMIT ?
                    """,
                arguments: StatementArguments(held)
                    + StatementArguments(away.map { "\($0.venue.name).\($0.name)" }) + [Self.waitingMost, limit]
            ).map { row in
                let (next, end): (Int64, Int64) = (row["next_ms"], row["to_ms"])
                return Uncut(
                    job: row["job"], seriesID: row["series_id"], series: try Self.series(row),
                    rangeMilliseconds: next..<end,
                    covered: try Self.coverage(row["output"], row["series_id"], database))
            }
        }
    }

    /// Notes what was cut of a series, and takes the next piece that is due, in one go.
    ///
    /// - Parameters:
    ///   - next: Up to where it is cut.
    ///   - isEnd: Whether the series ends there, earlier than ordered: what is behind is not final, and no part of the job.
    ///   - skipped: What of it was complete already, milliseconds.
    ///   - unavailable: What nobody has, with the reason: pieces that failed for good, `.uncut` where the next try cuts it anew.
    ///   - held: Outputs whose jobs have to wait.
    package func cut(
        _ uncut: Uncut, pieces: [(range: Range<Int64>, source: PieceSource)], next: Int64, isEnd: Bool = false,
        skipped: Int64, unavailable: [(range: Range<Int64>, source: PieceSource, reason: String)],
        nowMilliseconds: Int64,
        held: Set<String> = []
    ) async throws(HistoryStoreError) -> Claim? {
        try await self.write { database in
            try database.execute(
                sql: "UPDATE job_series SET next_ms = ? WHERE job = ? AND series = ?",
                arguments: [next, uncut.job, uncut.seriesID])
            // A job that was cancelled meanwhile has no series to go on with.
            guard database.changesCount > 0 else { return nil }
            if isEnd, next < uncut.rangeMilliseconds.upperBound {
                try database.execute(
                    sql: "UPDATE job_series SET to_ms = ? WHERE job = ? AND series = ?",
                    arguments: [next, uncut.job, uncut.seriesID])
                try database.execute(
                    sql: "UPDATE job SET total_ms = total_ms - ? WHERE id = ?",
                    arguments: [uncut.rangeMilliseconds.upperBound - next, uncut.job])
            }
            if skipped > 0 {
                try database.execute(
                    sql: "UPDATE job SET covered_ms = covered_ms + ? WHERE id = ?", arguments: [skipped, uncut.job])
            }
            for piece in pieces {
                try Self.insert(uncut.job, uncut.seriesID, piece.range, piece.source, database)
            }
            for (range, source, reason) in unavailable {
                try Self.insert(uncut.job, uncut.seriesID, range, source, database)
                try Self.fail(database.lastInsertedRowID, reason, retryAt: nil, nowMilliseconds, database)
            }
            return try Self.claim(nowMilliseconds, held, database)
        }
    }

    private static func insert(
        _ job: Int64, _ series: Int64, _ range: Range<Int64>, _ source: PieceSource, _ database: Database
    ) throws {
        try database.execute(
            sql: "INSERT INTO piece (job, series, from_ms, to_ms, source, state) VALUES (?, ?, ?, ?, ?, 'open')",
            arguments: [job, series, range.lowerBound, range.upperBound, source.rawValue])
    }

    /// Notes that a piece is done and its output safe.
    package func finish(_ claim: Claim, _ counts: HistoryCounts) async throws(HistoryStoreError) {
        let range = claim.rangeMilliseconds
        try await self.write { database in
            try database.execute(sql: "DELETE FROM piece WHERE id = ?", arguments: [claim.id])
            let output = try Int64.fetchOne(
                database, sql: "SELECT id FROM output WHERE name = ?", arguments: [claim.output])
            // Also of a job that was cancelled meanwhile: what is there need not be fetched again.
            if let output {
                let complete = try Self.cover(output, claim.seriesID, range, database)
                try database.execute(
                    sql: "DELETE FROM begun WHERE output = ? AND series = ? AND from_ms >= ? AND to_ms <= ?",
                    arguments: [output, claim.seriesID, complete.lowerBound, complete.upperBound])
            }
            try database.execute(
                sql: """
                    UPDATE job SET pieces_done = pieces_done + 1, rows_written = rows_written + ?,
                        rows_skipped = rows_skipped + ?, bytes_written = bytes_written + ?, covered_ms = covered_ms + ?,
                        rows_refused = rows_refused + ?
                    WHERE id = ?
                    """,
                arguments: [
                    Int64(clamping: counts.written), Int64(clamping: counts.skipped), Int64(clamping: counts.bytes),
                    range.upperBound - range.lowerBound, Int64(clamping: counts.refused), claim.job,
                ])
        }
    }

    /// Notes that a try failed; it is tried again at `retryAt`, or has failed for good where that is nil.
    package func fail(
        _ claim: Claim, _ error: String, retryAt: Int64?, nowMilliseconds: Int64
    ) async throws(HistoryStoreError) {
        try await self.write { try Self.fail(claim.id, error, retryAt: retryAt, nowMilliseconds, $0) }
    }

    private static func fail(
        _ piece: Int64, _ error: String, retryAt: Int64?, _ now: Int64, _ database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO failure (job, series, from_ms, to_ms, at_ms, error)
                SELECT job, series, from_ms, to_ms, ?, ? FROM piece WHERE id = ?
                """, arguments: [now, String(error.prefix(500)), piece])
        guard database.changesCount > 0 else { return }
        try database.execute(
            sql: "DELETE FROM failure WHERE id <= ?", arguments: [database.lastInsertedRowID - Int64(Self.failuresMost)]
        )
        try database.execute(
            sql: "UPDATE job SET failures = failures + 1 WHERE id = (SELECT job FROM piece WHERE id = ?)",
            arguments: [piece])
        try database.execute(
            sql: "UPDATE piece SET state = ?, attempts = attempts + 1, not_before_ms = ?, error = ? WHERE id = ?",
            arguments: [retryAt == nil ? "failed" : "open", retryAt ?? 0, String(error.prefix(500)), piece])
        guard retryAt == nil else { return }
        try database.execute(
            sql: """
                UPDATE job SET state = 'paused', reason = 'too many pieces failed for good'
                WHERE id = (SELECT job FROM piece WHERE id = ?) AND state = 'running'
                    AND (SELECT count(*) FROM piece WHERE job = job.id AND state = 'failed') >= ?
                """, arguments: [piece, Self.failedPiecesMost])
    }

    /// Pauses the job of a piece, which is given back with all its tries before it.
    package func pause(
        _ claim: Claim, reason: String, nowMilliseconds: Int64
    ) async throws(HistoryStoreError) {
        try await self.write { database in
            try Self.fail(claim.id, reason, retryAt: nowMilliseconds, nowMilliseconds, database)
            try database.execute(sql: "UPDATE piece SET attempts = 0 WHERE id = ?", arguments: [claim.id])
            try database.execute(
                sql: "UPDATE job SET state = 'paused', reason = ? WHERE id = ? AND state = 'running'",
                arguments: [String(reason.prefix(500)), claim.job])
        }
    }

    /// Gives a piece back that was not ended, without counting it as a try.
    package func release(_ claim: Claim) async throws(HistoryStoreError) {
        try await self.write { database in
            try database.execute(
                sql: "UPDATE piece SET state = 'open' WHERE id = ? AND state = 'running'", arguments: [claim.id])
        }
    }

    /// Puts others in the place of a piece whose archive is not there.
    package func replace(
        _ claim: Claim, by pieces: [(range: Range<Int64>, source: PieceSource)]
    ) async throws(HistoryStoreError) {
        try await self.write { database in
            try database.execute(sql: "DELETE FROM piece WHERE id = ?", arguments: [claim.id])
            guard database.changesCount > 0 else { return }
            for piece in pieces { try Self.insert(claim.job, claim.seriesID, piece.range, piece.source, database) }
        }
    }

    /// Ends the jobs that have nothing left to do; gives their names.
    package func endJobs(nowMilliseconds: Int64) async throws(HistoryStoreError) -> [String] {
        try await self.write { database in
            let names = try String.fetchAll(
                database,
                sql: """
                    SELECT name FROM job WHERE state = 'running'
                        AND NOT EXISTS (SELECT 1 FROM piece WHERE job = job.id AND state <> 'failed')
                        AND NOT EXISTS (SELECT 1 FROM job_series WHERE job = job.id AND next_ms < to_ms)
                    """)
            for name in names {
                try database.execute(
                    sql: "UPDATE job SET state = 'ended', ended_ms = ? WHERE name = ?",
                    arguments: [nowMilliseconds, name])
            }
            return names
        }
    }

    /// Names of the jobs that run, by number; for stopping the pieces of those that do not.
    package func runningJobs() async throws(HistoryStoreError) -> Set<Int64> {
        try await self.read { Set(try Int64.fetchAll($0, sql: "SELECT id FROM job WHERE state = 'running'")) }
    }
}
