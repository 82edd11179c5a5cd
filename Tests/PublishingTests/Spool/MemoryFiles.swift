import TestSupport
import Glibc
import Publishing
import Synchronization

/// Files in memory that forget on `crash` what was not synced, and fail when told; for one thread at a time.
///
/// Within a file, and within the directory, nothing is reordered: a crash keeps the first part of what was not
/// synced, torn at any byte.
final class MemoryFiles: SpoolFiles, @unchecked Sendable {
    // Safe: the tests that share one use it from one thread.
    final class Node: SpoolFile, @unchecked Sendable {
        fileprivate enum Change {
            case write([UInt8], at: Int)
            case truncate(Int)
        }

        var data: [UInt8] = []
        fileprivate var durable: [UInt8] = []
        fileprivate var changes: [Change] = []
        private unowned let files: MemoryFiles

        fileprivate init(_ files: MemoryFiles) { self.files = files }

        func size() throws(SpoolFileError) -> Int { self.data.count }

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolFileError) -> Int {
            try self.files.step("read", .read)
            guard offset < self.data.count else { return 0 }
            let count = min(buffer.count, self.data.count - offset)
            buffer.copyBytes(from: self.data[offset..<(offset + count)])
            return count
        }

        func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SpoolFileError) {
            do {
                try self.files.step("write", .change)
            } catch {
                // A full disk takes a part.
                let part = error.code == ENOSPC ? self.files.partOfFailedWrite(bytes.count) : 0
                self.apply(.write(Array(bytes[..<part]), at: offset))
                throw error
            }
            self.apply(.write(Array(bytes), at: offset))
        }

        func truncate(to size: Int) throws(SpoolFileError) {
            try self.files.step("truncate", .change)
            self.apply(.truncate(size))
        }

        func sync() throws(SpoolFileError) {
            try self.files.step("sync", .sync)
            self.durable = self.data
            self.changes = []
        }

        fileprivate func apply(_ change: Change) {
            Self.apply(change, to: &self.data)
            self.changes.append(change)
        }

        private static func apply(_ change: Change, to data: inout [UInt8]) {
            switch change {
            case .truncate(let size):
                if size < data.count { data.removeLast(data.count - size) }
            case .write(let bytes, let offset):
                guard !bytes.isEmpty else { return }
                let end = offset + bytes.count
                if data.count < end { data.append(contentsOf: repeatElement(0, count: end - data.count)) }
                data.replaceSubrange(offset..<end, with: bytes)
            }
        }

        fileprivate func crash(using random: inout SeededGenerator) {
            self.data = self.durable
            let kept = Int.random(in: 0...self.changes.count, using: &random)
            for change in self.changes[..<kept] { Self.apply(change, to: &self.data) }
            if kept < self.changes.count, case .write(let bytes, let offset) = self.changes[kept] {
                let part = Int.random(in: 0...bytes.count, using: &random)
                Self.apply(.write(Array(bytes[..<part]), at: offset), to: &self.data)
            }
            self.durable = self.data
            self.changes = []
        }
    }

    enum Kind { case read, change, sync }

    struct Fault {
        let code: Int32
        let kinds: Set<Kind>
        /// Operations of these kinds that still succeed, then those that fail.
        var after: Int
        var times: Int
    }

    private(set) var entries: [String: Node] = [:]
    private var durableEntries: [String: Node] = [:]
    private var directoryChanges: [(path: String, node: Node?)] = []
    private var isLocked = false
    private var random = SeededGenerator(seed: 1)
    var fault: Fault?
    private(set) var failed = 0

    func makeDirectory(_ path: String) {}

    private final class Lock: Sendable {
        private let files: MemoryFiles
        init(_ files: MemoryFiles) { self.files = files }
        deinit { self.files.isLocked = false }
    }

    func lock(_ path: String, of directory: String) throws(SpoolError) -> any AnyObject & Sendable {
        guard !self.isLocked else { throw SpoolError(kind: .held(by: nil), directory: directory) }
        self.isLocked = true
        return Lock(self)
    }

    func list(_ directory: String) throws(SpoolFileError) -> [String] {
        self.entries.keys.map { String($0.dropFirst(directory.utf8.count + 1)) }
    }

    func open(_ path: String, _ mode: SpoolOpenMode) throws(SpoolFileError) -> any SpoolFile {
        if let node = self.entries[path] {
            if case .create = mode { try node.truncate(to: 0) }
            return node
        }
        if case .read = mode { throw SpoolFileError("open", ENOENT) }
        try self.step("create", .change)
        let node = Node(self)
        self.entries[path] = node
        self.directoryChanges.append((path, node))
        return node
    }

    func remove(_ path: String) throws(SpoolFileError) {
        try self.step("remove", .change)
        guard self.entries.removeValue(forKey: path) != nil else { return }
        self.directoryChanges.append((path, nil))
    }

    func syncDirectory(_ path: String) throws(SpoolFileError) {
        try self.step("sync_directory", .sync)
        self.durableEntries = self.entries
        self.directoryChanges = []
    }

    /// Loses the power: what was not synced stays in part, or not at all.
    func crash(using random: inout SeededGenerator) {
        let kept = Int.random(in: 0...self.directoryChanges.count, using: &random)
        for change in self.directoryChanges[..<kept] { self.durableEntries[change.path] = change.node }
        self.entries = self.durableEntries
        self.directoryChanges = []
        for path in self.entries.keys.sorted() { self.entries[path]?.crash(using: &random) }
        self.fault = nil
    }

    /// The segments' paths, oldest first.
    var segments: [String] { self.entries.keys.filter { $0.hasSuffix(".log") }.sorted() }

    var segmentBytes: Int { self.segments.reduce(0) { $0 + (self.entries[$1]?.data.count ?? 0) } }

    /// Puts bytes into a file as if they had always been there.
    func plant(_ path: String, _ data: [UInt8]) {
        let node = self.entries[path] ?? Node(self)
        node.data = data
        node.durable = data
        node.changes = []
        self.entries[path] = node
        self.durableEntries[path] = node
    }

    fileprivate func step(_ operation: StaticString, _ kind: Kind) throws(SpoolFileError) {
        guard var fault = self.fault, fault.kinds.contains(kind) else { return }
        if fault.after > 0 {
            fault.after -= 1
            self.fault = fault
            return
        }
        fault.times -= 1
        self.fault = fault.times > 0 ? fault : nil
        self.failed += 1
        throw SpoolFileError(operation, fault.code)
    }

    fileprivate func partOfFailedWrite(_ count: Int) -> Int { Int.random(in: 0...count, using: &self.random) }
}
