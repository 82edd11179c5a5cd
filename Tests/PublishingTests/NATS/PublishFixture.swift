import Foundation
import Glibc
import Synchronization
import Testing

@testable import Publishing

/// A real server, a publisher with one queue, an independent subscriber, and a thread that checks every cut.
final class PublishFixture: Sendable {
    let server: EmbeddedNATSServer
    let publisher: NATSPublisher
    let queue: PublishQueue
    let subjects = Subjects()
    let events = EventLog()
    let ledger: GapLedger
    private let accounts: AccountsWatch

    init(
        jetStream: Bool = true, arguments: [String] = [],
        limits: QueueLimits = QueueLimits(bytes: 32 << 20, messages: 200_000),
        start: Bool = true, server: EmbeddedNATSServer? = nil, boot: String = "b1", repairs: Bool = false,
        configure: (inout PublisherConfiguration) -> Void = { _ in }
    ) async throws {
        self.server = try server ?? Self.makeServer(jetStream: jetStream, arguments: arguments)
        if start { try await self.server.start() }
        var configuration = PublisherConfiguration(connection: NATSConnectionOptions(addresses: [self.server.url]))
        configuration.connection.connectTimeout = .milliseconds(500)
        configuration.backoffMax = .milliseconds(300)
        configuration.streams = StreamSpecification.standard(self.subjects)
        configure(&configuration)
        self.ledger = GapLedger(instance: "test", boot: boot, repairs: repairs)
        self.publisher = NATSPublisher(
            configuration: configuration, observer: self.events,
            ledger: LedgerOutput(self.ledger, subjects: self.subjects, encoder: JSONMessageEncoder()))
        self.queue = self.publisher.makeQueue(limits: limits)
        try self.publisher.start()
        self.accounts = try #require(AccountsWatch(self.publisher))
    }

    static func makeServer(jetStream: Bool, arguments: [String] = []) throws -> EmbeddedNATSServer {
        var configuration = EmbeddedNATSServer.Configuration(directory: try self.temporaryDirectory())
        configuration.hasJetStream = jetStream
        configuration.arguments = arguments
        return try EmbeddedNATSServer(configuration)
    }

    static func temporaryDirectory() throws -> String {
        var template = Array("/tmp/sluice-test-XXXXXX".utf8CString)
        return String(cString: try #require(mkdtemp(&template)))
    }

    /// Queues `count` messages whose payload is their number, waiting for room where the lane is full.
    func produce(_ type: MessageType, symbol: String, numbers: Range<Int>, pace: useconds_t = 0) {
        let subject = self.subjects.subject(type, venue: "binance", market: "spot", symbol: symbol)
        let lane = self.queue.lane(for: type)
        for number in numbers {
            let deadline = ContinuousClock.now + .seconds(30)
            while !Self.put(lane, type, subject, number), ContinuousClock.now < deadline { usleep(500) }
            if pace > 0 { usleep(pace) }
        }
    }

    static func put(
        _ lane: PublishLane, _ type: MessageType, _ subject: String, _ number: Int, filling: Int = 0,
        isAwaited: Bool = false
    ) -> Bool {
        let id = lane.mode == .jetstream ? "\(number)" : ""
        let text = "\(number)" + String(repeating: " ", count: filling)
        let body = Array(subject.utf8) + [0] + Array(id.utf8) + Array(text.utf8)
        guard let room = lane.reserve(upTo: body.count) else { return false }
        room.copyBytes(from: body)
        lane.commit(
            type: type, isAwaited: isAwaited, subjectLength: subject.utf8.count, idLength: id.utf8.count,
            payloadLength: text.utf8.count,
            enqueuedMicroseconds: PublishClock.wall(), receivedMicroseconds: 0)
        return true
    }

    func subscribe(_ subject: String = "md.>") throws -> NATSSubscriber {
        try NATSSubscriber(NATSConnectionOptions(addresses: [self.server.url]), subjects: [subject], limit: 2_000_000)
    }

    /// Waits for `condition`; false when it did not come true in time.
    static func wait(_ seconds: Int = 15, until condition: () -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !condition() {
            if ContinuousClock.now > deadline { return false }
            try await Task.sleep(for: .milliseconds(5))
        }
        return true
    }

    func waitUntilConnected() async throws -> Bool {
        try await Self.wait { self.publisher.snapshot().isConnected }
    }

    /// Stops everything and says what the accounts looked like all along.
    func finish(deadline: Duration = .seconds(15), stopsServer: Bool = true) async -> DrainReport {
        let report = await self.publisher.drain(deadline: deadline)
        if stopsServer { await self.server.stop() }
        let seen = self.accounts.end()
        #expect(seen.cuts > 0 && seen.unbalanced == 0, "\(seen)")
        return report
    }

    /// What `stream` holds, read over a connection of its own: the ids of each subject in the order stored.
    func contents(_ stream: String = "MARKET_DATA") throws -> [String: [Int]] {
        var contents: [String: [Int]] = [:]
        try self.read(stream, headersOnly: true) { message in
            let id = String(decoding: message.messageID, as: UTF8.self)
            let number = id.split(separator: ":").last.flatMap { Int($0) } ?? -1
            contents[String(decoding: message.subject, as: UTF8.self), default: []].append(number)
        }
        return contents
    }

    /// The newest text of each entry that the stream of losses holds, by id.
    func gaps() throws -> [String: [String: Any]] {
        var gaps: [String: [String: Any]] = [:]
        try self.read("GAPS", headersOnly: false) { message in
            let object = try? JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any]
            if let object, let id = object["id"] as? String { gaps[id] = object }
        }
        return gaps
    }

