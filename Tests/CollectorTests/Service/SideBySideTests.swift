import Collector
import ExchangeSimulator
import Foundation
import Publishing
import Testing

/// Collectors as processes of their own, on one simulated exchange and one NATS server, and the example's reader.
private final class SideBySide {
    /// What the reader says of one book.
    struct Followed: Decodable {
        struct Instance: Decodable {
            let instance: String
            /// Seconds since the last heartbeat of the one before.
            let after: Double
            let compared: Int
        }
        let followed: [Instance]
        let different: Int
        let gaps: Int
        let chains: Int
        let deltas: Int
    }

    static let heartbeat = 0.5
    /// Between two books: with the age of a last heartbeat well below three of them.
    static let bookInterval = 0.5

    private let directory: String
    private let server: EmbeddedNATSServer
    private let exchange: SimulatedExchange
    private let endpoint: SimulatorEndpoint
    private var running: [String: ChildProcess] = [:]

    init() async throws {
        self.directory = NSTemporaryDirectory() + "sluice-pair-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: true)
        self.server = try EmbeddedNATSServer(EmbeddedNATSServer.Configuration(directory: self.directory))
        try await self.server.start()
        var simulator = SimulatorConfiguration()
        simulator.symbols = simulator.symbols.filter { $0.key == .spot }
        self.exchange = SimulatedExchange(configuration: simulator)
        self.endpoint = try #require(await self.exchange.start().first)
    }

    /// Starts a collector and waits until its books are live.
    func start(_ instance: String) async throws {
        let text = """
            instance: \(instance)
            state_directory: ./state-\(instance)
            venues:
              binance:
                spot:
                  {symbols: [BTCUSDT, ETHUSDT], websocket: "\(self.endpoint.webSocketURL)", rest: "\(self.endpoint.restURL)"}
            nats: {servers: ["\(self.server.url)"]}
            http: {enabled: false}
            heartbeat: {interval: \(Int(Self.heartbeat * 1_000))ms}
            books: {snapshot_interval: \(Int(Self.bookInterval * 1_000))ms}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: self.directory + "/\(instance).yaml"))
        let subscriber = try NATSSubscriber(
            NATSConnectionOptions(addresses: [self.server.url]), subjects: ["md.orderbook.>", "md.heartbeat.>"])
        let child = try ChildProcess(
            TestPaths.sluice, ["run", "--config", "\(instance).yaml"], in: self.directory)
        self.running[instance] = child
        let patience = Task {
            try await Task.sleep(for: .seconds(60))
            subscriber.close()
        }
        defer { patience.cancel() }
        var live: Set<String> = []
        for await message in subscriber.messages {
            let fields = try JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any]
            guard fields?["instance"] as? String == instance else { continue }
            if fields?["state"] as? String == "live" { live.insert(message.subject) }
            if live.count == 2 { break }
        }
        try #require(live.count == 2, "\(instance) is not live: \(child.errors.suffix(600))")
        subscriber.close()
    }

    /// Ends a collector as a crash would.
    func crash(_ instance: String) async throws {
        let found = self.running.removeValue(forKey: instance)
        let child = try #require(found)
        kill(child.identifier, SIGKILL)
        _ = try await child.result(atMost: .seconds(10))
    }

    /// Ends a collector gracefully.
    func stop(_ instance: String) async throws {
        let found = self.running.removeValue(forKey: instance)
        let child = try #require(found)
        kill(child.identifier, SIGTERM)
        let result = try await child.result(atMost: .seconds(15))
        #expect(result.status == 0, "\(result.errors.suffix(600))")
    }

    /// Starts the reader, which ends by itself when nothing has come for a while.
    func startReader() throws -> ChildProcess {
        try ChildProcess(
            TestPaths.python,
            [
                TestPaths.root + "/docs/examples/follow_books.py", "--nats", self.server.url, "--seconds", "120",
                "--until-idle", "6",
            ],
            in: self.directory)
    }

    /// Ends everything, and gives what the reader saw.
    func finish(_ reader: ChildProcess) async throws -> [Followed] {
        for instance in Array(self.running.keys) { try await self.crash(instance) }
        let result = try await reader.result(atMost: .seconds(30))
        await self.exchange.stop()
        await self.server.stop()
        try? FileManager.default.removeItem(atPath: self.directory)
        try #require(result.status == 0, "\(result.errors.suffix(600))")
        let books = try JSONDecoder().decode([String: Followed].self, from: Data(result.output.utf8))
        try #require(books.count == 2, "\(result.output.suffix(600))")
        return Array(books.values)
    }
}

@Suite("Two collectors side by side", .serialized)
struct SideBySideTests {
    /// Three heartbeats and the time between two books, and what a busy machine adds.
    private static let changeoverMax = 3 * SideBySide.heartbeat + SideBySide.bookInterval + 1

    @Test("A reader stays with one instance, changes over when it is gone, and its book is the other's")
    func changeover() async throws {
        let pair = try await SideBySide()
        try await pair.start("one")
        let reader = try pair.startReader()
        try await Task.sleep(for: .seconds(3))
        try await pair.start("two")
        // Both live: no reason to change.
        try await Task.sleep(for: .seconds(2))
        try await pair.crash("one")
        try await Task.sleep(for: .seconds(5))
        // Back with another boot; the reader stays with the second, until that one stops as well.
        try await pair.start("one")
        try await Task.sleep(for: .seconds(2))
        try await pair.crash("two")
        try await Task.sleep(for: .seconds(5))
        for book in try await pair.finish(reader) {
            #expect(book.followed.map(\.instance) == ["one", "two", "one"], "\(book)")
            #expect(book.followed.allSatisfy { $0.compared >= 2 } && book.different == 0, "\(book)")
            for change in book.followed.dropFirst() {
                #expect(change.after > 3 * SideBySide.heartbeat && change.after < Self.changeoverMax, "\(book)")
            }
            #expect(book.chains == 3 && book.gaps == 0 && book.deltas > 0, "\(book)")
        }
    }

    @Test("A collector that stops in order is left at once, one that is started again alone is followed again")
    func restart() async throws {
        let pair = try await SideBySide()
        try await pair.start("one")
        let reader = try pair.startReader()
        try await Task.sleep(for: .seconds(3))
        try await pair.crash("one")
        try await pair.start("one")
        try await Task.sleep(for: .seconds(3))
        try await pair.start("two")
        try await Task.sleep(for: .seconds(1))
        try await pair.stop("one")
        try await Task.sleep(for: .seconds(3))
        for book in try await pair.finish(reader) {
            #expect(book.followed.map(\.instance) == ["one", "two"], "\(book)")
            #expect(book.followed.allSatisfy { $0.compared >= 1 } && book.different == 0, "\(book)")
            #expect(book.chains == 3 && book.gaps == 0, "\(book)")
            // No silence is waited for: the books said that they stopped.
            #expect(book.followed[1].after < 3 * SideBySide.heartbeat, "\(book)")
        }
    }
}
