internal import Transport

/// One WebSocket client of a host: what it subscribed, what it may do, what is wrong with it.
final class SimulatorSession: WebSocketSessionHandler {
    /// Whether frames still reach the client.
    private enum Condition {
        case healthy
        /// Stalled or broken on purpose: what is sent is lost.
        case lost
    }

    unowned let core: ExchangeCore
    let host: SimulatedHost
    /// Counts the connections as they opened.
    var number = 0
    private let dialect: any SessionDialect
    private(set) var channels: [String: StreamChannel] = [:]
    /// When the client sent or was sent something last; microseconds.
    private(set) var lastTraffic: Int64
    private var condition = Condition.healthy
    private var session: ServerSession?
    private var held: [(channel: StreamChannel, data: [UInt8])] = []
    private var framed: [UInt8] = []
    private var junkKind = 0

    init(core: ExchangeCore, host: SimulatedHost, dialect: any SessionDialect) {
        self.core = core
        self.host = host
        self.dialect = dialect
        self.lastTraffic = LoopClock.monotonicMicroseconds()
    }

    /// Bytes that wait for the client.
    var queuedBytes: Int { self.session?.queuedBytes ?? 0 }

    /// Whether a fault of a segment, or of every one, is for this client.
    func serves(_ segment: MarketSegment?) -> Bool {
        guard let segment else { return true }
        guard self.host.segments.contains(segment) else { return false }
        return self.host.segments.count == 1 || self.channels.values.contains { $0.segment == segment }
    }

    // MARK: The server's side

    func opened(_ session: ServerSession) {
        self.session = session
        self.core.sessionOpened(self)
        session.schedule(after: self.core.configuration.limits.connectionLifetime) { [weak self] session in
            guard session.isOpen else { return }
            self?.core.counters.lifetimesEnded += 1
            session.close(code: 1001, reason: "lifetime")
        }
        self.dialect.opened(self)
    }

    func received(_ bytes: UnsafeRawBufferPointer, isText: Bool, on session: ServerSession) {
        // What was sent before the client learned of its end.
        guard session.isOpen else { return }
        self.lastTraffic = LoopClock.monotonicMicroseconds()
        self.dialect.received(bytes, from: self)
    }

    func pong(_ bytes: UnsafeRawBufferPointer, on session: ServerSession) {
        self.dialect.pong(isAnswer: bytes.count > 0, from: self)
    }

    func drained(_ session: ServerSession) {
        self.core.sessionDrained()
    }

    func closed(_ session: ServerSession, code: Int?) {
        self.session = nil
        for channel in self.channels.values { channel.remove(self) }
        self.channels = [:]
        self.held = []
        self.core.sessionClosed(self)
    }

    // MARK: What a dialect does with it

    /// Serves a stream from now on; `false` where it does not exist.
    @discardableResult
    func take(_ topic: StreamTopic) -> Bool {
        guard let channel = self.core.channel(for: topic) else { return false }
        self.channels[topic.name] = channel
        channel.add(self)
        self.core.welcome(self, to: channel)
        return true
    }

    /// Ends a stream; `false` where it was not served.
    @discardableResult
    func drop(_ name: String) -> Bool {
        guard let channel = self.channels.removeValue(forKey: name) else { return false }
        channel.remove(self)
        self.held.removeAll { $0.channel === channel }
        return true
    }

    /// Answers the client.
    func answer(_ text: [UInt8]) {
        guard self.condition == .healthy else { return }
        _ = self.session?.send(text: text)
        self.lastTraffic = LoopClock.monotonicMicroseconds()
    }

    func ping(_ payload: [UInt8]) {
        self.session?.ping(payload)
    }

    func close(code: Int, reason: String) {
        self.session?.close(code: code, reason: reason)
    }

    /// Runs `action` after a while, unless the session ends before.
    func schedule(after delay: Duration, _ action: @escaping (SimulatorSession) -> Void) {
        self.session?.schedule(after: delay) { [weak self] session in
            guard let self, session.isOpen else { return }
            action(self)
        }
    }

    // MARK: Frames

