import ExchangeSimulator
import Foundation
import Publishing
import Synchronization
import Testing
import Venues

@testable import Collector

/// The trades that a subscriber gets, by the token of their symbol, in the order in which they came.
private final class TradeTap: Sendable {
    private let subscriber: NATSSubscriber
    private let ids = Mutex<[String: [UInt64]]>([:])
    private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

    init(_ url: String) throws {
        self.subscriber = try NATSSubscriber(
            NATSConnectionOptions(addresses: [url]), subjects: ["md.trade.>"], limit: 1_000_000)
        let messages = self.subscriber.messages
        self.task.withLock { task in
            task = Task { [ids = Counter(self)] in
                for await message in messages { ids.take(message) }
            }
        }
    }

    /// Holds the tap weakly, so that its task does not keep it.
    private final class Counter: Sendable {
        private weak let tap: TradeTap?

        init(_ tap: TradeTap) { self.tap = tap }

        func take(_ message: ReceivedMessage) {
            guard let body = try? JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any],
                let id = (body["id"] as? String).flatMap({ UInt64($0) }), let symbol = body["symbol"] as? String
            else { return }
            self.tap?.ids.withLock { $0[symbol, default: []].append(id) }
        }
    }

    func ids(of symbol: String) -> [UInt64] { self.ids.withLock { $0[symbol] ?? [] } }

    /// Waits until a symbol has so many trades.
    func wait(_ count: Int, of symbol: String, atMost limit: Duration = .seconds(30)) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if self.ids(of: symbol).count >= count { return true }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return false }
        }
        return false
    }

    func close() {
        self.subscriber.close()
        self.task.withLock { $0?.cancel() }
    }
}

@Suite("What is collected changes while the service runs", .serialized, .timeLimit(.minutes(5)))
struct UniverseServiceTests {
    private static func isUnbroken(_ ids: [UInt64]) -> Bool {
        zip(ids, ids.dropFirst()).allSatisfy { $1 == $0 + 1 }
    }

    private static func fixture(_ adjust: (inout Configuration) -> Void) async throws -> ServiceFixture {
        var simulator = SimulatorConfiguration()
        simulator.stepsPerSecond = 400
        return try await ServiceFixture(simulator: simulator, relistPause: .milliseconds(500)) { configuration in
            configuration.venues[BinanceSegment.spot.id] = nil
            configuration.venues[BinanceSegment.coinm.id] = nil
            adjust(&configuration)
        }
    }

    @Test("A listing joins and a delisting leaves; no trade of the others is missing, and no socket is opened for it")
    func listings() async throws {
        let fixture = try await Self.fixture { configuration in
            configuration.venues[BinanceSegment.usdm.id]?.rules = [.pattern("*USDT")]
        }
        let tap = try TradeTap(fixture.server.url)
        #expect(await fixture.wait { $0.books.count == 3 && $0.books.allSatisfy { $0.state == "live" } })
        #expect(await tap.wait(50, of: "BTC-USDT"))
        let opened = await fixture.exchange.state()?.counters.connectionsOpened
        #expect(await fixture.exchange.list("NEWUSDT", in: .usdm))
        let isJoined = await fixture.wait { summary in
            summary.books.contains { $0.symbol == "NEW-USDT" && $0.state == "live" }
        }
        #expect(isJoined)
        #expect(await tap.wait(10, of: "NEW-USDT"))
        #expect(await fixture.exchange.delist("ETHUSDT", in: .usdm))
        let hasLeft = await fixture.wait { summary in !summary.books.contains { $0.symbol == "ETH-USDT" } }
        #expect(hasLeft)
        let count = tap.ids(of: "BTC-USDT").count
        #expect(await tap.wait(count + 100, of: "BTC-USDT"))
        for symbol in ["BTC-USDT", "NEW-USDT"] { #expect(Self.isUnbroken(tap.ids(of: symbol)), "\(symbol)") }
        #expect(await fixture.exchange.state()?.counters.connectionsOpened == opened)
        #expect(await fixture.wait { $0.books.filter { $0.symbol == "BTC-USDT" }.allSatisfy { $0.resyncs == 0 } })
        tap.close()
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("A section that was not configured at the start joins with the next configuration")
    func newSection() async throws {
        var coinm: SegmentSettings?
        let fixture = try await ServiceFixture(
            simulator: SimulatorConfiguration(),
            reroute: { configuration in
                coinm = configuration.venues[BinanceSegment.coinm.id]
                configuration.venues[BinanceSegment.coinm.id] = nil
            })
        #expect(await fixture.wait { $0.books.count == 4 && $0.books.allSatisfy { $0.state == "live" } })
        let settings = try #require(coinm)
        #expect(fixture.reload { $0.venues[BinanceSegment.coinm.id] = settings }.isEmpty)
        #expect(await fixture.wait { $0.books.count == 6 && $0.books.allSatisfy { $0.state == "live" } })
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("A new configuration touches only what changed: symbols come and go beside one whose ids run on unbroken")
    func reload() async throws {
        let fixture = try await Self.fixture { configuration in
            configuration.venues[BinanceSegment.usdm.id]?.symbols = ["BTCUSDT", "ETHUSDT"]
        }
        let tap = try TradeTap(fixture.server.url)
        #expect(await fixture.wait { $0.books.count == 2 && $0.books.allSatisfy { $0.state == "live" } })
        #expect(await tap.wait(50, of: "BTC-USDT"))
        let opened = try #require(await fixture.exchange.state()?.counters.connectionsOpened)
        let later = fixture.reload { configuration in
            configuration.venues[BinanceSegment.usdm.id]?.symbols = ["BTCUSDT", "币安人生USDT"]
            configuration.books.depth = 50
        }
        #expect(later == ["books"])
        #expect(await fixture.wait { Set($0.books.map(\.symbol)) == ["BTC-USDT", "币安人生-USDT"] })
        #expect(await tap.wait(10, of: "币安人生-USDT"))
        let ended = tap.ids(of: "ETH-USDT").count
        #expect(
            fixture.reload { configuration in
                configuration.venues[BinanceSegment.usdm.id]?.symbols = ["BTCUSDT"]
            } == ["books"])
        #expect(await fixture.wait { $0.books.map(\.symbol) == ["BTC-USDT"] })
        let count = tap.ids(of: "BTC-USDT").count
        #expect(await tap.wait(count + 100, of: "BTC-USDT"))
        #expect(Self.isUnbroken(tap.ids(of: "BTC-USDT")))
        #expect(tap.ids(of: "ETH-USDT").count <= ended + 1)
        #expect(await fixture.exchange.state()?.counters.connectionsOpened == opened)
        tap.close()
        try await fixture.stopService()
        await fixture.tearDown()
    }
}
