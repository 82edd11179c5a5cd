import CNATS
import Synchronization

/// The publisher thread: one round receives answers, sends from every lane in turn, and looks after its deadlines.
final class PublisherLoop {
    /// One lane with what the publisher keeps for it.
    struct Driver {
        let lane: PublishLane
        let queue: PublishQueue
        var window: AcknowledgementWindow
        /// Whether a stream acknowledges; false in core mode and on a server without JetStream.
        var isAcknowledged = false
        /// While a stream is in trouble: when to try again, µs.
        var blockedUntil: Int64 = 0
        var pause: RetryPause
        /// One past the highest sequence ever sent, to tell repeats.
        var highestSent: UInt64 = 0
    }

    enum Link {
        case down(nextAttempt: Int64)
        case connecting(ConnectionAttempt)
        case up(NATSConnection)
    }

    static let batch = 256
    /// How often the latencies are copied out.
    private static let latencyInterval: Int64 = 250_000

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
    private let latencies = ConfirmLatencies()
    private var latencyToldAt: Int64 = 0
    private var random = SystemRandomNumberGenerator()
    private var firstLane = 0
    private let fenceInterval: Int64
    private let fenceTimeout: Int64
    private let acknowledgementTimeout: Int64

    init(
        configuration: PublisherConfiguration, queues: [PublishQueue], observer: any PublisherObserver,
        waker: PublisherWaker, control: PublisherControl
    ) {
        self.configuration = configuration
        self.observer = observer
        self.waker = waker
        self.control = control
        self.signals = ConnectionSignals(waker: waker)
        let pause = RetryPause(first: configuration.backoffFirst, limit: configuration.backoffMax)
        self.reconnectPause = pause
        self.drivers = queues.flatMap { queue in
            queue.lanes.map { lane in
                Driver(
                    lane: lane, queue: queue,
                    window: AcknowledgementWindow(
                        limitMessages: configuration.windowMessages, limitBytes: configuration.windowBytes),
                    pause: pause)
            }
        }
        self.fences = FenceLedger(lanes: self.drivers.count)
        self.fenceInterval = configuration.fenceInterval.wholeMicroseconds
        self.fenceTimeout = configuration.fenceTimeout.wholeMicroseconds
        self.acknowledgementTimeout = configuration.acknowledgementTimeout.wholeMicroseconds
    }

