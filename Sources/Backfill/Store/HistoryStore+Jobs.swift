internal import GRDB

extension HistoryStore {
    // MARK: - Jobs

    /// Adds a job; one of the same name that is not over is refused.
    package func add(_ order: HistoryJobOrder, nowMilliseconds: Int64) async throws(HistoryStoreError) -> Int64 {
        guard !order.series.isEmpty, !order.rangeMilliseconds.isEmpty else {
            throw HistoryStoreError("a job needs a series and a stretch of time")
        }
        return try await self.write { database in
            let former = try String.fetchOne(
                database, sql: "SELECT state FROM job WHERE name = ?", arguments: [order.name])
            if let former, former == HistoryJob.State.running.rawValue || former == HistoryJob.State.paused.rawValue {
                throw HistoryStoreError("there is a job of the name \(order.name) already, which is \(former)")
            }
            try database.execute(sql: "DELETE FROM job WHERE name = ?", arguments: [order.name])
            try database.execute(sql: "INSERT OR IGNORE INTO output (name) VALUES (?)", arguments: [order.output])
            let range = order.rangeMilliseconds
            try database.execute(
                sql: """
                    INSERT INTO job (name, output, priority, state, from_ms, to_ms, created_ms, total_ms)
                    VALUES (?, (SELECT id FROM output WHERE name = ?), ?, 'running', ?, ?, ?, ?)
                    """,
                arguments: [
                    order.name, order.output, order.priority, range.lowerBound, range.upperBound, nowMilliseconds,
                    Int64(clamping: Int128(range.upperBound - range.lowerBound) * Int128(Set(order.series).count)),
                ])
            let job = database.lastInsertedRowID
            for series in order.series {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO job_series (job, series, next_ms, to_ms) VALUES (?, ?, ?, ?)",
                    arguments: [job, try Self.id(of: series, database), range.lowerBound, range.upperBound])
            }
            return job
        }
    }

    /// All jobs, the newest first; at most `limit`.
    package func jobs(limit: Int = 1_000) async throws(HistoryStoreError) -> [HistoryJob] {
        try await self.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT job.*, output.name AS output_name,
                        (SELECT count(*) FROM job_series WHERE job = job.id) AS series,
                        (SELECT min(to_ms) FROM job_series WHERE job = job.id) AS until_first,
                        (SELECT max(to_ms) FROM job_series WHERE job = job.id) AS until_last,
                        (SELECT count(*) FROM piece WHERE job = job.id AND state = 'running') AS running,
                        (SELECT count(*) FROM piece WHERE job = job.id AND state = 'open') AS waiting,
                        (SELECT count(*) FROM piece WHERE job = job.id AND state = 'failed') AS failed
                    FROM job JOIN output ON output.id = job.output ORDER BY job.id DESC LIMIT ?
                    """, arguments: [limit]
            ).map(Self.job)
        }
    }

    private static func job(_ row: Row) -> HistoryJob {
        let state: String = row["state"]
        func count(_ column: String) -> UInt64 {
            let value: Int64 = row[column]
            return UInt64(clamping: value)
        }
        var counts = HistoryCounts(
            written: count("rows_written"), skipped: count("rows_skipped"), bytes: count("bytes_written"))
        counts.refused = count("rows_refused")
        let range = Self.range(row)
        let until: (first: Int64?, last: Int64?) = (row["until_first"], row["until_last"])
        let first = until.first ?? range.upperBound
        return HistoryJob(
            id: row["id"], name: row["name"], output: row["output_name"], priority: row["priority"],
            state: HistoryJob.State(rawValue: state) ?? .paused, reason: row["reason"], rangeMilliseconds: range,
            untilMilliseconds: first...max(first, until.last ?? first), createdMilliseconds: row["created_ms"],
            endedMilliseconds: row["ended_ms"], series: row["series"],
            counts: counts,
            piecesDone: row["pieces_done"], piecesRunning: row["running"], piecesWaiting: row["waiting"],
            piecesFailed: row["failed"], failures: row["failures"], coveredMilliseconds: row["covered_ms"],
            totalMilliseconds: row["total_ms"])
    }

    /// Changes the state of a job from one of `former`; false where there is none of the name in such a state.
    package func set(
        _ state: HistoryJob.State, of name: String, from former: [HistoryJob.State], reason: String? = nil
    ) async throws(HistoryStoreError) -> Bool {
        let former = former.map(\.rawValue)
        return try await self.write { database in
            let places = databaseQuestionMarks(count: former.count)
            try database.execute(
                sql: "UPDATE job SET state = ?, reason = ? WHERE name = ? AND state IN (\(places))",
                arguments: [state.rawValue, reason, name] + StatementArguments(former))
            let isChanged = database.changesCount > 0
            if isChanged, state == .cancelled {
                // What runs is given up by its owner, which finds the piece gone.
                try database.execute(
                    sql: "DELETE FROM piece WHERE job = (SELECT id FROM job WHERE name = ?)", arguments: [name])
            }
            return isChanged
        }
    }

    /// Lets pieces that failed for good be tried again, and the job run; gives how many.
    package func retryFailed(of name: String) async throws(HistoryStoreError) -> Int {
        try await self.write { database in
            let job = try Int64.fetchOne(
                database, sql: "SELECT id FROM job WHERE name = ? AND state <> 'cancelled'", arguments: [name])
            guard let job else { return 0 }
            // What was given up before it was cut is cut anew.
            try database.execute(
                sql: """
                    UPDATE job_series SET next_ms = (
                        SELECT min(from_ms) FROM piece WHERE piece.job = job_series.job
                            AND piece.series = job_series.series AND state = 'failed' AND source = 'uncut')
                    WHERE job = ? AND EXISTS (
                        SELECT 1 FROM piece WHERE piece.job = job_series.job AND piece.series = job_series.series
                            AND state = 'failed' AND source = 'uncut')
                    """, arguments: [job])
            try database.execute(
                sql: "DELETE FROM piece WHERE job = ? AND state = 'failed' AND source = 'uncut'", arguments: [job])
            var count = database.changesCount
            try database.execute(
                sql: """
                    UPDATE piece SET state = 'open', attempts = 0, not_before_ms = 0
                    WHERE state = 'failed' AND job = ?
                    """, arguments: [job])
            count += database.changesCount
            if count > 0 {
                try database.execute(
                    sql: "UPDATE job SET state = 'running', reason = NULL, ended_ms = NULL WHERE name = ?",
                    arguments: [name])
            }
            return count
        }
    }

    /// The newest failures, of one job or of all.
    package func failures(
        of job: String? = nil, limit: Int = 100
    ) async throws(HistoryStoreError) -> [HistoryFailureRecord] {
        try await self.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT failure.*, job.name AS job_name, venue, section, symbol, kind FROM failure
                    JOIN job ON job.id = failure.job JOIN series ON series.id = failure.series
                    WHERE ? IS NULL OR job.name = ? ORDER BY failure.id DESC LIMIT ?
                    """, arguments: [job, job, limit]
            ).map { row in
                HistoryFailureRecord(
                    job: row["job_name"], series: try Self.series(row), rangeMilliseconds: Self.range(row),
                    atMilliseconds: row["at_ms"], error: row["error"])
            }
        }
    }

    // MARK: - Coverage

    /// What is complete of each series of an output, in the order of their names.
    package func coverage(
        of output: String
    ) async throws(HistoryStoreError) -> [(series: HistorySeries, ranges: TimeRanges)] {
        try await self.read { database in
            var all: [(series: HistorySeries, ranges: TimeRanges)] = []
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT venue, section, symbol, kind, from_ms, to_ms FROM coverage
                    JOIN series ON series.id = coverage.series
                    WHERE output = (SELECT id FROM output WHERE name = ?)
                    ORDER BY venue, section, symbol, kind, from_ms
                    """, arguments: [output])
            while let row = try rows.next() {
                let series = try Self.series(row)
                if all.last?.series != series { all.append((series, TimeRanges())) }
                all[all.count - 1].ranges.insert(Self.range(row))
            }
            return all
        }
    }

    /// Forgets that a stretch of an output is complete, of all series; gives how many ranges that concerns.
    ///
    /// What may still stand there counts as begun, so that a stream is looked through before rows are sent again.
    package func forget(_ range: Range<Int64>, in output: String) async throws(HistoryStoreError) -> Int {
        try await self.write { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT output, series, from_ms, to_ms FROM coverage
                    WHERE output = (SELECT id FROM output WHERE name = ?) AND from_ms < ? AND to_ms > ?
                    """, arguments: [output, range.upperBound, range.lowerBound])
            for row in rows {
                let (output, series): (Int64, Int64) = (row["output"], row["series"])
                let held = Self.range(row)
                let lost = held.clamped(to: range)
                try database.execute(
                    sql: "DELETE FROM coverage WHERE output = ? AND series = ? AND from_ms = ?",
                    arguments: [output, series, held.lowerBound])
                for kept in TimeRanges([lost]).missing(in: held) {
                    try database.execute(
                        sql: "INSERT INTO coverage (output, series, from_ms, to_ms) VALUES (?, ?, ?, ?)",
                        arguments: [output, series, kept.lowerBound, kept.upperBound])
                }
                try database.execute(
                    sql:
                        "INSERT OR REPLACE INTO begun (output, series, from_ms, to_ms, begun_ms) VALUES (?, ?, ?, ?, 0)",
                    arguments: [output, series, lost.lowerBound, lost.upperBound])
            }
            return rows.count
        }
    }

    /// The outputs that anything was ever asked for.
    package func outputs() async throws(HistoryStoreError) -> [String] {
        try await self.read { try String.fetchAll($0, sql: "SELECT name FROM output ORDER BY name") }
    }

    /// What is complete of one series of an output.
    static func coverage(_ output: Int64, _ series: Int64, _ database: Database) throws -> TimeRanges {
        TimeRanges(
            try Row.fetchAll(
                database, sql: "SELECT from_ms, to_ms FROM coverage WHERE output = ? AND series = ? ORDER BY from_ms",
                arguments: [output, series]
            ).map(Self.range))
    }

    /// Adds a stretch to what is complete, joined with its neighbours.
    ///
    /// - Returns: The stretch that it is part of then.
    static func cover(
        _ output: Int64, _ series: Int64, _ range: Range<Int64>, _ database: Database
    ) throws -> Range<Int64> {
        var joined = range
        let touching = try Row.fetchAll(
            database,
            sql: "SELECT from_ms, to_ms FROM coverage WHERE output = ? AND series = ? AND from_ms <= ? AND to_ms >= ?",
            arguments: [output, series, range.upperBound, range.lowerBound])
        for other in touching.map(Self.range) {
            joined = min(joined.lowerBound, other.lowerBound)..<max(joined.upperBound, other.upperBound)
            try database.execute(
                sql: "DELETE FROM coverage WHERE output = ? AND series = ? AND from_ms = ?",
                arguments: [output, series, other.lowerBound])
        }
        try database.execute(
            sql: "INSERT INTO coverage (output, series, from_ms, to_ms) VALUES (?, ?, ?, ?)",
            arguments: [output, series, joined.lowerBound, joined.upperBound])
        return joined
    }
}
