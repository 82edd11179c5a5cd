internal import Glibc

/// One TCP connection of ours, with or without TLS, never blocking.
///
/// It owns its descriptor: `close()` or `abort()` ends it, and `deinit` does if nobody else did.
final class StreamSocket {
    enum Outcome {
        case done(Int)
        /// Nothing now; the interest to wait for is in `blockedOn`.
        case blocked
        /// The other side sends nothing more.
        case ended
        case failed(String)
    }

    private(set) var descriptor: Int32
    /// What the last blocked operation waits for, beside the obvious: TLS may need to write in order to read.
    private(set) var blockedOn: SocketSet.Interest = []
    private var tls: TLSSession?

    /// Takes over a descriptor that does not block.
    init(descriptor: Int32) {
        self.descriptor = descriptor
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        self.close()
    }

    /// Opens a socket and starts to connect it; `finishConnecting()` tells the outcome once it is writable.
    static func connecting(to address: SocketAddress) -> (socket: StreamSocket?, error: Int32) {
        let descriptor = socket(
            address.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return (nil, errno) }
        let socket = StreamSocket(descriptor: descriptor)
        let result = address.withSystemAddress { connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { return (nil, errno) }
        return (socket, 0)
    }

    /// The error number of a connection attempt; 0 if it is connected, nil if it is still under way.
    func finishConnecting() -> Int32? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(self.descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        if code != 0 { return code }
        let (result, _) = SocketAddress.filled { getpeername(self.descriptor, $0, $1) }
        return result == 0 ? 0 : nil
    }

    var isOpen: Bool { self.descriptor >= 0 }
    var isSecure: Bool { self.tls != nil }
    var hasBufferedInput: Bool { self.tls?.hasBufferedInput ?? false }

    /// Puts TLS on the connection; `handshake()` must succeed before anything else is read or written.
    func startTLS(_ context: TLSContext, serverName: String?) -> Bool {
        self.tls = TLSSession(context: context, descriptor: self.descriptor, serverName: serverName)
        return self.tls != nil
    }

    func handshake() -> Outcome {
        guard let tls else { return .done(0) }
        return self.outcome(tls.handshake())
    }

    /// Reads what is there, up to the buffer's size.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        if let tls { return self.outcome(tls.read(into: buffer)) }
        let count = recv(self.descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .done(count) }
        if count == 0 { return .ended }
        return self.systemOutcome(errno, waitingFor: .read)
    }

    /// Writes what the system takes at once, at least one byte unless blocked.
    func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        if let tls { return self.outcome(tls.write(bytes)) }
        let count = send(self.descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        if count >= 0 { return .done(count) }
        return self.systemOutcome(errno, waitingFor: .write)
    }

    /// Ends the sending direction; reading goes on.
    func finishWriting() {
        self.tls?.sendClosure()
        _ = shutdown(self.descriptor, Int32(SHUT_WR))
    }

    /// Closes the connection; unread input makes the system send a reset.
    func close() {
        guard self.isOpen else { return }
        self.tls = nil
        _ = Glibc.close(self.descriptor)
        self.descriptor = -1
    }

    /// Closes the connection with a reset, throwing away what was not sent.
    func abort() {
        guard self.isOpen else { return }
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        self.close()
    }

    private func outcome(_ outcome: TLSSession.Outcome) -> Outcome {
        self.blockedOn = []
        switch outcome {
        case .done(let count):
            return .done(count)
        case .wantsRead:
            self.blockedOn = .read
            return .blocked
        case .wantsWrite:
            self.blockedOn = .write
            return .blocked
        case .ended:
            return .ended
        case .failed(let reason):
            return .failed(reason)
        }
    }

    private func systemOutcome(_ code: Int32, waitingFor interest: SocketSet.Interest) -> Outcome {
        guard code == EAGAIN || code == EINTR else { return .failed(errnoText(code)) }
        self.blockedOn = interest
        return .blocked
    }
}
