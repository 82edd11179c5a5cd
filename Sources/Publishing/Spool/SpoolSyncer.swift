import Glibc
import Synchronization

/// Forces what the publisher wrote to the disk, on a thread of its own or by hand, and says how far that went.
///
/// After a failed sync the kernel may have thrown the data away and still report success for the next one
/// (https://www.postgresql.org/docs/current/wal-reliability.html and fsync(2), read 2026-11-21): nothing more is
/// claimed until the records that were concerned are released.
final class SpoolSyncer: Sendable {
    private struct Target {
        let path: String
        /// Open while it is the newest; else it is opened, if it still exists.
        let file: (any SpoolFile)?
    }

    private struct State {
        var targets: [Target] = []
        var upTo: UInt64 = 0
        var isDirectoryDirty = false
        var cursor: (any SpoolFile)?
        var isCursorDirty = false
        var failure: SpoolFileError?
        var failingSince: Int64 = 0
        /// Nothing is claimed while the head is below.
        var doubtfulBelow: UInt64 = 0
        var head: UInt64 = 0
        var isStopped = false
    }

    private let files: any SpoolFiles
    private let directory: String
    private let pauseMilliseconds: Int32?
    private let state = Mutex(State())
    private let synced = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)
    private let passes = Atomic<UInt64>(0)
    private let waker = PublisherWaker()

    /// - Parameter sync: `.never` collects nothing.
    init(files: any SpoolFiles, directory: String, sync: SpoolSync) {
        self.files = files
        self.directory = directory
        self.pauseMilliseconds =
            switch sync {
            case .never: nil
            case .interval(let pause):
                Int32(min(max(SpoolConfiguration.microseconds(pause) / 1000, 1), 3_600_000))
            case .always: 0
            }
    }

    var isActive: Bool { self.pauseMilliseconds != nil }
    var syncedSequence: UInt64 { self.synced.load(ordering: .acquiring) }
    var failureCount: UInt64 { self.failures.load(ordering: .relaxed) }
    var passCount: UInt64 { self.passes.load(ordering: .relaxed) }
    var failure: SpoolFileError? { self.state.withLock { $0.failure } }
    /// When the running series of failures began, µs since the epoch.
    var failingSince: Int64 { self.state.withLock { $0.failingSince } }

    // MARK: The publisher's side

    /// Notes segments that were found at start, of which nobody knows whether they reached the disk.
    func found(_ paths: [String], head: UInt64, upTo: UInt64) {
        guard self.isActive else { return }
        self.state.withLock { state in
            state.targets = paths.map { Target(path: $0, file: nil) }
            state.isDirectoryDirty = true
            state.head = head
            state.upTo = upTo
        }
    }

    /// Notes that records below `upTo` were written, the last of them to `file`.
    func wrote(_ file: any SpoolFile, path: @autoclosure () -> String, upTo: UInt64) {
        guard self.isActive else { return }
        self.state.withLock { state in
            state.upTo = upTo
            if state.targets.last?.file === file { return }
            state.targets.append(Target(path: path(), file: file))
        }
        if self.pauseMilliseconds == 0 { self.waker.wakeIfSleeping() }
    }

    func directoryChanged() {
        guard self.isActive else { return }
        self.state.withLock { $0.isDirectoryDirty = true }
    }

    func cursorWritten(_ file: any SpoolFile, head: UInt64) {
        guard self.isActive else { return }
        self.state.withLock { state in
            state.cursor = file
            state.isCursorDirty = true
            state.head = head
        }
    }

    // MARK: Syncing

    /// Syncs in a loop until stopped.
    func run() {
        guard let pause = self.pauseMilliseconds else { return }
        while !self.isStopped {
            self.waker.sleep(milliseconds: pause == 0 ? 1000 : pause) { pause == 0 && self.hasWork || self.isStopped }
            // Failed targets are kept; without a pause a dead disk would keep a core busy.
            if !self.pass() { self.waker.sleep(milliseconds: 1000) { self.isStopped } }
        }
    }

    func stop() {
        self.state.withLock { $0.isStopped = true }
        self.waker.wake()
    }

    private var isStopped: Bool { self.state.withLock { $0.isStopped } }
    private var hasWork: Bool { self.state.withLock { !$0.targets.isEmpty || $0.isDirectoryDirty } }

    /// Syncs all that was noted so far; false when something of it failed.
    @discardableResult
    func pass() -> Bool {
        let work = self.state.withLock { state in
            let work = state
            state.targets = []
            state.isDirectoryDirty = false
            state.isCursorDirty = false
            return work
        }
        guard !work.targets.isEmpty || work.isDirectoryDirty || work.isCursorDirty else {
            self.claim(work.upTo)
            return true
        }
        do {
            for target in work.targets { try self.sync(target) }
            if work.isDirectoryDirty { try self.files.syncDirectory(self.directory) }
            if work.isCursorDirty { try work.cursor?.sync() }
        } catch {
            self.failed(work, error)
            return false
        }
        self.passes.add(1, ordering: .relaxed)
        self.state.withLock { $0.failure = nil }
        self.claim(work.upTo)
        return true
    }

    private func sync(_ target: Target) throws(SpoolFileError) {
        if let file = target.file { return try file.sync() }
        let file: any SpoolFile
        do {
            file = try self.files.open(target.path, .read)
        } catch {
            // Released or dropped meanwhile: nothing is left to be synced.
            if error.code == ENOENT { return }
            throw error
        }
        try file.sync()
    }

    private func claim(_ upTo: UInt64) {
        let isDoubtful = self.state.withLock { $0.head < $0.doubtfulBelow }
        if !isDoubtful, upTo > self.syncedSequence { self.synced.store(upTo, ordering: .releasing) }
    }

    private func failed(_ work: State, _ error: SpoolFileError) {
        self.failures.add(1, ordering: .relaxed)
        self.state.withLock { state in
            if state.failure == nil { state.failingSince = PublishClock.wall() }
            state.failure = error
            state.doubtfulBelow = max(state.doubtfulBelow, work.upTo)
            // By name, so that what is removed meanwhile does not stay on the disk because it is open here.
            let names = Set(state.targets.map(\.path))
            let again = work.targets.filter { !names.contains($0.path) }.map { Target(path: $0.path, file: nil) }
            state.targets = again + state.targets
            state.isDirectoryDirty = state.isDirectoryDirty || work.isDirectoryDirty
            state.isCursorDirty = state.isCursorDirty || work.isCursorDirty
        }
    }
}
