/// Plays a recording to those who subscribed its streams, and knows the true books as far as it has played.
///
/// It starts when every stream of the recording has a client, waits at a frame whose stream has none, and waits for
/// clients that are behind: no frame is ever dropped. A client that asks for a snapshot before the recorded one was
/// reached gets the recorded one: its ids lie ahead, and the frames that it covers are stale.
final class RecordingPlayer {
    enum State: String {
        case waiting, playing, finished, failed
    }

    /// Why `play` returned.
    enum Pause {
        /// More can be played at once.
        case yielded
        /// Until a client subscribes or catches up.
        case blocked
        /// The next frame's time has not come; microseconds.
        case until(Int64)
        case ended
    }

    private struct Connection {
        let segment: MarketSegment
        /// Set for the answers to depth requests.
        let snapshotOf: String?
    }

    private(set) var state = State.waiting
    private(set) var failure: RecordingError?
    private(set) var framesPlayed = 0
    private(set) var markets: [MarketSegment: [String: RecordedMarket]] = [:]
    /// The recording's streams.
    private(set) var expected: [MarketSegment: Set<String>] = [:]

    private let plan: RecordingPlan
    private let reader: RecordingReader
    private var connections: [Connection?] = []
    private var nextFrame = 0
    private var recordedStart: Int64?
    private var playStart: Int64 = 0
    private var data: [UInt8] = []

    /// Reads the recording once, for its streams, instruments and first snapshots.
    init(plan: RecordingPlan) throws(RecordingError) {
        self.plan = plan
        self.reader = try RecordingReader(path: plan.path)
        try self.survey()
        try self.reader.rewind()
    }

    /// The instruments found, as `exchangeInfo` lists them.
    func symbols(of segment: MarketSegment) -> [SimulatedSymbol] {
        (self.markets[segment] ?? [:]).values.map(\.symbol).sorted { $0.symbol < $1.symbol }
    }

    /// Plays until something stops it.
    ///
    /// - Parameter now: Microseconds of a clock that never jumps.
    func play(now: Int64, framesMax: Int, channel: (String, MarketSegment) -> StreamChannel?) -> Pause {
        if self.state == .waiting {
            let isReady = self.expected.allSatisfy { segment, names in
                names.allSatisfy { channel($0, segment)?.sessions.isEmpty == false }
            }
            guard isReady else { return .blocked }
            self.state = .playing
            self.playStart = now
        }
        guard self.state == .playing else { return .ended }
        for _ in 0..<framesMax {
            if self.nextFrame == self.reader.frames.count {
                do {
                    guard try self.reader.nextBatch() else {
                        self.state = .finished
                        return .ended
                    }
                } catch {
                    self.failure = error
                    self.state = .failed
                    return .ended
                }
                self.nextFrame = 0
            }
            if let pause = self.playNext(now: now, channel: channel) { return pause }
            self.nextFrame += 1
            self.framesPlayed += 1
        }
        return .yielded
    }

    private func playNext(now: Int64, channel: (String, MarketSegment) -> StreamChannel?) -> Pause? {
        let frame = self.reader.frames[self.nextFrame]
        guard let connection = self.connection(of: frame) else { return nil }
        if case .times(let factor) = self.plan.pace, factor > 0 {
            let start = self.recordedStart ?? frame.receivedNanoseconds
            self.recordedStart = start
            let due = self.playStart + Int64(Double(frame.receivedNanoseconds - start) / 1000 / factor)
            if due > now { return .until(due - now) }
        }
        let bytes = self.reader.bytes(of: frame)
        if let symbol = connection.snapshotOf {
            if let snapshot = RecordedEvent.snapshot(parsing: bytes) {
                self.markets[connection.segment]?[symbol]?.snapshotReached(snapshot)
            }
            return nil
        }
        guard let (name, payload) = Self.parts(of: bytes) else { return nil }
        guard let channel = channel(name, connection.segment), !channel.sessions.isEmpty,
            channel.sessions.allSatisfy({ $0.queuedBytes <= self.plan.queuedBytesMax })
        else { return .blocked }
        // The book first, so that no snapshot is older than a frame already sent.
        let symbol = StreamName(name).symbol.uppercased()
        self.markets[connection.segment]?[symbol]?.played(RecordedEvent(parsing: payload))
        self.data.removeAll(keepingCapacity: true)
        self.data.append(contentsOf: payload)
        channel.publish(self.data)
        return nil
    }

