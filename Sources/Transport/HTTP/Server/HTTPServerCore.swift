internal import Glibc

/// The part of a server that lives on the loop's thread: the listening socket and its connections.
final class HTTPServerCore: SocketSetMember {
    let context: LoopContext
    let sockets: SocketSet
    let configuration: HTTPServerConfiguration
    let onRequest: @Sendable (HTTPRequest) -> HTTPResponse
    let onWebSocket: (@Sendable (HTTPRequest) -> (any WebSocketSessionHandler)?)?
    /// The port that is listened on.
    let port: Int
    var statistics = HTTPServerStatistics()
    private(set) var isStopping = false

    private let tls: TLSContext?
    private var listener: Int32
    private var listenerKey: UInt64?
    private var connections: [UInt64: HTTPServerConnection] = [:]
    private var nextConnection: UInt64 = 1
    private var sweeper: LoopTimer?
    private var stopWaiters: [@Sendable () -> Void] = []
    private let readBuffer = ReadBuffer()
    private static let sweepInterval = Duration.milliseconds(250)

    init(
        context: LoopContext, configuration: HTTPServerConfiguration, tls: TLSContext?,
        onRequest: @escaping @Sendable (HTTPRequest) -> HTTPResponse,
        onWebSocket: (@Sendable (HTTPRequest) -> (any WebSocketSessionHandler)?)?
    ) throws(TransportError) {
        let (listener, port) = try Self.listen(address: configuration.address, port: configuration.port)
        do throws(TransportError) {
            self.sockets = try SocketSet.make(on: context)
        } catch {
            _ = Glibc.close(listener)
            throw error
        }
        self.context = context
        self.configuration = configuration
        self.tls = tls
        self.onRequest = onRequest
        self.onWebSocket = onWebSocket
        self.listener = listener
        self.port = port
        // Strong, so that this outlives every connection; the set lets go of it when it ends.
        self.sockets.onTerminated = { self.socketsTerminated() }
        self.listenerKey = self.sockets.add(self, descriptor: listener, interest: .read)
        self.sweeper = context.makeTimer { [weak self] in self?.sweep() }
        self.sweeper?.schedule(after: Self.sweepInterval)
    }

    deinit {
        if self.listener >= 0 { _ = Glibc.close(self.listener) }
    }

    /// Lends the buffer that all connections read into.
    func withReadBuffer<Result>(_ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
        body(self.readBuffer.bytes)
    }

    var currentStatistics: HTTPServerStatistics {
        var copy = self.statistics
        copy.connections = self.connections.count
        return copy
    }

    /// Closes everything; `done` is called when the last descriptor is closed.
    func stop(_ done: @escaping @Sendable () -> Void) {
        self.stopWaiters.append(done)
        guard !self.isStopping else {
            if self.sockets.wsi == nil { self.socketsTerminated() }
            return
        }
        self.closeEverything()
        self.sockets.close()
    }

    func connectionEnded(_ connection: HTTPServerConnection) {
        guard self.connections.removeValue(forKey: connection.id) != nil, !connection.isUpgraded else { return }
        self.statistics.plainConnections -= 1
    }

    // MARK: Accepting

    func ready(hungUp: Bool) {
        // A bounded number at a time, so that those already here get their turn.
        for _ in 0..<64 where !self.isStopping {
            let (descriptor, address) = SocketAddress.filled { accept(self.listener, $0, $1) }
            guard descriptor >= 0 else {
                self.acceptFailed(errno)
                return
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            self.accepted(StreamSocket(descriptor: descriptor), from: address.text)
        }
    }

    func turnEnded() {}

    private func accepted(_ socket: StreamSocket, from remoteAddress: String) {
        guard self.connections.count < self.configuration.maxConnections else {
            self.statistics.connectionsRefused += 1
            socket.close()
            return
        }
        if let tls, !socket.startTLS(tls, serverName: nil) {
            self.statistics.handshakesFailed += 1
            return
        }
        let connection = HTTPServerConnection(
            id: self.nextConnection, socket: socket, remoteAddress: remoteAddress, server: self)
        self.nextConnection += 1
        guard connection.start() else {
            self.statistics.connectionsRefused += 1
            return
        }
        self.connections[connection.id] = connection
        self.statistics.connectionsAccepted += 1
        self.statistics.plainConnections += 1
        self.statistics.plainConnectionsMax = max(
            self.statistics.plainConnectionsMax, self.statistics.plainConnections)
    }

    private func acceptFailed(_ code: Int32) {
        guard code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM, let listenerKey else { return }
        // The connection stays in the queue and would be announced again at once: look away until the next sweep.
        self.statistics.acceptsFailed += 1
        self.sockets.change(listenerKey, descriptor: self.listener, interest: [])
    }

    /// Binds and listens; `SO_REUSEADDR` lets a restart take over from sockets in TIME_WAIT, not from a listener.
    private static func listen(address: String, port: Int) throws(TransportError) -> (descriptor: Int32, port: Int) {
        guard let wanted = SocketAddress(literal: address, port: port) else {
            throw TransportError(.addressRefused, "\(address):\(port) is no address and port")
        }
        let descriptor = socket(
            wanted.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TransportError(.exhausted, "socket: \(errnoText(errno))") }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        guard wanted.withSystemAddress({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 1024) == 0 else {
            let code = errno
            _ = Glibc.close(descriptor)
            throw TransportError(
                code == EADDRINUSE ? .addressInUse : .addressRefused, "\(address):\(port): \(errnoText(code))")
        }
        let (_, bound) = SocketAddress.filled { getsockname(descriptor, $0, $1) }
        return (descriptor, bound.port)
    }

    // MARK: Time and end

    private func sweep() {
        let now = LoopClock.monotonicMicroseconds()
        for connection in Array(self.connections.values) { connection.checkDeadline(now: now) }
        if let listenerKey { self.sockets.change(listenerKey, descriptor: self.listener, interest: .read) }
        self.sweeper?.schedule(after: Self.sweepInterval)
    }

    private func closeEverything() {
        self.isStopping = true
        self.sweeper?.cancel()
        self.sweeper = nil
        if let listenerKey { self.sockets.remove(listenerKey, descriptor: self.listener) }
        self.listenerKey = nil
        if self.listener >= 0 { _ = Glibc.close(self.listener) }
        self.listener = -1
        for connection in Array(self.connections.values) { connection.shut() }
    }

    private func socketsTerminated() {
        self.closeEverything()
        let waiters = self.stopWaiters
        self.stopWaiters = []
        for waiter in waiters { waiter() }
    }
}
