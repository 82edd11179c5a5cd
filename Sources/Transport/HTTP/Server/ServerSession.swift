/// What serves one WebSocket client; every call comes on the loop's thread.
package protocol WebSocketSessionHandler: AnyObject {
    func opened(_ session: ServerSession)
    /// A whole message of the client, valid only during the call.
    func received(_ bytes: UnsafeRawBufferPointer, isText: Bool, on session: ServerSession)
    func pong(_ bytes: UnsafeRawBufferPointer, on session: ServerSession)
    /// Everything queued was handed to the system.
    func drained(_ session: ServerSession)
    /// The connection is over, once; `code` is the client's close code, nil if it gave none.
    func closed(_ session: ServerSession, code: Int?)
}

extension WebSocketSessionHandler {
    package func pong(_ bytes: UnsafeRawBufferPointer, on session: ServerSession) {}
    package func drained(_ session: ServerSession) {}
}

/// One WebSocket client of a server; for the loop's thread only.
///
/// What is sent within one turn of the loop leaves in one write. After the end every call does nothing.
package final class ServerSession {
    package let id: UInt64
    /// The request that opened it.
    package let request: HTTPRequest

    private var connection: HTTPServerConnection?
    private let handler: any WebSocketSessionHandler
    private let queueLimit: Int
    private let messageLimit: Int
    private var message: [UInt8] = []
    private var messageOpcode: WebSocketOpcode?
    private var peerCloseCode: Int?
    private var isClosing = false
    private var timers: [ObjectIdentifier: LoopTimer] = [:]

    init(
        id: UInt64, request: HTTPRequest, connection: HTTPServerConnection, handler: any WebSocketSessionHandler,
        configuration: HTTPServerConfiguration
    ) {
        self.id = id
        self.request = request
        self.connection = connection
        self.handler = handler
        self.queueLimit = configuration.maxQueuedBytes
        self.messageLimit = configuration.maxMessageBytes
    }

    /// Whether the connection lives and no close was begun.
    package var isOpen: Bool { self.connection != nil && !self.isClosing }

    /// Bytes that wait for the client.
    package var queuedBytes: Int { self.connection?.queuedBytes ?? 0 }

    // MARK: Sending

    /// Queues a text message; false when the queue is full or the session is over.
    package func send(text: some Collection<UInt8>) -> Bool {
        self.send(.text, text)
    }

    /// Queues a text message from raw memory; false when the queue is full or the session is over.
    package func send(text: UnsafeRawBufferPointer) -> Bool {
        self.enqueue(.text, isFinal: true, text)
    }

    /// Queues a binary message; false when the queue is full or the session is over.
    package func send(binary: some Collection<UInt8>) -> Bool {
        self.send(.binary, binary)
    }

    /// Queues one text message cut into frames; false when the queue is full or the session is over.
    package func send(fragments: [[UInt8]]) -> Bool {
        let total = fragments.reduce(0) { $0 + $1.count + 10 }
        guard self.hasRoom(for: total) else { return false }
        for (index, fragment) in fragments.enumerated() {
            let opcode = index == 0 ? WebSocketOpcode.text : .continuation
            _ = fragment.withUnsafeBytes { self.enqueue(opcode, isFinal: index == fragments.count - 1, $0) }
        }
        return true
    }

    /// Asks for a pong with the same bytes; those past 125 are left out.
    @discardableResult
    package func ping(_ bytes: [UInt8] = []) -> Bool {
        self.send(.ping, bytes.prefix(125))
    }

    /// Puts bytes on the wire without a frame around them: truncated or malformed frames.
    @discardableResult
    package func sendRaw(_ bytes: [UInt8]) -> Bool {
        guard let connection, self.hasRoom(for: bytes.count) else { return false }
        bytes.withUnsafeBytes { connection.enqueue($0) }
        return true
    }

    // MARK: Ending

    /// Begins the close handshake: sends what is queued, then a close frame, and waits a little for the client's.
    package func close(code: Int = 1000, reason: String = "") {
        guard let connection, !self.isClosing else { return }
        self.isClosing = true
        self.enqueueClose(code: code, reason: reason)
        connection.awaitPeerClose()
    }

    /// Ends the connection at once with a TCP reset; what is queued is lost.
    package func abort() {
        self.connection?.abort()
    }

    // MARK: Faults and time

    /// Neither reads nor writes any more, while the connection stays: a half-open peer.
    package func stall() {
        self.connection?.isStalled = true
    }

    /// Goes on after `stall()`.
    package func resume() {
        self.connection?.isStalled = false
    }

    /// Runs `action` after a while, unless the session or the loop ends before.
    @discardableResult
    package func schedule(after delay: Duration, _ action: @escaping (ServerSession) -> Void) -> LoopTimer? {
        guard let connection else { return nil }
        var identifier: ObjectIdentifier?
        let timer = connection.context.makeTimer { [weak self] in
            guard let self else { return }
            if let identifier { self.timers[identifier] = nil }
            action(self)
        }
        identifier = ObjectIdentifier(timer)
        self.timers[ObjectIdentifier(timer)] = timer
        timer.schedule(after: delay)
        return timer
    }

    // MARK: What the connection reports

    func started() {
        self.handler.opened(self)
    }

    func wasDrained() {
        self.handler.drained(self)
    }

    func ended() {
        guard self.connection != nil else { return }
        self.connection = nil
        for timer in self.timers.values { timer.cancel() }
        self.timers = [:]
        self.handler.closed(self, code: self.peerCloseCode)
    }

    /// Takes whole frames out of `bytes` and answers how many bytes they had.
    func process(_ bytes: UnsafeMutableRawBufferPointer) -> Int {
        var used = 0
        do throws(WebSocketViolation) {
            while let connection, !connection.isStalled,
                let frame = try WebSocketFrame.parse(
                    UnsafeMutableRawBufferPointer(rebasing: bytes[used...]), payloadLimit: self.messageLimit)
            {
                let payload = UnsafeRawBufferPointer(rebasing: bytes[used...][shifted(frame.payload, by: used)])
                used += frame.payload.upperBound
                try self.received(frame, payload)
            }
        } catch {
            self.refuse(error)
            return bytes.count
        }
        return used
    }

    private func received(
        _ frame: WebSocketFrame, _ payload: UnsafeRawBufferPointer
    ) throws(WebSocketViolation) {
        switch frame.opcode {
        case .ping:
            _ = self.enqueue(.pong, isFinal: true, payload)
        case .pong:
            self.handler.pong(payload, on: self)
        case .close:
            self.receivedClose(payload)
        case .text, .binary:
            guard self.messageOpcode == nil else { throw WebSocketViolation(closeCode: 1002) }
            if frame.isFinal {
                self.handler.received(payload, isText: frame.opcode == .text, on: self)
            } else {
                self.messageOpcode = frame.opcode
                self.message.append(contentsOf: payload)
            }
        case .continuation:
            guard let opcode = self.messageOpcode else { throw WebSocketViolation(closeCode: 1002) }
            guard payload.count <= self.messageLimit - self.message.count else {
                throw WebSocketViolation(closeCode: 1009)
            }
            self.message.append(contentsOf: payload)
            guard frame.isFinal else { return }
            let message = self.message
            self.message = []
            self.messageOpcode = nil
            message.withUnsafeBytes { self.handler.received($0, isText: opcode == .text, on: self) }
        }
    }

    private func receivedClose(_ payload: UnsafeRawBufferPointer) {
        if payload.count >= 2 { self.peerCloseCode = Int(payload[0]) << 8 | Int(payload[1]) }
        if !self.isClosing {
            self.isClosing = true
            self.enqueueClose(code: self.peerCloseCode, reason: "")
        }
        self.connection?.finish()
    }

    private func refuse(_ violation: WebSocketViolation) {
        guard let connection else { return }
        if !self.isClosing {
            self.isClosing = true
            self.enqueueClose(code: violation.closeCode, reason: "")
        }
        connection.finish()
    }

    // MARK: Queue

    private func hasRoom(for count: Int) -> Bool {
        self.isOpen && count <= self.queueLimit - self.queuedBytes
    }

    private func send(_ opcode: WebSocketOpcode, _ bytes: some Collection<UInt8>) -> Bool {
        let result = bytes.withContiguousStorageIfAvailable {
            self.enqueue(opcode, isFinal: true, UnsafeRawBufferPointer($0))
        }
        return result ?? Array(bytes).withUnsafeBytes { self.enqueue(opcode, isFinal: true, $0) }
    }

    private func enqueue(_ opcode: WebSocketOpcode, isFinal: Bool, _ payload: UnsafeRawBufferPointer) -> Bool {
        guard self.hasRoom(for: payload.count + 10), let connection else { return false }
        var (header, count) = WebSocketFrame.header(opcode, isFinal: isFinal, count: payload.count)
        withUnsafeBytes(of: &header) { connection.enqueue(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        connection.enqueue(payload)
        return true
    }

    private func enqueueClose(code: Int?, reason: String) {
        guard let connection else { return }
        var payload: [UInt8] = []
        if let code = code.flatMap({ UInt16(exactly: $0) }) {
            payload = [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] + reason.utf8.prefix(123)
        }
        var (header, count) = WebSocketFrame.header(.close, count: payload.count)
        withUnsafeBytes(of: &header) { connection.enqueue(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        payload.withUnsafeBytes { connection.enqueue($0) }
    }
}

private func shifted(_ range: Range<Int>, by offset: Int) -> Range<Int> {
    range.lowerBound + offset..<range.upperBound + offset
}
