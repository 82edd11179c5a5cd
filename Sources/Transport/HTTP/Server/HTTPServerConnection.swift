internal import Glibc

/// One connection of a server: requests and their answers in turn, or a WebSocket.
final class HTTPServerConnection: SocketSetMember {
    private enum State {
        case handshake
        /// Gathering a request, or idle between two.
        case request
        /// A request was taken and its answer is not wholly queued yet: delayed, or sent slowly.
        case answering
        case webSocket(ServerSession)
        /// Everything is queued: end once it is written.
        case finishing
        /// Everything is written: discard what comes until the other side ends too, so that no reset destroys
        /// the answer on its way.
        case lingering
        case closed
    }

    let id: UInt64
    private unowned let server: HTTPServerCore
    private let socket: StreamSocket
    private let remoteAddress: String
    private var socketKey: UInt64?
    private var state: State
    private var inbound = ByteQueue()
    private var outbound = ByteQueue()
    private var interest: SocketSet.Interest = []
    private var isTurnNamed = false
    private var isWriteBlocked = false
    /// Whether it became a WebSocket.
    private(set) var isUpgraded = false
    private var answer: HTTPServerAnswer?
    private var answerTimer: LoopTimer?
    private var deadline: Int64
    /// With this many bytes of answers waiting, further requests wait too.
    private static let answerLimit = 262_144

    /// Whether it neither reads nor writes, as a WebSocket under fault injection.
    var isStalled = false {
        didSet { self.stallChanged(from: oldValue) }
    }

    init(id: UInt64, socket: StreamSocket, remoteAddress: String, server: HTTPServerCore) {
        self.id = id
        self.socket = socket
        self.remoteAddress = remoteAddress
        self.server = server
        self.state = socket.isSecure ? .handshake : .request
        self.deadline = 0
        self.setDeadline(server.configuration.requestTimeout)
    }

    var context: LoopContext { self.server.context }
    var queuedBytes: Int { self.outbound.count }

    /// Begins to listen to the client; false if the system refuses.
    func start() -> Bool {
        self.socketKey = self.server.sockets.add(self, descriptor: self.socket.descriptor, interest: .read)
        self.interest = .read
        return self.socketKey != nil
    }

    // MARK: Events

    func ready(hungUp: Bool) {
        if case .handshake = self.state, !self.continueHandshake() { return }
        self.flush()
        self.read(mustRead: hungUp)
    }

    func turnEnded() {
        self.isTurnNamed = false
        self.flush()
        if self.socket.hasBufferedInput { self.read(mustRead: false) }
    }

    /// Ends the connection if its deadline is past; `now` in monotonic microseconds.
    func checkDeadline(now: Int64) {
        guard now >= self.deadline, !self.isStalled else { return }
        self.server.statistics.timedOut += 1
        self.shut()
    }

    /// Whether nothing of a request is there and nothing of an answer is due.
    var isIdle: Bool {
        if case .request = self.state { return self.inbound.isEmpty && self.outbound.isEmpty }
        return false
    }

    private func continueHandshake() -> Bool {
        switch self.socket.handshake() {
        case .done:
            self.state = .request
            self.wait(for: .read)
            return true
        case .blocked:
            self.wait(for: self.socket.blockedOn)
        case .ended, .failed:
            self.server.statistics.handshakesFailed += 1
            self.shut()
        }
        return false
    }

    // MARK: Reading

    /// Whether bytes are wanted now.
    private var isReading: Bool {
        switch self.state {
        case .request: self.outbound.count < Self.answerLimit
        case .webSocket, .lingering: !self.isStalled
        // The next request may wait in the system while the answer to this one goes out.
        case .handshake, .answering, .finishing, .closed: false
        }
    }

