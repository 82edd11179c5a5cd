import MarketModel
import OrderBook
import Publishing
import Transport
import Venues

@testable import Collector

/// A feed of one USD-M book on a loop's thread, with a slot that does only what a test says.
final class FeedRig {
    /// A slot without sockets.
    final class Slot: FeedSlot {
        var state: SlotState { .live }
        var currentSocket: SocketID?
        var counters: ConnectionSlotCounters { ConnectionSlotCounters() }
        private(set) var delivering: [UInt64] = []
        private(set) var rotations = 0
        private(set) var readies = 0

        func start() {}
        func send(text: String, on id: SocketID) -> Bool { true }
        func delivered(on id: SocketID) { self.delivering.append(id.serial) }
        func useNextEndpoint() {}
        func reconnect(detail: String) {}
        func rotate() -> Bool {
            self.rotations += 1
            return true
        }
        func rotationReady() { self.readies += 1 }
        func stop(completion: @escaping () -> Void) { completion() }
    }

    let slot = Slot()
    let feed: FeedConnection
    let ledger = GapLedger(instance: "test", boot: "0")
    private let worker: LoopWorker
    private let book: InstrumentID

    private init(_ context: LoopContext, overlap: Duration) {
        let limits = QueueLimits(bytes: 1 << 20, messages: 1_000)
        let queue = PublishQueue(limits: limits, waker: PublisherWaker())
        let publisher = EventPublisher(
            encoder: JSONMessageEncoder(), queue: queue, subjects: Subjects(), instance: "test", boot: "0", depth: 100,
            ledger: self.ledger)
        self.worker = LoopWorker(
            index: 0, context: context, pipeline: Pipeline(books: BookSettings(), publisher: publisher),
            requests: SnapshotRequests(limit: 1), listChanges: ListChanges(), seriesOrders: SeriesOrders(),
            heartbeat: nil)
        var instrument = Instrument(
            venue: Binance.id, segment: BinanceSegment.usdm.rawValue, market: .perpetual,
            symbol: "BTC-USDT", venueSymbol: "BTCUSDT", base: "BTC", quote: "USDT", contract: .linear, unit: .base)
        instrument.tickSize = "0.1"
        instrument.lotSize = "0.001"
        self.book = self.worker.pipeline.add(instrument)
        let section = Binance().segments[1]
        self.feed = FeedConnection(
            name: "test-0", slotNumber: 0, segment: section,
            number: self.worker.pipeline.publisher.addConnection("test-0", venue: Binance.id),
            worker: self.worker, decoder: Binance().makeDecoder(for: section, wanted: Wanted(types: [.orderbook])),
            dialect: Binance().dialect(for: section, limits: VenueLimits(Binance().limits)),
            acknowledgeTimeout: .seconds(600),
            deadlines: FeedConnection.Deadlines(
                firstData: 600_000_000, stale: 600_000_000, rotateAfter: 3_600_000_000,
                overlap: overlap.wholeMicroseconds))
        let stream = VenueStream(
            "btcusdt@depth@100ms", symbol: "BTCUSDT", types: [.orderbook], route: VenueRoute("", paths: []))
        precondition(self.feed.add(stream, of: self.book))
        self.feed.attach(self.slot)
    }

    /// Runs `body` on a loop of its own, whose end is waited for.
    static func run<Result: Sendable>(
        overlap: Duration = .zero, _ body: @escaping @Sendable (FeedRig) -> Result
    ) async throws -> Result? {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "feed"))
        try loop.start()
        defer { loop.stop() }
        return await withCheckedContinuation { continuation in
            let isTaken = loop.submit { continuation.resume(returning: body(FeedRig($0, overlap: overlap))) }
            if !isTaken { continuation.resume(returning: nil) }
        }
    }

    /// The feed's state as it was last announced.
    var state: String { self.feed.state.rawValue }

    var bookState: String {
        let state = self.worker.pipeline.keeper.withBook(self.book) { $0.state }
        return "\(state)"
    }

    /// Opens a socket, the slot's current one where there is none.
    func open(_ serial: UInt64) {
        let id = SocketID(slot: 0, serial: serial)
        if self.slot.currentSocket == nil { self.slot.currentSocket = id }
        self.feed.socketOpened(id)
    }

    /// Ends a socket, after which the slot goes on with another or none.
    func close(_ serial: UInt64, next: UInt64? = nil) {
        self.slot.currentSocket = next.map { SocketID(slot: 0, serial: $0) }
        self.feed.socketClosed(SocketID(slot: 0, serial: serial), reason: DisconnectReason(.connectionLost))
    }

    func acknowledge(on serial: UInt64) {
        self.frame(#"{"result":null,"id":1}"#, on: serial)
    }

    func update(_ number: Int, on serial: UInt64) {
        self.frame(
            #"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":\#(number),"u":\#(number),"pu":\#(number - 1),"b":[["100.1","1"]],"a":[]}}"#,
            on: serial)
    }

    /// Answers the request for the book's snapshot.
    func seed(_ last: Int) {
        let text = #"{"lastUpdateId":\#(last),"E":1,"T":1,"bids":[["100.0","1"]],"asks":[["101.0","1"]]}"#
        Array(text.utf8).withUnsafeBytes { bytes in
            _ = self.feed.takeAnswer(
                Frame(bytes: bytes, receivedMicroseconds: LoopClock.wallMicroseconds()), to: .depthSnapshot,
                of: self.book)
        }
    }

    /// The id of the book's last update.
    var bookLast: UInt64? { self.worker.pipeline.keeper.withBook(self.book) { $0.synchronizer.last } }

    func shutDown(_ serial: UInt64) {
        self.frame(#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}"#, on: serial)
    }

    /// What the ledger would publish now, as `of cause missing`, with `…` where it lasts.
    func losses() -> [String] {
        self.worker.pipeline.tick(at: LoopClock.wallMicroseconds())
        return self.ledger.takeDue(100, wall: 0, isLast: true).map { entry in
            "\(entry.of.token) \(entry.cause.rawValue) \(entry.subject.symbol ?? "")\(entry.toMicroseconds == nil ? " …" : "")"
        }.sorted()
    }

    func tick() {
        self.feed.tick(at: LoopClock.monotonicMicroseconds())
    }

    private func frame(_ text: String, on serial: UInt64) {
        Array(text.utf8).withUnsafeBytes { bytes in
            self.feed.frameReceived(
                Frame(bytes: bytes, receivedMicroseconds: LoopClock.wallMicroseconds()),
                on: SocketID(slot: 0, serial: serial))
        }
    }
}
