internal import CZlib

/// Inflates the messages of one permessage-deflate connection (RFC 7692) into a bounded, reused buffer.
final class MessageInflater {
    /// Whether the server forgets its window after each message.
    var serverForgetsWindow = false

    /// The server's window, 8 to 15 bits.
    var windowBits: Int32 = 15

    private var stream = z_stream()
    private var isReady = false
    private let limit: Int
    private var output: UnsafeMutableRawBufferPointer
    private var used = 0

    /// - Parameter limit: Bytes that one message may have when inflated.
    init(limit: Int) {
        self.limit = limit
        self.output = .allocate(byteCount: min(limit, 64 * 1024) + 1, alignment: 16)
    }

    deinit {
        if self.isReady { inflateEnd(&self.stream) }
        self.output.deallocate()
    }

    enum Outcome {
        /// The plain bytes, valid until the next call.
        case message(UnsafeRawBufferPointer)
        case invalid
        case tooLarge
    }

    /// Inflates one whole compressed message, its fragments joined.
    func inflate(_ compressed: UnsafeRawBufferPointer) -> Outcome {
        guard self.prepare() else { return .invalid }
        self.used = 0
        if let failure = self.pump(compressed) { return failure }
        // The sender cut these four bytes off the end of its flush (RFC 7692, 7.2.1).
        let tail: (UInt8, UInt8, UInt8, UInt8) = (0x00, 0x00, 0xFF, 0xFF)
        let failure = withUnsafeBytes(of: tail) { self.pump($0) }
        if let failure { return failure }
        if self.serverForgetsWindow { inflateReset(&self.stream) }
        return .message(UnsafeRawBufferPointer(rebasing: self.output[..<self.used]))
    }

    private func prepare() -> Bool {
        guard !self.isReady else { return true }
        // A raw stream has a negative window; zlib's inflate does not take 8 for it, and 9 reads the same data.
        self.isReady = czlib_inflate_init(&self.stream, -max(9, min(15, self.windowBits))) == Z_OK
        return self.isReady
    }

    private func pump(_ input: UnsafeRawBufferPointer) -> Outcome? {
        guard let base = input.baseAddress, !input.isEmpty, input.count <= Int(UInt32.max) else { return nil }
        self.stream.next_in = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self))
        self.stream.avail_in = UInt32(input.count)
        defer { self.stream.next_in = nil }
        while true {
            // One byte more than the limit, so that a message of just the limit is seen to end.
            if self.used > self.limit { return .tooLarge }
            if self.used == self.output.count { self.grow() }
            let room = self.output.count - self.used
            self.stream.next_out = (self.output.baseAddress! + self.used).assumingMemoryBound(to: UInt8.self)
            self.stream.avail_out = UInt32(clamping: room)
            let code = CZlib.inflate(&self.stream, Z_SYNC_FLUSH)
            self.used = self.output.count - Int(self.stream.avail_out)
            switch code {
            case Z_OK, Z_BUF_ERROR:
                if self.stream.avail_out > 0 { return self.used > self.limit ? .tooLarge : nil }
            case Z_STREAM_END:
                // A final block ends the stream; the next message starts a new one (RFC 7692, 7.2.3.4).
                guard inflateReset(&self.stream) == Z_OK else { return .invalid }
                if self.stream.avail_in == 0 { return self.used > self.limit ? .tooLarge : nil }
            default:
                return .invalid
            }
        }
    }

    private func grow() {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(self.output.count * 2, self.limit + 1), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: self.output[..<self.used]))
        self.output.deallocate()
        self.output = larger
    }
}
