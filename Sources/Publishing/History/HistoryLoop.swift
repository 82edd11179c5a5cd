import CNATS
import Synchronization

/// The thread that publishes history: each piece's lane with a window of acknowledgements, over one connection.
///
/// What a stream refuses ends its piece. A lost connection is made anew and what was in flight sent again, as long as the
/// stream still knows it by its ids; a piece that waits longer than that ends.
final class HistoryLoop {
    private final class Driver {
        let lane: HistoryLane
        var window: AcknowledgementWindow
        /// One past the highest sequence ever sent.
        var highestSent: UInt64 = 0
        /// What lies below was sent over an earlier connection: a stream that knows it has it from us.
        var sentBefore: UInt64 = 0
        /// Since when it has something to send and no acknowledgement came, µs.
        var waitingSince: Int64?
        var isOver = false

        init(_ lane: HistoryLane, window: AcknowledgementWindow) {
            self.lane = lane
            self.window = window
        }

        func fail(_ problem: PublishProblem, _ detail: String? = nil) {
            self.lane.fail(HistoryPublishError(problem, on: self.lane.subject, detail))
            self.isOver = true
        }
    }

    private static let batch = 128
    private static let idleMicroseconds: Int64 = 60_000_000

    private let shared: HistoryShared
    private let configuration: HistoryPublisherConfiguration
    private let observer: any PublisherObserver
    private var drivers: [Int: Driver] = [:]
    private var link: NATSConnection?
    private var nextAttempt: Int64 = 0
    private var attempts = 0
    private var idleSince: Int64 = 0
    private var writer = PublishWriter()
    private var answers: [InboxAnswer] = []
    /// Why there is no stream.
    private var streamFailure: String?

    init(_ shared: HistoryShared, _ configuration: HistoryPublisherConfiguration, _ observer: any PublisherObserver) {
        self.shared = shared
        self.configuration = configuration
        self.observer = observer
    }

    func run() {
        while !self.shared.isClosing {
            let now = PublishClock.monotonic()
            self.takeLanes(now)
            guard !self.drivers.isEmpty else {
                self.rest(now)
                continue
            }
            self.idleSince = now
            if self.connect(now) {
                self.receive()
                self.send(now)
            }
            self.settle(now)
            if self.drivers.values.contains(where: { $0.lane.lane.hasUnsent || $0.lane.lane.inFlightCount > 0 }) {
                self.shared.waker.pause(milliseconds: 1)
            } else {
                self.shared.waker.sleep(milliseconds: 100) {
                    self.drivers.values.contains { $0.lane.lane.hasUnsent }
                }
            }
        }
        self.takeLanes(0)
        for driver in self.drivers.values { driver.lane.fail(HistoryPublishError("publishing history ends")) }
        if let link = self.link { natsConnection_Close(link.handle) }
        self.link = nil
        nats_ReleaseThreadMemory()
    }

    private func takeLanes(_ now: Int64) {
        for lane in self.shared.takeLanes() {
            self.drivers[lane.number] = Driver(
                lane,
                window: AcknowledgementWindow(
                    limitMessages: self.configuration.windowMessages, limitBytes: self.configuration.windowBytes))
        }
    }

    private func rest(_ now: Int64) {
        if self.link != nil, now - self.idleSince > Self.idleMicroseconds { self.link = nil }
        self.shared.waker.pause(milliseconds: 1_000)
    }

    // MARK: - The connection

    /// Whether there is a connection, made anew where it is time for that; blocks up to the connect timeout.
    private func connect(_ now: Int64) -> Bool {
        if let link = self.link {
            guard link.isClosed else { return true }
            self.lose(link.lastError)
        }
        guard now >= self.nextAttempt else { return false }
        do throws(NATSError) {
            let link = try NATSConnection(
                self.configuration.connection, signals: self.shared.signals,
                pendingAnswers: self.configuration.windowMessages * self.configuration.piecesMost + 4_096)
            let setup = try StreamSetup(link)
            let hasJetStream = setup.hasJetStream()
            let streams =
                hasJetStream
                ? [setup.ensure(self.configuration.stream, adopt: self.configuration.adoptsStreams)] : []
            self.streamFailure = streams.first.flatMap { if case .failed(let text) = $0.outcome { text } else { nil } }
            self.link = link
            self.writer.use(inbox: link.inbox)
            self.attempts = 0
            self.observer.publisher(did: .connected(url: link.url, hasJetStream: hasJetStream, streams: streams))
            return true
        } catch {
            let pause = self.configuration.reconnectPause
            self.attempts += 1
            self.nextAttempt = PublishClock.monotonic() + pause.wholeMicroseconds
            self.observer.publisher(did: .connectFailed(error, attempt: self.attempts, next: pause))
            return false
        }
    }

