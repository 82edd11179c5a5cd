import MarketModel
import OrderBook
import Publishing
import Resilience
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

    /// What a request takes at most, its wait for budget, its last try and the way back included; see `VenueRESTSettings`.
    private static let longestSeed = Duration.seconds(960)
    private static let longestRefresh = Duration.seconds(120)
    /// What a snapshot in a stream takes at most, and when it is asked for again.
    private static let longestStreamSeed = Duration.seconds(60)
    private static let streamSeedMicroseconds: Int64 = 10_000_000

    let index: Int
    let context: LoopContext
    var pipeline: Pipeline<JSONMessageEncoder>
    private(set) var feeds: [FeedConnection] = []
    /// Connections that are closed and have not ended yet.
    private var ending: [FeedConnection] = []
    /// Sections whose metadata is published.
    private var tellsInstruments: Set<SegmentID> = []
    private let requests: SnapshotRequests
    private let listChanges: ListChanges
    private let seriesOrders: SeriesOrders
    /// The loop's instruments by the venue's symbol.
    private var known: [SegmentID: [String: InstrumentID]] = [:]
    private var heartbeat: HeartbeatSource?
    private var desk: SnapshotDesk<SystemRandomNumberGenerator>
    /// When books came to stand on a snapshot alone, by the clock that only goes forward: one entry a book at most.
    private var seeded: [InstrumentID: Int64] = [:]
    /// The comparison of one of its books that is under way.
    var audit: AuditUnderWay?
    private var timer: LoopTimer?
    private var clock = ClockSteps()
    private var lastTickMicroseconds = LoopClock.wallMicroseconds()

    init(
        index: Int, context: LoopContext, pipeline: consuming Pipeline<JSONMessageEncoder>,
        requests: SnapshotRequests, listChanges: ListChanges, seriesOrders: SeriesOrders,
        heartbeat: HeartbeatSource?
    ) {
        self.index = index
        self.context = context
        self.pipeline = pipeline
        self.requests = requests
        self.listChanges = listChanges
        self.seriesOrders = seriesOrders
        self.heartbeat = heartbeat
        self.desk = SnapshotDesk(
            backoff: Backoff(base: .milliseconds(500), cap: .seconds(60)), generator: SystemRandomNumberGenerator())
    }

    // MARK: - Setting up

    /// The loop's id of a venue's symbol; nil for one that it does not have.
    func instrument(_ symbol: String, in segment: SegmentID) -> InstrumentID? { self.known[segment]?[symbol] }

    func add(
        _ instrument: Instrument, _ segment: VenueSegment, _ settings: SegmentSettings,
        lastTrade: (id: UInt64, microseconds: Int64)?
    ) -> InstrumentID {
        let id = self.pipeline.add(
            instrument, keepsBook: settings.types.contains(.orderbook),
            snapshotLimit: segment.snapshot == nil ? nil : settings.snapshotLimit, rule: segment.sequenceRule,
            depth: segment.depth, lastTrade: lastTrade)
        self.known[segment.id, default: [:]][instrument.venueSymbol] = id
        if settings.types.contains(.instrument) {
            self.tellsInstruments.insert(segment.id)
            self.pipeline.publish(.instrument(id), at: LoopClock.wallMicroseconds())
        }
        return id
    }

    /// A connection by its number in the roster.
    func feed(_ number: UInt32) -> FeedConnection? { self.feeds.first { $0.slotNumber == number } }

    /// Takes streams off a connection.
    func remove(_ streams: [VenueStream], from number: UInt32) {
        self.feed(number)?.remove(streams)
    }

    /// Ends a connection; books that it fed are void until another feeds them.
    func close(_ number: UInt32) {
        guard let feed = self.feed(number) else { return }
        let now = LoopClock.wallMicroseconds()
        self.pipeline.withEvents(at: now) { keeper, batch in
            for id in feed.depthInstruments { keeper.breakBook(id, reason: .requested, at: now, &batch) }
        }
        self.feeds.removeAll { $0.slotNumber == number }
        self.ending.append(feed)
        feed.stop { [unowned self, unowned feed] in self.ending.removeAll { $0 === feed } }
    }

    /// Ends an instrument that is no longer collected.
    ///
    /// - Parameter now: What the venue says of it; nil where it is not listed any more.
    func release(_ symbol: String, of segment: SegmentID, as now: Instrument?) {
        guard let id = self.instrument(symbol, in: segment) else { return }
        var instrument = now ?? self.pipeline.instruments[id]
        if now == nil { instrument.status = .closed }
        self.update(instrument, of: segment)
        let time = LoopClock.wallMicroseconds()
        self.pipeline.withEvents(at: time) { keeper, batch in keeper.release(id, at: time, &batch) }
    }

    /// Takes an instrument that was released into use again.
    func reopen(_ id: InstrumentID, _ settings: SegmentSettings) {
        if settings.types.contains(.orderbook) { self.pipeline.keeper.reopen(id) }
    }

    /// Takes what the venue now says of an instrument, and publishes it.
    func update(_ instrument: Instrument, of segment: SegmentID) {
        guard let id = self.instrument(instrument.venueSymbol, in: segment) else { return }
        self.pipeline.update(instrument, of: id)
        if self.tellsInstruments.contains(segment) {
            self.pipeline.publish(.instrument(id), at: LoopClock.wallMicroseconds())
        }
    }

    /// Takes a connection and opens it.
    func open(_ feed: FeedConnection) {
        self.feeds.append(feed)
        feed.start()
    }

    /// Starts ticking.
    func start() {
        self.timer = self.context.makeTimer { [unowned self] in
            self.tick()
            self.timer?.schedule(after: Self.tickInterval)
        }
        self.timer?.schedule(after: Self.tickInterval)
    }

    /// Ends subscriptions and connections, then says that its books stopped.
    func stop(completion: @escaping () -> Void) {
        var left = self.feeds.count
        let finish = { [unowned self] in
            let now = LoopClock.wallMicroseconds()
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

    /// Passes on that a venue's list of instruments changed.
    func listChanged(_ segment: SegmentID) { self.listChanges.tell(segment) }

    /// Passes a wish on to have a series told that was missed.
    func repair(_ order: SeriesOrder) { self.seriesOrders.submit(order) }

    // MARK: - Answers

    /// Takes the answer to a question about a symbol, or about a whole section where that is nil.
    func answerArrived(
        _ body: [UInt8], to question: VenueQuestion, of symbol: String?, in segment: SegmentID,
        receivedMicroseconds: Int64
    ) {
        let instrument = symbol.flatMap { self.instrument($0, in: segment) }
        guard symbol == nil || instrument != nil else { return }
        body.withUnsafeBytes { bytes in
            let frame = Frame(bytes: bytes, receivedMicroseconds: receivedMicroseconds)
            let feeds = self.feeds.filter { $0.segment.id == segment }
            guard let instrument else {
                // What a section says as a whole, each decoder keeps for itself.
                for feed in feeds { _ = feed.takeAnswer(frame, to: question, of: nil) }
                return
            }
            _ = self.feed(for: instrument, of: segment)?.takeAnswer(frame, to: question, of: instrument)
        }
    }

    /// The connection whose decoder knows an instrument; what is only asked for comes on none, and any reads it.
    private func feed(for instrument: InstrumentID, of segment: SegmentID) -> FeedConnection? {
        let feeds = self.feeds.lazy.filter { $0.segment.id == segment }
        return feeds.first { $0.carries(instrument) } ?? feeds.first
    }

    /// Takes an answer with a missed series of a symbol, and gives how many missed messages it brought; nil where it
    /// cannot be read.
    func seriesArrived(
        _ body: [UInt8], to question: VenueQuestion, of symbol: String, in segment: SegmentID,
        receivedMicroseconds: Int64
    ) -> UInt64? {
        guard let instrument = self.instrument(symbol, in: segment),
            let feed = self.feed(for: instrument, of: segment)
        else { return nil }
        let before = self.pipeline.backfilled
        let isRead = body.withUnsafeBytes { bytes in
            feed.takeAnswer(
                Frame(bytes: bytes, receivedMicroseconds: receivedMicroseconds), to: question, of: instrument)
        }
        return isRead ? self.pipeline.backfilled &- before : nil
    }

    /// Takes an answer with missed trades of a symbol; nil where it cannot be read.
    func tradesArrived(
        _ body: [UInt8], wanted: TradeRuns, of symbol: String, in segment: SegmentID, receivedMicroseconds: Int64
    ) -> RepairedTrades? {
        guard let instrument = self.instrument(symbol, in: segment),
            let feed = self.feed(for: instrument, of: segment)
        else { return nil }
        return body.withUnsafeBytes { bytes in
            feed.takeTrades(
                Frame(bytes: bytes, receivedMicroseconds: receivedMicroseconds), of: instrument, wanted: wanted)
        }
    }

    // MARK: - Snapshots

    /// Takes an answer to a request of this loop.
    func snapshotArrived(_ body: [UInt8], for request: SnapshotRequest, receivedMicroseconds: Int64) {
        let id = request.instrument
        let now = LoopClock.monotonicMicroseconds()
        // Without a subscription nothing follows the answer: the book would stand still and look sound.
        guard let feed = self.feeds.first(where: { $0.carriesDepth(of: id) }), feed.subscribed != nil else {
            self.desk.end(id, served: true, at: now)
            return
        }
        let wasSeeded = self.pipeline.keeper.withBook(id) { $0.state == .seeded }
        let isRead = body.withUnsafeBytes { bytes in
            let frame = Frame(bytes: bytes, receivedMicroseconds: receivedMicroseconds)
            return feed.takeAnswer(frame, to: .depthSnapshot, of: id)
        }
        guard isRead else { return self.snapshotFailed(request, isPermanent: false) }
        let isServed = self.pipeline.keeper.withBook(id) { $0.synchronizer.last != nil }
        let isSeeded = self.pipeline.keeper.withBook(id) { $0.state == .seeded }
        if isSeeded, !wasSeeded { self.seeded[id] = now }
        self.desk.end(id, served: isServed, at: now)
        self.passRequests(at: now)
    }

    /// Takes note of a request that came to nothing, for good where the venue will most likely refuse it again.
    func snapshotFailed(_ request: SnapshotRequest, isPermanent: Bool) {
        let now = LoopClock.monotonicMicroseconds()
        self.desk.end(request.instrument, served: false, isPermanent: isPermanent, at: now)
        self.tellFailed(request)
        self.passRequests(at: now)
    }

    /// Passes what the books asked for to the control plane, one request a book at a time.
    func passRequests(at now: Int64) {
        for request in self.pipeline.keeper.takeRequests() {
            guard self.mayPass(request, at: now) else {
                self.tellFailed(request)
                continue
            }
            if self.takesSnapshotFromStream(request.instrument, at: now) { continue }
            let longest = request.purpose == .seed ? Self.longestSeed : Self.longestRefresh
            self.desk.ask(request.instrument, at: now, longest: longest)
            let isTaken = self.requests.submit(
                SnapshotOrder(
                    loop: self.index, request: request, instrument: self.pipeline.instruments[request.instrument]))
            if !isTaken { self.snapshotRefused(request, at: now) }
        }
    }

    /// Asks for a book's snapshot by taking its stream up again, where that is how it comes; false where it is not.
    private func takesSnapshotFromStream(_ id: InstrumentID, at now: Int64) -> Bool {
        guard let feed = self.feeds.first(where: { $0.carriesDepth(of: id) }), feed.segment.snapshot == nil else {
            return false
        }
        self.desk.ask(id, at: now, longest: Self.longestStreamSeed)
        feed.resubscribeDepth(of: id)
        return true
    }

    /// Takes note of what became of the snapshots that are to come in the stream.
    private func followStreamSeeds(_ feed: FeedConnection, at now: Int64) {
        for id in feed.depthInstruments {
            guard let asked = self.desk.askedSince(id) else { continue }
            let isSeeded = self.pipeline.keeper.withBook(id) { $0.synchronizer.last != nil }
            if isSeeded || now - asked > Self.streamSeedMicroseconds {
                self.desk.end(id, served: isSeeded, at: now)
            }
        }
    }

    private func mayPass(_ request: SnapshotRequest, at now: Int64) -> Bool {
        guard self.desk.mayAsk(request.instrument, at: now) else { return false }
        switch request.purpose {
        case .refresh: return true
        case .seed: return self.isReadyForSeed(request.instrument, at: now)
        }
    }

    private func snapshotRefused(_ request: SnapshotRequest, at now: Int64) {
        self.desk.end(request.instrument, served: false, at: now)
        self.tellFailed(request)
    }

    /// Tells the book that its request came to nothing; the ticks ask again when it is time.
    private func tellFailed(_ request: SnapshotRequest) {
        let now = LoopClock.wallMicroseconds()
        self.pipeline.withEvents(at: now) { keeper, batch in keeper.snapshotFailed(request, at: now, &batch) }
    }

    // MARK: - Ticks

    private func tick() {
        self.tick(at: LoopClock.wallMicroseconds(), steady: LoopClock.monotonicMicroseconds())
    }

    /// Does what is due by the time of day, and by the clock that only goes forward.
    func tick(at now: Int64, steady: Int64) {
        self.lastTickMicroseconds = now
        self.followClock(wall: now, steady: steady)
        self.pipeline.tick(at: now)
        self.tellAudits()
        self.askForSeeds(at: steady)
        self.passRequests(at: steady)
        for feed in self.feeds { feed.tick(at: steady) }
        for feed in self.ending { feed.tick(at: steady) }
        if let beat = self.heartbeat?.due(at: now) { self.pipeline.publish(.heartbeat(beat), at: now) }
    }

    /// Moves what is due by the time of day along when that was set.
    private func followClock(wall: Int64, steady: Int64) {
        let step = self.clock.look(wall: wall, steady: steady)
        guard step != 0 else { return }
        self.pipeline.keeper.clockStepped(by: step)
        self.heartbeat?.clockStepped(by: step)
    }

    private func askForSeeds(at now: Int64) {
        for feed in self.feeds where feed.subscribed != nil {
            if feed.segment.snapshot == nil { self.followStreamSeeds(feed, at: now) }
            for id in feed.depthInstruments {
                let isWanting = self.pipeline.keeper.withBook(id) { $0.state == .waiting || $0.state == .broken }
                guard isWanting, self.desk.mayAsk(id, at: now), self.isReadyForSeed(id, at: now) else { continue }
                self.pipeline.keeper.requestSeed(id)
            }
        }
    }

    /// Whether updates flow, so that the answer is not older than the stream, or none have come for a while.
    private func isReadyForSeed(_ id: InstrumentID, at now: Int64) -> Bool {
        guard let feed = self.feeds.first(where: { $0.carriesDepth(of: id) }), let subscribed = feed.subscribed else {
            return false
        }
        // Where the stream brings it, it is on its way after the subscription.
        guard feed.segment.snapshot != nil else { return now - subscribed > Self.quietMicroseconds }
        let kept = self.pipeline.keeper.withBook(id) { $0.keptCount }
        return kept >= 2 || now - subscribed > Self.quietMicroseconds
    }

    // MARK: - Telling

    func summary() -> LoopSummary {
        let now = LoopClock.monotonicMicroseconds()
        var books: [LoopSummary.Book] = []
        var flows: [SegmentID: LoopSummary.Flow] = [:]
        let keepers = Set(self.feeds.flatMap(\.depthInstruments))
        for index in 0..<self.pipeline.instruments.count {
            let id = InstrumentID(index)
            let segment = SegmentID(of: self.pipeline.instruments[id])
            flows[segment, default: LoopSummary.Flow(segment: segment)]
                .add(self.pipeline.trades(of: id), self.pipeline.quotes(of: id))
            guard keepers.contains(id) else { continue }
            let scales = self.pipeline.instruments.scales(of: id)
            let depth = self.pipeline.keeper.settings.depth ?? Int.max
            let instrument = self.pipeline.instruments[id]
            let trades = self.pipeline.trades(of: id)
            let quotes = self.pipeline.quotes(of: id)
            let seeded = self.seeded[id]
            books.append(
                self.pipeline.keeper.withBook(id) { book in
                    LoopSummary.Book(
                        instrument: instrument, state: book.state, counts: book.counts,
                        unconfirmedMicroseconds: book.state == .seeded ? seeded.map { now - $0 } : nil,
                        reseeds: book.reseeds,
                        bid: book.bids.best.map { FixedPoint.text($0.price, scale: scales.price) },
                        ask: book.asks.best.map { FixedPoint.text($0.price, scale: scales.price) },
                        trustedDepth: book.trustedDepth(depth), bytes: book.bytes,
                        levels: book.levelCount, kept: book.keptCount, trades: trades, quotes: quotes,
                        lagMicroseconds: book.lagMicroseconds)
                })
        }
        var latencies: [SegmentID: SegmentLatency] = [:]
        for feed in self.feeds {
            let segment = feed.segment.id
            feed.latency.add(to: &latencies[segment, default: SegmentLatency(segment: segment)])
        }
        return LoopSummary(
            loop: self.index, tickMicroseconds: self.lastTickMicroseconds, frames: self.pipeline.frames,
            refusals: self.pipeline.refusals, instruments: self.pipeline.instruments.count,
            connections: self.feeds.map { $0.summary() }, books: books,
            flows: Array(flows.values), snapshotsAsked: self.desk.asked, snapshotsLost: self.desk.expired,
            latencies: Array(latencies.values),
            encodedBytes: self.pipeline.publisher.encodedBytes,
            subjects: self.pipeline.publisher.subjectCount, subjectBytes: self.pipeline.publisher.bytes,
            socketsLive: self.context.counters.socketsLive,
            forcedKills: self.context.counters.forcedKills)
    }
}
