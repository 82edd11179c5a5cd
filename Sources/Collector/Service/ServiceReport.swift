import MarketModel
import OrderBook
import Publishing
import Resilience
import Transport

/// All figures of the service at one moment, from which every page is made.
struct ServiceReport: Sendable {
    let microseconds: Int64
    let uptimeMicroseconds: Int64
    let instance: String
    let boot: String
    let depth: Int
    let staleMicroseconds: Int64
    let connectionsPlanned: Int
    let loops: [LoopSummary]
    let publisher: PublisherSnapshot
    let core: AccountingCut
    let jetstream: AccountingCut
    let counts: [TypeCounts]
    let queueLimitBytes: Int
    let residentBytes: UInt64
    /// What the venues meter, by scope.
    let budgets: [(scope: String, snapshot: RateLimiterSnapshot)]
    /// New connections: what became of the slots' requests, and the venue's budget for them.
    let connects: (counters: ConnectBudget<ContinuousClock>.Counters, budget: RateLimiterSnapshot)

    static func make(_ service: CollectorService) async -> ServiceReport {
        let loops = await service.summaries()
        let now = LoopClock.wallMicroseconds()
        return ServiceReport(
            microseconds: now, uptimeMicroseconds: now - service.startMicroseconds,
            instance: service.configuration.instance, boot: service.boot, depth: service.configuration.books.depth,
            staleMicroseconds: service.configuration.transport.staleAfter.microseconds,
            connectionsPlanned: service.plan.connections.count, loops: loops, publisher: service.publisher.snapshot(),
            core: service.publisher.cut(.core), jetstream: service.publisher.cut(.jetstream),
            counts: MessageType.allCases.map { service.publisher.counts(of: $0) },
            queueLimitBytes: service.configuration.queue.bytes.bytes * service.workers.count,
            residentBytes: ResidentMemory.bytes(),
            budgets: LimiterRegistry.process.snapshots().filter {
                $0.snapshot.windows.contains { $0.window.meter == .weight }
            }, connects: service.connects.snapshot())
    }

    var connections: [LoopSummary.Connection] { self.loops.flatMap(\.connections) }
    var books: [LoopSummary.Book] { self.loops.flatMap(\.books) }
    var total: AccountingCut { self.core + self.jetstream }

    /// Our clock minus the venue's, at most: the shortest way of a frame stands in it. Nil before the first frame.
    var clockSkewMicroseconds: Int64? { self.books.compactMap(\.lagMicroseconds).min() }

    /// Books that can be used.
    var booksLive: Int {
        self.books.filter { $0.state == .live || $0.state == .refreshing || $0.state == .seeded }.count
    }

    /// Why the service is not ready: empty when every feed delivers, every book is usable and NATS confirms.
    var verdict: [String] {
        var reasons: [String] = []
        if self.connections.count < self.connectionsPlanned {
            reasons.append("\(self.connectionsPlanned - self.connections.count) connections are not set up yet")
        }
        for connection in self.connections {
            guard let last = connection.lastDataMicroseconds else {
                reasons.append("\(connection.name): no data yet, \(connection.state.rawValue)")
                continue
            }
            let age = self.microseconds - last
            if age > self.staleMicroseconds {
                reasons.append("\(connection.name): no data for \(age / 1_000_000) s")
            }
        }
        for book in self.books {
            switch book.state {
            case .live, .refreshing, .seeded: continue
            case .waiting, .broken, .stopped:
                reasons.append("book \(book.instrument.segment) \(book.instrument.venueSymbol): \(book.state.rawValue)")
            }
        }
        if !self.publisher.isConnected { reasons.append("NATS: not connected") }
        if let problem = self.publisher.streamProblem { reasons.append("JetStream: \(problem)") }
        return Array(reasons.prefix(200))
    }

    /// What the live table shows; rates are since an earlier report.
    func liveSummary(since earlier: ServiceReport?) -> LiveSummary {
        let seconds = earlier.map { max(0.001, Double(self.microseconds - $0.microseconds) / 1e6) } ?? 1
        func rate(_ now: UInt64, _ before: UInt64?) -> Double {
            guard let before, now >= before else { return 0 }
            return Double(now - before) / seconds
        }
        let before = Dictionary(
            (earlier?.connections ?? []).map { ($0.name, $0.counters.traffic.messages) }, uniquingKeysWith: { $1 })
        let connections = self.connections.map { connection in
            let silence = connection.lastDataMicroseconds.map { Duration.microseconds(self.microseconds - $0) }
            return LiveSummary.Connection(
                name: connection.name, state: connection.state.rawValue,
                isHealthy: silence.map { $0 < .microseconds(self.staleMicroseconds) } ?? false,
                messagesPerSecond: rate(connection.counters.traffic.messages, before[connection.name]),
                silence: silence, reconnects: Int(clamping: connection.counters.opened) - 1)
        }
        let books = self.books.map { book in
            LiveSummary.Book(
                segment: book.instrument.segment, symbol: book.instrument.symbol, state: book.state.rawValue,
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
            lag99: lags.last.map { .microseconds($0) }, queuedMessages: Int(clamping: total.queued + total.inFlight),
            queuedBytes: ByteSize(Int(clamping: total.bytes)), queueLimit: ByteSize(self.queueLimitBytes),
            residentBytes: ByteSize(Int(clamping: self.residentBytes)), connections: connections, books: books,
            nats: LiveSummary.NATS(
                state: self.publisher.isConnected ? "connected" : "not connected",
                isHealthy: self.publisher.isConnected, server: self.publisher.serverURL,
                confirmedPerSecond: rate(total.confirmed, earlier?.total.confirmed), unconfirmed: total.unconfirmed,
                dropped: total.dropped, conflated: total.conflated))
    }
}
