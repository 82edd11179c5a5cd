import CNATS
import Synchronization

/// The publisher thread: one round receives answers, sends from every lane in turn, and looks after its deadlines.
final class PublisherLoop {
    /// One lane with what the publisher keeps for it.
    struct Driver {
        /// Where a lane's records come from.
        enum Role {
            /// From a loop.
            case loop(PublishQueue)
            /// From the spool, read back by the publisher.
            case replay
            /// From the ledger of losses.
            case ledger
        }

        let lane: PublishLane
        let role: Role
        var window: AcknowledgementWindow
        /// Whether a stream acknowledges; false in core mode and on a server without JetStream.
        var isAcknowledged = false
        /// While a stream is in trouble: when to try again, µs.
        var blockedUntil: Int64 = 0
        var pause: RetryPause
        /// One past the highest sequence ever sent, to tell repeats.
        var highestSent: UInt64 = 0
        /// Records of the lane that stand in the spool, by type; of the replay lane those an earlier process left.
        var spooled = [UInt64](repeating: 0, count: MessageType.allCases.count)
        /// Records that stand in the spool from `from` on and leave the ring once it is synced up to `until`.
        var unsynced: (count: UInt64, from: UInt64, until: UInt64)?
        /// Records below this are looked up among what the streams hold before they are sent.
        var lookedUpTo: UInt64 = 0
        /// The streams are to be read again once they take messages of the lane.
        var looksAgain = false

        /// Whether new records of the lane queue behind those in the spool.
        var isSpooling: Bool {
            if case .replay = self.role { return false }
            return self.unsynced != nil || self.spooled.contains { $0 > 0 }
        }

        var queue: PublishQueue? {
            switch self.role {
            case .loop(let queue): queue
            case .replay, .ledger: nil
            }
        }
    }

    enum Link {
        case down(nextAttempt: Int64)
        case connecting(ConnectionAttempt)
        case up(NATSConnection)
    }

    static let batch = 256
    /// How often the latencies are copied out.
    static let latencyInterval: Int64 = 250_000

    let configuration: PublisherConfiguration
    let observer: any PublisherObserver
    let waker: PublisherWaker
    let control: PublisherControl
    let signals: ConnectionSignals
    var drivers: [Driver]
    var link = Link.down(nextAttempt: 0)
    var retired: NATSConnection?
    var fences: FenceLedger
    var unfenced = 0
    var unfencedSince: Int64 = 0
    var writer = PublishWriter()
    var reconnectPause: RetryPause
    var snapshot = PublisherSnapshot()
    /// The answers of this round; its memory is used again.
    var answers: [InboxAnswer] = []
    /// From the queue to the confirmation.
    let latencies = ConfirmLatencies()
    var latencyToldAt: Int64 = 0
    var random = SystemRandomNumberGenerator()
    var spooling: Spooling?
    var ledger: GapWriter?
    var resuming = ResumeState()
    /// When what the next start needs was last written, µs.
    var keptAt: Int64 = 0
    /// Trades that the ledger counts as missing and that are safe now, by subject, until it is told.
    var found: [[UInt8]: TradeRuns] = [:]
    private var firstLane = 0
    private let fenceInterval: Int64
    private let fenceTimeout: Int64
    private let acknowledgementTimeout: Int64

    init(
        configuration: PublisherConfiguration, queues: [PublishQueue], observer: any PublisherObserver,
        waker: PublisherWaker, control: PublisherControl, store: PublisherStore? = nil,
        ledger: GapWriter? = nil
    ) {
        self.configuration = configuration
        self.observer = observer
        self.waker = waker
        self.control = control
        self.signals = ConnectionSignals(waker: waker)
        let pause = RetryPause(first: configuration.backoffFirst, limit: configuration.backoffMax)
        self.reconnectPause = RetryPause(first: configuration.backoffFirst, limit: configuration.reconnectMax)
        self.drivers = queues.flatMap { queue in
            queue.lanes.map { lane in
                Driver(lane: lane, role: .loop(queue), window: AcknowledgementWindow(configuration), pause: pause)
            }
        }
        self.ledger = ledger
        if let ledger {
            self.drivers.append(
                Driver(lane: ledger.lane, role: .ledger, window: AcknowledgementWindow(configuration), pause: pause))
        }
        if let store {
            self.spooling = Spooling(store: store, replay: self.drivers.count)
            var replay = Driver(
                lane: store.replay, role: .replay, window: AcknowledgementWindow(configuration), pause: pause)
            replay.spooled = store.spool.recovery.recordsByType
            // Nobody knows which of them the process before had sent.
            replay.window.holdFloors(until: store.spool.count)
            self.drivers.append(replay)
        }
        self.fences = FenceLedger(lanes: self.drivers.count)
        self.fenceInterval = configuration.fenceInterval.wholeMicroseconds
        self.fenceTimeout = configuration.fenceTimeout.wholeMicroseconds
        self.acknowledgementTimeout = configuration.acknowledgementTimeout.wholeMicroseconds
    }

