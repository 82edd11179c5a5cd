internal import Glibc
internal import Synchronization

/// One file on disk, closed once.
///
/// All calls block for as long as the system takes, which for the pieces that are written and read here is the time of
/// a copy to and from its cache.
final class ArchiveFile: Sendable {
    private let path: String
    private let descriptor: Atomic<Int32>

    init(path: String, _ flags: Int32) throws(ArchiveFailure) {
        var opened = Glibc.open(path, flags | O_CLOEXEC, 0o640)
        while opened < 0, errno == EINTR { opened = Glibc.open(path, flags | O_CLOEXEC, 0o640) }
        guard opened >= 0 else { throw Self.failure("open", path, errno) }
        self.path = path
        self.descriptor = Atomic(opened)
    }

    deinit { self.close() }

    func close() {
        let descriptor = self.descriptor.exchange(-1, ordering: .relaxed)
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    func size() throws(ArchiveFailure) -> Int {
        var status = stat()
        guard fstat(self.descriptor.load(ordering: .relaxed), &status) == 0 else {
            throw Self.failure("size", self.path, errno)
        }
        return Int(status.st_size)
    }

    func truncate(to size: Int) throws(ArchiveFailure) {
        while ftruncate(self.descriptor.load(ordering: .relaxed), size) != 0 {
            guard errno == EINTR else { throw Self.failure("truncate", self.path, errno) }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ArchiveFailure) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                self.descriptor.load(ordering: .relaxed), base + done, bytes.count - done, offset + done)
            if count < 0, errno == EINTR { continue }
            // A write of nothing would go on for ever.
            guard count > 0 else { throw Self.failure("write", self.path, count == 0 ? ENOSPC : errno) }
            done += count
        }
    }

    /// Reads the next bytes; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ArchiveFailure) -> Int {
        while true {
            let count = pread(self.descriptor.load(ordering: .relaxed), buffer.baseAddress, buffer.count, offset)
            if count >= 0 { return count }
            guard errno == EINTR else { throw Self.failure("read", self.path, errno) }
        }
    }

    // MARK: - By path

    /// A small file's text; nil where there is none, or it is larger.
    static func text(of path: String, bytesMost: Int) -> String? {
        guard let file = try? ArchiveFile(path: path, O_RDONLY) else { return nil }
        defer { file.close() }
        var buffer = [UInt8](repeating: 0, count: bytesMost + 1)
        guard let count = try? buffer.withUnsafeMutableBytes({ try file.read(into: $0, at: 0) }), count <= bytesMost
        else { return nil }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Puts a small file in its place, whole or not at all; after a power cut it may be empty, which its reader sees.
    static func replace(_ path: String, with text: String) throws(ArchiveFailure) {
        let temporary = path + ".new"
        let file = try ArchiveFile(path: temporary, O_WRONLY | O_CREAT | O_TRUNC)
        defer { file.close() }
        var bytes = Array(text.utf8)
        let written = bytes.withUnsafeMutableBytes { bytes in
            Result { () throws(ArchiveFailure) in try file.write(UnsafeRawBufferPointer(bytes), at: 0) }
        }
        try written.get()
        guard rename(temporary, path) == 0 else { throw Self.failure("rename", path, errno) }
    }

    static func size(of path: String) throws(ArchiveFailure) -> Int {
        let file = try ArchiveFile(path: path, O_RDONLY)
        defer { file.close() }
        return try file.size()
    }

    static func remove(_ path: String) {
        _ = unlink(path)
    }

    /// Makes a folder and those above it.
    static func makeFolder(_ path: String) throws(ArchiveFailure) {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && !path.hasPrefix("/") ? String(part) : "/\(part)"
            guard !part.isEmpty, mkdir(made, 0o750) != 0 else { continue }
            guard errno == EEXIST else { throw Self.failure("make", path, errno) }
        }
    }

    /// The names of a folder's files with their sizes and when they were last written, seconds since 1970.
    static func list(_ path: String) throws(ArchiveFailure) -> [(name: String, bytes: Int, written: Int)] {
        guard let stream = opendir(path) else { throw Self.failure("list", path, errno) }
        defer { closedir(stream) }
        var files: [(name: String, bytes: Int, written: Int)] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            var status = stat()
            guard stat("\(path)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.append((name, Int(status.st_size), status.st_mtim.tv_sec))
        }
        return files
    }

    private static func failure(_ operation: String, _ path: String, _ code: Int32) -> ArchiveFailure {
        ArchiveFailure(
            code == ENOSPC || code == EDQUOT ? .noRoom : .file,
            "\(operation) \(path): \(String(cString: strerror(code)))",
            mayHaveBeenSent: false)
    }
}
