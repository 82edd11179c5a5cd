package import ExchangeSimulator
import Glibc
import MarketModel
import OrderBook
import Publishing
import Venues

/// What a replay measured.
package struct ReplayResult: Sendable {
    package var frames: UInt64 = 0
    package var nanoseconds: UInt64 = 0
    package var p50Nanoseconds: UInt64 = 0
    package var p99Nanoseconds: UInt64 = 0
    package var maxNanoseconds: UInt64 = 0
    package var applied: UInt64 = 0
    package var trusted: UInt64 = 0
    package var messages: UInt64 = 0
    package var encodedBytes: UInt64 = 0
    package var refused: UInt64 = 0
    package var gaps: UInt64 = 0
    package var peakResidentBytes: UInt64 = 0
    /// The document for comparison with a reference, when it was asked for.
    package var report: String?

    package init() {}
}

/// Pushes a recording through decode → sequence → book → encode on one thread, without network.
///
/// Times cover everything but reading and unpacking the recording; the queue is emptied on the same thread.
package struct Replay: ~Copyable {
    private struct Connection {
        /// Index of the decoder, -1 for a connection that is not understood.
        var decoder: Int
        /// The symbol of a depth answer; nil for a socket.
        var snapshotSymbol: String?
    }

    private let reader: RecordingReader
    private let settings: BookSettings
    private let makesReport: Bool

    private var pipeline: Pipeline<JSONMessageEncoder>
    private var decoders: Decoders
    private var queue: PublishQueue
    private var drain: QueueDrain
    private var connections: [Connection] = []
    private var tallies: [ReplayTally] = []
    private var known: [String: InstrumentID] = [:]
    private var histogram = [UInt32](repeating: 0, count: 65_536)
    private var result = ReplayResult()
    private var badJSON: UInt64 = 0
    private var ignored: UInt64 = 0

    /// The decoders of the three segments, each on its own so that one can be lent while the pipeline runs.
    private struct Decoders: ~Copyable {
        var spot = BinanceDecoder(segment: .spot)
        var usdm = BinanceDecoder(segment: .usdm)
        var coinm = BinanceDecoder(segment: .coinm)
    }

    /// Plays a recording `repetitions` times, each time from empty books; the report is of the last.
    ///
    /// - Parameter depth: Levels a side of the view; nil keeps and publishes every level.
    package static func play(
        path: String, depth: Int?, repetitions: Int, makesReport: Bool
    ) throws(RecordingError) -> ReplayResult {
        var replay = try Replay(path: path, depth: depth, makesReport: makesReport)
        return try replay.run(repetitions: repetitions)
    }

    private init(path: String, depth: Int?, makesReport: Bool) throws(RecordingError) {
        self.reader = try RecordingReader(path: path)
        self.settings = BookSettings(depth: depth)
        self.makesReport = makesReport
        let bytes = depth == nil ? 64 << 20 : 4 << 20
        let limits = QueueLimits(bytes: bytes, messages: 1 << 20)
        self.queue = PublishQueue(limits: limits, waker: PublisherWaker())
        self.drain = QueueDrain(self.queue)
        self.decoders = Decoders()
        self.pipeline = Self.makePipeline(self.settings, self.queue, recording: makesReport)
    }

    private static func makePipeline(
        _ settings: BookSettings, _ queue: PublishQueue, recording: Bool
    ) -> Pipeline<JSONMessageEncoder> {
        let publisher = EventPublisher(
            encoder: JSONMessageEncoder(), queue: queue, subjects: Subjects(), instance: "replay", boot: "0",
            depth: settings.depth ?? Int.max)
        var pipeline = Pipeline(books: settings, publisher: publisher)
        pipeline.keeper.recordsMarks = recording
        pipeline.recordsTrades = recording
        return pipeline
    }

    private mutating func run(repetitions: Int) throws(RecordingError) -> ReplayResult {
        for repetition in 0..<repetitions {
            if repetition > 0 { try self.startOver() }
            while try self.reader.nextBatch() { self.playBatch() }
            self.collect()
        }
        self.result.messages = self.drain.messages
        self.fillPercentiles()
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        self.result.peakResidentBytes = UInt64(usage.ru_maxrss) * 1_024
        if self.makesReport { self.result.report = self.makeReport() }
        return self.result
    }

    private mutating func startOver() throws(RecordingError) {
        try self.reader.rewind()
        self.pipeline = Self.makePipeline(self.settings, self.queue, recording: self.makesReport)
        self.decoders = Decoders()
        self.known.removeAll(keepingCapacity: true)
        self.tallies.removeAll(keepingCapacity: true)
        self.badJSON = 0
        self.ignored = 0
    }

    private mutating func collect() {
        self.result.encodedBytes += self.pipeline.publisher.encodedBytes
        for index in 0..<self.pipeline.instruments.count {
            let counts = self.pipeline.keeper.withBook(InstrumentID(index)) { $0.counts }
            self.result.applied += counts.applied
            self.result.trusted += counts.framesTrusted
            self.result.gaps += counts.gaps
        }
        self.result.refused += self.pipeline.refusals.reduce(0, +)
    }

    // MARK: - Frames

    private mutating func playBatch() {
        while self.connections.count < self.reader.connections.count {
            self.connections.append(Self.parse(self.reader.connections[self.connections.count]))
        }
        var before = Self.monotonicNanoseconds()
        for (index, recorded) in self.reader.frames.enumerated() {
            let frame = Frame(
                bytes: self.reader.bytes(of: recorded), receivedMicroseconds: recorded.receivedNanoseconds / 1_000)
            self.play(frame, on: recorded.connection)
            let after = Self.monotonicNanoseconds()
            self.count(after &- before)
            before = after
            if index & 127 == 127 {
                self.drain.drain()
                before = Self.monotonicNanoseconds()
                self.result.nanoseconds &+= before &- after
            }
        }
        self.drain.drain()
        self.result.nanoseconds &+= Self.monotonicNanoseconds() &- before
    }

    @inline(__always)
    private mutating func play(_ frame: Frame, on index: Int) {
        let decoder = self.connections[index].decoder
        self.result.frames &+= 1
        if decoder >= 0, self.connections[index].snapshotSymbol == nil {
            do throws(FrameRefusal) {
                switch decoder {
                case 0: _ = try self.pipeline.take(frame, &self.decoders.spot)
                case 1: _ = try self.pipeline.take(frame, &self.decoders.usdm)
                default: _ = try self.pipeline.take(frame, &self.decoders.coinm)
                }
            } catch {
                self.refused(frame, error, on: index)
            }
        } else {
            self.playRarely(frame, on: index)
        }
        if self.makesReport { self.observe() }
    }

    /// A stream that is new gets its instrument and its frame a second try; anything else is counted.
    private mutating func refused(_ frame: Frame, _ refusal: FrameRefusal, on index: Int) {
        switch refusal {
        case .unknownStream:
            guard let name = BinanceDecoder.streamName(of: frame), let parsed = BinanceStream.parse(name: name),
                let symbol = parsed.symbol, self.learn(name, symbol, on: index)
            else {
                self.ignored += 1
                return
            }
            self.result.frames &-= 1
            self.play(frame, on: index)
        case .json:
            self.badJSON += 1
        case .unknownEvent, .missingField, .mismatch, .tooLarge, .valueTooLarge, .needsScale, .notMarket:
            self.ignored += 1
        }
    }

    private mutating func playRarely(_ frame: Frame, on index: Int) {
        let connection = self.connections[index]
        guard connection.decoder >= 0, let symbol = connection.snapshotSymbol else {
            self.ignored += 1
            return
        }
        let id = self.instrument(symbol, decoder: connection.decoder)
        do throws(FrameRefusal) {
            let question = VenueQuestion.depthSnapshot
            switch connection.decoder {
            case 0: try self.pipeline.takeAnswer(frame, to: question, of: id, &self.decoders.spot)
            case 1: try self.pipeline.takeAnswer(frame, to: question, of: id, &self.decoders.usdm)
            default: try self.pipeline.takeAnswer(frame, to: question, of: id, &self.decoders.coinm)
            }
        } catch {
            if case .json = error { self.badJSON += 1 } else { self.ignored += 1 }
        }
        _ = self.pipeline.keeper.takeRequests()
    }

    private mutating func learn(_ name: String, _ symbol: String, on index: Int) -> Bool {
        let decoder = self.connections[index].decoder
        let id = self.instrument(symbol, decoder: decoder)
        let stream = VenueStream(name, symbol: symbol, types: [], route: VenueRoute("", paths: []))
        return switch decoder {
        case 0: self.decoders.spot.addStream(stream, of: id) != nil
        case 1: self.decoders.usdm.addStream(stream, of: id) != nil
        default: self.decoders.coinm.addStream(stream, of: id) != nil
        }
    }

    private mutating func instrument(_ symbol: String, decoder: Int) -> InstrumentID {
        let segment = BinanceSegment.allCases[decoder]
        let key = "binance_\(segment.rawValue):\(symbol)"
        if let id = self.known[key] { return id }
        let id = self.pipeline.add(RecordedInstrument.make(segment, symbol: symbol))
        self.known[key] = id
        self.tallies.append(ReplayTally(key: key))
        return id
    }

    private static func parse(_ name: String) -> Connection {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let segment = BinanceSegment.allCases.firstIndex { parts[0] == "binance_\($0.rawValue)" }
        guard let segment else { return Connection(decoder: -1, snapshotSymbol: nil) }
        if parts.count == 4, parts[1] == "rest", parts[2] == "depth" {
            return Connection(decoder: segment, snapshotSymbol: parts[3])
        }
        return Connection(decoder: parts.count == 2 && parts[1] == "ws" ? segment : -1, snapshotSymbol: nil)
    }

    // MARK: - Observing and measuring

    private mutating func observe() {
        for mark in self.pipeline.keeper.takeMarks() {
            self.tallies[Int(mark.instrument.index)].mark(mark, self.pipeline.instruments.scales(of: mark.instrument))
        }
        for trade in self.pipeline.takeRecordedTrades() {
            let scales = self.pipeline.instruments.scales(of: trade.instrument)
            self.tallies[Int(trade.instrument.index)].take(trade, scales)
        }
    }

    private func makeReport() -> String {
        var report = ReplayReport()
        for (index, tally) in self.tallies.enumerated() {
            let id = InstrumentID(index)
            let trades = self.pipeline.trades(of: id)
            let scales = self.pipeline.instruments.scales(of: id)
            self.pipeline.keeper.withBook(id) { book in report.add(tally, book, trades, scales) }
        }
        return report.json(
            frames: UInt64(self.reader.linesRead), badJSON: self.badJSON, ignored: self.ignored)
    }

    private mutating func count(_ nanoseconds: UInt64) {
        self.result.nanoseconds &+= nanoseconds
        self.result.maxNanoseconds = max(self.result.maxNanoseconds, nanoseconds)
        self.histogram[min(Int(nanoseconds / 16), self.histogram.count - 1)] &+= 1
    }

    private mutating func fillPercentiles() {
        self.result.p50Nanoseconds = self.percentile(0.50)
        self.result.p99Nanoseconds = self.percentile(0.99)
    }

    private func percentile(_ share: Double) -> UInt64 {
        let total = self.histogram.reduce(UInt64(0)) { $0 + UInt64($1) }
        var left = UInt64(Double(total) * share)
        for (index, count) in self.histogram.enumerated() {
            if left < UInt64(count) { return UInt64(index) * 16 }
            left -= UInt64(count)
        }
        return 0
    }

    private static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
