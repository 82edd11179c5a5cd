import Backfill
import Glibc
import Synchronization

/// Where files of one process grow until they are whole: `<root>/.partial/<process>-<n>/`, locked while it lives.
///
/// What a killed process left is told by its lock, which the kernel gave up.
final class PartialFiles: Sendable {
    private static let lockName = "lock"
    private static let ending = ".partial"

    private let folder: String
    private let lock: Int32
    private let number = Atomic<UInt64>(0)

    /// Makes the folder, and removes those of processes that are gone.
    init(in root: String) throws(HistoryOutputError) {
        let parent = root + "/.partial"
        try FileTree.makeFolders(parent)
        // Nobody clears away between another's folder and its lock.
        let gate = try Self.take(parent + "/gate", orWait: true)
        defer { close(gate) }
        var mine: String?
        for number in 0..<1_000 where mine == nil {
            let path = "\(parent)/\(getpid())-\(number)"
            if mkdir(path, 0o750) == 0 { mine = path }
        }
        guard let mine else { throw HistoryOutputError(errno, "making a folder in", parent) }
        self.folder = mine
        self.lock = try Self.take(mine + "/" + Self.lockName, orWait: true)
        try Self.clear(parent, but: mine)
    }

    deinit {
        unlink(self.folder + "/" + Self.lockName)
        rmdir(self.folder)
        close(self.lock)
    }

    /// A path that no other file has.
    func next() -> String {
        "\(self.folder)/\(self.number.add(1, ordering: .relaxed).newValue)\(Self.ending)"
    }

    /// Removes the folders whose lock nobody holds, and of what is in them our own files alone.
    private static func clear(_ parent: String, but mine: String) throws(HistoryOutputError) {
        for name in try FileTree.names(in: parent) {
            let folder = parent + "/" + name
            let parts = name.split(separator: "-", omittingEmptySubsequences: false)
            guard folder != mine, parts.count == 2, parts.allSatisfy({ UInt64($0) != nil }) else { continue }
            guard let lock = try? Self.take(folder + "/" + Self.lockName, orWait: false) else { continue }
            defer { close(lock) }
            for file in try FileTree.names(in: folder) where file.hasSuffix(Self.ending) || file == Self.lockName {
                unlink(folder + "/" + file)
            }
            rmdir(folder)
        }
    }

    private static func take(_ path: String, orWait waits: Bool) throws(HistoryOutputError) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw HistoryOutputError(errno, "opening", path) }
        while flock(descriptor, waits ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let code = errno
            close(descriptor)
            throw HistoryOutputError(code, "locking", path)
        }
        return descriptor
    }
}

/// Folders and names on the disk.
enum FileTree {
    /// Makes a folder with its parents, each forced to the disk.
    static func makeFolders(_ path: String) throws(HistoryOutputError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            let parent = made
            made += "/" + part
            if mkdir(made, 0o750) == 0 {
                try self.sync(parent.isEmpty ? "/" : parent)
            } else if errno != EEXIST {
                throw HistoryOutputError(errno, "making", made)
            }
        }
    }

    /// Forces what was made, renamed and removed in a folder to the disk.
    static func sync(_ folder: String) throws(HistoryOutputError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HistoryOutputError(errno, "opening", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw HistoryOutputError(errno, "syncing", folder) }
    }

    static func names(in folder: String) throws(HistoryOutputError) -> [String] {
        guard let stream = opendir(folder) else { throw HistoryOutputError(errno, "listing", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
