import Backfill
import MarketModel
import Observability
import OrderBook
import Publishing
import Resilience
import Synchronization
import Transport
import Venues

/// All figures of the service at one moment, from which every page is made.
struct ServiceReport: Sendable {
    /// What the configuration sets.
    struct Bounds: Sendable {
        var instruments: Int
        /// Instruments that the tables of all loops may hold, those that left included.
        var instrumentsKnown: Int
        /// Questions that may be asked at intervals.
        var polls: Int
        var books: Int
        /// Levels of all books; nil when all are kept.
        var bookLevels: Int?
        /// Updates that all books keep for their snapshots.
        var keptFrames: Int
        /// What the rings of all loops may hold, each lane by itself.
        var queueBytes: Int
        var queueMessages: Int
        /// JetStream messages that may be in flight.
        var windowMessages: Int

        init(_ service: CollectorService) {
            let configuration = service.configuration
            let settings = configuration.bookSettings
            let loops = service.workers.count
            // What is collected follows a configuration that is read again; everything else stays as at the start.
            let segments = service.configured.venues.segments
            self.instruments = segments.reduce(0) { $0 + $1.settings.instrumentsMost }
            self.instrumentsKnown = SegmentSettings.symbolsMost * service.sections.count
            self.polls = segments.reduce(0) { $0 + DataType.allCases.count * ($1.settings.instrumentsMost + 1) }
            let books = segments.reduce(0) { sum, segment in
                sum + (segment.settings.types.contains(.orderbook) ? segment.settings.instrumentsMost : 0)
            }
            self.books = books
            self.bookLevels = settings.levelsMost.map { $0 * books }
            self.keptFrames = settings.kept.frames * books
            self.queueBytes = configuration.queue.bytes.bytes * loops
            self.queueMessages = configuration.queue.messages * loops
            // Two acknowledged lanes a loop, the ledger's, and the one that is read back from the spool.
            self.windowMessages = configuration.nats.windowMessages * (2 * loops + 2)
        }
    }

    /// The commands of a loop that has a mailbox.
    struct Mailbox: Sendable {
        let waiting: Int
        let limit: Int
        /// Commands that found it full, or the loop not running.
        let refused: Int
    }

    /// What only the pages themselves know.
    struct Background: Sendable {
        var process: ProcessMemory
        var history: ResidentHistory
        /// In the order of `LaneKind.allCases`.
        var lanes = LaneKind.allCases.map { _ in LaneProgress() }
    }

    /// When a lane last moved.
    struct LaneProgress: Sendable {
        private var confirmed: UInt64 = 0
        /// When the server last confirmed something of the lane or had nothing to confirm, by the clock that only goes
        /// forward; nil when neither ever was.
        private(set) var steady: Int64?

        mutating func note(_ cut: AccountingCut, at steady: Int64) {
            guard cut.confirmed != self.confirmed || cut.queued &+ cut.inFlight == 0 else { return }
            self.confirmed = cut.confirmed
            self.steady = steady
        }
    }

    /// The time of day.
    let microseconds: Int64
    /// The clock that only goes forward: ages are told by it.
    let steady: Int64
    let startMicroseconds: Int64
    let startSteady: Int64
    let instance: String
    let boot: String
    let depth: Int
    let staleMicroseconds: Int64
    let planned: [CollectionPlan.Connection]
    /// What is to be collected and is not listed by the venue.
    let missingInstruments: [String]
    let loops: [LoopSummary]
    let bounds: Bounds
    /// One for each loop of connections.
    let mailboxes: [Mailbox]
    /// When each loop last answered, by the clock that only goes forward.
    let loopsAnswered: [Int64]
    let publisher: PublisherSnapshot
    /// The accounts of all lanes of a kind, in the order of `LaneKind.allCases`.
    let lanes: [(kind: LaneKind, cut: AccountingCut)]
    let counts: [TypeCounts]
    let ledger: GapLedger.Counts
    let repair: GapRepairer.Counts
    /// What is done about the past; nil where it rests.
    let backfill: HistoryRunner.Activity?
    /// Nil when it cannot be read.
    let residentBytes: Int?
    let requests: RequestFigures
    /// Nil where the limits are not shared.
    let sharedBudget: SharedBudget.Counts?
    /// One for each section that is collected, or was at the start.
    let sections: [CollectorService.Section]
    let roster: CollectorService.RosterFigures
    let reloads: CollectorService.Reloads
    /// Wishes to have bars or funding told after a reconnect that found no room.
    let seriesOrdersRefused: UInt64
    /// New connections: what became of the slots' requests, and each venue's budget for them.
    let connects: [(venue: VenueID, counters: ConnectBudget<ContinuousClock>.Counters, budget: RateLimiterSnapshot)]
    let snapshots: [(segment: SegmentID, counts: SnapshotCounts.Counts)]
    let audits: [(segment: SegmentID, counts: AuditCounts.Counts)]
    let log: LogFigures
    let background: Background

