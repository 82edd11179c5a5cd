/// The subscriptions of one connection: which streams were asked for, which requests are acknowledged.
///
/// A pure machine: time comes with every call, in microseconds of any clock. Requests are spaced, since Binance cuts a
/// connection that sends more than 5 (spot) or 10 (futures) messages a second, pongs included.
package struct BinanceSubscriptions: Sendable {
    package enum Step: Equatable, Sendable {
        case send(String)
        case wait(until: Int64)
        /// Everything was asked for and acknowledged or refused.
        case done
    }

    private let streams: [String]
    private let batchSize: Int
    private let spacingMicroseconds: Int64
    private let acknowledgeMicroseconds: Int64
    private var nextStream = 0
    private var nextID: UInt64 = 1
    private var nextSend: Int64 = 0
    /// Requests that wait for their answer: a connection has few.
    private var pending: [(id: UInt64, sent: Int64)] = []
    /// Requests that the venue refused on this socket.
    package private(set) var refusals = 0

    /// - Parameters:
    ///   - streams: Names in the venue's form, `btcusdt@trade`.
    ///   - batchSize: Streams of one request, so that no message becomes too long.
    package init(streams: [String], batchSize: Int, spacing: Duration, acknowledgeTimeout: Duration) {
        self.streams = streams
        self.batchSize = max(1, batchSize)
        self.spacingMicroseconds = Self.microseconds(spacing)
        self.acknowledgeMicroseconds = Self.microseconds(acknowledgeTimeout)
    }

    /// Starts over on a new socket; ids go on, so that a late answer to the old one is not taken for a new one's.
    package mutating func reset() {
        self.nextStream = 0
        self.nextSend = 0
        self.pending.removeAll()
        self.refusals = 0
    }

    /// Gives the next message to send, or until when to wait for more.
    package mutating func nextMessage(now: Int64) -> Step {
        guard self.nextStream < self.streams.count else {
            guard let oldest = self.pending.first else { return .done }
            return .wait(until: oldest.sent + self.acknowledgeMicroseconds)
        }
        guard now >= self.nextSend else { return .wait(until: self.nextSend) }
        let end = min(self.nextStream + self.batchSize, self.streams.count)
        let names = self.streams[self.nextStream..<end].map { "\"\(Self.escaped($0))\"" }.joined(separator: ",")
        let id = self.nextID
        self.nextStream = end
        self.nextID += 1
        self.nextSend = now + self.spacingMicroseconds
        self.pending.append((id, now))
        return .send("{\"method\":\"SUBSCRIBE\",\"params\":[\(names)],\"id\":\(id)}")
    }

    package mutating func acknowledged(id: UInt64) {
        self.pending.removeAll { $0.id == id }
    }

    package mutating func refused(id: UInt64, code: Int64) {
        self.refusals += 1
        self.pending.removeAll { $0.id == id }
    }

    /// Whether a request has waited too long for its answer.
    package func overdue(now: Int64) -> Bool {
        guard let oldest = self.pending.first else { return false }
        return now - oldest.sent > self.acknowledgeMicroseconds
    }

    private static func escaped(_ name: String) -> String {
        name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    private static func microseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
