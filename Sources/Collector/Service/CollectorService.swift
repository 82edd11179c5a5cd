import Backfill
import Foundation
package import Logging
import MarketModel
package import Observability
import Publishing
import Resilience
package import Synchronization
import Transport
import Venues

/// The collection service: loops with their connections, the publisher, snapshots over REST, and the health pages.
///
/// Decides nothing that a stage can decide; it makes them, joins them and ends them in order.
package final class CollectorService: Sendable {
    /// Something needed is missing or taken; the service does not start.
    package struct Unavailable: Error, CustomStringConvertible {
        package let description: String
    }

    /// How long all loops together may take to unsubscribe and to close their connections; then they end by force.
    ///
    /// Half a second for the venue's answers and three for the sockets, as configured at first, fit into it. With the
    /// times below and two seconds for a server of our own, a graceful stop ends within ten.
    private static let stopDeadline = Duration.seconds(4)
    /// How long all loops together may take to end by force.
    private static let forceDeadline = Duration.milliseconds(500)
    /// How long a graceful stop may take for the queue.
    private static let drainDeadline = Duration.seconds(3)

    /// Slots of one venue that may wait for their turn to connect.
    static let slotsMost = 1_024

    /// What is waited before a loop whose mailbox is full is asked again.
    private static let mailboxPause = Duration.milliseconds(100)

    let configuration: Configuration
    /// The address of the server that runs as our child, if one does.
    let natsURL: String?
    let plan: CollectionPlan
    let log: Logger
    /// For what may repeat without end.
    let sampledLog: SampledLog
    let snapshotCounts = SnapshotCounts()
    let auditCounts = AuditCounts()
    /// What became of the lines of the log; nil when another writes it.
    let logStatistics: @Sendable () -> BoundedLogWriter.Statistics?
    let boot: String
    let startMicroseconds = LoopClock.wallMicroseconds()
    let startSteady = LoopClock.monotonicMicroseconds()
    let publisher: NATSPublisher
    let ledger: GapLedger
    let life: LifeSign
    let workers: [LoopCell<LoopWorker>]
    let resolver = Resolver()
    let requests: SnapshotRequests
    let listChanges = ListChanges()
    let seriesOrders = SeriesOrders()
    private let storedTrades: StoredTrades
    /// Made at start.
    let repairer = Mutex<GapRepairer?>(nil)
    /// While it works on what came before.
    let history = Mutex<HistoryService?>(nil)
    /// Our part of the limits; nil where they are all ours.
    let sharedBudget: SharedBudget?
    /// New connections, by venue.
    let connects: [VenueID: ConnectBudget<ContinuousClock>]
    /// Books that can be used, as of the last report; for the heartbeat.
    let liveBooks = Atomic<Int>(0)
    /// Which connection carries what: of all segments, so that loops share the streams.
    let roster: Mutex<ConnectionRoster>
    let relistPause: Duration
    /// One for each section that can be collected; made at start, as many as the catalog has.
    let supervisors = Mutex<[SegmentID: SegmentSupervisor]>([:])
    /// As last loaded; only what is collected follows it while the service runs.
    let current: Mutex<Configuration>
    /// Configurations that were read while the service runs.
    let reloads = Mutex(Reloads())
    let loops: [ServiceLoop]
    let control: ServiceLoop

    /// The port of the health pages, 0 until they are served.
    package let pagesPort = Atomic<Int>(0)

    /// - Parameters:
    ///   - natsURL: The address of the server that runs as our child, if one does.
    ///   - relistPause: What is waited, with jitter, before a list that lacks symbols is loaded again.
    ///   - logStatistics: What became of the lines of the log, where its writer is ours.
    package init(
        _ configuration: Configuration, natsURL: String?, log: Logger, relistPause: Duration = .seconds(300),
        logStatistics: @escaping @Sendable () -> BoundedLogWriter.Statistics? = { nil }
    ) {
        self.configuration = configuration
        self.natsURL = natsURL
        self.current = Mutex(configuration)
        self.relistPause = relistPause
        self.plan = CollectionPlan(configuration)
        self.log = log
        let sampledLog = SampledLog(log)
        self.sampledLog = sampledLog
        self.logStatistics = logStatistics
        self.boot = String(LoopClock.wallMicroseconds() / 1_000, radix: 36)
        self.ledger = GapLedger(instance: configuration.instance, boot: self.boot, repairs: true)
        let publisher = configuration.publisherConfiguration(embedded: natsURL)
        self.storedTrades = StoredTrades(publisher.connection, subjects: Subjects(prefix: configuration.nats.prefix))
        self.life = LifeSign(directory: configuration.stateDirectory)
        self.publisher = NATSPublisher(
            configuration: publisher,
            observer: LoggingPublisherObserver(log: log, sampled: sampledLog),
            ledger: LedgerOutput(
                self.ledger, subjects: Subjects(prefix: configuration.nats.prefix), encoder: JSONMessageEncoder()))
        let wanted = configuration.transport.loops ?? SystemCores.count
        let isOpen = !self.plan.openRules.isEmpty
        let count = max(1, isOpen ? wanted : min(wanted, self.plan.connections.count))
        self.roster = Mutex(ConnectionRoster(loops: count))
        let caFile = configuration.transport.caFile
        self.loops = (0..<count).map { index in
            ServiceLoop(options: ServiceLoopOptions(name: "loop-\(index)", caFile: caFile))
        }
        self.workers = self.loops.map { LoopCell($0) }
        self.control = ServiceLoop(options: ServiceLoopOptions(name: "control", caFile: caFile))
        self.requests = SnapshotRequests(limit: max(16, self.plan.books))
        self.sharedBudget = configuration.sharedBudgetSettings(embedded: natsURL, boot: self.boot)
            .map { SharedBudget($0, of: .process) }
        self.connects = Self.connectBudgets(configuration)
    }

    /// Runs until `stop` returns, then ends everything gracefully.
    ///
    /// - Parameter observe: Called every second with what the live table shows.
    package func run(
        until stop: @escaping @Sendable () async -> Void, observe: @escaping @Sendable (LiveSummary) -> Void
    ) async throws(Unavailable) {
        let queues = self.loops.map { _ in self.makeQueue() }
        let pages = HealthPages(self)
        let server = try await self.startStages(pages)
        let rest = try self.makeRequests()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.collect(queues, rest) }
            for budget in self.connects.values { group.addTask { await budget.run() } }
            group.addTask { await pages.refresh(observe) }
            await stop()
            self.log.info("stopping")
            group.cancelAll()
            self.requests.finish()
            self.listChanges.finish()
            self.seriesOrders.finish()
        }
        // A task of its own: whoever cancelled the run still gets an orderly end.
        await Task { await self.end(server, rest) }.value
    }

    /// Ends everything in order, each step within its deadline.
    private func end(_ server: HTTPServer?, _ rest: VenueRequests) async {
        await self.stopWorkers()
        let report = await self.publisher.drain(deadline: Self.drainDeadline)
        if report.left > 0 {
            self.log.error("messages were left in the queue", metadata: ["count": "\(report.left)"])
        }
        if report.total.spooled > 0 {
            self.log.info("messages wait on disk for the next start", metadata: ["count": "\(report.total.spooled)"])
        }
        await server?.stop()
        await rest.close()
        await self.sharedBudget?.stop()
        self.control.stop()
        self.resolver.stop()
        self.log.info("stopped")
    }

    // MARK: - Collecting

    /// Keeps each section as configured, and answers the books' requests for snapshots.
    private func collect(_ queues: [PublishQueue], _ rest: VenueRequests) async {
        for index in self.workers.indices { self.makeWorker(index, queues[index]) }
        let supervisors = VenueCatalog.segments.map { SegmentSupervisor($0, self) }
        self.supervisors.withLock { known in
            for supervisor in supervisors { known[supervisor.segment.id] = supervisor }
        }
        let repairer = GapRepairer(self, storedTrades: self.storedTrades)
        self.repairer.withLock { $0 = repairer }
        await withTaskGroup(of: Void.self) { group in
            for supervisor in supervisors {
                if let settings = self.configuration.venues[supervisor.segment.id] {
                    supervisor.tell(.settings(settings))
                }
                group.addTask { await supervisor.run(rest) }
            }
            group.addTask { await self.answerRequests(rest) }
            group.addTask { await SeriesRepairer(service: self, rest: rest).run() }
            group.addTask { await repairer.run(rest) }
            if self.configuration.history.enabled { group.addTask { await self.workOnHistory(rest) } }
            group.addTask {
                await BookAuditor(service: self, interval: self.configuration.books.auditInterval)
                    .run(rest, using: SystemRandomNumberGenerator())
            }
            group.addTask {
                for await segment in self.listChanges.changes {
                    self.supervisors.withLock { $0[segment] }?.tell(.listChanged)
                }
            }
        }
    }

    /// Takes what is to be collected from a new configuration; the sections that did not change are not touched.
    ///
    /// - Returns: The keys that changed and take effect at the next start only.
    package func reload(_ configuration: Configuration) -> [String] {
        let former = self.current.withLock { current in
            let former = current
            current = configuration
            return former
        }
        for segment in VenueCatalog.segments {
            let (before, after) = (former.venues[segment.id], configuration.venues[segment.id])
            guard before != after else { continue }
            self.log.info("section changed", metadata: ["segment": "\(segment.id)"])
            self.supervisors.withLock { $0[segment.id] }?.tell(.settings(after))
        }
        self.reloads.withLock { $0.done &+= 1 }
        return configuration.restartKeys(since: former)
    }

    /// Counts a configuration that could not be taken; the former goes on.
    package func reloadRefused() {
        self.reloads.withLock { $0.refused &+= 1 }
    }

    /// Makes the loops do what the roster says.
    ///
    /// - Parameter instruments: By the venue's symbol: what streams of the changes may speak of.
    func apply(
        _ changes: [ConnectionRoster.Change], _ instruments: [String: Instrument], _ settings: SegmentSettings
    ) async {
        for change in changes {
            let connection = change.connection
            let builder = LoopBuilder(service: self, index: connection.loop)
            await self.submit(to: connection.loop) { worker in
                switch change {
                case .open: builder.open(connection, settings, instruments, in: worker)
                case .add(let streams, _): builder.add(streams, to: connection, settings, instruments, in: worker)
                case .remove(let streams, _): worker.remove(streams, from: connection.number)
                case .close: worker.close(connection.number)
                }
            }
        }
    }

    /// Ends the books of instruments that are no longer collected, and says what the venue says of them now.
    func release(_ symbols: Set<String>, of segment: SegmentID, as known: [String: Instrument]) async {
        for (loop, symbols) in self.byLoop(symbols, of: segment) {
            await self.submit(to: loop) { worker in
                for symbol in symbols { worker.release(symbol, of: segment, as: known[symbol]) }
            }
        }
    }

    /// Takes what the venue now says of instruments.
    func update(_ instruments: [String: Instrument], of segment: SegmentID) async {
        for (loop, symbols) in self.byLoop(Set(instruments.keys), of: segment) {
            await self.submit(to: loop) { worker in
                for symbol in symbols {
                    if let instrument = instruments[symbol] { worker.update(instrument, of: segment) }
                }
            }
        }
    }

    private func byLoop(_ symbols: Set<String>, of segment: SegmentID) -> [Int: [String]] {
        self.roster.withLock { roster in
            Dictionary(
                grouping: symbols.sorted().filter { roster.home(of: $0, in: segment) != nil },
                by: { roster.home(of: $0, in: segment) ?? 0 })
        }
    }

    /// Brings the answer to a poll to the loop of its instrument, or to all loops where it is about the whole section.
    func deliver(_ answer: Poller.Answer, in segment: SegmentID) {
        let loops = self.roster.withLock { roster in
            answer.poll.symbol.map { roster.home(of: $0, in: segment).map { [$0] } ?? [] } ?? roster.loops(of: segment)
        }
        for loop in loops {
            self.workers[loop].submit { worker in
                worker.answerArrived(
                    answer.body, to: answer.poll.question, of: answer.poll.symbol, in: segment,
                    receivedMicroseconds: answer.receivedMicroseconds)
            }
        }
    }

    /// Has a loop do something, however long its mailbox is full; gives up when cancelled.
    private func submit(to loop: Int, _ body: @escaping @Sendable (LoopWorker) -> Void) async {
        while !self.workers[loop].submit(body) {
            do { try await Task.sleep(for: Self.mailboxPause) } catch { return }
        }
    }

    /// Answers the books' requests as they come; a book has one under way, a second only after the first was given up,
    /// which bounds the tasks.
    ///
    /// The group discards what is done: one that keeps results until they are asked for grows with every snapshot.
    private func answerRequests(_ rest: VenueRequests) async {
        await withDiscardingTaskGroup { group in
            for await order in self.requests.orders {
                group.addTask { await self.answer(order, rest) }
            }
        }
    }

    private func answer(_ order: SnapshotOrder, _ rest: VenueRequests) async {
        let answer = await rest.snapshot(order, log: self.sampledLog)
        self.snapshotCounts.count(SegmentID(of: order.instrument), isFetched: (try? answer.get()) != nil)
        let received = LoopClock.wallMicroseconds()
        self.workers[order.loop].submit { worker in
            switch answer {
            case .success(let body):
                worker.snapshotArrived(body, for: order.request, receivedMicroseconds: received)
            case .failure(let failure):
                worker.snapshotFailed(order.request, isPermanent: failure.isPermanent)
            }
        }
    }

    /// What waits for the loops of connections.
    var mailboxes: [ServiceReport.Mailbox] {
        self.loops.map { loop in
            ServiceReport.Mailbox(
                waiting: loop.waitingCommands, limit: loop.mailboxLimit, refused: loop.refusedCommands)
        }
    }

    // MARK: - Ending

    /// Ends the connections of all loops, releases their workers and ends the loops.
    private func stopWorkers() async {
        let polite = await self.untilAll(within: Self.stopDeadline) { index, ended in
            let isTaken = self.workers[index].submitAlways { worker in
                guard let worker else { return ended() }
                worker.stop(completion: ended)
            }
            if !isTaken { self.log.error("a loop takes no commands", metadata: ["loop": "\(index)"]) }
        }
        for index in self.workers.indices {
            if polite.contains(index) {
                self.workers[index].clear()
            } else {
                // Its sockets still call back into the worker: it goes once the loop has ended.
                self.log.error("connections end by force", metadata: ["loop": "\(index)"])
            }
        }
        let ended = await self.untilAll(within: Self.forceDeadline) { index, ended in
            Thread.detachNewThread {
                self.workers[index].end()
                ended()
            }
        }
        for index in self.workers.indices where !ended.contains(index) {
            self.log.error("a loop does not end", metadata: ["loop": "\(index)"])
        }
    }

    /// Starts something for every loop and gives the indices of those that told its end in time.
    private func untilAll(
        within deadline: Duration, _ start: (Int, @escaping @Sendable () -> Void) -> Void
    ) async -> Set<Int> {
        let (ends, ended) = AsyncStream.makeStream(
            of: Int.self, bufferingPolicy: .bufferingOldest(self.workers.count))
        for index in self.workers.indices { start(index) { ended.yield(index) } }
        let timer = Task {
            do { try await Task.sleep(for: deadline) } catch { return }
            ended.finish()
        }
        defer { timer.cancel() }
        var told: Set<Int> = []
        for await index in ends {
            told.insert(index)
            if told.count == self.workers.count { break }
        }
        return told
    }
}
