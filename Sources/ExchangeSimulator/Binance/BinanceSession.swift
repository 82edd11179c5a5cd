internal import Transport

/// Binance's side of a connection: commands by name, acknowledged whether the streams exist or not.
final class BinanceSession: SessionDialect {
    private let segment: MarketSegment
    private let path: StreamPath
    private let limits: SimulatorLimits
    private var isCombined: Bool
    /// Names acknowledged, those that stay silent included.
    private var acknowledged: [String] = []
    private var messages: SlidingWindow
    private var lastPong: Int64

    init(segment: MarketSegment, path: StreamPath, limits: SimulatorLimits) {
        self.segment = segment
        self.path = path
        self.limits = limits
        self.isCombined = path.isCombined
        self.messages = SlidingWindow(length: 1_000_000, limit: limits.messagesPerSecond[segment] ?? 5)
        self.lastPong = LoopClock.monotonicMicroseconds()
    }

    let junk: [[UInt8]] = [
        "<html>502 Bad Gateway</html>", #"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","U":"#,
        #"{"stream":7,"data":{"e":["x"],"s":{},"b":"no","U":-1}}"#,
    ].map { Array($0.utf8) }

    /// Spot alone tells (<https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams>).
    func shutdownNotice(for session: SimulatorSession) -> [UInt8]? {
        guard self.segment == .spot else { return nil }
        var text: [UInt8] = []
        if self.isCombined { text.write("{\"stream\":\"!serverShutdown\",\"data\":") }
        text.write("{\"e\":\"serverShutdown\",\"E\":")
        text.write(LoopClock.wallMicroseconds() / 1000)
        text.write(self.isCombined ? "}}" : "}")
        return text
    }

    func opened(_ session: SimulatorSession) {
        self.schedulePing(on: session)
        if !self.path.streams.isEmpty { _ = self.subscribe(self.path.streams, on: session) }
    }

    func received(_ bytes: UnsafeRawBufferPointer, from session: SimulatorSession) {
        guard self.admitMessage(on: session) else { return }
        switch ClientCommand(parsing: bytes) {
        case .subscribe(let names, let id):
            guard self.subscribe(names, on: session) else {
                self.answer(error: 4, "Too many streams", on: session)
                session.close(code: 1008, reason: "Too many streams")
                return
            }
            self.acknowledge(id, on: session)
        case .unsubscribe(let names, let id):
            for name in names {
                session.drop(name)
                self.acknowledged.removeAll { $0 == name }
            }
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

    func pong(isAnswer: Bool, from session: SimulatorSession) {
        if isAnswer { self.lastPong = LoopClock.monotonicMicroseconds() }
        _ = self.admitMessage(on: session)
    }

    func frame(_ payload: [UInt8], of channel: StreamChannel, into framed: inout [UInt8]) -> Bool {
        guard self.isCombined else { return false }
        framed.append(contentsOf: channel.topic.prefix)
        framed.append(contentsOf: payload)
        framed.append(UInt8(ascii: "}"))
        return true
    }

    /// Serves what exists and stays silent about the rest; `false` past the limit.
    private func subscribe(_ names: [String], on session: SimulatorSession) -> Bool {
        let new = names.filter { !self.acknowledged.contains($0) }
        guard self.acknowledged.count + new.count <= self.limits.streamsPerConnection else { return false }
        self.acknowledged.append(contentsOf: new)
        if session.core.faultHappens(.silentAck, segments: [self.segment]) { return true }
        for name in new {
            if let topic = StreamName(name).topic(self.segment, self.path) { session.take(topic) }
        }
        session.core.subscriptionsChanged()
        return true
    }

    private func listSubscriptions(_ id: CommandID, on session: SimulatorSession) {
        var text: [UInt8] = []
        text.write("{\"result\":[")
        for (index, name) in self.acknowledged.enumerated() {
            if index > 0 { text.write(",") }
            text.write(quoted: name)
        }
        text.write("],\"id\":")
        id.write(into: &text)
        text.write("}")
        session.answer(text)
    }

    private func acknowledge(_ id: CommandID, on session: SimulatorSession) {
        var text: [UInt8] = []
        text.write("{\"result\":null,\"id\":")
        id.write(into: &text)
        text.write("}")
        session.answer(text)
    }

    private func answer(error code: Int, _ message: String, on session: SimulatorSession) {
        var text: [UInt8] = []
        text.write("{\"code\":")
        text.write(code)
        text.write(",\"msg\":")
        text.write(quoted: message)
        text.write("}")
        session.answer(text)
    }

    private func admitMessage(on session: SimulatorSession) -> Bool {
        guard !self.messages.admit(at: LoopClock.monotonicMicroseconds()) else { return true }
        session.core.counters.tooManyMessages += 1
        session.close(code: 1008, reason: "Too many requests")
        return false
    }

    private func schedulePing(on session: SimulatorSession) {
        let interval = self.limits.pingInterval[self.segment] ?? .seconds(20)
        let patience = (self.limits.pongTimeout[self.segment] ?? .seconds(60)).wholeMicroseconds
        session.schedule(after: interval) { [weak self] session in
            guard let self else { return }
            let now = LoopClock.monotonicMicroseconds()
            if now - self.lastPong > patience {
                session.core.counters.pongsMissed += 1
                session.close(code: 1008, reason: "Pong timeout")
                return
            }
            var payload: [UInt8] = []
            payload.write(now)
            session.ping(payload)
            self.schedulePing(on: session)
        }
    }
}
