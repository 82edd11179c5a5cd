internal import CCrypto

/// A file as it is sent.
struct ArchiveContent {
    let bytes: [UInt8]
    /// Hexadecimal.
    let sha256: String

    init(bytes: [UInt8]) {
        self.bytes = bytes
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil)
        let digits = Array("0123456789abcdef")
        self.sha256 = String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    var tag: String { "\"\(self.sha256.prefix(32))\"" }
}

/// The files that were asked for last, and which of all files changed; the others are made again when they are asked for.
struct ArchiveShelf {
    private static let bytesMax = 32 << 20
    private static let changedMax = 65_536

    private var kept: [(path: String, content: ArchiveContent)] = []
    private var keptBytes = 0
    private var changes: [String: UInt16] = [:]
    /// Files made.
    private(set) var made = 0

    /// The file of a path, made where it is not kept.
    mutating func content(_ path: String, _ make: (_ changes: UInt16) -> [UInt8]?) -> ArchiveContent? {
        if let index = self.kept.firstIndex(where: { $0.path == path }) {
            let found = self.kept.remove(at: index)
            self.kept.append(found)
            return found.content
        }
        guard let bytes = make(self.changes[path] ?? 0) else { return nil }
        self.made += 1
        let content = ArchiveContent(bytes: bytes)
        self.kept.append((path, content))
        self.keptBytes += bytes.count
        while self.keptBytes > Self.bytesMax, self.kept.count > 1 {
            self.keptBytes -= self.kept.removeFirst().content.bytes.count
        }
        return content
    }

    /// Has a file changed: the same rows in other bytes.
    mutating func change(_ path: String) {
        guard self.changes[path] != nil || self.changes.count < Self.changedMax else { return }
        self.changes[path, default: 0] &+= 1
        guard let index = self.kept.firstIndex(where: { $0.path == path }) else { return }
        self.keptBytes -= self.kept.remove(at: index).content.bytes.count
    }
}
