internal import Glibc

/// One connection of a client, from `connect` to its end; it carries one exchange at a time.
///
/// The core is told exactly once about each exchange: it is done, or has failed. A connection that reports a failure
/// is closed already.
final class HTTPClientConnection: SocketSetMember {
    private enum State {
        case connecting
        case tunnelling
        case securing
        case exchanging
        case idle
        case closed
    }

    let id: UInt64
    let key: HTTPConnectionPool.Key
    private unowned let core: HTTPClientCore
    private var state = State.connecting
    private var socket: StreamSocket?
    private var socketKey: UInt64?
    private var interest: SocketSet.Interest = []
    private var addresses: ArraySlice<SocketAddress> = []
    private var exchange: HTTPExchange?
    private var decoder = HTTPResponseDecoder()
    private var tunnel: HTTPResponseDecoder?
    private var outbound = ByteQueue()
    private var phase = HTTPClientError.Phase.connect
    private var timer: LoopTimer?
    private var hasReceived = false
    private var isReused = false
    /// Bytes read in one turn before others get theirs.
    private static let turnLimit = 1 << 20

    init(id: UInt64, key: HTTPConnectionPool.Key, core: HTTPClientCore) {
        self.id = id
        self.key = key
        self.core = core
    }

    // MARK: What the core asks

    /// Opens the connection for its first exchange.
    func open(for exchange: HTTPExchange) {
        self.exchange = exchange
        self.addresses = exchange.addresses[...]
        self.timer = self.core.context.makeTimer { [weak self] in self?.timerFired() }
        self.arm(.connect, exchange.request.deadlines.connect)
        self.connectToNextAddress(lastError: "no address")
    }

    /// Sends a further exchange over the idle connection.
    func reuse(for exchange: HTTPExchange) {
        self.exchange = exchange
        self.isReused = true
        self.sendRequest()
    }

    /// Ends the connection and its exchange, if it has one, which the core is not told.
    func abandon() {
        self.exchange = nil
        self.shut()
    }

    // MARK: Events

    func ready(hungUp: Bool) {
        switch self.state {
        case .connecting:
            self.checkConnected()
        case .tunnelling, .exchanging:
            self.flush()
            self.readAnswer()
        case .securing:
            self.continueHandshake()
        case .idle:
            // The other side closed it, or says something nobody asked for: either way it is of no use any more.
            self.shut()
            self.core.idleConnectionEnded(self)
        case .closed:
            break
        }
    }

    func turnEnded() {
        if case .exchanging = self.state { self.readAnswer() }
    }

    private func timerFired() {
        switch self.state {
        case .idle:
            self.shut()
            self.core.idleConnectionEnded(self)
        case .closed:
            break
        case .connecting, .tunnelling, .securing, .exchanging:
            self.fail(.timedOut(self.phase), "no \(self.phase.rawValue) in time")
        }
    }

    // MARK: Connecting

    private func connectToNextAddress(lastError: String) {
        var lastError = lastError
        while let address = self.addresses.popFirst() {
            let (socket, code) = StreamSocket.connecting(to: address)
            guard let socket else {
                lastError = errnoText(code)
                continue
            }
            guard let key = self.core.sockets.add(self, descriptor: socket.descriptor, interest: .write) else {
                lastError = "the loop takes no further descriptor"
                continue
            }
            self.socket = socket
            self.socketKey = key
            self.interest = .write
            return
        }
        self.fail(.unreachable, lastError)
    }

    private func checkConnected() {
        guard let socket, let code = socket.finishConnecting() else { return }
        guard code == 0 else {
            self.dropSocket()
            self.connectToNextAddress(lastError: errnoText(code))
            return
        }
        if self.core.proxy != nil, self.key.isSecure {
            self.startTunnel()
        } else {
            self.connected()
        }
    }

    private func startTunnel() {
        guard let exchange else { return }
        let authority = exchange.request.authority(alwaysWithPort: true)
        self.outbound.append("CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n\r\n".utf8)
        // Like an answer to HEAD, the one to CONNECT has no body; what follows it is the tunnel.
        self.tunnel = HTTPResponseDecoder(isAnswerToHEAD: true)
        self.state = .tunnelling
        self.flush()
    }

    private func connected() {
        guard let socket, let exchange else { return }
        guard self.key.isSecure else {
            self.sendRequest()
            return
        }
        guard let tls = self.core.tls, socket.startTLS(tls, serverName: exchange.request.host) else {
            self.fail(.tls, "the session cannot be set up for \(exchange.request.host)")
            return
        }
        self.state = .securing
        self.arm(.tls, exchange.request.deadlines.tls)
        self.continueHandshake()
    }

    private func continueHandshake() {
        guard let socket else { return }
        switch socket.handshake() {
        case .done: self.sendRequest()
        case .blocked: self.wait(for: socket.blockedOn)
        case .ended: self.fail(.tls, "the connection ended in the handshake")
        case .failed(let reason): self.fail(.tls, reason)
        }
    }

    // MARK: Exchanging

    private func sendRequest() {
        guard let exchange else { return }
        self.state = .exchanging
        self.hasReceived = false
        self.decoder = HTTPResponseDecoder(
            isAnswerToHEAD: exchange.request.method == .head, bodyLimit: exchange.request.maxBodyBytes)
        self.outbound.append(
            exchange.request.encoded(absoluteTarget: self.core.proxy != nil && !self.key.isSecure))
        self.arm(.firstByte, exchange.request.deadlines.firstByte)
        self.flush()
    }

