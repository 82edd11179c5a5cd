import CNATS
package import MarketModel
import Resilience
import Synchronization

/// Publishes rows of the past over a connection of its own, so that they never stand before live messages.
///
/// One thread sends, started by the first piece; end it with `close`.
package final class HistoryPublisher: Sendable {
    private let configuration: HistoryPublisherConfiguration
    private let subjects: Subjects
    private let shared: HistoryShared
    private let observer: any PublisherObserver
    private let reader: HistoryReader

    package init(
        _ configuration: HistoryPublisherConfiguration, observer: any PublisherObserver = SilentPublisherObserver()
    ) {
        self.configuration = configuration
        self.subjects = configuration.subjects.history
        self.shared = HistoryShared()
        self.observer = observer
        self.reader = HistoryReader(configuration, signals: self.shared.signals)
    }

    deinit { self.shared.close() }

    /// Begins a stretch of a series: finds out which of its rows the streams hold already.
    ///
    /// - Parameters:
    ///   - rangeMilliseconds: The times of its rows, half-open.
    ///   - begunMicroseconds: When an earlier try of the stretch was begun, which may have left rows in the stream.
    package func open(
        _ instrument: Instrument, _ identity: HistoryIdentity, rangeMilliseconds: Range<Int64>,
        begunMicroseconds: Int64? = nil
    ) async throws(HistoryPublishError) -> HistoryPublication {
        guard self.shared.start(self.configuration, self.observer) else {
            throw HistoryPublishError("no thread left to publish history")
        }
        let messages = HistoryMessages(
            instrument, identity, subjects: self.subjects, instance: self.configuration.instance,
            boot: self.configuration.boot)
        let held = try await self.reader.held(
            instrument, identity, history: messages.subject, rangeMilliseconds: rangeMilliseconds,
            begunMicroseconds: begunMicroseconds)
        let limits = QueueLimits(bytes: self.configuration.queueBytes, messages: 8_192)
        guard let lane = self.shared.open(messages.subject, limits, most: self.configuration.piecesMost) else {
            throw HistoryPublishError("too many pieces are published at once, or publishing ends")
        }
        return HistoryPublication(lane, messages, held, shared: self.shared)
    }

    /// Ends the thread and the connections; pieces that are under way fail.
    package func close() async {
        self.reader.close()
        await self.shared.closed()
    }
}

/// What the publisher, its pieces and its thread share.
final class HistoryShared: Sendable {
    private struct State {
        var incoming: [HistoryLane] = []
        var lanes = 0
        var lastNumber = 0
        var hasStarted = false
        var ended: [Reply<Bool>] = []
        var hasEnded = false
        /// Messages made under each subject since the boot: as many as instruments and types were asked for.
        var produced: [String: UInt64] = [:]
    }

    let waker: PublisherWaker
    let signals: ConnectionSignals
    private let closing = Atomic<Bool>(false)
    private let state = Mutex(State())

    init() {
        self.waker = PublisherWaker()
        self.signals = ConnectionSignals(waker: self.waker)
    }

    var isClosing: Bool { self.closing.load(ordering: .acquiring) }

    /// Starts the thread unless it runs; false when there is none left, or all is closed.
    func start(_ configuration: HistoryPublisherConfiguration, _ observer: any PublisherObserver) -> Bool {
        guard !self.isClosing else { return false }
        return self.state.withLock { state in
            guard !state.hasStarted else { return true }
            let thread = NativeThread(name: "nats-history") { [self] in
                HistoryLoop(self, configuration, observer).run()
                self.end()
            }
            thread?.detach()
            state.hasStarted = thread != nil
            return state.hasStarted
        }
    }

    func open(_ subject: String, _ limits: QueueLimits, most: Int) -> HistoryLane? {
        let lane = self.state.withLock { state -> HistoryLane? in
            // Once the thread has ended nobody would tell the piece.
            guard state.lanes < most, !self.isClosing else { return nil }
            state.lanes += 1
            state.lastNumber += 1
            let lane = HistoryLane(number: state.lastNumber, subject: subject, limits: limits, waker: self.waker)
            state.incoming.append(lane)
            return lane
        }
        self.waker.wake()
        return lane
    }

    func left() { self.state.withLock { $0.lanes -= 1 } }

    func takeLanes() -> [HistoryLane] {
        self.state.withLock { state in
            defer { state.incoming = [] }
            return state.incoming
        }
    }

    /// Counts a message under a subject and gives its number, from 1.
    func next(_ subject: String) -> UInt64 {
        self.state.withLock { state in
            state.produced[subject, default: 0] &+= 1
            return state.produced[subject, default: 1]
        }
    }

    func close() {
        self.closing.store(true, ordering: .releasing)
        self.waker.wake()
    }

    /// Closes, and waits for the thread's end.
    func closed() async {
        self.close()
        let reply = Reply<Bool>()
        let isOver = self.state.withLock { state in
            let isOver = !state.hasStarted || state.hasEnded
            if !isOver { state.ended.append(reply) }
            return isOver
        }
        if !isOver { _ = await reply.wait() }
    }

    private func end() {
        let waiting = self.state.withLock { state in
            state.hasEnded = true
            for lane in state.incoming { lane.fail(HistoryPublishError("publishing history ends")) }
            state.incoming = []
            return state.ended
        }
        for reply in waiting { reply.give(true) }
    }
}
