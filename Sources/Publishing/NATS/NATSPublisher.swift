import Synchronization

/// Takes messages out of all loops' queues and publishes them, on one thread that owns the connection.
///
/// Make the queues, start it, and end it with `drain`. It connects and reconnects for ever.
package final class NATSPublisher: Sendable {
    private struct State {
        var queues: [PublishQueue] = []
        var thread: NativeThread?
        var hasStarted = false
    }

    private let configuration: PublisherConfiguration
    private let observer: any PublisherObserver
    private let waker = PublisherWaker()
    private let state = Mutex(State())
    let control = PublisherControl()

    package init(configuration: PublisherConfiguration, observer: any PublisherObserver = SilentPublisherObserver()) {
        self.configuration = configuration
        self.observer = observer
    }

    /// Makes the queue of one loop; only before `start`.
    package func makeQueue(
        coreLimits: QueueLimits, jetstreamLimits: QueueLimits, modes: PublishModes = PublishModes()
    ) -> PublishQueue {
        let queue = PublishQueue(
            coreLimits: coreLimits, jetstreamLimits: jetstreamLimits, modes: modes, waker: self.waker)
        self.state.withLock { state in
            precondition(!state.hasStarted, "queues are made before the publisher starts")
            state.queues.append(queue)
        }
        return queue
    }

    /// Starts the publisher thread; an unreachable server is tried for ever and told to the observer.
    package func start() throws(NATSError) {
        let started = self.state.withLock { state in
            precondition(!state.hasStarted, "a publisher starts once")
            state.hasStarted = true
            let queues = state.queues
            state.thread = NativeThread(name: "nats-publish") { [configuration, observer, waker, control] in
                let loop = PublisherLoop(
                    configuration: configuration, queues: queues, observer: observer, waker: waker, control: control)
                loop.run()
            }
            return state.thread != nil
        }
        if !started { throw NATSError(kind: .other, context: "starting the publisher", text: "no thread left") }
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
        return DrainReport(core: self.cut(.core), jetstream: self.cut(.jetstream))
    }

    package func snapshot() -> PublisherSnapshot { self.control.snapshot }

    /// The accounts of all queues, each lane's as of one moment.
    package func cut() -> AccountingCut { self.cut(.core) + self.cut(.jetstream) }

    package func cut(_ mode: PublishMode) -> AccountingCut {
        self.lanes.filter { $0.mode == mode }.reduce(AccountingCut()) { $0 + $1.cut() }
    }

    package func counts(of type: MessageType) -> TypeCounts {
        self.lanes.reduce(TypeCounts()) { $0 + $1.counts(of: type) }
    }

    private var lanes: [PublishLane] { self.state.withLock { $0.queues }.flatMap(\.lanes) }
}

/// What was left when the publisher stopped: nothing queued and in flight after a clean end.
package struct DrainReport: Sendable {
    package let core: AccountingCut
    package let jetstream: AccountingCut

    package var left: UInt64 { self.core.queued + self.core.inFlight + self.jetstream.queued + self.jetstream.inFlight }
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
    /// A test's way to lose acknowledgements: those that arrive meanwhile are thrown away.
    let losesAcknowledgements = Atomic<Bool>(false)

    var snapshot: PublisherSnapshot { self.state.withLock { $0.snapshot } }

    func publish(_ snapshot: PublisherSnapshot) { self.state.withLock { $0.snapshot = snapshot } }

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
