import MarketModel
import OrderBook
import Publishing
import Transport
import Venues

@testable import Collector

/// The connections of one section on a loop's thread, one a route, with a venue that answers as the fixtures say.
///
/// The clock is the loop's, put forward by each tick.
final class ConformanceRig {
    /// A slot without sockets, which keeps what is sent.
    final class Slot: FeedSlot {
        var state: SlotState { .live }
        var currentSocket: SocketID?
        var counters: ConnectionSlotCounters { ConnectionSlotCounters() }
        fileprivate(set) var sent: [String] = []
        fileprivate var answered = 0
        fileprivate(set) var reconnects: [String] = []
        fileprivate(set) var rotations = 0

        func start() {}
        func send(text: String, on id: SocketID) -> Bool {
            self.sent.append(text)
            return true
        }
        func delivered(on id: SocketID) {}
        func useNextEndpoint() {}
        func reconnect(detail: String) { self.reconnects.append(detail) }
        func rotate() -> Bool {
            self.rotations += 1
            return true
        }
        func rotationReady() {}
        func stop(completion: @escaping () -> Void) { completion() }
    }

    struct Line {
        let feed: FeedConnection
        let slot: Slot
        let streams: [VenueStream]
    }

    let section: ConformanceSection
    private(set) var lines: [Line] = []
    let worker: LoopWorker
    /// What was not as it should be.
    private(set) var problems: [String] = []
    /// Streams that the venue does not have.
    private var unknown: Set<VenueStream> = []
    private var serial: UInt64 = 0
    private var ahead: Int64 = 0

    private static let hour: Int64 = 3_600_000_000

    private init(_ context: LoopContext, _ section: ConformanceSection, firstData: Duration) {
        self.section = section
        let queue = PublishQueue(limits: QueueLimits(bytes: 1 << 22, messages: 10_000), waker: PublisherWaker())
        let publisher = EventPublisher(
            encoder: JSONMessageEncoder(), queue: queue, subjects: Subjects(), instance: "test", boot: "0", depth: 100,
            segments: VenueCatalog.segments.map(\.id.description))
        self.worker = LoopWorker(
            index: 0, context: context, pipeline: Pipeline(books: BookSettings(), publisher: publisher),
            requests: SnapshotRequests(limit: 1_000), listChanges: ListChanges(), seriesOrders: SeriesOrders(),
            heartbeat: nil)
        let segment = section.segment
        for instrument in section.instruments {
            _ = self.worker.pipeline.add(
                instrument, keepsBook: segment.offer(of: .orderbook).isOffered, rule: segment.sequenceRule,
                depth: segment.depth)
        }
        let routes = Set(section.streams.map(\.route)).sorted { $0.suffix < $1.suffix }
        for (number, route) in routes.enumerated() {
            let streams = section.streams.filter { $0.route == route }
            self.lines.append(self.line(UInt32(number), streams, firstData))
        }
    }

    private func line(_ number: UInt32, _ streams: [VenueStream], _ firstData: Duration) -> Line {
        let (venue, segment) = (self.section.venue, self.section.segment)
        let name = "test-\(number)"
        let feed = FeedConnection(
            name: name, slotNumber: number, segment: segment,
            number: self.worker.pipeline.publisher.addConnection(name, venue: venue.id), worker: self.worker,
            decoder: venue.makeDecoder(for: segment, wanted: self.section.wanted),
            dialect: venue.dialect(for: segment, limits: VenueLimits(venue.limits)), acknowledgeTimeout: .seconds(600),
            deadlines: FeedConnection.Deadlines(
                firstData: firstData.wholeMicroseconds, stale: 10 * Self.hour, rotateAfter: 20 * Self.hour, overlap: 0))
        for stream in streams {
            let isTaken = feed.add(stream, of: self.instrument(of: stream))
            self.check(isTaken, "the decoder does not take the stream \(stream.name)")
        }
        let slot = Slot()
        feed.attach(slot)
        self.worker.open(feed)
        return Line(feed: feed, slot: slot, streams: streams)
    }

    private func instrument(of stream: VenueStream) -> InstrumentID? {
        stream.symbol.flatMap { self.section.symbols.firstIndex(of: $0) }.map { InstrumentID($0) }
    }