    /// How many messages of `type` are told as lost for `cause`.
    func missing(_ type: MessageType, _ cause: GapCause) throws -> UInt64 {
        try self.gaps().values
            .filter { $0["of"] as? String == "\(type.token)" && $0["cause"] as? String == cause.rawValue }
            .reduce(0) { $0 + (($1["missing"] as? NSNumber)?.uint64Value ?? 0) }
    }

    private func read(_ stream: String, headersOnly: Bool, _ receive: (StoredMessageView) -> Void) throws {
        let reader = try StreamReader(connecting: NATSConnectionOptions(addresses: [self.server.url]))
        let request = StreamReader.Request(
            stream, from: .first, headersOnly: headersOnly, deadline: .now + .seconds(30))
        _ = try reader.read(request) { message in
            receive(message)
            return true
        }
    }

    /// How many messages on `subject` a stream holds.
    func stored(_ stream: String, subject: String) throws -> Int {
        let connection = try NATSConnection(
            NATSConnectionOptions(addresses: [self.server.url]), signals: ConnectionSignals(waker: PublisherWaker()),
            pendingAnswers: 10)
        return try StreamSetup(connection).messageCount(stream, subject: subject)
    }
}

/// Keeps what the observer heard.
final class EventLog: PublisherObserver {
    private let log = Mutex<[PublisherEvent]>([])

    var events: [PublisherEvent] { self.log.withLock { $0 } }
    var problems: [StreamProblem] {
        self.events.compactMap { if case .streamProblem(let problem) = $0 { problem } else { nil } }
    }

    func publisher(did event: PublisherEvent) { self.log.withLock { $0.append(event) } }
}

/// Takes a cut every two milliseconds and checks it.
final class AccountsWatch: Sendable {
    struct Seen: Sendable {
        var cuts = 0
        var unbalanced = 0
        var loose = 0
    }

    private final class Shared: Sendable {
        let seen = Mutex(Seen())
        let isOver = Flag()
    }

    private let shared = Shared()
    private let thread: NativeThread

    init?(_ publisher: NATSPublisher) {
        let shared = self.shared
        let thread = NativeThread(name: "accounts") {
            while !shared.isOver.isRaised {
                let parts = LaneKind.allCases.map { publisher.cut($0) } + [publisher.cut()]
                shared.seen.withLock { seen in
                    for cut in parts {
                        seen.cuts += 1
                        let isSane = cut.isBalanced && cut.spooled < 1 << 62
                        if !cut.isConsistent { seen.loose += 1 } else if !isSane { seen.unbalanced += 1 }
                    }
                }
                usleep(2000)
            }
        }
        guard let thread else { return nil }
        self.thread = thread
    }

    func end() -> Seen {
        self.shared.isOver.raise()
        self.thread.join()
        return self.shared.seen.withLock { $0 }
    }
}
