internal import Transport

/// Deribit's side of a connection: JSON-RPC, a heartbeat that has to be answered, and credits.
///
/// Source: <https://docs.deribit.com/articles/rate-limits> and <https://docs.deribit.com/#public-set_heartbeat> as of
/// 2026-03.
final class DeribitSession: SessionDialect {
    private static let channelsPerCallMax = 500
    private static let subscribeCost = 3_000

    private let limits: SimulatorLimits
    private var subscribeCredits = CreditPool(limit: 30_000, perSecond: 10_000)
    private var requestCredits = CreditPool(limit: 50_000, perSecond: 10_000)
    /// Seconds of the client's wish; `nil` before it asked.
    private var heartbeat: Int64?
    /// Of the schedule that is in force; an older one ends by itself.
    private var schedule = 0
    private var beats = 0
    private var awaitsTest = false

    init(limits: SimulatorLimits) {
        self.limits = limits
    }

    let junk: [[UInt8]] = [
        "<html>502 Bad Gateway</html>", #"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC"#,
        #"{"jsonrpc":"2.0","method":"subscription","params":{"channel":7,"data":{"change_id":"x","bids":{}}}}"#,
    ].map { Array($0.utf8) }

    func shutdownNotice(for session: SimulatorSession) -> [UInt8]? {
        guard let channel = session.channels["platform_state"] else { return nil }
        return channel.topic.prefix + Array("{\"maintenance\":true}}}".utf8)
    }

    func opened(_ session: SimulatorSession) {}

    func received(_ bytes: UnsafeRawBufferPointer, from session: SimulatorSession) {
        guard let request = DeribitRequest(parsing: bytes) else {
            self.answer(nil, .failure(.unreadable), on: session)
            return
        }
        let now = LoopClock.monotonicMicroseconds()
        let isSubscribe = request.method == "public/subscribe"
        let isAdmitted =
            isSubscribe
            ? self.subscribeCredits.spend(Self.subscribeCost, at: now) : self.requestCredits.spend(500, at: now)
        guard isAdmitted else {
            session.core.counters.tooManyMessages += 1
            self.answer(request.id, .failure(.tooManyRequests), on: session)
            session.close(code: 1008, reason: "too_many_requests")
            return
        }
        switch request.method {
        case "public/subscribe": self.subscribe(request, on: session)
        case "public/unsubscribe": self.unsubscribe(request, on: session)
        case "public/unsubscribe_all":
            for name in session.channels.keys { session.drop(name) }
            self.answer(request.id, .success(Array("\"ok\"".utf8)), on: session)
        case "public/set_heartbeat": self.setHeartbeat(request, on: session)
        case "public/disable_heartbeat":
            self.heartbeat = nil
            self.schedule += 1
            self.answer(request.id, .success(Array("\"ok\"".utf8)), on: session)
        default:
            if request.method == "public/test" { self.awaitsTest = false }
            self.answer(request.id, session.core.deribitResult(request.method, request.parameters), on: session)
        }
    }

    // MARK: Subscriptions

    private func subscribe(_ request: DeribitRequest, on session: SimulatorSession) {
        guard let names = request.parameters.list("channels"), names.count <= Self.channelsPerCallMax else {
            return self.answer(request.id, .failure(.invalidParameters), on: session)
        }
        guard !names.contains(where: DeribitTopics.needsLogin) else {
            return self.answer(request.id, .failure(.rawNeedsLogin), on: session)
        }
        let core = session.core
        let topics = DeribitTopics { core.isListed($1, in: $0) }
        let found = names.compactMap { topics.topic($0) }.filter { core.channel(for: $0) != nil }
        // Not in the order asked for.
        self.answer(request.id, .success(Self.list(found.map(\.name).sorted(by: >))), on: session)
        guard !core.faultHappens(.silentAck, segments: session.host.segments) else { return }
        for topic in found where session.channels[topic.name] == nil { session.take(topic) }
    }

    private func unsubscribe(_ request: DeribitRequest, on session: SimulatorSession) {
        let names = request.parameters.list("channels") ?? []
        let ended = names.filter { session.drop($0) }
        self.answer(request.id, .success(Self.list(ended)), on: session)
    }

    private static func list(_ names: [String]) -> [UInt8] {
        var text: [UInt8] = []
        text.write("[")
        for (index, name) in names.enumerated() {
            if index > 0 { text.write(",") }
            text.write(quoted: name)
        }
        text.write("]")
        return text
    }

    // MARK: Heartbeat

    private func setHeartbeat(_ request: DeribitRequest, on session: SimulatorSession) {
        guard let interval = request.parameters.integer("interval"), (10...3600).contains(interval) else {
            return self.answer(request.id, .failure(.invalidParameters), on: session)
        }
        self.heartbeat = interval
        self.schedule += 1
        self.awaitsTest = false
        self.answer(request.id, .success(Array("\"ok\"".utf8)), on: session)
        self.beat(on: session, self.schedule)
    }

    /// Every second beat asks for an answer, and has it before the next or ends the connection.
    private func beat(on session: SimulatorSession, _ schedule: Int) {
        guard let heartbeat else { return }
        session.schedule(after: self.limits.deribitSecond * Int(heartbeat) / 2) { [weak self] session in
            guard let self, schedule == self.schedule else { return }
            if self.awaitsTest {
                session.core.counters.idleEnded += 1
                session.close(code: 1000, reason: "")
                return
            }
            self.beats += 1
            self.awaitsTest = self.beats % 2 == 0
            var text: [UInt8] = []
            text.write("{\"jsonrpc\":\"2.0\",\"method\":\"heartbeat\",\"params\":{\"type\":\"")
            text.write(self.awaitsTest ? "test_request\"}}" : "heartbeat\"}}")
            session.answer(text)
            self.beat(on: session, schedule)
        }
    }

    private func answer(_ id: CommandID?, _ result: Result<[UInt8], DeribitError>, on session: SimulatorSession) {
        session.answer(DeribitAnswer.write(id, result))
    }
}