    private func read(mustRead: Bool) {
        // A client that hung up is noticed by reading, even if nothing is wanted from it.
        if mustRead, !self.isReading {
            if !self.isStalled { self.shut() }
            return
        }
        var rounds = 0
        while self.isReading {
            guard rounds < 16 else {
                if self.socket.hasBufferedInput { self.nameForTurn() }
                break
            }
            rounds += 1
            let outcome = self.server.withReadBuffer { buffer in
                let outcome = self.socket.read(into: buffer)
                if case .done(let count) = outcome { self.received(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                return outcome
            }
            switch outcome {
            case .done: continue
            case .blocked: break
            case .ended, .failed: self.shut()
            }
            break
        }
        self.updateInterest()
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        if case .lingering = self.state { return }
        self.inbound.append(bytes)
        self.processInput()
    }

    private func processInput() {
        if case .webSocket(let session) = self.state {
            // Taken out meanwhile: the handler may end this connection from within.
            var input = ByteQueue()
            swap(&input, &self.inbound)
            input.consume { session.process($0) }
            if case .webSocket = self.state { self.inbound = input }
            return
        }
        while case .request = self.state, !self.inbound.isEmpty, self.outbound.count < Self.answerLimit {
            var next: (head: HTTPRequestHead, body: [UInt8])?
            do throws(HTTPParseError) {
                next = try self.nextRequest()
            } catch {
                self.refuse(error)
                return
            }
            guard let (head, body) = next else { return }
            self.handle(head, head.request(body: body, remoteAddress: self.remoteAddress))
        }
    }

    /// Takes a whole request out of what was received; nil while it is not whole.
    private func nextRequest() throws(HTTPParseError) -> (head: HTTPRequestHead, body: [UInt8])? {
        let limit = self.server.configuration.maxRequestBytes
        var outcome: Result<(HTTPRequestHead, [UInt8])?, HTTPParseError> = .success(nil)
        self.inbound.consume { bytes in
            let bytes = UnsafeRawBufferPointer(bytes)
            // An empty line before a request is tolerated (RFC 9112 section 2.2).
            let start = bytes.starts(with: [UInt8(ascii: "\r"), UInt8(ascii: "\n")]) ? 2 : 0
            let message = UnsafeRawBufferPointer(rebasing: bytes[start...])
            guard let end = HTTPHead.end(in: message) else {
                if message.count > limit { outcome = .failure(.headTooLarge) }
                return 0
            }
            do throws(HTTPParseError) {
                let head = try HTTPRequestHead(parsing: UnsafeRawBufferPointer(rebasing: message[..<end]))
                guard end <= limit else { throw .headTooLarge }
                guard head.contentLength <= limit - end else { throw .bodyTooLarge }
                guard message.count - end >= head.contentLength else { return 0 }
                outcome = .success((head, Array(message[end..<end + head.contentLength])))
                return start + end + head.contentLength
            } catch {
                outcome = .failure(error)
                return 0
            }
        }
        return try outcome.get()
    }

    private func refuse(_ error: HTTPParseError) {
        self.server.statistics.malformedRequests += 1
        let status =
            switch error {
            case .headTooLarge: 431
            case .bodyTooLarge: 413
            case .malformed, .endedEarly: 400
            }
        self.inbound.removeAll()
        self.send(HTTPResponse(status: status, text: "\(error)\n"), keepAlive: false, hidesBody: false)
    }

    // MARK: Answering

    private func handle(_ head: HTTPRequestHead, _ request: HTTPRequest) {
        self.server.statistics.requests += 1
        if head.asksForWebSocket, let onWebSocket = self.server.onWebSocket {
            self.upgrade(request, onWebSocket)
            return
        }
        let keepAlive = head.keepAlive && !self.server.isStopping
        let response = self.server.onRequest(request)
        self.setDeadline(self.server.configuration.writeTimeout)
        guard let delay = response.delay, delay > .zero else {
            self.send(response, keepAlive: keepAlive, hidesBody: request.method == "HEAD")
            return
        }
        self.state = .answering
        self.deadline = .max
        self.answerTimer = self.context.schedule(after: delay) { [weak self] in
            guard let self else { return }
            self.setDeadline(self.server.configuration.writeTimeout)
            self.send(response, keepAlive: keepAlive, hidesBody: request.method == "HEAD")
            self.nameForTurn()
        }
    }

    private func send(_ response: HTTPResponse, keepAlive: Bool, hidesBody: Bool) {
        var answer = HTTPServerAnswer(response, keepAlive: keepAlive, hidesBody: hidesBody)
        self.outbound.append(answer.head)
        self.state = .answering
        guard answer.isSlow else {
            self.outbound.append(answer.takeAll())
            self.answered(answer)
            return
        }
        self.answer = answer
        self.continueSlowly()
    }

    /// Queues the next part of a slow body, and comes back for more.
    private func continueSlowly() {
        guard var answer = self.answer else { return }
        self.outbound.append(answer.takeSlice())
        self.setDeadline(self.server.configuration.writeTimeout)
        self.nameForTurn()
        guard !answer.isEmpty else {
            self.answer = nil
            self.answered(answer)
            return
        }
        self.answer = answer
        self.answerTimer = self.context.schedule(after: HTTPServerAnswer.sliceInterval) { [weak self] in
            self?.continueSlowly()
        }
    }

    private func answered(_ answer: HTTPServerAnswer) {
        self.answerTimer = nil
        self.state = answer.keepsConnection ? .request : .finishing
        self.nameForTurn()
    }

    private func upgrade(
        _ request: HTTPRequest, _ onWebSocket: (HTTPRequest) -> (any WebSocketSessionHandler)?
    ) {
        guard request.header("sec-websocket-version") == "13",
            let accept = request.header("sec-websocket-key").flatMap(webSocketAccept)
        else {
            let refusal = HTTPResponse(status: 426, headers: [("Sec-WebSocket-Version", "13")], text: "no WebSocket\n")
            self.send(refusal, keepAlive: false, hidesBody: false)
            return
        }
        guard let handler = onWebSocket(request) else {
            self.send(HTTPResponse(status: 404, text: "no WebSocket here\n"), keepAlive: false, hidesBody: false)
            return
        }
        let head =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: \(accept)\r\n\r\n"
        self.outbound.append(head.utf8)
        let session = ServerSession(
            id: self.id, request: request, connection: self, handler: handler, configuration: self.server.configuration)
        self.state = .webSocket(session)
        self.deadline = .max
        self.isUpgraded = true
        self.server.statistics.plainConnections -= 1
        self.server.statistics.webSockets += 1
        session.started()
        self.nameForTurn()
        self.processInput()
    }

    // MARK: Writing

    func enqueue(_ bytes: UnsafeRawBufferPointer) {
        self.outbound.append(bytes)
        self.nameForTurn()
    }

    /// Ends the connection once everything is written.
    func finish() {
        if case .webSocket(let session) = self.state {
            self.state = .finishing
            session.ended()
        }
        self.setDeadline(self.server.configuration.writeTimeout)
        self.nameForTurn()
    }

    /// Gives the client a few seconds to answer a close frame.
    func awaitPeerClose() {
        self.setDeadline(.seconds(3))
    }

    private func nameForTurn() {
        guard !self.isTurnNamed, !self.isStalled else { return }
        self.isTurnNamed = true
        self.server.sockets.finishTurn(with: self)
    }

    private func flush() {
        if self.isStalled { return }
        var hasWritten = false
        self.isWriteBlocked = false
        while self.socket.isOpen, !self.outbound.isEmpty, !self.isWriteBlocked {
            switch self.outbound.withFirst(1 << 20, body: { self.socket.write($0) }) {
            case .done(let count):
                self.outbound.drop(count)
                hasWritten = true
            case .blocked:
                self.isWriteBlocked = true
            case .ended, .failed:
                self.shut()
                return
            }
        }
        self.written(hasWritten)
        self.updateInterest()
    }

    /// Goes on after a write: deadlines, the end, or the next request.
    private func written(_ hasWritten: Bool) {
        let timeout = self.server.configuration.writeTimeout
        switch self.state {
        case .webSocket(let session):
            if session.isOpen {
                if self.outbound.isEmpty {
                    self.deadline = .max
                } else if hasWritten || self.deadline == .max {
                    self.setDeadline(timeout)
                }
            }
            if hasWritten, self.outbound.isEmpty { session.wasDrained() }
        case .finishing where self.outbound.isEmpty:
            self.state = .lingering
            self.inbound.removeAll()
            self.socket.finishWriting()
            self.setDeadline(.seconds(2))
        case .request where self.outbound.isEmpty:
            if hasWritten { self.setDeadline(self.server.configuration.keepAliveTimeout) }
            self.processInput()
        case .answering, .finishing, .request:
            if hasWritten { self.setDeadline(timeout) }
        case .handshake, .lingering, .closed:
            break
        }
    }

    // MARK: Ending

    /// Resets the connection at once.
    func abort() {
        self.shut(withReset: true)
    }

    /// Closes the connection at once.
    func shut(withReset: Bool = false) {
        let before = self.state
        if case .closed = before { return }
        self.state = .closed
        self.answerTimer?.cancel()
        self.answerTimer = nil
        self.answer = nil
        if let socketKey { self.server.sockets.remove(socketKey, descriptor: self.socket.descriptor) }
        self.socketKey = nil
        if withReset { self.socket.abort() } else { self.socket.close() }
        self.inbound.removeAll()
        self.outbound.removeAll()
        self.server.connectionEnded(self)
        if case .webSocket(let session) = before { session.ended() }
    }

    // MARK: Interest and deadlines

    private func setDeadline(_ timeout: Duration) {
        let sum = LoopClock.monotonicMicroseconds().addingReportingOverflow(timeout.wholeMicroseconds)
        self.deadline = sum.overflow ? .max : sum.partialValue
    }

    private func updateInterest() {
        guard self.socketKey != nil, !self.isStalled else { return }
        var interest: SocketSet.Interest = self.isReading ? .read : []
        if self.isWriteBlocked { interest.formUnion([.write, self.socket.blockedOn]) }
        self.wait(for: interest)
    }

    private func wait(for interest: SocketSet.Interest) {
        guard interest != self.interest, let socketKey else { return }
        self.interest = interest
        self.server.sockets.change(socketKey, descriptor: self.socket.descriptor, interest: interest)
    }

    /// Takes the socket out of watch altogether: a hang-up is reported whatever the interest.
    private func stallChanged(from wasStalled: Bool) {
        guard self.isStalled != wasStalled, self.socket.isOpen else { return }
        if self.isStalled {
            if let socketKey { self.server.sockets.remove(socketKey, descriptor: self.socket.descriptor) }
            self.socketKey = nil
        } else if self.start() {
            self.setDeadline(self.server.configuration.writeTimeout)
            self.nameForTurn()
            self.processInput()
        } else {
            self.shut()
        }
    }
}
