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

    private enum Method: String {
        case subscribe = "SUBSCRIBE"
        case unsubscribe = "UNSUBSCRIBE"
    }

    /// Streams that one request names when everything is given up: few messages, since the socket closes soon.
    private static let farewellBatch = 256

    private let streams: [String]
    private let batchSize: Int
    private let spacingMicroseconds: Int64
    private let acknowledgeMicroseconds: Int64
    /// Requests still to send, in order; a stream is in it at most once for each method.
    private var wanted: [(method: Method, streams: [Int])] = []
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
        self.reset()
    }

    /// Starts over on a new socket; ids go on, so that a late answer to the old one is not taken for a new one's.
    package mutating func reset() {
        self.nextSend = 0
        self.pending.removeAll()
        self.refusals = 0
        self.wanted.removeAll()
        self.append(.subscribe, Array(self.streams.indices), batch: self.batchSize)
    }

    /// Gives streams up and asks for them again; those that already wait for that are left alone.
    package mutating func resubscribe(_ indices: [Int]) {
        let waiting = Set(self.wanted.flatMap(\.streams))
        let fresh = indices.filter { self.streams.indices.contains($0) && !waiting.contains($0) }
        self.append(.unsubscribe, fresh, batch: self.batchSize)
        self.append(.subscribe, fresh, batch: self.batchSize)
    }

    /// Gives up every stream, and whatever was still to be asked for.
    package mutating func unsubscribeAll() {
        self.wanted.removeAll()
        self.append(.unsubscribe, Array(self.streams.indices), batch: Self.farewellBatch)
    }

    /// Gives the next message to send, or until when to wait for more.
    package mutating func nextMessage(now: Int64) -> Step {
        guard let next = self.wanted.first else {
            guard let oldest = self.pending.first else { return .done }
            return .wait(until: oldest.sent + self.acknowledgeMicroseconds)
        }
        guard now >= self.nextSend else { return .wait(until: self.nextSend) }
        let names = next.streams.map { "\"\(Self.escaped(self.streams[$0]))\"" }.joined(separator: ",")
        let id = self.nextID
        self.wanted.removeFirst()
        self.nextID += 1
        self.nextSend = now + self.spacingMicroseconds
        self.pending.append((id, now))
        return .send("{\"method\":\"\(next.method.rawValue)\",\"params\":[\(names)],\"id\":\(id)}")
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

    private mutating func append(_ method: Method, _ indices: [Int], batch: Int) {
        var rest = indices[...]
        while !rest.isEmpty {
            self.wanted.append((method, Array(rest.prefix(batch))))
            rest = rest.dropFirst(batch)
        }
    }

    private static func escaped(_ name: String) -> String {
        name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    private static func microseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
