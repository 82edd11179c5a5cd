/// How often what was appended is forced to the disk.
package enum SpoolSync: Sendable, Equatable {
    /// Left to the kernel: survives the process, not a power cut.
    case never
    /// At most this long after it was written.
    case interval(Duration)
    /// As soon as the syncing thread gets to it, one sync for all that was written meanwhile.
    case always
}

/// Where the spool lies and what bounds it.
package struct SpoolConfiguration: Sendable {
    /// Made with its parents where missing, mode 0750.
    package let directory: String
    /// The limit of all segment files together.
    package let bytes: Int
    /// The size at which a segment is finished; a longer one holds a single batch.
    package let segmentBytes: Int
    /// A segment goes once its youngest record was written this long ago.
    package let maxAge: Duration
    package let sync: SpoolSync

    /// Makes a configuration; values out of range are moved to the nearest allowed one.
    ///
    /// - Parameters:
    ///   - bytes: 1 MiB...1 TiB.
    ///   - segmentBytes: 4 KiB...a quarter of `bytes`; by default a 16th of it within 1...64 MiB.
    ///   - maxAge: 1 s...10,000 days.
    package init(
        directory: String, bytes: Int, segmentBytes: Int? = nil, maxAge: Duration = .seconds(7 * 86_400),
        sync: SpoolSync = .interval(.seconds(1))
    ) {
        self.directory = directory
        self.bytes = min(max(bytes, 1 << 20), 1 << 40)
        let segment = segmentBytes ?? min(max(self.bytes / 16, 1 << 20), 64 << 20)
        self.segmentBytes = min(max(segment, 4 << 10), self.bytes / 4)
        self.maxAge = min(max(maxAge, .seconds(1)), .seconds(10_000 * 86_400))
        self.sync = sync
    }

    /// The longest queue record the spool takes; more would leave no room for others.
    package var maximumRecordBytes: Int { min(self.bytes / 8, SpoolFormat.maximumRecordBytes) }

    /// Room that data leaves to gap records which are carried over from a segment that goes.
    var carryBytes: Int { min(1 << 20, self.segmentBytes / 4) }

    var maxAgeMicroseconds: Int64 { Self.microseconds(self.maxAge) }

    /// A span in microseconds, at most 10,000 days.
    static func microseconds(_ duration: Duration) -> Int64 {
        let parts = min(max(duration, .zero), .seconds(10_000 * 86_400)).components
        return parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000
    }
}
