import CZlib
import Glibc

/// Reads a file's bytes, inflating them where they are gzip (any number of members).
final class RecordingFile {
    private static let chunkBytes = 256 * 1024

    private let descriptor: Int32
    private let chunk: UnsafeMutableRawBufferPointer
    private let stream: UnsafeMutablePointer<z_stream>?
    private var pendingStart = 0
    private var pendingEnd = 0
    private var sourceEnded = false
    private var memberEnded = true

    /// Opens `path`; its first two bytes say whether it is gzip, whatever its name.
    init(path: String) throws(RecordingError.Kind) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(errno: errno) }
        var magic: [UInt8] = [0, 0]
        let isGzip = pread(descriptor, &magic, 2, 0) == 2 && magic == [0x1F, 0x8B]
        if isGzip {
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            // 15 bits of window, and 16 for a gzip header.
            guard czlib_inflate_init(stream, 15 + 16) == Z_OK else {
                stream.deallocate()
                close(descriptor)
                throw .outOfMemory
            }
            self.stream = stream
        } else {
            self.stream = nil
        }
        self.descriptor = descriptor
        self.chunk = .allocate(byteCount: Self.chunkBytes, alignment: 16)
    }

    deinit {
        if let stream = self.stream {
            inflateEnd(stream)
            stream.deallocate()
        }
        self.chunk.deallocate()
        close(self.descriptor)
    }

    /// Starts over at the first byte.
    func rewind() throws(RecordingError.Kind) {
        guard lseek(self.descriptor, 0, SEEK_SET) == 0 else { throw .readFailed(errno: errno) }
        if let stream = self.stream { inflateReset(stream) }
        self.pendingStart = 0
        self.pendingEnd = 0
        self.sourceEnded = false
        self.memberEnded = true
    }

    /// Fills `target` with plain bytes as far as one step gives them; 0 only at the end.
    func read(into target: UnsafeMutableRawBufferPointer) throws(RecordingError.Kind) -> Int {
        guard let stream = self.stream else { return try self.readSource(into: target) }
        while true {
            if self.pendingStart == self.pendingEnd, !self.sourceEnded {
                self.pendingStart = 0
                self.pendingEnd = try self.readSource(into: self.chunk)
                self.sourceEnded = self.pendingEnd == 0
            }
            if self.pendingStart == self.pendingEnd {
                guard self.memberEnded else { throw .truncated }
                return 0
            }
            let produced = try self.inflateStep(stream, into: target)
            if produced > 0 { return produced }
        }
    }

    private func inflateStep(
        _ stream: UnsafeMutablePointer<z_stream>, into target: UnsafeMutableRawBufferPointer
    ) throws(RecordingError.Kind) -> Int {
        let input = self.chunk[self.pendingStart..<self.pendingEnd]
        let source = UnsafeMutableRawBufferPointer(rebasing: input).assumingMemoryBound(to: UInt8.self)
        let output = target.assumingMemoryBound(to: UInt8.self)
        let outputBytes = min(output.count, Int(UInt32.max))
        stream.pointee.next_in = source.baseAddress
        stream.pointee.avail_in = UInt32(source.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(outputBytes)
        let code = inflate(stream, Z_NO_FLUSH)
        self.pendingStart = self.pendingEnd - Int(stream.pointee.avail_in)
        self.memberEnded = code == Z_STREAM_END
        switch code {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: inflateReset(stream)
        default: throw .damaged(code: code)
        }
        return outputBytes - Int(stream.pointee.avail_out)
    }

    private func readSource(into target: UnsafeMutableRawBufferPointer) throws(RecordingError.Kind) -> Int {
        while true {
            let count = Glibc.read(self.descriptor, target.baseAddress, target.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .readFailed(errno: errno) }
        }
    }
}