    /// Runs `body` on a loop of its own, and gives what was not as it should be.
    static func run(
        _ section: ConformanceSection, firstData: Duration = .seconds(36_000),
        _ body: @escaping @Sendable (ConformanceRig) -> Void
    ) async throws -> [String] {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "conformance"))
        try loop.start()
        defer { loop.stop() }
        return await withCheckedContinuation { continuation in
            let isTaken = loop.submit {
                let rig = ConformanceRig($0, section, firstData: firstData)
                body(rig)
                continuation.resume(returning: rig.problems)
            }
            if !isTaken { continuation.resume(returning: ["the loop took nothing"]) }
        }
    }

    func check(_ isRight: Bool, _ problem: @autoclosure () -> String) {
        if !isRight { self.problems.append(problem()) }
    }

    // MARK: - The connection

    /// Opens a socket of every line.
    func open() {
        for line in self.lines {
            line.slot.sent.removeAll()
            line.slot.answered = 0
            self.serial += 1
            let id = SocketID(slot: line.feed.slotNumber, serial: self.serial)
            line.slot.currentSocket = id
            line.feed.socketOpened(id)
        }
    }

    func close() {
        for line in self.lines {
            guard let id = line.slot.currentSocket else { continue }
            line.slot.currentSocket = nil
            line.feed.socketClosed(id, reason: DisconnectReason(.connectionLost))
        }
    }

    /// Opens a socket of every line, and answers what is asked until all of it is.
    func subscribe() {
        self.open()
        for _ in 0..<30 {
            self.answerAll()
            if self.lines.allSatisfy({ $0.feed.subscribed != nil }) { return }
            self.tick(seconds: 2)
        }
    }

    /// Lets a minute pass, in which what is asked is answered.
    func wait() {
        for _ in 0..<30 {
            self.answerAll()
            self.tick(seconds: 2)
        }
        self.answerAll()
    }

    func tick(seconds: Int64) {
        self.ahead += seconds * 1_000_000
        self.worker.tick(
            at: LoopClock.wallMicroseconds() + self.ahead, steady: LoopClock.monotonicMicroseconds() + self.ahead)
    }

    /// Gives a frame to the line that has its stream.
    func deliver(_ text: String, on number: Int? = nil) {
        let found = self.lines.firstIndex { line in line.streams.contains { text.contains(self.section.words($0)) } }
        let line = self.lines[number ?? found ?? 0]
        guard let id = line.slot.currentSocket else { return }
        Array(text.utf8).withUnsafeBytes { bytes in
            line.feed.frameReceived(
                Frame(bytes: bytes, receivedMicroseconds: LoopClock.wallMicroseconds() + self.ahead), on: id)
        }
    }

    /// Streams that were asked for since the socket opened.
    func asked(_ line: Line, isGivenUp: Bool = false, since start: Int = 0) -> Set<String> {
        let word = (try? self.section.fixture.text("unsubscribe")) ?? ""
        let texts = line.slot.sent[min(start, line.slot.sent.count)...].filter { $0.contains(word) == isGivenUp }
        let names = line.streams.filter { stream in texts.contains { $0.contains(self.section.words(stream)) } }
        return Set(names.map(\.name))
    }

    // MARK: - The venue

    /// Takes up a stream of a symbol that the venue does not have, in place of one that it has; gives its name.
    func addUnknown() -> String? {
        guard let symbol = try? self.section.fixture.text("unknown"), let line = self.lines.first else { return nil }
        let known = Set(line.streams.map(\.route))
        // What is silent by nature would not be missed.
        let streams = self.section.venue.streams(of: symbol, in: self.section.segment, wanted: self.section.wanted)
        guard let stream = streams.first(where: { known.contains($0.route) && !$0.isSparse }) else { return nil }
        self.lines[0] = Line(feed: line.feed, slot: line.slot, streams: line.streams + [stream])
        self.unknown.insert(stream)
        return line.feed.add(stream, of: InstrumentID(0)) ? stream.name : nil
    }

    private func answerAll() {
        for (number, line) in self.lines.enumerated() {
            while line.slot.answered < line.slot.sent.count {
                let text = line.slot.sent[line.slot.answered]
                line.slot.answered += 1
                for answer in self.answers(to: text, line) { self.deliver(answer, on: number) }
            }
        }
    }

    private func answers(to text: String, _ line: Line) -> [String] {
        let fixture = self.section.fixture
        let ping = self.section.venue.dialect(
            for: self.section.segment, limits: VenueLimits(self.section.venue.limits)
        ).ping
        func texts(_ key: String) -> String { (try? fixture.text(key)) ?? "" }
        if text == ping { return [texts("pong")] }
        let streams = line.streams.filter { text.contains(self.section.words($0)) }
        let id = (JSONTree(text)?["id"]?.text ?? "").replacing("\"", with: "")
        let verb = text.contains(texts("unsubscribe")) ? "unsubscribe" : "subscribe"
        let known = streams.filter { !self.unknown.contains($0) }
        if streams.isEmpty { return [ConformanceFixture.fill(texts("taken.other"), id: id)] }
        var answers: [String] = []
        if fixture.has("taken") {
            answers.append(ConformanceFixture.fill(texts("taken"), id: id, verb: verb, names: known.map(\.name)))
        } else {
            answers += known.map { stream in
                let isOther = stream.symbol == nil && fixture.has("taken.each.section")
                return ConformanceFixture.fill(
                    texts(isOther ? "taken.each.section" : "taken.each"), id: id, verb: verb, stream: stream)
            }
        }
        guard fixture.has("refused") else { return answers }
        return answers
            + streams.filter { self.unknown.contains($0) }.map {
                ConformanceFixture.fill(texts("refused"), id: id, verb: verb, stream: $0)
            }
    }

    // MARK: - Books

    /// Gives a frame of a book, or the answer that it is.
    func give(_ entry: ConformanceFixture.Entry) {
        let id = InstrumentID(entry.key == "book.other" ? 1 : 0)
        guard self.section.isAnswer(entry.key) else { return self.deliver(entry.text) }
        self.worker.snapshotArrived(
            Array(entry.text.utf8), for: SnapshotRequest(instrument: id, purpose: .seed),
            receivedMicroseconds: LoopClock.wallMicroseconds() + self.ahead)
    }

    /// Gives the frames of a book under a key and compares its top after each.
    func follow(_ keys: String...) {
        for entry in self.section.fixture.entries where keys.contains(entry.key) {
            self.give(entry)
            let book = entry.key == "book.other" ? 1 : 0
            guard let top = entry.gives.first else { continue }
            self.check(self.top(book) == top, "after \(entry.key): the top is \(self.top(book)), not \(top)")
            self.check(self.isSound(book), "after \(entry.key): the book is \(self.state(book))")
        }
    }

    /// Seeds both books.
    func seed() { self.follow("book.snapshot", "book.other") }

    func state(_ book: Int) -> BookState {
        self.worker.pipeline.keeper.withBook(InstrumentID(book)) { $0.state }
    }

    func isSound(_ book: Int) -> Bool { [.seeded, .live, .refreshing].contains(self.state(book)) }

    /// What a reader of the book sees, and how often it was broken.
    func view(_ book: Int) -> String {
        let (sequence, reseeds, gaps) = self.worker.pipeline.keeper.withBook(InstrumentID(book)) {
            ($0.sequence, $0.reseeds, $0.counts.gaps)
        }
        return "\(self.state(book)) \(self.top(book)) sequence \(sequence) chain \(reseeds) gaps \(gaps)"
    }

    func top(_ book: Int) -> String {
        let id = InstrumentID(book)
        let scales = self.worker.pipeline.instruments.scales(of: id)
        let best = self.worker.pipeline.keeper.withBook(id) { [$0.bids.best, $0.asks.best] }
        return best.map { level in
            guard let level else { return "-" }
            return FixedPoint.text(level.price, scale: scales.price) + " "
                + FixedPoint.text(level.size, scale: scales.size)
        }.joined(separator: " ")
    }

    /// Snapshots that were asked for so far.
    var snapshotsAsked: UInt64 { UInt64(self.worker.summary().snapshotsAsked) }

    var refusedFrames: UInt64 { self.worker.pipeline.refusals.reduce(0, &+) }
}