    /// What became of the lines of the log.
    struct LogFigures: Sendable {
        /// Nil when the log is written by somebody else.
        var writer: BoundedLogWriter.Statistics?
        var suppressed: UInt64
        var keys: Int
        var keysMaximum: Int
    }

    static func make(
        _ service: CollectorService, loops: [LoopWatch.Look], background: inout Background
    ) -> ServiceReport {
        let steady = LoopClock.monotonicMicroseconds()
        let lanes = LaneKind.allCases.map { (kind: $0, cut: service.publisher.cut($0)) }
        let resident = ProcessMemory.residentBytes()
        for (index, lane) in lanes.enumerated() { background.lanes[index].note(lane.cut, at: steady) }
        if let resident { background.history.note(resident, at: steady) }
        let configuration = service.configuration
        let log = service.sampledLog
        let sections = service.sectionFigures
        let venues = Set(sections.map(\.segment.venue))
        return ServiceReport(
            microseconds: LoopClock.wallMicroseconds(), steady: steady,
            startMicroseconds: service.startMicroseconds, startSteady: service.startSteady,
            instance: configuration.instance, boot: service.boot, depth: configuration.books.depth,
            staleMicroseconds: configuration.transport.staleAfter.microseconds, planned: service.connections,
            missingInstruments: service.missingInstruments, loops: loops.compactMap(\.summary), bounds: Bounds(service),
            mailboxes: service.mailboxes,
            loopsAnswered: loops.map(\.answeredSteady),
            publisher: service.publisher.snapshot(), lanes: lanes,
            counts: MessageType.allCases.map { service.publisher.counts(of: $0) }, ledger: service.ledger.counts,
            repair: service.repairer.withLock { $0?.counts } ?? GapRepairer.Counts(),
            backfill: service.history.withLock { $0?.activity },
            residentBytes: resident,
            requests: RequestFigures(
                configuration, service.configured, connects: service.connects.values.map(\.scope)),
            sharedBudget: service.sharedBudget?.figures,
            sections: sections, roster: service.rosterFigures, reloads: service.reloads.withLock { $0 },
            seriesOrdersRefused: service.seriesOrders.refused,
            connects: service.connects.filter { venues.contains($0.key) }.sorted { $0.key.name < $1.key.name }
                .map { venue, budget in
                    let snapshot = budget.snapshot()
                    return (venue, snapshot.counters, snapshot.budget)
                },
            snapshots: sections.map { ($0.segment, service.snapshotCounts[$0.segment]) },
            audits: sections.map { ($0.segment, service.auditCounts[$0.segment]) },
            log: LogFigures(
                writer: service.logStatistics(), suppressed: log.suppressed, keys: log.keys,
                keysMaximum: log.keysMaximum),
            background: background)
    }

    /// The sections that are collected, or were at the start.
    var segments: [SegmentID] { self.snapshots.map(\.segment) }

    var uptimeMicroseconds: Int64 { self.steady - self.startSteady }
    var connections: [LoopSummary.Connection] { self.loops.flatMap(\.connections) }
    var books: [LoopSummary.Book] { self.loops.flatMap(\.books) }
    var total: AccountingCut { self.lanes.reduce(AccountingCut()) { $0 + $1.cut } }

