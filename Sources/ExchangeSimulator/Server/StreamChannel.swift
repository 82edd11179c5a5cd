/// One stream of one segment and who takes it.
final class StreamChannel {
    let name: String
    let segment: MarketSegment
    /// `{"stream":"<name>","data":`, what a combined frame begins with.
    let prefix: [UInt8]
    private(set) var sessions: [SimulatorSession] = []

    init(name: String, segment: MarketSegment) {
        self.name = name
        self.segment = segment
        var prefix: [UInt8] = []
        prefix.write("{\"stream\":")
        prefix.write(quoted: name)
        prefix.write(",\"data\":")
        self.prefix = prefix
    }

    func add(_ session: SimulatorSession) {
        guard !self.sessions.contains(where: { $0 === session }) else { return }
        self.sessions.append(session)
    }

    func remove(_ session: SimulatorSession) {
        self.sessions.removeAll { $0 === session }
    }
}