    /// Gives the connection up: what is in flight is sent again over the next.
    private func lose(_ reason: String) {
        self.receive()
        for driver in self.drivers.values {
            driver.window.goBack(allowed: self.configuration.windowMessages)
            driver.lane.lane.goBack()
            driver.sentBefore = driver.highestSent
        }
        if let link = self.link { natsConnection_Close(link.handle) }
        self.link = nil
        self.observer.publisher(did: .disconnected(reason: reason))
    }

    // MARK: - Sending

    private func send(_ now: Int64) {
        for driver in self.drivers.values where !driver.isOver {
            guard let link = self.link else { return }
            var sent = 0
            while sent < Self.batch, let record = driver.lane.lane.nextUnsent(),
                driver.window.hasRoom(for: record.totalBytes), self.publish(record, driver, link, now)
            {
                sent += 1
            }
        }
    }

    /// Hands a record to the library; false when its piece or the connection is over with it.
    private func publish(_ record: QueueRecord, _ driver: Driver, _ link: NATSConnection, _ now: Int64) -> Bool {
        let status =
            PublishWriter.isPublishable(record)
            ? self.writer.publishAcknowledged(record, lane: driver.lane.number, on: link) : NATS_INVALID_SUBJECT
        switch status {
        case NATS_OK:
            driver.lane.lane.markSent()
            driver.window.sent(bytes: record.totalBytes, at: now)
            driver.highestSent = max(driver.highestSent, record.sequence &+ 1)
            return true
        case NATS_MAX_PAYLOAD: driver.fail(.tooLarge)
        case NATS_INVALID_SUBJECT, NATS_INVALID_ARG: driver.fail(.refused)
        default: self.lose(NATSError(status, "publishing history").description)
        }
        return false
    }

    // MARK: - Acknowledgements

    private func receive() {
        guard let link = self.link else { return }
        link.answers.take(into: &self.answers)
        for answer in self.answers {
            switch answer {
            case .stored(_, _, let isDuplicate, let number, let sequence):
                guard let driver = self.drivers[number], driver.window.settle(sequence) else { continue }
                driver.waitingSince = nil
                if isDuplicate, sequence >= driver.sentBefore { driver.lane.countDuplicate() }
            case .failed(let code, let error, let number, _):
                self.drivers[number]?.fail(PublishProblem(code: code, error: error))
            case .nobody(let number, _): self.drivers[number]?.fail(.noStream, self.streamFailure)
            case .fence, .unreadable: break
            }
        }
        for subject in self.shared.signals.takeNotPermitted() ?? [] {
            for driver in self.drivers.values where driver.lane.subject == subject { driver.fail(.notPermitted) }
        }
    }

    /// Lets go what is acknowledged, tells the producers, and ends what waits too long.
    private func settle(_ now: Int64) {
        var isDead = false
        for (number, driver) in self.drivers {
            let count = driver.window.takeSettled()
            if count > 0 { driver.lane.lane.release(count, as: .confirmed) }
            if let sent = driver.window.oldestSentAt,
                now - sent > self.configuration.acknowledgementTimeout.wholeMicroseconds
            {
                isDead = true
            }
            if driver.lane.lane.isEmpty {
                driver.waitingSince = nil
            } else if let since = driver.waitingSince {
                if now - since > self.configuration.patience.wholeMicroseconds {
                    driver.fail(.late)
                }
            } else {
                driver.waitingSince = now
            }
            driver.lane.tell()
            if driver.isOver || driver.lane.isAbandoned { self.drivers[number] = nil }
        }
        if isDead, self.link != nil { self.lose("no acknowledgement from the server") }
    }
}
