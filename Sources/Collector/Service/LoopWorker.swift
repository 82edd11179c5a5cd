import MarketModel
import OrderBook
import Publishing
import Transport
import Venues

/// One loop's share of the service: its connections, the pipeline they share, and its ticks.
///
/// Made, used and released on the loop's thread.
final class LoopWorker {
    /// How often the clock is looked at: half of the shortest interval that books are published at.
    private static let tickInterval = Duration.milliseconds(100)
    /// How long a book waits for its first updates before it asks for a snapshot all the same.
    private static let quietMicroseconds: Int64 = 3_000_000

    let index: Int
    let context: LoopContext
    var pipeline: Pipeline<JSONMessageEncoder>
    private(set) var feeds: [FeedConnection] = []
    private let requests: SnapshotRequests
    private var heartbeat: HeartbeatSource?
    private var outstanding: Set<InstrumentID> = []
    private var timer: LoopTimer?
    private var lastTickMicroseconds = WallClock.microseconds()

    init(
        index: Int, context: LoopContext, pipeline: consuming Pipeline<JSONMessageEncoder>,
        requests: SnapshotRequests, heartbeat: HeartbeatSource?
    ) {
        self.index = index
        self.context = context
        self.pipeline = pipeline
        self.requests = requests
        self.heartbeat = heartbeat
    }

    // MARK: - Setting up

    func add(_ instrument: Instrument, keepsBook: Bool) -> InstrumentID {
        let id = self.pipeline.add(instrument, keepsBook: keepsBook)
        self.pipeline.publish(.instrument(id), at: WallClock.microseconds())
        return id
    }

    func add(_ feed: FeedConnection) {
        self.feeds.append(feed)
    }

    /// Starts ticking and opens the connections.
    func start() {
        self.timer = self.context.makeTimer { [unowned self] in
            self.tick()
            self.timer?.schedule(after: Self.tickInterval)
        }
        self.timer?.schedule(after: Self.tickInterval)
        for feed in self.feeds { feed.start() }
    }

    /// Ends subscriptions and connections, then says that its books stopped.
    func stop(completion: @escaping () -> Void) {
        var left = self.feeds.count
        let finish = { [unowned self] in
            let now = WallClock.microseconds()
            self.pipeline.withEvents(at: now) { keeper, batch in
                for index in 0..<keeper.count { keeper.release(InstrumentID(index), at: now, &batch) }
            }
            self.timer?.cancel()
            self.timer = nil
            completion()
        }
        guard left > 0 else { return finish() }
        for feed in self.feeds {
            feed.stop {
                left -= 1
                if left == 0 { finish() }
            }
        }
    }

    // MARK: - Snapshots

    /// Takes an answer to a request of this loop.
    func snapshotArrived(_ body: [UInt8], for request: SnapshotRequest, receivedMicroseconds: Int64) {
        self.outstanding.remove(request.instrument)
        guard let feed = self.feeds.first(where: { $0.carriesDepth(of: request.instrument) }) else { return }
        let isTaken = body.withUnsafeBytes { bytes in
            feed.takeSnapshot(
                Frame(bytes: bytes, receivedMicroseconds: receivedMicroseconds), of: request.instrument)
        }
        if !isTaken { self.snapshotFailed(request) }
        self.passRequests()
    }

    func snapshotFailed(_ request: SnapshotRequest) {
        self.outstanding.remove(request.instrument)
        let now = WallClock.microseconds()
        self.pipeline.withEvents(at: now) { keeper, batch in keeper.snapshotFailed(request, at: now, &batch) }
        self.passRequests()
    }

    /// Passes what the books asked for to the control plane, one request a book at a time.
    func passRequests() {
        for request in self.pipeline.keeper.takeRequests() {
            guard !self.outstanding.contains(request.instrument) else { continue }
            self.outstanding.insert(request.instrument)
            let isTaken = self.requests.submit(
                SnapshotOrder(
                    loop: self.index, request: request, instrument: self.pipeline.instruments[request.instrument]))
            if !isTaken { self.outstanding.remove(request.instrument) }
        }
    }

    // MARK: - Ticks

    private func tick() {
        let now = WallClock.microseconds()
        self.lastTickMicroseconds = now
        self.pipeline.tick(at: now)
        self.askForSeeds(at: now)
        self.passRequests()
        for feed in self.feeds { feed.tick(at: now) }
        if let beat = self.heartbeat?.due(at: now) { self.pipeline.publish(.heartbeat(beat), at: now) }
    }

    /// A book without a snapshot asks for one once updates flow, so that the answer cannot be older than the stream.
    private func askForSeeds(at now: Int64) {
        for feed in self.feeds {
            for id in feed.depthInstruments where !self.outstanding.contains(id) {
                let (isWaiting, kept) = self.pipeline.keeper.withBook(id) { book in
                    (book.state == .waiting || book.state == .broken, book.keptCount)
                }
                guard isWaiting, let subscribed = feed.subscribedMicroseconds else { continue }
                if kept >= 2 || now - subscribed > Self.quietMicroseconds { self.pipeline.keeper.requestSeed(id) }
            }
        }
    }

    // MARK: - Telling

    func summary() -> LoopSummary {
        var books: [LoopSummary.Book] = []
        let keepers = Set(self.feeds.flatMap(\.depthInstruments))
        for index in 0..<self.pipeline.instruments.count {
            let id = InstrumentID(index)
            guard keepers.contains(id) else { continue }
            let scales = self.pipeline.instruments.scales(of: id)
            let depth = self.pipeline.keeper.settings.depth ?? Int.max
            let instrument = self.pipeline.instruments[id]
            let trades = self.pipeline.trades(of: id)
            books.append(
                self.pipeline.keeper.withBook(id) { book in
                    LoopSummary.Book(
                        instrument: instrument, state: book.state, counts: book.counts, reseeds: book.reseeds,
                        bid: book.bids.best.map { FixedPoint.text($0.price, scale: scales.price) },
                        ask: book.asks.best.map { FixedPoint.text($0.price, scale: scales.price) },
                        trustedDepth: book.trustedDepth(depth), bytes: book.bytes, trades: trades,
                        lagMicroseconds: book.lagMicroseconds)
                })
        }
        return LoopSummary(
            loop: self.index, tickMicroseconds: self.lastTickMicroseconds, frames: self.pipeline.frames,
            refusals: self.pipeline.refusals, connections: self.feeds.map { $0.summary() }, books: books,
            encodedBytes: self.pipeline.publisher.encodedBytes, socketsLive: self.context.counters.socketsLive,
            forcedKills: self.context.counters.forcedKills)
    }
}
