/// What is known of one segment file.
struct SpoolSegment {
    /// Of its first record; names the file.
    let first: UInt64
    /// Of the record after its last good one.
    var end: UInt64
    /// Of the file.
    var bytes: Int
    /// Where the last good record ends.
    var dataBytes: Int
    let created: Int64
    /// When the last record was written, as far as it is known; µs since the epoch.
    var lastWritten: Int64
    let isRecovered: Bool
}

/// A record of the spool, lent until the next one is asked for.
struct SpooledRecord {
    /// Its own sequence is the spool's.
    let record: QueueRecord
    let sequence: UInt64
    /// The lane it came from, as the publisher numbers them.
    let origin: UInt16
    /// Whether an earlier boot wrote it.
    let isRecovered: Bool

    init(at base: UnsafeMutableRawPointer, sequence: UInt64, isRecovered: Bool) {
        self.record = SpoolFormat.record(at: base)
        self.sequence = sequence
        self.origin = SpoolFormat.origin(at: base)
        self.isRecovered = isRecovered || SpoolFormat.isFromEarlierBoot(at: base)
    }
}