    /// Runs until a stop was asked for and everything is confirmed, or its deadline is over.
    func run() {
        self.spooling?.store.spool.onDrop = { [unowned self] record, cause in self.droppedFromSpool(record, cause) }
        self.takeFloors()
        while !self.isDone() {
            let now = PublishClock.monotonic()
            let worked: Bool
            switch self.link {
            case .down(let next):
                if now >= next { self.startAttempt() }
                worked = self.keepWhileDown()
            case .connecting(let attempt):
                if let result = attempt.take() { self.attemptEnded(result, now) }
                worked = self.keepWhileDown()
            case .up(let connection):
                worked = self.round(connection, now)
            }
            self.keepStore(now)
            self.report(now)
            if !worked { self.rest() }
        }
        self.stop()
    }

    // MARK: Connected

    private func round(_ connection: NATSConnection, _ now: Int64) -> Bool {
        if connection.isClosed {
            self.lost(connection.lastError, now)
            return true
        }
        var worked = self.receive(connection, now)
        self.resume(connection, now)
        worked = self.writeLedger(now) || worked
        worked = self.spill() || worked
        worked = self.fillReplay() || worked
        for offset in self.drivers.indices {
            let index = (self.firstLane + offset) % self.drivers.count
            worked = self.send(index, connection, now) || worked
            guard case .up = self.link else { return true }
        }
        if !self.drivers.isEmpty { self.firstLane = (self.firstLane + 1) % self.drivers.count }
        if self.unfenced > 0, now - self.unfencedSince >= self.fenceInterval { self.fence(connection, now) }
        self.checkDeadlines(now)
        return worked
    }

    /// Sends up to a batch of one lane.
    private func send(_ index: Int, _ connection: NATSConnection, _ now: Int64) -> Bool {
        let lane = self.drivers[index].lane
        if lane.kind == .log, self.mustWait(index) { return false }
        var sent = 0
        while sent < Self.batch, let record = lane.nextUnsent() {
            let isAcknowledged = self.drivers[index].isAcknowledged
            guard isAcknowledged ? self.mayAcknowledge(index, record, now) : !self.fences.isFull else { break }
            let isStored = self.isStored(record, index)
            // Nothing of the lane is open at a stream: its floors follow the others'.
            if record.sequence >= self.drivers[index].highestSent {
                self.drivers[index].window.raiseFloors(to: self.resuming.tops)
            }
            guard isStored || self.publish(record, index, connection, now) else { return true }
            lane.markSent()
            sent += 1
            if isAcknowledged {
                let isSettled = isStored || record.verdict != nil
                self.drivers[index].window.sent(bytes: record.totalBytes, at: now, isSettled: isSettled)
                if isSettled { self.releaseSettled(index) }
            } else {
                if self.unfenced == 0 { self.unfencedSince = now }
                self.unfenced += 1
                if self.unfenced >= self.configuration.fenceMessages { self.fence(connection, now) }
                guard case .up = self.link else { return true }
            }
        }
        return sent > 0
    }

    private func mayAcknowledge(_ index: Int, _ record: QueueRecord, _ now: Int64) -> Bool {
        now >= self.drivers[index].blockedUntil && self.drivers[index].window.hasRoom(for: record.totalBytes)
    }

    /// Hands one record to the library; false when the connection is lost with it.
    private func publish(_ record: QueueRecord, _ index: Int, _ connection: NATSConnection, _ now: Int64) -> Bool {
        if record.verdict != nil { return true }
        guard PublishWriter.isPublishable(record) else {
            self.giveUp(record, .refused, index)
            return true
        }
        let isAcknowledged = self.drivers[index].isAcknowledged
        let status =
            isAcknowledged
            ? self.writer.publishAcknowledged(record, lane: index, on: connection)
            : self.writer.publishCore(record, on: connection)
        switch status {
        case NATS_OK:
            let mode = Int((isAcknowledged ? PublishMode.jetstream : .core).rawValue)
            self.snapshot.messages[mode] &+= 1
            self.snapshot.bytes[mode] &+= UInt64(record.payloadLength)
            if record.sequence < self.drivers[index].highestSent { self.snapshot.repeated &+= 1 }
            self.drivers[index].highestSent = max(self.drivers[index].highestSent, record.sequence &+ 1)
            return true
        case NATS_MAX_PAYLOAD:
            self.giveUp(record, .tooLarge, index)
            return true
        case NATS_INVALID_SUBJECT, NATS_INVALID_ARG:
            self.giveUp(record, .refused, index)
            return true
        default:
            // Part of it may be on the wire: nothing more can be said on this connection.
            if !isAcknowledged { self.drivers[index].lane.markSent() }
            self.snapshot.publishErrors &+= 1
            self.lost(NATSError(status, "publishing").description, now)
            return false
        }
    }