    /// Frames refused by all loops, by `FrameRefusal.ordinal`.
    func refused(_ ordinal: Int) -> UInt64 { self.loops.reduce(UInt64(0)) { $0 &+ $1.refusals[ordinal] } }

    /// What the connections of each segment say together, of segments with data.
    var latencies: [SegmentLatency] {
        VenueCatalog.segments.compactMap { segment in
            let parts = self.loops.flatMap(\.latencies).filter { $0.segment == segment.id }
            guard !parts.isEmpty else { return nil }
            return parts.reduce(into: SegmentLatency(segment: segment.id)) { $0.add($1) }
        }
    }

    /// What became of each segment's trades and quotes.
    var flows: [LoopSummary.Flow] {
        VenueCatalog.segments.compactMap { segment in
            let parts = self.loops.flatMap(\.flows).filter { $0.segment == segment.id }
            guard !parts.isEmpty else { return nil }
            return parts.reduce(into: LoopSummary.Flow(segment: segment.id)) { $0.add($1) }
        }
    }

    /// Books that can be used.
    var booksLive: Int {
        self.books.count { book in
            switch book.state {
            case .live, .refreshing: true
            case .seeded: !self.isUnconfirmed(book)
            case .waiting, .broken, .stopped: false
            }
        }
    }

    /// Whether a book has stood on its snapshot alone for longer than a connection may be silent.
    func isUnconfirmed(_ book: LoopSummary.Book) -> Bool {
        (book.unconfirmedMicroseconds ?? 0) > self.staleMicroseconds
    }

    /// What the live table shows; rates are since an earlier report.
    func liveSummary(since earlier: ServiceReport?) -> LiveSummary {
        let seconds = earlier.map { max(0.001, Double(self.steady - $0.steady) / 1e6) } ?? 1
        func rate(_ now: UInt64, _ before: UInt64?) -> Double {
            guard let before, now >= before else { return 0 }
            return Double(now - before) / seconds
        }
        let before = Dictionary(
            (earlier?.connections ?? []).map { ($0.name, $0.counters.traffic.messages) }, uniquingKeysWith: { $1 })
        let connections = self.connections.map { connection in
            let silence = connection.lastDataSteady.map { Duration.microseconds(max(0, self.steady - $0)) }
            return LiveSummary.Connection(
                name: connection.name, state: connection.state.rawValue,
                isHealthy: silence.map { $0 < .microseconds(self.staleMicroseconds) } ?? false,
                messagesPerSecond: rate(connection.counters.traffic.messages, before[connection.name]),
                silence: silence, reconnects: Int(clamping: connection.counters.opened) - 1)
        }
        let books = self.books.map { book in
            LiveSummary.Book(
                segment: SegmentID(of: book.instrument).description, symbol: book.instrument.symbol,
                state: book.state.rawValue,
                isHealthy: book.state == .live || book.state == .refreshing, bid: book.bid, ask: book.ask,
                trustedDepth: book.trustedDepth, depth: self.depth, resyncs: max(0, Int(book.reseeds) - 1))
        }
        let total = self.total
        let lags = self.books.compactMap(\.lagMicroseconds).sorted()
        return LiveSummary(
            instance: self.instance, uptime: .microseconds(self.uptimeMicroseconds),
            messagesPerSecond: connections.reduce(0) { $0 + $1.messagesPerSecond },
            publishedPerSecond: rate(total.confirmed, earlier?.total.confirmed),
            lagMedian: lags.isEmpty ? nil : .microseconds(lags[lags.count / 2]),
            lagMax: lags.last.map { .microseconds($0) }, queuedMessages: Int(clamping: total.queued + total.inFlight),
            queuedBytes: ByteSize(Int(clamping: total.bytes)), queueLimit: ByteSize(self.bounds.queueBytes),
            residentBytes: ByteSize(self.residentBytes ?? 0), connections: connections, books: books,
            nats: LiveSummary.NATS(
                state: self.publisher.isConnected ? "connected" : "not connected",
                isHealthy: self.publisher.isConnected, server: self.publisher.serverURL,
                confirmedPerSecond: rate(total.confirmed, earlier?.total.confirmed), unconfirmed: total.unconfirmed,
                dropped: total.dropped, conflated: total.conflated))
    }
}
