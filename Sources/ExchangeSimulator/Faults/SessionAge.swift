/// Which one of several connections a fault is for.
package enum SessionAge: String, Sendable {
    case oldest, newest

    func choose(of sessions: [SimulatorSession]) -> [SimulatorSession] {
        let sorted = sessions.sorted { $0.number < $1.number }
        return Array(self == .oldest ? sorted.prefix(1) : sorted.suffix(1))
    }
}
