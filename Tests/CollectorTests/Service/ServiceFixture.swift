import Collector
import ExchangeSimulator
import Foundation
import Glibc
import Logging
import Publishing
import Synchronization
import Transport
import Venues

/// The whole service on loopback: a simulated exchange, a real NATS server, and the collector between them.
final class ServiceFixture: Sendable {
    let exchange: SimulatedExchange
    let server: EmbeddedNATSServer
    let directory: String
    let service: CollectorService
    private let configuration: Configuration
    private let task: Task<Void, any Error>
    private let summary: LatestSummary

    /// The newest figures of the service.
    private final class LatestSummary: Sendable {
        let value = Mutex<LiveSummary?>(nil)
    }

    /// Starts everything; the configuration may be changed before, and once more when it points at the exchange.
    init(
        simulator: SimulatorConfiguration, text: String = ServiceFixture.text, relistPause: Duration = .seconds(300),
        adjust: (inout Configuration) -> Void = { _ in }, reroute: (inout Configuration) -> Void = { _ in }
    ) async throws {
        self.directory = NSTemporaryDirectory() + "sluice-service-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: true)
        self.server = try EmbeddedNATSServer(EmbeddedNATSServer.Configuration(directory: self.directory))
        try await self.server.start()
        self.exchange = SimulatedExchange(configuration: simulator)
        let endpoints = try await self.exchange.start()
        var configuration = try Configuration.parse(text).configuration
        configuration.stateDirectory = self.directory + "/state"
        adjust(&configuration)
        SimulatorLauncher.redirect(&configuration, to: endpoints)
        reroute(&configuration)
        var log = Logger(label: "test")
        log.logLevel = .critical
        let service = CollectorService(configuration, natsURL: self.server.url, log: log, relistPause: relistPause)
        self.service = service
        self.configuration = configuration
        let summary = LatestSummary()
        self.summary = summary
        self.task = Task {
            try await service.run(
                until: {
                    while !Task.isCancelled { do { try await Task.sleep(for: .seconds(3_600)) } catch { return } }
                },
                observe: { value in summary.value.withLock { $0 = value } })
        }
    }

    /// Waits until the newest figures satisfy a condition; false at the deadline.
    func wait(atMost limit: Duration = .seconds(60), until condition: (LiveSummary) -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if let summary = self.summary.value.withLock({ $0 }), condition(summary) { return true }
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return false }
        }
        return false
    }

    /// Fetches a health page as any client does; the configuration has switched them on.
    func page(_ path: String) async throws -> HTTPClientResponse {
        let port = self.service.pagesPort.load(ordering: .relaxed)
        return try await PageClient.get("http://127.0.0.1:\(port)\(path)", timeout: .seconds(5))
    }

    /// Asks for a page until it satisfies a condition; nil at the deadline.
    func page(
        _ path: String, atMost limit: Duration = .seconds(30), until condition: (HTTPClientResponse) -> Bool
    ) async throws -> HTTPClientResponse? {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            let answer = try await self.page(path)
            if condition(answer) { return answer }
            try await Task.sleep(for: .milliseconds(200))
        }
        return nil
    }

    /// Gives the running service another configuration, and gives the keys that only a new start would follow.
    func reload(_ change: (inout Configuration) -> Void) -> [String] {
        var configuration = self.configuration
        change(&configuration)
        return self.service.reload(configuration)
    }

    /// Stops the collector gracefully.
    func stopService() async throws {
        self.task.cancel()
        try await self.task.value
    }

    /// Ends everything else.
    func tearDown() async {
        await self.exchange.stop()
        await self.server.stop()
        try? FileManager.default.removeItem(atPath: self.directory)
    }

    static let text = """
        instance: test
        venues:
          binance:
            spot: {symbols: [BTCUSDT, ETHUSDT]}
            usdm: {symbols: [BTCUSDT, ETHUSDT]}
            coinm: {symbols: [BTCUSD_PERP, ETHUSD_PERP]}
        books: {audit_interval: 0s}
        http: {enabled: false}
        heartbeat: {interval: 1s}
        """
}
