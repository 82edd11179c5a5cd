import Glibc

/// What the spool holds and how it does, as of one moment.
package struct SpoolFigures: Sendable {
    package let records: UInt64
    /// Bytes of all segment files, and their limit.
    package let bytes: Int
    package let limitBytes: Int
    /// Appended since the start, and of them not synced yet: what a power cut would take.
    package let unsynced: UInt64
    package let failures: UInt64
    package let syncFailures: UInt64
    /// Records that could not be read any more.
    package let unreadable: UInt64
    /// What does not work now, with the system's words; nil while everything does.
    package let problem: String?
    package let recovery: SpoolRecovery
    /// Trade streams whose last id is kept, and those for which there was no room.
    package let marks: Int
    package let marksRefused: UInt64

    init(_ store: PublisherStore) {
        let spool = store.spool
        self.records = spool.count
        self.bytes = spool.bytes
        self.limitBytes = spool.configuration.bytes
        self.unsynced = spool.nextSequence &- min(spool.nextSequence, max(spool.syncedSequence, spool.head))
        self.failures = spool.failureCount
        self.syncFailures = spool.syncFailureCount
        self.unreadable = spool.lostRecords
        self.recovery = spool.recovery
        switch spool.state {
        case .ready: self.problem = nil
        case .failing(let operation, let code, _): self.problem = "\(operation): \(String(cString: strerror(code)))"
        }
        self.marks = store.marks.count
        self.marksRefused = store.marks.overflowCount
    }
}