    private func giveUp(_ record: QueueRecord, _ reason: DropReason, _ index: Int) {
        self.snapshot.problems.count(reason == .tooLarge ? .tooLarge : .refused)
        record.verdict = reason
        self.drivers[index].queue?.messagesLost()
    }

    func fence(_ connection: NATSConnection, _ now: Int64) {
        guard !self.fences.isFull else { return }
        let status = self.writer.publishFence(self.fences.next, on: connection)
        guard status == NATS_OK else {
            self.snapshot.publishErrors &+= 1
            return self.lost(NATSError(status, "publishing a fence").description, now)
        }
        self.fences.sent(at: now) { self.drivers[$0].lane.sentCount }
        self.snapshot.fencesSent &+= 1
        self.unfenced = 0
    }

    private func checkDeadlines(_ now: Int64) {
        if let sent = self.fences.oldestSentAt, now - sent > self.fenceTimeout {
            self.snapshot.fencesTimedOut &+= 1
            return self.lost("no answer from the server", now)
        }
        for index in self.drivers.indices where self.drivers[index].isAcknowledged {
            guard let sent = self.drivers[index].window.oldestSentAt, now - sent > self.acknowledgementTimeout
            else { continue }
            self.snapshot.problems.count(.late)
            self.goBack(index, .acknowledgementsLate, now)
        }
    }

    // MARK: Acknowledgements

    /// Lets go what is acknowledged at the old end of a lane.
    func releaseSettled(_ index: Int) {
        let count = self.drivers[index].window.takeSettled()
        if count > 0 { self.release(count, index) }
    }

    /// Releases confirmed records and notes how long they took.
    func release(_ count: UInt64, _ index: Int) {
        let now = PublishClock.wall()
        let mode = self.drivers[index].lane.mode
        // There the source says which lane the record came from.
        let isReplayed = index == self.spooling?.replay
        self.release(count, index, as: .confirmed) { record in
            if record.verdict == nil {
                self.latencies.record(
                    microseconds: now &- record.enqueuedMicroseconds, mode: mode,
                    source: isReplayed ? 0 : record.source)
            }
        }
    }

    /// Releases the oldest records in flight, and those of the replay lane from the spool as well.
    func release(
        _ count: UInt64, _ index: Int, as outcome: PublishLane.Outcome, visit: (QueueRecord) -> Void = { _ in }
    ) {
        switch self.drivers[index].role {
        case .loop, .ledger:
            self.drivers[index].lane.release(count, as: outcome) { record in
                visit(record)
                self.left(record, as: record.verdict.map { .dropped($0) } ?? outcome)
            }
        case .replay:
            self.drivers[index].lane.release(count, as: outcome) { record in
                let outcome = record.verdict.map { .dropped($0) } ?? outcome
                self.leftSpool(record.type, origin: record.source, as: outcome)
                self.left(record, as: outcome)
            }
            self.spooling?.store.spool.release(count)
        }
    }

    /// Takes note of what became of a record that leaves a ring.
    private func left(_ record: QueueRecord, as outcome: PublishLane.Outcome) {
        switch outcome {
        case .confirmed, .spooled: self.remember(record)
        // Of what is awaited the ledger tells already.
        case .unconfirmed, .dropped: if !record.isAwaited { self.tellLost(record, as: outcome) }
        }
    }

    /// Sends a lane again from its oldest unacknowledged message, after a pause and slowly at first.
    ///
    /// What is sent again may be stored already, for longer than the stream remembers ids: the streams are read before,
    /// and, where they refused, once more as soon as they take messages.
    func goBack(_ index: Int, _ problem: StreamProblem, _ now: Int64) {
        if self.drivers[index].lane.kind == .log {
            if !self.drivers[index].looksAgain || problem == .acknowledgementsLate { self.resuming.isWanted = true }
            self.drivers[index].looksAgain = true
        }
        self.drivers[index].window.goBack(allowed: 1)
        self.drivers[index].lane.goBack()
        self.drivers[index].blockedUntil = now + self.drivers[index].pause.next(using: &self.random)
        if self.snapshot.streamProblem != problem {
            self.snapshot.streamProblem = problem
            self.observer.publisher(did: .streamProblem(problem))
        }
    }
}