    /// Sends one payload of a stream, or what a fault makes of it.
    func deliver(_ data: [UInt8], of channel: StreamChannel) {
        guard self.condition == .healthy, self.session?.isOpen == true else { return }
        guard let fault = self.core.frameFault(segment: channel.segment, stream: channel.name) else {
            self.send(data, of: channel)
            self.releaseHeld(of: channel)
            return
        }
        switch fault {
        case .drop: break
        case .duplicate:
            self.send(data, of: channel)
            self.send(data, of: channel)
        case .reorder:
            self.held.append((channel, data))
        case .junk:
            self.sendJunk()
            self.send(data, of: channel)
        case .stall, .halfOpen, .reset, .truncatedFrame, .oversizedFrame:
            self.apply(fault)
        case .silentAck, .refuseConnects, .slowREST, .rateLimited, .banned, .serverError, .truncatedBody,
            .staleSnapshot, .notice, .lifetime, .sequenceReset, .forbidden, .internalError, .cutAnswer, .emptyAnswer,
            .wrongChecksum, .truncatedArchive, .slowArchive, .rangeIgnored, .archiveChanged:
            self.send(data, of: channel)
        }
    }

    /// Does to the connection what a fault of connections does.
    func apply(_ fault: Fault) {
        guard let session = self.session, self.condition == .healthy else { return }
        let plan = self.core.configuration.faults
        switch fault {
        case .stall:
            session.stall()
            session.schedule(after: plan.stallDuration) { $0.resume() }
        case .halfOpen:
            self.condition = .lost
            session.stall()
            session.schedule(after: plan.halfOpenDuration) { $0.abort() }
        case .reset:
            self.condition = .lost
            session.abort()
        case .truncatedFrame:
            self.condition = .lost
            session.sendRaw([0x81, 126, 0x10, 0x00] + Array("{\"stream\":\"half".utf8))
            session.schedule(after: .milliseconds(50)) { $0.abort() }
        case .oversizedFrame:
            self.condition = .lost
            let length = UInt64(max(plan.oversizedBytes, 0))
            let header = [0x81, 127] + (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * UInt64($0))) }
            // More than a client reads at once, so that it looks at the frame before it waits for the rest.
            session.sendRaw(header + [UInt8](repeating: UInt8(ascii: "x"), count: 256 << 10))
            session.schedule(after: .seconds(5)) { $0.abort() }
        case .junk:
            self.sendJunk()
        case .notice:
            guard let notice = self.dialect.shutdownNotice(for: self) else { return }
            self.answer(notice)
            session.schedule(after: plan.noticeLead) { $0.close(code: 1001, reason: "service upgrade") }
        case .lifetime:
            self.core.counters.lifetimesEnded += 1
            session.close(code: 1001, reason: "lifetime")
        case .drop, .duplicate, .reorder, .silentAck, .refuseConnects, .slowREST, .rateLimited, .banned, .serverError,
            .truncatedBody, .staleSnapshot, .sequenceReset, .forbidden, .internalError, .cutAnswer, .emptyAnswer,
            .wrongChecksum, .truncatedArchive, .slowArchive, .rangeIgnored, .archiveChanged:
            break
        }
    }

    private func send(_ data: [UInt8], of channel: StreamChannel) {
        guard let session = self.session else { return }
        self.framed.removeAll(keepingCapacity: true)
        let isFramed = self.dialect.frame(data, of: channel, into: &self.framed)
        let isSent = session.send(text: isFramed ? self.framed : data)
        self.lastTraffic = LoopClock.monotonicMicroseconds()
        if isSent {
            self.core.counters.framesSent += 1
        } else {
            // A client that does not read is cut off, as the venue does.
            self.core.counters.slowClients += 1
            self.condition = .lost
            session.abort()
        }
    }

    private func releaseHeld(of channel: StreamChannel) {
        guard !self.held.isEmpty else { return }
        let released = self.held.filter { $0.channel === channel }
        self.held.removeAll { $0.channel === channel }
        for (_, data) in released { self.send(data, of: channel) }
    }

    private func sendJunk() {
        guard let session = self.session else { return }
        // What is no UTF-8 comes last, since a client must close the connection over it.
        let kinds = self.dialect.junk + [[0x7B, 0x22, 0xFF, 0xFE, 0xC0, 0x80, 0x22, 0x7D]]
        _ = session.send(text: kinds[self.junkKind % kinds.count])
        self.junkKind += 1
    }
}
