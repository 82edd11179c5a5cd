internal import Glibc
internal import Synchronization

/// The folder in which downloads are kept until they are used: bounded, each file with one user at a time.
///
/// What an earlier process left there counts, is gone on with by whoever wants the same file, and gives way when room is
/// needed.
package final class ArchiveFolder: Sendable {
    private struct State {
        /// What each file takes or is going to take.
        var bytes: [String: Int] = [:]
        var claimed: Set<String> = []

        var total: Int { self.bytes.values.reduce(0) { $0.addingReportingOverflow($1).partialValue } }
    }

    /// What became of a wish for room.
    enum Room: Hashable, Sendable {
        case kept
        /// What is in use takes it now.
        case taken
        /// The whole folder is smaller.
        case never
    }

    private static let part = ".part"
    private static let note = ".note"

    package let path: String
    package let bytesMost: Int
    private let state: Mutex<State>

    /// Makes the folder where it is missing, and looks for what is there.
    ///
    /// - Parameter keptFrom: What was last written before, seconds since 1970, is removed.
    package init(path: String, bytesMost: Int, keptFrom: Int) throws(ArchiveFailure) {
        try ArchiveFile.makeFolder(path)
        for file in try ArchiveFile.list(path) where file.name.hasSuffix(Self.part) && file.written < keptFrom {
            ArchiveFile.remove("\(path)/\(file.name)")
        }
        let files = try ArchiveFile.list(path)
        let parts = files.filter { $0.name.hasSuffix(Self.part) }
        var state = State()
        for part in parts { state.bytes[String(part.name.dropLast(Self.part.count))] = part.bytes }
        for file in files where !file.name.hasSuffix(Self.part) {
            let isNote =
                file.name.hasSuffix(Self.note) && state.bytes[String(file.name.dropLast(Self.note.count))] != nil
            if !isNote, Self.isOurs(file.name) { ArchiveFile.remove("\(path)/\(file.name)") }
        }
        self.path = path
        self.bytesMost = bytesMost
        self.state = Mutex(state)
    }

    /// What its files take or are going to take, bytes.
    package var bytes: Int { self.state.withLock { $0.total } }
    package var files: Int { self.state.withLock { $0.bytes.count } }

    /// Gives the caller a file for what is named so; a second user of the same gets a file of its own.
    func claim(_ identity: String) -> ArchiveClaim {
        let last = identity.split(separator: "/").last ?? ""
        let readable = last.utf8.map { byte in
            Self.isPlain(byte) ? Character(UnicodeScalar(byte)) : "_"
        }
        let base = "\(FileDigest.sha256(of: identity).prefix(24))-\(String(readable.suffix(80)))"
        let name = self.state.withLock { state in
            var name = base
            var number = 1
            while !state.claimed.insert(name).inserted {
                number += 1
                name = "\(base)~\(number)"
            }
            return name
        }
        return ArchiveClaim(folder: self, name: name)
    }

    /// Keeps so much room for a file, all in all; what nobody uses gives way.
    func reserve(_ bytes: Int, for name: String) -> Room {
        guard bytes <= self.bytesMost else { return .never }
        return self.state.withLock { state in
            var surplus = state.total - (state.bytes[name] ?? 0) - (self.bytesMost - bytes)
            for (other, size) in state.bytes.sorted(by: { $0.key < $1.key })
            where surplus > 0 && other != name && !state.claimed.contains(other) {
                // Inside the lock, so that nobody takes it up meanwhile.
                self.removeFiles(of: other)
                state.bytes[other] = nil
                surplus -= size
            }
            guard surplus <= 0 else { return .taken }
            state.bytes[name] = bytes
            return .kept
        }
    }

    /// Removes what is there of a file.
    func discard(_ name: String) {
        self.removeFiles(of: name)
        self.state.withLock { $0.bytes[name] = nil }
    }

    fileprivate func release(_ name: String) {
        var status = stat()
        let size = stat(self.partPath(of: name), &status) == 0 ? Int(status.st_size) : 0
        if size == 0 { self.removeFiles(of: name) }
        self.state.withLock { state in
            state.claimed.remove(name)
            state.bytes[name] = size == 0 ? nil : size
        }
    }

    func partPath(of name: String) -> String { "\(self.path)/\(name)\(Self.part)" }
    func notePath(of name: String) -> String { "\(self.path)/\(name)\(Self.note)" }

    private func removeFiles(of name: String) {
        // The note first: a part without one is begun again.
        ArchiveFile.remove(self.notePath(of: name))
        ArchiveFile.remove(self.partPath(of: name))
    }

    private static func isOurs(_ name: String) -> Bool {
        name.hasSuffix(self.note) || name.hasSuffix(self.note + ".new")
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

/// The right to one file of the folder, until it is let go of.
final class ArchiveClaim: Sendable {
    let folder: ArchiveFolder
    let name: String

    fileprivate init(folder: ArchiveFolder, name: String) {
        self.folder = folder
        self.name = name
    }

    deinit { self.folder.release(self.name) }

    var path: String { self.folder.partPath(of: self.name) }
    var notePath: String { self.folder.notePath(of: self.name) }

    func discard() { self.folder.discard(self.name) }
}
