import Glibc

/// Files of the operating system.
package struct DiskFiles: SpoolFiles {
    package init() {}

    package func makeDirectory(_ path: String) {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && !path.hasPrefix("/") ? String(part) : "/\(part)"
            if !part.isEmpty { mkdir(made, 0o750) }
        }
    }

    /// Takes a lock of `flock`, which the kernel gives up when the process ends; our id is written into the file, unless
    /// the disk is full: the lock holds without it.
    package func lock(_ path: String, of directory: String) throws(SpoolError) -> any AnyObject & Sendable {
        let file: DiskFile
        do {
            file = try Self.open(path, O_RDWR | O_CREAT, "lock")
        } catch {
            throw SpoolError(kind: .unusable(errno: error.code), directory: directory)
        }
        while flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: throw SpoolError(kind: .held(by: Self.holder(file)), directory: directory)
            case let code: throw SpoolError(kind: .unusable(errno: code), directory: directory)
            }
        }
        let text = Array("\(getpid())\n".utf8)
        let isSigned = ftruncate(file.descriptor, 0) == 0 && pwrite(file.descriptor, text, text.count, 0) == text.count
        guard isSigned || errno == ENOSPC || errno == EDQUOT else {
            throw SpoolError(kind: .unusable(errno: errno), directory: directory)
        }
        return file
    }

    package func list(_ directory: String) throws(SpoolFileError) -> [String] {
        guard let stream = opendir(directory) else { throw SpoolFileError("list", errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            names.append(name)
        }
        guard errno == 0 else { throw SpoolFileError("list", errno) }
        return names
    }

    package func open(_ path: String, _ mode: SpoolOpenMode) throws(SpoolFileError) -> any SpoolFile {
        switch mode {
        case .read: try Self.open(path, O_RDONLY, "open")
        case .update: try Self.open(path, O_RDWR | O_CREAT, "open")
        case .create: try Self.open(path, O_RDWR | O_CREAT | O_TRUNC, "create")
        }
    }

    package func remove(_ path: String) throws(SpoolFileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SpoolFileError("remove", errno) }
    }

    package func syncDirectory(_ path: String) throws(SpoolFileError) {
        let directory = try Self.open(path, O_RDONLY | O_DIRECTORY, "sync_directory")
        guard fsync(directory.descriptor) == 0 else { throw SpoolFileError("sync_directory", errno) }
    }

    private static func open(
        _ path: String, _ flags: Int32, _ operation: StaticString
    ) throws(SpoolFileError) -> DiskFile {
        while true {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o640)
            if descriptor >= 0 { return DiskFile(descriptor: descriptor) }
            guard errno == EINTR else { throw SpoolFileError(operation, errno) }
        }
    }

    private static func holder(_ file: DiskFile) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(file.descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: text[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}

private final class DiskFile: SpoolFile {
    fileprivate let descriptor: Int32

    fileprivate init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(self.descriptor) }

    func size() throws(SpoolFileError) -> Int {
        var status = stat()
        guard fstat(self.descriptor, &status) == 0 else { throw SpoolFileError("size", errno) }
        // What is neither a file of ours nor readable as one, a directory for instance, has no bytes for us.
        return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolFileError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = pread(self.descriptor, base + done, buffer.count - done, offset + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw SpoolFileError("read", errno)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SpoolFileError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = pwrite(self.descriptor, base + done, bytes.count - done, offset + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw SpoolFileError("write", errno)
            }
            // A write of nothing would go on for ever.
            guard count > 0 else { throw SpoolFileError("write", ENOSPC) }
            done += count
        }
    }

    func truncate(to size: Int) throws(SpoolFileError) {
        while ftruncate(self.descriptor, size) != 0 {
            guard errno == EINTR else { throw SpoolFileError("truncate", errno) }
        }
    }

    func sync() throws(SpoolFileError) {
        while fdatasync(self.descriptor) != 0 {
            guard errno == EINTR else { throw SpoolFileError("sync", errno) }
        }
    }
}
