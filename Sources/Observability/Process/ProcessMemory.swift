import Glibc

/// What this process holds of the machine: memory, descriptors, TCP sockets.
///
/// What cannot be read is `nil`, never a made-up figure.
package struct ProcessMemory: Hashable, Sendable {
    package var residentBytes: Int?
    package var virtualBytes: Int?
    package var openDescriptors: Int?
    /// Own sockets by state; those in TIME_WAIT belong to no process and are not among them.
    package var sockets: [TCPState: Int]
    /// Whether a table was longer than what is read of it.
    package var truncated: Bool

    private static let tableBytesMaximum = 16 << 20

    /// Reads everything now, which opens a few files and looks at every descriptor: for scrapes, not for loops.
    package static func read() -> ProcessMemory {
        var result = ProcessMemory(sockets: [:], truncated: false)
        if let (virtualPages, residentPages) = self.pages() {
            let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
            result.virtualBytes = virtualPages.multipliedReportingOverflow(by: pageBytes).partialValue
            result.residentBytes = residentPages.multipliedReportingOverflow(by: pageBytes).partialValue
        }
        guard let (descriptors, inodes) = self.descriptors() else { return result }
        result.openDescriptors = descriptors
        for path in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] where !inodes.isEmpty {
            guard let (table, truncated) = self.contents(of: path) else { continue }
            TCPTable.count(table, inodes: inodes, into: &result.sockets)
            result.truncated = result.truncated || truncated
        }
        return result
    }

    /// The resident set alone, for a look every second.
    package static func residentBytes() -> Int? {
        self.pages().map { $0.resident.multipliedReportingOverflow(by: Int(sysconf(Int32(_SC_PAGESIZE)))).partialValue }
    }

    private static func pages() -> (total: Int, resident: Int)? {
        guard let (text, _) = self.contents(of: "/proc/self/statm") else { return nil }
        let columns = text.split(separator: UInt8(ascii: " ")).prefix(2)
            .compactMap { Int(String(decoding: $0, as: UTF8.self)) }
        return columns.count == 2 ? (total: columns[0], resident: columns[1]) : nil
    }

    /// How many descriptors are open, and the inodes of those that are sockets.
    private static func descriptors() -> (count: Int, socketInodes: Set<UInt64>)? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        var inodes: Set<UInt64> = []
        var target = [UInt8](repeating: 0, count: 64)
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let descriptor = Int32(name), descriptor != dirfd(directory) else { continue }
            count += 1
            let length = target.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { start in
                    readlinkat(dirfd(directory), name, start.assumingMemoryBound(to: CChar.self), buffer.count)
                } ?? -1
            }
            guard length > 0 else { continue }
            if let inode = self.socketInode(target.prefix(length)) { inodes.insert(inode) }
        }
        return (count: count, socketInodes: inodes)
    }

    /// The number in `socket:[12345]`.
    static func socketInode(_ link: some Sequence<UInt8>) -> UInt64? {
        let text = String(decoding: Array(link), as: UTF8.self)
        guard text.hasPrefix("socket:["), text.hasSuffix("]") else { return nil }
        return UInt64(text.dropFirst("socket:[".count).dropLast())
    }

    private static func contents(of path: String) -> (bytes: [UInt8], truncated: Bool)? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < self.tableBytesMaximum {
            let length = piece.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if length < 0 && errno == EINTR { continue }
            guard length >= 0 else { return nil }
            if length == 0 { return (bytes: bytes, truncated: false) }
            bytes.append(contentsOf: piece.prefix(length))
        }
        return (bytes: bytes, truncated: true)
    }
}
