/// One stream of one segment, who takes it, and what was sent on it last.
final class StreamChannel {
    let topic: StreamTopic
    private(set) var sessions: [SimulatorSession] = []
    private var kept: [[UInt8]] = []
    private var keptNext = 0
    /// Of the kept ones, those that one client alone was sent; as many at most.
    private(set) var welcomes: [[UInt8]] = []
    private let keptMax: Int

    /// - Parameter kept: How many payloads it remembers.
    init(_ topic: StreamTopic, kept: Int) {
        self.topic = topic
        self.keptMax = max(kept, 0)
    }

    var name: String { self.topic.name }
    var segment: MarketSegment { self.topic.segment }
    var isTaken: Bool { !self.sessions.isEmpty }

    /// The payloads sent last, oldest first.
    var sent: [[UInt8]] {
        self.kept.count < self.keptMax
            ? self.kept : Array(self.kept[self.keptNext...] + self.kept[..<self.keptNext])
    }

    func add(_ session: SimulatorSession) {
        guard !self.sessions.contains(where: { $0 === session }) else { return }
        self.sessions.append(session)
    }

    func remove(_ session: SimulatorSession) {
        self.sessions.removeAll { $0 === session }
    }

    /// Hands a payload to every client but one that has just come.
    func publish(_ payload: [UInt8], exceptFor newcomer: SimulatorSession? = nil) {
        self.keep(payload)
        for session in self.sessions where session !== newcomer { session.deliver(payload, of: self) }
    }

    /// Hands a payload to one client: what the venue says first on a subscription.
    func welcome(_ session: SimulatorSession, with payload: [UInt8]) {
        self.keep(payload)
        if self.keptMax > 0 {
            if self.welcomes.count == self.keptMax { self.welcomes.removeFirst() }
            self.welcomes.append(payload)
        }
        session.deliver(payload, of: self)
    }

    private func keep(_ payload: [UInt8]) {
        guard self.keptMax > 0 else { return }
        guard self.kept.count == self.keptMax else {
            self.kept.append(payload)
            return
        }
        self.kept[self.keptNext].removeAll(keepingCapacity: true)
        self.kept[self.keptNext].append(contentsOf: payload)
        self.keptNext = (self.keptNext + 1) % self.keptMax
    }
}
