import Synchronization

/// Takes messages out of all loops' queues and publishes them, on one thread that owns the connection.
///
/// Make the queues, start it, and end it with `drain`. It connects and reconnects for ever.
package final class NATSPublisher: Sendable {
    private struct State {
        var queues: [PublishQueue] = []
        var thread: NativeThread?
        var hasStarted = false
        /// The publisher's own lanes.
        var lanes: [PublishLane] = []
        /// The last trade ids that were safe when the process before this one ended, by the hash of their subjects.
        var trades: [UInt64: (id: UInt64, microseconds: Int64)] = [:]
    }

    private let configuration: PublisherConfiguration
    private let observer: any PublisherObserver
    private let ledger: LedgerOutput?
    private let waker = PublisherWaker()
    private let state = Mutex(State())
    let control = PublisherControl()

    /// - Parameter ledger: Takes what the publisher loses, and is published by it.
    package init(
        configuration: PublisherConfiguration, observer: any PublisherObserver = SilentPublisherObserver(),
        ledger: LedgerOutput? = nil
    ) {
        self.ledger = ledger
        self.configuration = configuration
        self.observer = observer
    }

    /// Makes the queue of one loop; only before `start`.
    package func makeQueue(
        limits: QueueLimits, modes: PublishModes = PublishModes()
    ) -> PublishQueue {
        let queue = PublishQueue(limits: limits, modes: modes, waker: self.waker)
        self.state.withLock { state in
            precondition(!state.hasStarted, "queues are made before the publisher starts")
            state.queues.append(queue)
        }
        return queue
    }

    /// Opens the spool and starts the publisher thread; an unreachable server is tried for ever and told to the observer.
    ///
    /// - Throws: `.configuration` when the spool cannot be used, `.other` when there is no thread left.
    package func start() throws(NATSError) {
        let store = try self.openStore()
        let writer = self.ledger.map { GapWriter($0, waker: self.waker) }
        let handed = Handed(store: store, ledger: writer)
        let started = self.state.withLock { state in
            precondition(!state.hasStarted, "a publisher starts once")
            state.hasStarted = true
            state.lanes = [store?.recovered, writer?.lane].compactMap { $0 }
            state.trades = store?.marks.all ?? [:]
            let queues = state.queues
            state.thread = NativeThread(name: "nats-publish") { [configuration, observer, waker, control] in
                let loop = PublisherLoop(
                    configuration: configuration, queues: queues, observer: observer, waker: waker, control: control,
                    store: handed.store, ledger: handed.ledger)
                loop.run()
            }
            return state.thread != nil
        }
        if !started { throw NATSError(kind: .other, context: "starting the publisher", text: "no thread left") }
    }

    /// What goes from the starting thread to the publisher's.
    private struct Handed: @unchecked Sendable {
        // Safe: the starting thread does not touch them any more.
        let store: PublisherStore?
        let ledger: GapWriter?
    }

    private func openStore() throws(NATSError) -> PublisherStore? {
        guard let configuration = self.configuration.spool else { return nil }
        let spool: Spool
        do throws(SpoolError) {
            spool = try Spool(
                configuration, files: self.configuration.spoolFiles, nowMicroseconds: PublishClock.aging())
        } catch {
            throw NATSError(kind: .configuration, context: "spool", text: error.description)
        }
        self.observer.publisher(did: .spoolOpened(spool.recovery))
        let marks = TradeMarks(path: configuration.directory + "/trades")
        let limits = self.state.withLock { $0.queues.map(\.log.limits) }.max { $0.bytes < $1.bytes }
        let store = PublisherStore(
            spool: spool, marks: marks, journal: LedgerJournal(path: configuration.directory + "/losses"),
            limits: limits ?? QueueLimits(bytes: 16 << 20, messages: 1 << 16), waker: self.waker)
        if let output = self.ledger {
            output.ledger.restore(store.journal.read())
            for (subject, runs) in spool.recovery.trades {
                store.reconcile(subject, holding: runs, with: output)
            }
        }
        return store
    }

    /// The last id of a trade stream that was safe when the process before this one ended, and when it was queued; nil
    /// when none is known.
    package func rememberedTrade(subject: String) -> (id: UInt64, microseconds: Int64)? {
        self.state.withLock { $0.trades[TradeMarks.key(of: subject.utf8)] }
    }

    /// Publishes what is queued, waits for its confirmation up to `deadline`, and stops.
    ///
    /// Producers have stopped before. A second call answers with what is left as well.
    package func drain(deadline: Duration) async -> DrainReport {
        if self.state.withLock({ $0.hasStarted }) {
            await withCheckedContinuation { continuation in
                self.control.requestStop(deadline: deadline, continuation)
                self.waker.wake()
            }
            // The thread has said that it ends: the join is short.
            self.state.withLock { state in
                state.thread?.join()
                state.thread = nil
            }
        }
        return DrainReport(total: self.cut())
    }

    package func snapshot() -> PublisherSnapshot { self.control.snapshot }

    /// The accounts of all queues, each lane's as of one moment.
    package func cut() -> AccountingCut { self.lanes.reduce(AccountingCut()) { $0 + $1.cut() } }

    package func cut(_ kind: LaneKind) -> AccountingCut {
        self.lanes.filter { $0.kind == kind }.reduce(AccountingCut()) { $0 + $1.cut() }
    }

    package func counts(of type: MessageType) -> TypeCounts {
        self.lanes.reduce(TypeCounts()) { $0 + $1.counts(of: type) }
    }

    private var lanes: [PublishLane] { self.state.withLock { $0.queues.flatMap(\.lanes) + $0.lanes } }
}

/// What was left when the publisher stopped: nothing queued and in flight after a clean end.
package struct DrainReport: Sendable {
    package let total: AccountingCut

    package var left: UInt64 { self.total.queued + self.total.inFlight }
}

/// What other threads and the publisher thread tell each other.
final class PublisherControl: Sendable {
    private struct State {
        var stopAt: ContinuousClock.Instant?
        var waiters: [CheckedContinuation<Void, Never>] = []
        var hasStopped = false
        var snapshot = PublisherSnapshot()
    }

    private let state = Mutex(State())
    private let isTampered = Atomic<Bool>(false)
    private let tamperer = Mutex<(@Sendable (inout [InboxAnswer]) -> Void)?>(nil)

    var snapshot: PublisherSnapshot { self.state.withLock { $0.snapshot } }

    func publish(_ snapshot: PublisherSnapshot) { self.state.withLock { $0.snapshot = snapshot } }

    /// A test's way to lose, delay, double and reorder answers: `change` sees what arrived, every round.
    func tamper(_ change: (@Sendable (inout [InboxAnswer]) -> Void)?) {
        self.tamperer.withLock { $0 = change }
        self.isTampered.store(change != nil, ordering: .releasing)
    }

    /// Gives a test's hand to the answers, where there is one.
    @inline(__always)
    func tampered(_ answers: inout [InboxAnswer]) {
        guard self.isTampered.load(ordering: .relaxed) else { return }
        self.tamperer.withLock { $0 }?(&answers)
    }

    var stopAt: ContinuousClock.Instant? { self.state.withLock { $0.stopAt } }

    func requestStop(deadline: Duration, _ waiter: CheckedContinuation<Void, Never>) {
        let isOver = self.state.withLock { state in
            if state.hasStopped { return true }
            state.stopAt = state.stopAt ?? .now + deadline
            state.waiters.append(waiter)
            return false
        }
        if isOver { waiter.resume() }
    }

    func stopped() {
        let waiters = self.state.withLock { state in
            state.hasStopped = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