    private func flush() {
        guard let socket else { return }
        while !self.outbound.isEmpty {
            switch self.outbound.withFirst(body: { socket.write($0) }) {
            case .done(let count):
                if case .exchanging = self.state { self.exchange?.mayHaveBeenSent = true }
                self.outbound.drop(count)
            case .blocked:
                self.wait(for: [.read, socket.blockedOn])
                return
            case .ended:
                self.connectionEnded("the connection ended while the request was sent")
                return
            case .failed(let reason):
                self.connectionEnded(reason)
                return
            }
        }
        self.wait(for: .read)
    }

    private func readAnswer() {
        var total = 0
        while let socket = self.socket, self.isReading {
            guard total < Self.turnLimit else {
                // TLS may hold bytes that the descriptor does not announce.
                if socket.hasBufferedInput { self.core.sockets.finishTurn(with: self) }
                return
            }
            switch self.core.withReadBuffer({ buffer in self.readOnce(socket, into: buffer) }) {
            case .done(let count): total += count
            case .blocked:
                self.wait(for: self.outbound.isEmpty ? [.read, socket.blockedOn] : [.read, .write])
                return
            case .ended: self.connectionEnded("the connection ended before the answer was whole")
            case .failed(let reason): self.connectionEnded(reason)
            }
        }
    }

    private var isReading: Bool {
        switch self.state {
        case .exchanging, .tunnelling: true
        case .connecting, .securing, .idle, .closed: false
        }
    }

    private func readOnce(_ socket: StreamSocket, into buffer: UnsafeMutableRawBufferPointer) -> StreamSocket.Outcome {
        let outcome = socket.read(into: buffer)
        guard case .done(let count) = outcome else { return outcome }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        if case .tunnelling = self.state {
            self.received(fromProxy: bytes)
        } else {
            self.received(bytes)
        }
        return outcome
    }

    private func received(fromProxy bytes: UnsafeRawBufferPointer) {
        guard var tunnel else { return }
        var status = 0
        do throws(HTTPParseError) {
            let used = try tunnel.decode(bytes) { event in
                if case .head(let head) = event { status = head.status }
            }
            self.tunnel = tunnel
            guard tunnel.isDone else { return }
            guard (200...299).contains(status), used == bytes.count else {
                self.fail(.unreachable, "the proxy answered \(status)")
                return
            }
            self.tunnel = nil
            self.connected()
        } catch {
            self.fail(.unreachable, "the proxy's answer is no HTTP")
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        guard let exchange else { return }
        self.hasReceived = true
        self.arm(.progress, exchange.request.deadlines.progress)
        var isWanted = true
        do throws(HTTPParseError) {
            let used = try self.decoder.decode(bytes) { event in
                switch event {
                case .head(let head):
                    exchange.head = head
                    exchange.receiver.head(head)
                case .body(let piece):
                    self.core.statistics.bodyBytesReceived &+= piece.count
                    isWanted = isWanted && exchange.receiver.piece(piece)
                }
            }
            guard isWanted else {
                self.fail(.cancelled, "the receiver asked for no more")
                return
            }
            if self.decoder.isDone { self.answered(canReuse: self.decoder.canReuseConnection && used == bytes.count) }
        } catch {
            self.fail(with: HTTPClientError(error, exchange.request))
        }
    }

    /// The other side is gone; that may be how an answer without a length ends.
    private func connectionEnded(_ reason: String) {
        guard let exchange else { return }
        if case .exchanging = self.state, self.hasReceived {
            do throws(HTTPParseError) {
                try self.decoder.connectionEnded()
                self.answered(canReuse: false)
            } catch {
                self.fail(with: HTTPClientError(error, exchange.request))
            }
            return
        }
        if self.isReused, !exchange.isSecondAttempt, exchange.request.method != .post {
            self.exchange = nil
            self.shut()
            self.core.connectionWasStale(self, exchange)
            return
        }
        self.fail(.closedEarly, reason)
    }

    private func answered(canReuse: Bool) {
        guard let exchange, let head = exchange.head else {
            self.fail(.malformed, "an answer without a head")
            return
        }
        self.exchange = nil
        if canReuse, self.outbound.isEmpty {
            self.state = .idle
            self.wait(for: .read)
            self.timer?.schedule(after: self.core.idleTimeout)
        } else {
            self.shut()
        }
        self.core.connectionFinished(self, exchange, .success(head))
    }

    // MARK: Ending

    private func fail(_ kind: HTTPClientError.Kind, _ detail: String) {
        guard let exchange else { return }
        self.fail(with: exchange.error(kind, detail))
    }

    private func fail(with error: HTTPClientError) {
        guard let exchange else { return }
        self.exchange = nil
        self.shut()
        self.core.connectionFinished(self, exchange, .failure(error))
    }

    /// Whether it can serve another exchange.
    var isIdle: Bool {
        if case .idle = self.state { return true }
        return false
    }

    private func shut() {
        self.state = .closed
        self.timer?.cancel()
        self.timer = nil
        self.dropSocket()
    }

    private func dropSocket() {
        if let socket, let socketKey { self.core.sockets.remove(socketKey, descriptor: socket.descriptor) }
        self.socket?.close()
        self.socket = nil
        self.socketKey = nil
    }

    private func arm(_ phase: HTTPClientError.Phase, _ delay: Duration) {
        self.phase = phase
        self.timer?.schedule(after: delay)
    }

    private func wait(for interest: SocketSet.Interest) {
        guard interest != self.interest, let socket, let socketKey else { return }
        self.interest = interest
        self.core.sockets.change(socketKey, descriptor: socket.descriptor, interest: interest)
    }
}
