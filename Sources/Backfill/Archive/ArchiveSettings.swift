package import MarketModel
package import Resilience
package import Transport

/// Where archives are fetched from and to, how patiently, and what they may be.
package struct ArchiveSettings: Sendable {
    /// Base addresses that stand for the venues' own, without a slash at their end: `http://127.0.0.1:8090`.
    package var addresses: [VenueID: String] = [:]
    /// Where files are kept until they are used: `<state>/history/downloads`.
    package var folder: String
    /// What all files of the folder together may take on disk.
    package var folderBytesMost = 16 << 30
    /// What is there of a file that nobody went on with for so long is removed at the next start.
    package var partsKept = Duration.seconds(7 * 86_400)
    /// A larger file is refused.
    package var fileBytesMost = 8 << 30
    /// What one file may unpack to.
    package var unpackedBytesMost = 64 << 30
    /// What one byte of a file may unpack to, past the first `expansionFree` bytes.
    ///
    /// Deflate makes at most 1,032 bytes of one; tables of trades and bars are 4 to 30 times their file.
    package var expansionMost = 200
    package var expansionFree = 64 << 20
    /// A longer line is counted as refused.
    package var lineBytesMost = 16_384
    /// Lines that may be refused before the file counts as unreadable.
    package var refusedLinesMost = 1_000
    package var pageRows = 4_096
    /// What the texts of one page may take, but for its last line.
    package var pageBytes = 2 << 20
    /// Requests a minute to one host; the hosts name no limit.
    package var requestsPerMinute = 1_200
    /// Connections to one host; requests above them wait.
    package var connections = 8
    /// How often a file may be fetched whose checksum does not fit.
    package var checksumTries = 3
    package var deadlines: HTTPClientRequest.Deadlines
    /// The total is until the last try begins: how long that takes is bounded by progress alone.
    package var retry = RetryPolicy(
        attempts: 6, total: .seconds(3_600), backoff: Backoff(base: .milliseconds(500), cap: .seconds(30)),
        closure: .seconds(30))

    package init(folder: String) {
        self.folder = folder
        self.deadlines = HTTPClientRequest.Deadlines()
        self.deadlines.total = nil
        self.deadlines.progress = .seconds(30)
        self.deadlines.firstByte = .seconds(30)
        // Whoever waits for a connection waits for whole files of others.
        self.deadlines.queue = .seconds(86_400)
    }

    /// A client whose pool holds as many connections as are asked for at a time.
    package func client(_ configuration: HTTPClientConfiguration = HTTPClientConfiguration()) -> HTTPClientConfiguration
    {
        var configuration = configuration
        configuration.connectionsPerHost = max(1, self.connections)
        return configuration
    }
}

/// What became of an archive.
package struct ArchiveCounts: Hashable, Sendable {
    /// Rows handed on.
    package var rows: UInt64 = 0
    /// Rows outside of the range that was wanted, or of another symbol.
    package var outside: UInt64 = 0
    /// Those of other symbols among them.
    package var others: UInt64 = 0
    /// Lines that could not be read.
    package var refused: UInt64 = 0
    package var bytesDownloaded: UInt64 = 0
    /// Bytes that an interrupted download left behind and that were not fetched again.
    package var bytesResumed: UInt64 = 0
    package var bytesUnpacked: UInt64 = 0

    package init() {}
}
