package import ExchangeSimulator
import Glibc
import MarketModel
import OrderBook
import Publishing
import Venues

/// Pushes a recording through decode → sequence → book → encode on one thread, without network.
///
/// Times cover everything but reading and unpacking the recording; the queue is emptied on the same thread.
package struct Replay: ~Copyable {
    private let reader: RecordingReader
    private let settings: BookSettings
    private let makesReport: Bool

    private var pipeline: Pipeline<JSONMessageEncoder>
    private var queue: PublishQueue
    private var drain: QueueDrain
    private var connections: [ReplayConnection] = []
    /// One for each section that a connection serves, and those sections.
    private var decoders: [VenueDecoder] = []
    private var decoderSections: [SegmentID] = []
    private var decoderKeys: [String: Int] = [:]
    private var seenScales: UInt64 = 0
    private var tallies: [ReplayTally] = []
    private var known: [String: InstrumentID] = [:]
    /// The section that each instrument is read as one of.
    private var readers: [SegmentID] = []
    private var histogram = [UInt32](repeating: 0, count: 65_536)
    private var result = ReplayResult()
    private var badJSON: UInt64 = 0
    private var ignored: UInt64 = 0

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
        self.connections.removeAll(keepingCapacity: true)
        self.decoders.removeAll(keepingCapacity: true)
        self.decoderSections.removeAll(keepingCapacity: true)
        self.decoderKeys.removeAll(keepingCapacity: true)
        self.seenScales = 0
        self.known.removeAll(keepingCapacity: true)
        self.readers.removeAll(keepingCapacity: true)
        self.tallies.removeAll(keepingCapacity: true)
        self.badJSON = 0
        self.ignored = 0
    }

    private mutating func collect() {
        self.result.encodedBytes += self.pipeline.publisher.encodedBytes
        for connection in self.connections { self.result.add(connection) }
        for index in 0..<self.pipeline.instruments.count {
            let id = InstrumentID(index)
            let counts = self.pipeline.keeper.withBook(id) { $0.counts }
            self.result.add(counts, self.pipeline.trades(of: id), of: self.pipeline.instruments[id].venue)
        }
    }

    // MARK: - Frames

    private mutating func playBatch() {
        while self.connections.count < self.reader.connections.count { self.openConnection() }
        var before = Self.monotonicNanoseconds()
        for (index, recorded) in self.reader.frames.enumerated() {
            let frame = Frame(
                bytes: self.reader.bytes(of: recorded), receivedMicroseconds: recorded.receivedNanoseconds / 1_000)
            if recorded.isSent {
                self.learn(from: frame, on: recorded.connection)
            } else {
                self.play(frame, on: recorded.connection)
            }
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
        self.connections[index].frames &+= 1
        let decoder = self.connections[index].decoder
        if decoder >= 0, self.connections[index].snapshotSymbol == nil {
            do throws(FrameRefusal) {
                if try self.pipeline.take(frame, &self.decoders[decoder]) != nil {
                    self.connections[index].answers &+= 1
                }
            } catch {
                self.refused(frame, error, on: index)
            }
        } else {
            self.playRarely(frame, on: index)
        }
        if self.pipeline.scalesVersion != self.seenScales { self.spreadScales() }
        if self.makesReport { self.observe() }
    }

    /// A frame of a stream that the connection's first decoder does not know is another one's, or that of a new stream.
    private mutating func refused(_ frame: Frame, _ refusal: FrameRefusal, on index: Int) {
        var refusal = refusal
        if case .unknownStream = refusal {
            do throws(FrameRefusal) {
                if try self.takeOtherwise(frame, on: index) { return }
            } catch {
                refusal = error
            }
        }
        self.count(refusal, on: index)
    }

    private mutating func count(_ refusal: FrameRefusal, on index: Int) {
        self.connections[index].refusals[refusal.ordinal] &+= 1
        if case .json = refusal { self.badJSON += 1 } else { self.ignored += 1 }
    }

    /// Gives a frame to the connection's further decoders, then learns its stream; false where nobody takes it.
    private mutating func takeOtherwise(_ frame: Frame, on index: Int) throws(FrameRefusal) -> Bool {
        for decoder in self.connections[index].otherDecoders {
            do throws(FrameRefusal) {
                _ = try self.pipeline.take(frame, &self.decoders[decoder])
                return true
            } catch {
                guard case .unknownStream = error else { throw error }
            }
        }
        guard let name = self.connections[index].recording?.streamName(of: frame) else { return false }
        if self.connections[index].notCollected.contains(name) {
            self.connections[index].framesNotCollected &+= 1
            self.ignored += 1
            return true
        }
        guard let decoder = self.learn(name, on: index) else { return false }
        _ = try self.pipeline.take(frame, &self.decoders[decoder])
        return true
    }

    private mutating func playRarely(_ frame: Frame, on index: Int) {
        let connection = self.connections[index]
        guard let recording = connection.recording, let section = connection.sections.first else {
            self.ignored += 1
            return
        }
        guard let symbol = connection.snapshotSymbol else { return self.playFirst(frame, on: index) }
        guard let instrument = recording.instrument(of: symbol, in: section) else {
            self.ignored += 1
            return
        }
        let id = self.instrument(instrument, readAs: section)
        do throws(FrameRefusal) {
            try self.pipeline.takeAnswer(frame, to: .depthSnapshot, of: id, &self.decoders[connection.decoder])
        } catch {
            self.count(error, on: index)
        }
        _ = self.pipeline.keeper.takeRequests()
    }

    /// Chooses the decoder of a connection that serves several sections by its first frame.
    private mutating func playFirst(_ frame: Frame, on index: Int) {
        let connection = self.connections[index]
        if let name = connection.recording?.streamName(of: frame) { _ = self.learn(name, on: index) }
        if self.connections[index].decoder < 0, let section = connection.sections.first {
            self.connections[index].reads(with: self.decoder(of: section, for: connection))
        }
        self.connections[index].frames &-= 1
        self.play(frame, on: index)
    }

    // MARK: - Connections, streams and instruments

    private mutating func openConnection() {
        let name = self.reader.connections[self.connections.count]
        var connection = ReplayConnection(name: name)
        // One whose section is known reads from the start, and shares its decoder with its section's answers.
        if connection.sections.count == 1, let section = connection.sections.first {
            connection.reads(with: self.decoder(of: section, for: connection))
        }
        self.connections.append(connection)
    }

    private mutating func decoder(of section: VenueSegment, for connection: ReplayConnection) -> Int {
        let key = "\(connection.group) \(section.id)"
        if let known = self.decoderKeys[key] { return known }
        guard let venue = VenueCatalog.venue(section.id.venue) else {
            preconditionFailure("a section of the catalog has a venue")
        }
        let decoder = venue.makeDecoder(for: section, wanted: Wanted(types: Set(section.offeredTypes)))
        for index in 0..<self.pipeline.instruments.count {
            let id = InstrumentID(index)
            decoder.setScales(self.pipeline.instruments.scales(of: id), of: id)
            if self.readers[index] == section.id {
                decoder.addInstrument(self.pipeline.instruments[id].venueSymbol, id)
            }
        }
        self.decoders.append(decoder)
        self.decoderSections.append(section.id)
        self.decoderKeys[key] = self.decoders.count - 1
        return self.decoders.count - 1
    }

    /// Takes up the streams that the recorder asked for; those that are not collected are told from unknown ones.
    private mutating func learn(from request: Frame, on index: Int) {
        guard let recording = self.connections[index].recording else { return }
        for name in recording.streamsAsked(by: Array(request.bytes)) where self.learn(name, on: index) == nil {
            if !self.connections[index].streams.contains(name) { self.connections[index].notCollected.insert(name) }
        }
    }

    /// Takes up a stream and gives the decoder that reads it; nil where it is known already or is not collected.
    private mutating func learn(_ name: String, on index: Int) -> Int? {
        let connection = self.connections[index]
        guard !connection.streams.contains(name),
            let found = connection.recording?.stream(named: name, in: connection.sections)
        else { return nil }
        let decoder = self.decoder(of: found.section, for: connection)
        let id = found.instrument.map { self.instrument($0, readAs: found.section) }
        let stream = VenueStream(
            name, symbol: found.instrument?.venueSymbol, types: found.section.offeredTypes,
            route: VenueRoute("", paths: []))
        guard self.decoders[decoder].addStream(stream, of: id) != nil else { return nil }
        self.connections[index].streams.insert(name)
        self.connections[index].reads(with: decoder)
        return decoder
    }

    private mutating func instrument(_ instrument: Instrument, readAs section: VenueSegment) -> InstrumentID {
        let key = "\(instrument.venue)_\(instrument.segment):\(instrument.venueSymbol)"
        if let id = self.known[key] { return id }
        let id = self.pipeline.add(instrument, rule: section.sequenceRule, depth: section.depth)
        self.known[key] = id
        self.tallies.append(ReplayTally(key: key))
        self.readers.append(section.id)
        for (index, decoder) in self.decoders.enumerated() where self.decoderSections[index] == section.id {
            decoder.addInstrument(instrument.venueSymbol, id)
        }
        return id
    }

    /// Gives every decoder the scales that a frame widened.
    private mutating func spreadScales() {
        self.seenScales = self.pipeline.scalesVersion
        for index in 0..<self.pipeline.instruments.count {
            let id = InstrumentID(index)
            let scales = self.pipeline.instruments.scales(of: id)
            for decoder in self.decoders { decoder.setScales(scales, of: id) }
        }
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
