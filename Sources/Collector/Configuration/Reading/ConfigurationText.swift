import Glibc

/// Reads small text files whole, within a limit.
enum ConfigurationText {
    /// The largest configuration file, in bytes.
    static let limit = 256 * 1024

    /// Reads the file.
    ///
    /// - Throws: Text that says what is wrong, without the file's name.
    static func read(_ path: String, limit: Int = Self.limit) throws(ReadError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ReadError(Self.reason(of: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw ReadError(Self.reason(of: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ReadError("not a regular file") }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            }
            if got < 0 {
                if errno == EINTR { continue }
                throw ReadError(Self.reason(of: errno))
            }
            if got == 0 { break }
            count += got
        }
        guard count <= limit else { throw ReadError("larger than \(ByteSize(limit))") }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else { throw ReadError("not UTF-8 text") }
        guard !text.utf8.contains(0) else { throw ReadError("holds a zero byte, so it is not text") }
        return text
    }

    /// Why a file could not be read.
    struct ReadError: Error {
        let message: String

        init(_ message: String) { self.message = message }
    }

    private static func reason(of code: Int32) -> String {
        switch code {
        case ENOENT: "no such file"
        case EACCES, EPERM: "no permission to read it"
        case EISDIR: "is a directory"
        case ENOTDIR: "a part of its path is no directory"
        default: "cannot be read (error \(code))"
        }
    }
}