    private func connection(of frame: RecordedFrame) -> Connection? {
        while self.connections.count < self.reader.connections.count {
            let name = self.reader.connections[self.connections.count]
            let parts = name.split(separator: ":")
            self.connections.append(
                MarketSegment(recordedConnection: name).flatMap { segment in
                    parts.count == 2 && parts[1] == "ws"
                        ? Connection(segment: segment, snapshotOf: nil)
                        : parts.count == 4 && parts[2] == "depth"
                            ? Connection(segment: segment, snapshotOf: String(parts[3])) : nil
                })
        }
        return self.connections[frame.connection]
    }

    /// Takes a combined frame apart: the stream's name and the payload.
    private static func parts(of bytes: UnsafeRawBufferPointer) -> (name: String, payload: UnsafeRawBufferPointer)? {
        var cursor = JSONCursor(bytes)
        guard cursor.take(UInt8(ascii: "{")), cursor.text() == "stream", cursor.take(UInt8(ascii: ":")),
            let name = cursor.text(), cursor.take(UInt8(ascii: ",")), cursor.text() == "data",
            cursor.take(UInt8(ascii: ":"))
        else { return nil }
        let start = cursor.index
        guard cursor.skip() else { return nil }
        return (name, UnsafeRawBufferPointer(rebasing: bytes[start..<cursor.index]))
    }

    private func survey() throws(RecordingError) {
        var snapshots: [MarketSegment: [String: BookTop]] = [:]
        var symbols: [MarketSegment: Set<String>] = [:]
        while try self.reader.nextBatch() {
            for frame in self.reader.frames {
                guard let connection = self.connection(of: frame) else { continue }
                let bytes = self.reader.bytes(of: frame)
                if let symbol = connection.snapshotOf {
                    symbols[connection.segment, default: []].insert(symbol)
                    if snapshots[connection.segment]?[symbol] == nil {
                        snapshots[connection.segment, default: [:]][symbol] = RecordedEvent.snapshot(parsing: bytes)
                    }
                } else if let name = Self.streamName(of: bytes) {
                    if self.expected[connection.segment, default: []].insert(name).inserted {
                        symbols[connection.segment, default: []].insert(StreamName(name).symbol.uppercased())
                    }
                }
            }
        }
        for (segment, names) in symbols {
            for name in names {
                let snapshot = snapshots[segment]?[name]
                self.markets[segment, default: [:]][name] = RecordedMarket(
                    segment: segment, symbol: Self.describe(name, segment, snapshot), firstSnapshot: snapshot)
            }
        }
    }

    private static func streamName(of bytes: UnsafeRawBufferPointer) -> String? {
        var cursor = JSONCursor(bytes)
        guard cursor.take(UInt8(ascii: "{")), cursor.text() == "stream", cursor.take(UInt8(ascii: ":")) else {
            return nil
        }
        return cursor.text()
    }

    /// Makes an instrument of a recorded symbol; its digits are those that the snapshot needs.
    private static func describe(_ name: String, _ segment: MarketSegment, _ snapshot: BookTop?) -> SimulatedSymbol {
        let levels = (snapshot?.bids ?? []) + (snapshot?.asks ?? [])
        let pair = name.split(separator: "_").first.map(String.init) ?? name
        let quote = ["USDT", "USDC", "USD", "BTC"].first { pair.hasSuffix($0) && pair != $0 } ?? ""
        return SimulatedSymbol(
            name, base: String(pair.dropLast(quote.count)), quote: quote,
            priceDecimals: Self.digits(levels.map(\.price)), sizeDecimals: Self.digits(levels.map(\.size)),
            startTicks: 1, contractSize: segment == .coinm ? (pair.hasPrefix("BTC") ? 100 : 10) : nil)
    }

    private static func digits(_ eighths: [Int64]) -> Int {
        var digits = 0
        for value in eighths {
            var rest = value
            var needed = 8
            while needed > digits, rest % 10 == 0 {
                rest /= 10
                needed -= 1
            }
            digits = max(digits, needed)
        }
        return digits
    }
}
