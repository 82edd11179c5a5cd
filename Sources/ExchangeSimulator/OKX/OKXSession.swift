internal import Transport

/// OKX's side of a connection: one acknowledgement for each channel, a text `ping`, and an end for who is idle.
///
/// Source: <https://www.okx.com/docs-v5/en/#overview-websocket-connect> as of 2026-08.
final class OKXSession: SessionDialect {
    private static let messageBytesMax = 64 * 1024

    private let path: OKXPath
    private let limits: SimulatorLimits
    private let pace: SimulatorPace
    private var operations: SlidingWindow
    private let connection: String

    init(path: OKXPath, limits: SimulatorLimits, pace: SimulatorPace) {
        self.path = path
        self.limits = limits
        self.pace = pace
        self.operations = SlidingWindow(length: 3_600_000_000, limit: limits.okxOperationsPerHour)
        self.connection = String(UInt32(truncatingIfNeeded: LoopClock.monotonicMicroseconds()), radix: 16)
    }

    let junk: [[UInt8]] = [
        "<html>502 Bad Gateway</html>", #"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"#,
        #"{"arg":{"channel":7},"action":["x"],"data":[{"asks":"no","seqId":"-"}]}"#,
    ].map { Array($0.utf8) }

    func shutdownNotice(for session: SimulatorSession) -> [UInt8]? {
        var text: [UInt8] = []
        text.write(
            "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"The connection will soon be closed for a service "
                + "upgrade. Please reconnect.\",\"connId\":")
        text.write(quoted: self.connection)
        text.write("}")
        return text
    }

    func opened(_ session: SimulatorSession) {
        self.watch(session)
    }

    func received(_ bytes: UnsafeRawBufferPointer, from session: SimulatorSession) {
        if bytes.elementsEqual("ping".utf8) {
            session.answer(Array("pong".utf8))
            return
        }
        guard bytes.count <= Self.messageBytesMax, let request = OKXRequest(parsing: bytes),
            request.op == "subscribe" || request.op == "unsubscribe", !request.args.isEmpty
        else {
            let shown = String(decoding: bytes.prefix(200), as: UTF8.self)
            self.refuse(nil, "60012", "Invalid request: \(shown)", on: session)
            return
        }
        guard self.operations.admit(at: LoopClock.monotonicMicroseconds()) else {
            session.core.counters.tooManyMessages += 1
            self.refuse(request.id, "60014", "Requests too frequent", on: session)
            return
        }
        for argument in request.args {
            if request.op == "subscribe" {
                self.subscribe(argument, request.id, on: session)
            } else {
                session.drop(argument.name)
                self.acknowledge("unsubscribe", argument, request.id, on: session)
            }
        }
    }

    private func subscribe(_ argument: OKXRequest.Argument, _ id: String?, on session: SimulatorSession) {
        let core = session.core
        let topics = OKXTopics(path: self.path, pace: self.pace) { core.isListed($1, in: $0) }
        guard let topic = topics.topic(argument), core.channel(for: topic) != nil else {
            let what = argument.instId.map { "instId:\($0)" } ?? "instType:\(argument.instType ?? "")"
            self.refuse(
                id, "60018",
                "Wrong URL or channel:\(argument.channel),\(what) doesn't exist. Please use the correct URL, channel "
                    + "and parameters referring to API document.", on: session)
            return
        }
        self.acknowledge("subscribe", argument, id, on: session)
        guard !core.faultHappens(.silentAck, segments: [topic.segment]) else { return }
        session.take(topic)
    }

    /// Ends a connection on which nothing is said, or nothing is asked for.
    private func watch(_ session: SimulatorSession) {
        let idle = self.limits.okxIdle
        session.schedule(after: idle / 4) { [weak self] session in
            guard LoopClock.monotonicMicroseconds() - session.lastTraffic < idle.wholeMicroseconds else {
                session.core.counters.idleEnded += 1
                session.close(code: 4004, reason: "No data received in 30s")
                return
            }
            self?.watch(session)
        }
    }

    private func acknowledge(
        _ event: StaticString, _ argument: OKXRequest.Argument, _ id: String?, on session: SimulatorSession
    ) {
        var text = self.opening(id)
        text.write("\"event\":\"")
        text.write(event)
        text.write("\",\"arg\":")
        argument.write(into: &text)
        self.send(&text, on: session)
    }

    private func refuse(_ id: String?, _ code: StaticString, _ message: String, on session: SimulatorSession) {
        var text = self.opening(id)
        text.write("\"event\":\"error\",\"code\":\"")
        text.write(code)
        text.write("\",\"msg\":")
        text.write(quoted: message)
        self.send(&text, on: session)
    }

    private func opening(_ id: String?) -> [UInt8] {
        var text: [UInt8] = []
        text.write("{")
        if let id {
            text.write("\"id\":")
            text.write(quoted: id)
            text.write(",")
        }
        return text
    }

    private func send(_ text: inout [UInt8], on session: SimulatorSession) {
        text.write(",\"connId\":")
        text.write(quoted: self.connection)
        text.write("}")
        session.answer(text)
    }
}
