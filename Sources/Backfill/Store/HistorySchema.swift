import GRDB

/// The tables of jobs and coverage.
///
/// Finished pieces are deleted: what they brought is a stretch of `coverage`. So the file holds what is open, and does not
/// grow with the past.
enum HistorySchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: Self.first)
        }
        migrator.registerMigration("2") { database in
            try database.execute(sql: Self.second)
        }
        migrator.registerMigration("3") { database in
            try database.execute(sql: Self.third)
        }
        return migrator
    }

    /// All times are milliseconds since 1970, all stretches half-open.
    private static let first = """
        CREATE TABLE series (
            id INTEGER PRIMARY KEY, venue TEXT NOT NULL, section TEXT NOT NULL, symbol TEXT NOT NULL,
            kind TEXT NOT NULL, UNIQUE (venue, section, symbol, kind)
        ) STRICT;
        CREATE TABLE output (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE job (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, output INTEGER NOT NULL REFERENCES output,
            priority INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT, from_ms INTEGER NOT NULL,
            to_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER,
            pieces_done INTEGER NOT NULL DEFAULT 0, rows_written INTEGER NOT NULL DEFAULT 0,
            rows_skipped INTEGER NOT NULL DEFAULT 0, bytes_written INTEGER NOT NULL DEFAULT 0,
            rows_refused INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0, covered_ms INTEGER NOT NULL DEFAULT 0,
            total_ms INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE job_series (
            job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE, series INTEGER NOT NULL REFERENCES series,
            next_ms INTEGER NOT NULL, PRIMARY KEY (job, series)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX job_series_next ON job_series (job, next_ms);
        CREATE TABLE piece (
            id INTEGER PRIMARY KEY, job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,
            series INTEGER NOT NULL REFERENCES series, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
            source TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
            begun_ms INTEGER, not_before_ms INTEGER NOT NULL DEFAULT 0, error TEXT
        ) STRICT;
        CREATE INDEX piece_state ON piece (job, state, not_before_ms);
        CREATE INDEX piece_series ON piece (series);
        CREATE TABLE coverage (
            output INTEGER NOT NULL REFERENCES output, series INTEGER NOT NULL REFERENCES series,
            from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, PRIMARY KEY (output, series, from_ms)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE failure (
            id INTEGER PRIMARY KEY, job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,
            series INTEGER NOT NULL REFERENCES series, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
            at_ms INTEGER NOT NULL, error TEXT NOT NULL
        ) STRICT;
        """

    /// Where a series of a job ends: with the job, or where it was final when it was cut.
    private static let second = """
        ALTER TABLE job_series ADD COLUMN to_ms INTEGER NOT NULL DEFAULT 0;
        UPDATE job_series SET to_ms = (SELECT job.to_ms FROM job WHERE job.id = job_series.job);
        """

    /// Numbers of jobs and pieces are never used again: a task that ends late must not mean another's. What was begun is
    /// kept by output and series until it is complete, since pieces and jobs may go before.
    private static let third = """
        CREATE TABLE begun (
            output INTEGER NOT NULL REFERENCES output, series INTEGER NOT NULL REFERENCES series,
            from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, begun_ms INTEGER NOT NULL,
            PRIMARY KEY (output, series, from_ms, to_ms)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO begun SELECT job.output, series, piece.from_ms, piece.to_ms, min(begun_ms)
            FROM piece JOIN job ON job.id = piece.job WHERE begun_ms IS NOT NULL GROUP BY 1, 2, 3, 4;
        CREATE TABLE numbered_job (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
            output INTEGER NOT NULL REFERENCES output,
            priority INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT, from_ms INTEGER NOT NULL,
            to_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER,
            pieces_done INTEGER NOT NULL DEFAULT 0, rows_written INTEGER NOT NULL DEFAULT 0,
            rows_skipped INTEGER NOT NULL DEFAULT 0, bytes_written INTEGER NOT NULL DEFAULT 0,
            rows_refused INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0, covered_ms INTEGER NOT NULL DEFAULT 0,
            total_ms INTEGER NOT NULL
        ) STRICT;
        INSERT INTO numbered_job SELECT * FROM job;
        DROP TABLE job;
        ALTER TABLE numbered_job RENAME TO job;
        CREATE TABLE numbered_piece (
            id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,
            series INTEGER NOT NULL REFERENCES series, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
            source TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
            not_before_ms INTEGER NOT NULL DEFAULT 0, error TEXT
        ) STRICT;
        INSERT INTO numbered_piece SELECT id, job, series, from_ms, to_ms, source, state, attempts, not_before_ms, error
            FROM piece;
        DROP TABLE piece;
        ALTER TABLE numbered_piece RENAME TO piece;
        CREATE INDEX piece_state ON piece (job, state, not_before_ms);
        CREATE INDEX piece_series ON piece (series);
        """
}
