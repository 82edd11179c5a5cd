import Backfill
import CZlib
import Glibc

/// A file that grows by compressed bytes; closed in between, it goes on with a further gzip member.
///
/// Not safe to share: its piece uses it under a lock.
final class GzipFile: @unchecked Sendable {
    // Safe: see above.
    private static let bufferBytes = 64 << 10
    private static let level: Int32 = 6
    /// 15 bits of window, and 16 for a gzip header, which without more has no time: equal rows give equal files.
    private static let windowBits: Int32 = 15 + 16

    let path: String
    private(set) var bytesWritten: UInt64 = 0
    private var descriptor: Int32 = -1
    private let stream: UnsafeMutablePointer<z_stream>
    private var hasStream = false
    private let buffer: UnsafeMutableRawBufferPointer

    init(path: String) {
        self.path = path
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        self.buffer = .allocate(byteCount: Self.bufferBytes, alignment: 16)
    }

    deinit {
        self.close()
        self.stream.deallocate()
        self.buffer.deallocate()
    }

    var isOpen: Bool { self.descriptor >= 0 }

    func write(_ bytes: [UInt8]) throws(HistoryOutputError) {
        guard !bytes.isEmpty else { return }
        if !self.isOpen { try self.open() }
        try bytes.withUnsafeBufferPointer { source throws(HistoryOutputError) in
            self.stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            self.stream.pointee.avail_in = UInt32(clamping: source.count)
            while self.stream.pointee.avail_in > 0 { try self.step(Z_NO_FLUSH) }
        }
    }

    /// Ends the member, forces all to the disk and closes the file.
    func seal() throws(HistoryOutputError) {
        guard self.isOpen else { return }
        while try self.step(Z_FINISH) != Z_STREAM_END {}
        while fsync(self.descriptor) != 0 {
            guard errno == EINTR else { throw HistoryOutputError(errno, "syncing", self.path) }
        }
        self.close()
    }

    /// Lets go of the file, whatever state it is in.
    func close() {
        if self.hasStream { deflateEnd(self.stream) }
        self.hasStream = false
        if self.isOpen { Glibc.close(self.descriptor) }
        self.descriptor = -1
    }

    private func open() throws(HistoryOutputError) {
        repeat {
            self.descriptor = Glibc.open(self.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        } while self.descriptor < 0 && errno == EINTR
        guard self.isOpen else { throw HistoryOutputError(errno, "opening", self.path) }
        self.stream.pointee = z_stream()
        guard czlib_deflate_init(self.stream, Self.level, Self.windowBits) == Z_OK else {
            throw HistoryOutputError("no memory to compress \(self.path)")
        }
        self.hasStream = true
    }

    /// Compresses what there is into the buffer and writes the buffer.
    @discardableResult
    private func step(_ flush: Int32) throws(HistoryOutputError) -> Int32 {
        self.stream.pointee.next_out = self.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        self.stream.pointee.avail_out = UInt32(self.buffer.count)
        let status = deflate(self.stream, flush)
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            throw HistoryOutputError("compressing \(self.path): zlib's status \(status)")
        }
        var rest = self.buffer[..<(self.buffer.count - Int(self.stream.pointee.avail_out))]
        while !rest.isEmpty {
            let count = Glibc.write(self.descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            // A write of nothing would go on for ever.
            guard count > 0 else { throw HistoryOutputError(count == 0 ? ENOSPC : errno, "writing", self.path) }
            self.bytesWritten &+= UInt64(count)
            rest = rest.dropFirst(count)
        }
        return status
    }
}

extension HistoryOutputError {
    /// What a call to the system failed with; a full disk passes, a folder that may not be written does not.
    init(_ code: Int32, _ doing: String, _ path: String) {
        let passing: Set<Int32> = [ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, EAGAIN, ESTALE, ETIMEDOUT]
        self.init(
            "\(doing) \(path): \(String(cString: strerror(code)))", passing.contains(code) ? .unavailable : .refused)
    }
}
