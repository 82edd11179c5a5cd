internal import CCrypto
internal import Glibc

/// SHA-256 of files, by the system's libcrypto.
enum FileDigest {
    private static let slice = 1 << 20

    /// Gives a file's SHA-256 as 64 lower-case hexadecimal digits.
    ///
    /// It runs on the cooperative pool, a megabyte (a few milliseconds) at a time, and lets others go between.
    @concurrent
    static func sha256(of path: String) async throws(ArchiveFailure) -> String {
        let file = try ArchiveFile(path: path, O_RDONLY)
        defer { file.close() }
        let context = DigestContext()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.slice, alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = try file.read(into: buffer, at: offset)
            guard count > 0 else { return context.finish() }
            context.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
            await Task.yield()
            if Task.isCancelled { throw ArchiveFailure(.cancelled, "cancelled", mayHaveBeenSent: false) }
        }
    }

    /// The SHA-256 of a few bytes, in hexadecimal.
    static func sha256(of text: String) -> String {
        let context = DigestContext()
        var text = text
        text.withUTF8 { context.update(UnsafeRawBufferPointer($0)) }
        return context.finish()
    }
}

/// Owns one digest of the library.
private final class DigestContext {
    private let context: OpaquePointer?

    init() {
        self.context = EVP_MD_CTX_new()
        EVP_DigestInit_ex(self.context, EVP_sha256(), nil)
    }

    deinit { EVP_MD_CTX_free(self.context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        _ = EVP_DigestUpdate(self.context, bytes.baseAddress, bytes.count)
    }

    func finish() -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        EVP_DigestFinal_ex(self.context, &bytes, &count)
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
