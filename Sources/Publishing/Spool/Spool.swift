import Glibc
import Synchronization

/// An append-only log of checksummed records in segment files, with a reader that follows behind.
///
/// Records leave it from the head when they are released; whole segments go, oldest first, when the limits in bytes or
/// age are reached. What is in it survives the process at once, and a power cut from `syncedSequence` on. Everything
/// but `syncedSequence` belongs to one thread, whose time goes forward by what it passes to `write` and `expire`.
package final class Spool {
    /// How often a record is tried that the disk does not give, before the rest of its segment is given up.
    static let readAttempts = 5

    package let configuration: SpoolConfiguration
    package let recovery: SpoolRecovery
    /// Called for each record that goes without having been released; must not call the spool.
    var onDrop: ((SpooledRecord, SpoolDropCause) -> Void)?

    /// Of the next record that is appended; goes on over restarts.
    package internal(set) var nextSequence: UInt64
    /// Records held: written and not released.
    package internal(set) var count: UInt64
    /// Records read and not released.
    package internal(set) var unreleasedCount: UInt64 = 0
    /// Of all segment files.
    package internal(set) var bytes: Int
    /// Records lost since the start because they could not be read any more; `onDrop` did not see them.
    package internal(set) var lostRecords: UInt64 = 0
    /// Gap records that were appended again because their segment had to go.
    package internal(set) var carriedRecords: UInt64 = 0
    /// Batches refused because everything in the spool was read and not released yet.
    package internal(set) var refusedBatches: UInt64 = 0
    /// Failed operations on files.
    package internal(set) var failureCount: UInt64 = 0

    let files: any SpoolFiles
    let syncer: SpoolSyncer
    private let bootMark: UInt64
    private var lock: (any AnyObject & Sendable)?
    private let syncsByItself: Bool
    private var thread: NativeThread?

    var segments: [SpoolSegment]
    /// Files that had to go and are still there.
    var undeleted: [(first: UInt64, bytes: Int)] = []
    var tail: (any SpoolFile)?
    let batch: SpoolBatch

    let reader = SpoolReader(windowBytes: 256 << 10)
    var readPlace: SpoolPlace
    /// The record that was given and not marked yet.
    var given: (sequence: UInt64, length: Int)?
    var readFailures = 0

    var cursor: SpoolCursor
    private var cursorFile: (any SpoolFile)?
    private(set) var isCursorBehind = false

    var now: Int64
    private(set) var failure: Failure?

    struct Failure {
        var error: SpoolFileError
        var since: Int64
        var last: Int64
        var pause: Int64
    }

    /// Takes the directory, reads everything in it, and cuts off what was torn.
    ///
    /// - Parameter syncsByItself: Whether a thread syncs; else `syncNow` does, for tests.
    package init(
        _ configuration: SpoolConfiguration, files: any SpoolFiles = DiskFiles(), nowMicroseconds now: Int64,
        syncsByItself: Bool = true
    ) throws(SpoolError) {
        let started = ContinuousClock.now
        let directory = configuration.directory
        files.makeDirectory(directory)
        self.lock = try files.lock(directory + "/lock", of: directory)
        self.configuration = configuration
        self.files = files
        self.syncsByItself = syncsByItself
        self.now = now
        self.bootMark = UInt64(bitPattern: now) ^ UInt64(UInt32(bitPattern: getpid())) << 40
        self.cursorFile = try? files.open(directory + "/cursor", .update)

        var recoverer = SpoolRecoverer(files: files, directory: directory)
        try recoverer.run(cursorFile: self.cursorFile)
        var recovery = recoverer.recovery
        self.segments = recoverer.segments
        self.cursor = recoverer.cursor
        self.nextSequence = recoverer.next
        self.count = recovery.records
        self.bytes = recovery.bytes
        self.readPlace = SpoolPlace(
            sequence: recoverer.cursor.head, segment: recoverer.segments.first?.first ?? 0,
            offset: recoverer.headOffset)
        self.batch = SpoolBatch(
            limit: min(1 << 20, configuration.segmentBytes), longest: configuration.maximumRecordBytes)
        self.syncer = SpoolSyncer(files: files, directory: directory, sync: configuration.sync)
        recovery.microseconds = SpoolConfiguration.microseconds(ContinuousClock.now - started)
        self.recovery = recovery

        self.syncer.found(
            self.segments.map { SpoolPath.segment(directory, $0.first) }, head: self.head, upTo: self.nextSequence)
        // Both slots, so that the file has its size before the disk is full.
        self.writeCursor()
        self.writeCursor()
        self.startSyncing()
    }

    deinit { self.stopSyncing() }

    /// Of the oldest record that is not released.
    package var head: UInt64 { self.cursor.head }

    /// All records below survive a power cut; any thread may read it.
    package var syncedSequence: UInt64 { self.syncer.syncedSequence }

    package var syncFailureCount: UInt64 { self.syncer.failureCount }

    /// Bytes of the caller's own that are kept with the head.
    package var note: [UInt8] { self.cursor.note }

    /// Keeps a note of at most 2048 bytes with the head; false when it is longer.
    @discardableResult
    package func setNote(_ note: [UInt8]) -> Bool {
        guard note.count <= SpoolCursor.maximumNoteBytes else { return false }
        self.cursor.note = note
        self.writeCursor()
        return true
    }

    package var state: SpoolState {
        if let failure = self.failure {
            return .failing(
                operation: failure.error.operation, errno: failure.error.code, since: failure.since)
        }
        guard let error = self.syncer.failure else { return .ready }
        return .failing(operation: error.operation, errno: error.code, since: self.syncer.failingSince)
    }

    /// Syncs everything written so far, on the calling thread.
    @discardableResult
    package func syncNow() -> Bool { self.syncer.pass() }

    /// Syncs, closes the files and gives the directory up; nothing else may be called after.
    package func close() {
        if self.isCursorBehind { self.writeCursor() }
        self.stopSyncing()
        self.syncer.pass()
        self.tail = nil
        self.reader.use(nil)
        self.cursorFile = nil
        self.lock = nil
    }

    /// Starts the syncing thread unless it runs; where the system has none left, the next `expire` tries again.
    func startSyncing() {
        guard self.thread == nil, self.syncsByItself, self.syncer.isActive else { return }
        let syncer = self.syncer
        self.thread = NativeThread(name: "spool-sync") { syncer.run() }
    }

    private func stopSyncing() {
        self.syncer.stop()
        self.thread?.join()
        self.thread = nil
    }

    // MARK: Failing

    /// Whether the disk may be tried: it did not fail, or the pause since is over.
    var mayTry: Bool {
        guard let failure = self.failure else { return true }
        return self.now < failure.last || self.now - failure.last >= failure.pause
    }

    /// Notes a failed operation; the pause doubles with each, 1...30 s.
    func failed(_ error: SpoolFileError) {
        self.failureCount += 1
        let pause = self.failure.map { min($0.pause * 2, 30_000_000) } ?? 1_000_000
        self.failure = Failure(
            error: error, since: self.failure?.since ?? self.now, last: self.now, pause: pause)
    }

    func succeeded() { self.failure = nil }

    // MARK: The cursor

    /// Writes head, gaps and note; where the disk refuses, the next call does it.
    func writeCursor() {
        self.cursor.prune()
        do {
            let file: any SpoolFile
            if let open = self.cursorFile {
                file = open
            } else {
                file = try self.files.open(self.configuration.directory + "/cursor", .update)
                self.cursorFile = file
            }
            try self.cursor.write(to: file)
            if self.isCursorBehind { self.succeeded() }
            self.isCursorBehind = false
            self.syncer.cursorWritten(file, head: self.head)
        } catch {
            self.isCursorBehind = true
            self.failed(error)
        }
    }

    // MARK: Segments

    func path(_ first: UInt64) -> String { SpoolPath.segment(self.configuration.directory, first) }

    /// Makes the segment that the next record begins.
    func makeSegment() throws(SpoolFileError) -> any SpoolFile {
        let first = self.nextSequence
        let file = try self.files.open(self.path(first), .create)
        do {
            try self.writeHeader(to: file, first: first)
        } catch {
            // It would be found as a torn tail; where it stays, the next attempt empties it.
            try? self.files.remove(self.path(first))
            throw error
        }
        // An empty one of that name, left by an earlier boot, was emptied.
        if let last = self.segments.last, last.first == first {
            self.bytes -= last.bytes
            self.segments.removeLast()
        }
        self.syncer.directoryChanged()
        self.tail = file
        self.bytes += SpoolFormat.headerBytes
        self.segments.append(
            SpoolSegment(
                first: first, end: first, bytes: SpoolFormat.headerBytes, dataBytes: SpoolFormat.headerBytes,
                created: self.now, lastWritten: self.now, isRecovered: false))
        return file
    }

    private func writeHeader(to file: any SpoolFile, first: UInt64) throws(SpoolFileError) {
        try withUnsafeTemporaryAllocation(byteCount: SpoolFormat.headerBytes, alignment: 16) {
            header
                throws(SpoolFileError) in
            SpoolFormat.writeHeader(
                to: header.baseAddress.unsafelyUnwrapped, first: first, bootMark: self.bootMark, created: self.now)
            try file.write(UnsafeRawBufferPointer(header), at: 0)
        }
    }

    /// Takes a segment out of the spool; where its file stays, its bytes keep counting until it is gone.
    func removeSegment(at index: Int) {
        let segment = self.segments.remove(at: index)
        if index == self.segments.count { self.tail = nil }
        if self.readPlace.segment == segment.first { self.reader.use(nil) }
        self.bytes -= segment.bytes
        if !self.removeFile(segment.first) {
            self.bytes += segment.bytes
            self.undeleted.append((segment.first, segment.bytes))
        }
    }

    func retryRemoving() {
        guard !self.undeleted.isEmpty, self.mayTry else { return }
        self.undeleted.removeAll { file in
            // A new segment may have got the name since.
            let isTaken = self.segments.contains { $0.first == file.first }
            guard isTaken || self.removeFile(file.first) else { return false }
            self.bytes -= file.bytes
            return true
        }
        if self.undeleted.isEmpty { self.succeeded() }
    }

    private func removeFile(_ first: UInt64) -> Bool {
        do {
            try self.files.remove(self.path(first))
            self.syncer.directoryChanged()
            return true
        } catch {
            self.failed(error)
            return false
        }
    }
}
