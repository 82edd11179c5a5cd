internal import Transport

/// One WebSocket client of a segment: what it subscribed, what it may do, what is wrong with it.
final class SimulatorSession: WebSocketSessionHandler {
    /// Whether frames still reach the client.
    private enum Condition {
        case healthy
        /// Stalled or broken on purpose: what is sent is lost.
        case lost
    }

    private unowned let core: ExchangeCore
    let segment: MarketSegment
    private let path: StreamPath
    private var isCombined: Bool
    private(set) var channels: [String: StreamChannel] = [:]
    /// Names acknowledged, those that stay silent included.
    private var acknowledged: [String] = []
    private var messages: SlidingWindow
    private var condition = Condition.healthy
    private var session: ServerSession?
    private var lastPong: Int64
    private var held: [(channel: StreamChannel, data: [UInt8])] = []
    private var framed: [UInt8] = []
    private var junkKind = 0

    init(core: ExchangeCore, segment: MarketSegment, path: StreamPath) {
        self.core = core
        self.segment = segment
        self.path = path
        self.isCombined = path.isCombined
        let limit = core.configuration.limits.messagesPerSecond[segment] ?? 5
        self.messages = SlidingWindow(length: 1_000_000, limit: limit)
        self.lastPong = LoopClock.monotonicMicroseconds()
    }

    /// Bytes that wait for the client.
    var queuedBytes: Int { self.session?.queuedBytes ?? 0 }

    // MARK: The server's side

    func opened(_ session: ServerSession) {
        self.session = session
        self.core.sessionOpened(self)
        let limits = self.core.configuration.limits
        session.schedule(after: limits.connectionLifetime) { [weak self] session in
            guard session.isOpen else { return }
            self?.core.counters.lifetimesEnded += 1
            session.close(code: 1001, reason: "lifetime")
        }
        self.schedulePing(on: session)
        if !self.path.streams.isEmpty { _ = self.subscribe(self.path.streams) }
    }

    func received(_ bytes: UnsafeRawBufferPointer, isText: Bool, on session: ServerSession) {
        guard self.admitMessage(on: session) else { return }
        switch ClientCommand(parsing: bytes) {
        case .subscribe(let names, let id):
            guard self.subscribe(names) else {
                self.answer(error: 4, "Too many streams", on: session)
                session.close(code: 1008, reason: "Too many streams")
                return
            }
            self.acknowledge(id, on: session)
        case .unsubscribe(let names, let id):
            self.unsubscribe(names)
            self.acknowledge(id, on: session)
        case .listSubscriptions(let id):
            self.listSubscriptions(id, on: session)
        case .setCombined(let value, let id):
            self.isCombined = value
            self.acknowledge(id, on: session)
        case .invalid(let code, let message):
            self.answer(error: code, message, on: session)
        }
    }

    func pong(_ bytes: UnsafeRawBufferPointer, on session: ServerSession) {
        // An unsolicited pong is empty and no answer.
        if bytes.count > 0 { self.lastPong = LoopClock.monotonicMicroseconds() }
        _ = self.admitMessage(on: session)
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

    // MARK: Subscriptions

    /// Serves what exists and stays silent about the rest; `false` past the limit.
    private func subscribe(_ names: [String]) -> Bool {
        let new = names.filter { !self.acknowledged.contains($0) }
        guard self.acknowledged.count + new.count <= self.core.configuration.limits.streamsPerConnection else {
            return false
        }
        self.acknowledged.append(contentsOf: new)
        if self.core.faultHappens(.silentAck, segment: self.segment) { return true }
        for name in new {
            guard let channel = self.core.channel(named: name, segment: self.segment, path: self.path) else { continue }
            self.channels[name] = channel
            channel.add(self)
        }
        self.core.subscriptionsChanged()
        return true
    }

    private func unsubscribe(_ names: [String]) {
        for name in names {
            self.channels.removeValue(forKey: name)?.remove(self)
            self.acknowledged.removeAll { $0 == name }
        }
    }

    private func listSubscriptions(_ id: CommandID, on session: ServerSession) {
        var text: [UInt8] = []
        text.write("{\"result\":[")
        for (index, name) in self.acknowledged.enumerated() {
            if index > 0 { text.write(",") }
            text.write(quoted: name)
        }
        text.write("],\"id\":")
        id.write(into: &text)
        text.write("}")
        _ = session.send(text: text)
    }

    private func acknowledge(_ id: CommandID, on session: ServerSession) {
        var text: [UInt8] = []
        text.write("{\"result\":null,\"id\":")
        id.write(into: &text)
        text.write("}")
        _ = session.send(text: text)
    }

    private func answer(error code: Int, _ message: String, on session: ServerSession) {
        var text: [UInt8] = []
        text.write("{\"code\":")
        text.write(code)
        text.write(",\"msg\":")
        text.write(quoted: message)
        text.write("}")
        _ = session.send(text: text)
    }

    private func admitMessage(on session: ServerSession) -> Bool {
        guard !self.messages.admit(at: LoopClock.monotonicMicroseconds()) else { return true }
        self.core.counters.tooManyMessages += 1
        session.close(code: 1008, reason: "Too many requests")
        return false
    }

    private func schedulePing(on session: ServerSession) {
        let limits = self.core.configuration.limits
        let interval = limits.pingInterval[self.segment] ?? .seconds(20)
        let patience = (limits.pongTimeout[self.segment] ?? .seconds(60)).wholeMicroseconds
        session.schedule(after: interval) { [weak self] session in
            guard let self, session.isOpen else { return }
            let now = LoopClock.monotonicMicroseconds()
            if now - self.lastPong > patience {
                self.core.counters.pongsMissed += 1
                session.close(code: 1008, reason: "Pong timeout")
                return
            }
            var payload: [UInt8] = []
            payload.write(now)
            session.ping(payload)
            self.schedulePing(on: session)
        }
    }

    // MARK: Frames

    /// Sends one payload of a stream, or what a fault makes of it.
    func deliver(_ data: [UInt8], of channel: StreamChannel) {
        guard self.condition == .healthy, self.session?.isOpen == true else { return }
        guard let fault = self.core.frameFault(segment: self.segment, stream: channel.name) else {
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
            .staleSnapshot:
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
        case .drop, .duplicate, .reorder, .silentAck, .refuseConnects, .slowREST, .rateLimited, .banned, .serverError,
            .truncatedBody, .staleSnapshot:
            break
        }
    }

    private func send(_ data: [UInt8], of channel: StreamChannel) {
        guard let session = self.session else { return }
        let isSent: Bool
        if self.isCombined {
            self.framed.removeAll(keepingCapacity: true)
            self.framed.append(contentsOf: channel.prefix)
            self.framed.append(contentsOf: data)
            self.framed.append(UInt8(ascii: "}"))
            isSent = session.send(text: self.framed)
        } else {
            isSent = session.send(text: data)
        }
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
        self.junkKind = (self.junkKind + 1) % 4
        switch self.junkKind {
        case 1: _ = session.send(text: Array("<html>502 Bad Gateway</html>".utf8))
        case 2: _ = session.send(text: Array(#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","U":"#.utf8))
        case 3: _ = session.send(text: Array(#"{"stream":7,"data":{"e":["x"],"s":{},"b":"no","U":-1}}"#.utf8))
        // Last, since a client must close the connection over it.
        default: _ = session.send(text: [0x7B, 0x22, 0xFF, 0xFE, 0xC0, 0x80, 0x22, 0x7D])
        }
    }
}