    /// Runs until a stop was asked for and everything is confirmed, or its deadline is over.
    func run() {
        while !self.isDone() {
            let now = PublishClock.monotonic()
            let worked: Bool
            switch self.link {
            case .down(let next):
                if now >= next { self.startAttempt() }
                worked = self.dropCore()
            case .connecting(let attempt):
                if let result = attempt.take() { self.attemptEnded(result, now) }
                worked = self.dropCore()
            case .up(let connection):
                worked = self.round(connection, now)
            }
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
        var sent = 0
        while sent < Self.batch, let record = lane.nextUnsent() {
            let isAcknowledged = self.drivers[index].isAcknowledged
            guard isAcknowledged ? self.mayAcknowledge(index, record, now) : !self.fences.isFull else { break }
            guard self.publish(record, index, connection, now) else { return true }
            lane.markSent()
            sent += 1
            if isAcknowledged {
                self.drivers[index].window.sent(
                    bytes: record.totalBytes, at: now, isSettled: record.verdict != nil)
                if record.verdict != nil { self.releaseSettled(index) }
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
        record.verdict = reason
        self.drivers[index].queue.messagesLost()
    }

    private func fence(_ connection: NATSConnection, _ now: Int64) {
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
            self.snapshot.acknowledgementTimeouts &+= 1
            self.goBack(index, .acknowledgementsLate, now)
        }
    }

    // MARK: Connecting and losing

    private func startAttempt() {
        self.link = .connecting(
            ConnectionAttempt(self.configuration, signals: self.signals, waker: self.waker, retiring: self.retired))
        self.retired = nil
    }

    private func attemptEnded(_ result: Result<ConnectionAttempt.Established, NATSError>, _ now: Int64) {
        switch result {
        case .success(let made): self.connected(made)
        case .failure(let error):
            self.snapshot.connectFailures &+= 1
            let pause = self.reconnectPause.next(using: &self.random)
            self.link = .down(nextAttempt: now + pause)
            self.observer.publisher(
                did: .connectFailed(error, attempt: self.reconnectPause.attempts, next: .microseconds(pause)))
        }
    }

    private func connected(_ made: ConnectionAttempt.Established) {
        self.reconnectPause.reset()
        self.link = .up(made.connection)
        self.writer.use(inbox: made.connection.inbox)
        for index in self.drivers.indices {
            self.drivers[index].isAcknowledged = made.hasJetStream && self.drivers[index].lane.mode == .jetstream
            self.drivers[index].window.skip(to: self.drivers[index].lane.releasedCount)
            self.drivers[index].blockedUntil = 0
            self.drivers[index].queue.setDeliveryState(.up)
        }
        self.snapshot.isConnected = true
        self.snapshot.hasJetStream = made.hasJetStream
        self.snapshot.serverURL = made.connection.url
        self.snapshot.streams = made.streams
        self.snapshot.connects &+= 1
        self.observer.publisher(
            did: .connected(url: self.snapshot.serverURL, hasJetStream: made.hasJetStream, streams: made.streams))
    }

    /// Takes the loss of the connection: what only a fence confirms is unconfirmed, the rest is sent again.
    func lost(_ reason: String, _ now: Int64) {
        guard case .up(let connection) = self.link else { return }
        // Answers that had arrived still count.
        _ = self.receive(connection, now)
        guard case .up = self.link else { return }
        for index in self.drivers.indices {
            let lane = self.drivers[index].lane
            self.drivers[index].queue.setDeliveryState(.down)
            if self.drivers[index].isAcknowledged {
                self.drivers[index].window.goBack(allowed: Self.batch)
                lane.goBack()
            } else if lane.inFlightCount > 0 {
                lane.release(lane.inFlightCount, as: .unconfirmed)
                self.drivers[index].queue.messagesLost()
            }
        }
        self.fences.removeAll()
        self.unfenced = 0
        self.retired = connection
        self.link = .down(nextAttempt: now + self.reconnectPause.next(using: &self.random))
        self.snapshot.isConnected = false
        self.snapshot.disconnects &+= 1
        self.observer.publisher(did: .disconnected(reason: reason))
    }

    /// Gives up what is queued in core mode: nobody wants it once the link is back.
    private func dropCore() -> Bool {
        var worked = false
        for driver in self.drivers where driver.lane.mode == .core {
            var count: UInt64 = 0
            while count < UInt64(Self.batch), driver.lane.nextUnsent() != nil {
                driver.lane.markSent()
                count += 1
            }
            guard count > 0 else { continue }
            driver.lane.release(count, as: .dropped(.disconnected))
            driver.queue.messagesLost()
            worked = true
        }
        return worked
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
        let lane = self.drivers[index].lane
        let mode = lane.mode
        lane.release(count, as: .confirmed) { record in
            if record.verdict == nil {
                self.latencies.record(
                    microseconds: now &- record.enqueuedMicroseconds, mode: mode, source: record.source)
            }
        }
    }

    /// Sends a lane again from its oldest unacknowledged message, after a pause and slowly at first.
    func goBack(_ index: Int, _ problem: StreamProblem, _ now: Int64) {
        self.drivers[index].window.goBack(allowed: 1)
        self.drivers[index].lane.goBack()
        self.drivers[index].blockedUntil = now + self.drivers[index].pause.next(using: &self.random)
        if self.snapshot.streamProblem != problem {
            self.snapshot.streamProblem = problem
            self.observer.publisher(did: .streamProblem(problem))
        }
    }

    // MARK: Resting and stopping

    /// Waits for work: for a moment while answers are due or a lane may not send, else until woken.
    private func rest() {
        guard case .up = self.link else { return self.waker.pause(milliseconds: 10) }
        let isWaiting =
            self.unfenced > 0 || self.drivers.contains { $0.lane.inFlightCount > 0 || $0.lane.hasUnsent }
        if isWaiting {
            self.waker.pause(milliseconds: 1)
        } else {
            self.waker.sleep(milliseconds: 100) { self.drivers.contains { $0.lane.hasUnsent } }
        }
    }

    private func report(_ now: Int64) {
        let refused = UInt64(self.signals.notPermitted.load(ordering: .relaxed))
        if refused != self.snapshot.publishesNotPermitted {
            self.snapshot.publishesNotPermitted = refused
            self.observer.publisher(did: .publishNotPermitted(count: Int(clamping: refused)))
        }
        self.snapshot.window = self.drivers.reduce(0) { $0 + $1.window.inFlight }
        self.snapshot.windowAllowed = self.drivers.reduce(0) { $0 + ($1.isAcknowledged ? $1.window.allowed : 0) }
        if now - self.latencyToldAt >= Self.latencyInterval {
            self.latencyToldAt = now
            self.snapshot.latencies = self.latencies.told
        }
        self.control.publish(self.snapshot)
    }

    private func isDone() -> Bool {
        guard let stopAt = self.control.stopAt else { return false }
        if ContinuousClock.now >= stopAt { return true }
        if self.unfenced > 0, case .up(let connection) = self.link,
            !self.drivers.contains(where: { !$0.isAcknowledged && $0.lane.hasUnsent })
        {
            self.fence(connection, PublishClock.monotonic())
        }
        return !self.drivers.contains { !$0.lane.isEmpty }
    }

    private func stop() {
        for driver in self.drivers { driver.queue.setDeliveryState(.down) }
        switch self.link {
        case .up(let connection): natsConnection_Close(connection.handle)
        case .connecting(let attempt): attempt.abandon()
        case .down: break
        }
        self.link = .down(nextAttempt: 0)
        self.retired = nil
        self.snapshot.isConnected = false
        self.report(.max)
        nats_ReleaseThreadMemory()
        self.control.stopped()
    }
}
