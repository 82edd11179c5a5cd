import Collector
import ExchangeSimulator
import Foundation
import Publishing
import Testing

@Suite("What docs/subscribing.md and docs/schema promise", .serialized)
struct ReaderTests {
    /// What the reader says of one instrument.
    private struct Followed: Decodable {
        let compared: Int
        let different: Int
        let deltas: Int
        let chains: Int
        let gaps: Int
        let trades: Int
        let duplicates: Int
        let missing: Int
    }

    @Test("A reader in another language, written from the page alone, follows every book by deltas")
    func reader() async throws {
        let fixture = try await ServiceFixture(simulator: SimulatorConfiguration())
        let isLive = await fixture.wait { $0.books.count == 6 && $0.books.allSatisfy { $0.state == "live" } }
        #expect(isLive)
        let child = try ChildProcess(
            TestPaths.python,
            [TestPaths.root + "/docs/examples/follow_books.py", "--nats", fixture.server.url, "--seconds", "6"],
            in: fixture.directory)
        let result = try await child.result()
        #expect(result.status == 0, "\(result.errors.suffix(600))")
        let followed = try JSONDecoder().decode([String: Followed].self, from: Data(result.output.utf8))
        #expect(followed.count == 6)
        for (name, book) in followed {
            #expect(book.compared >= 3 && book.different == 0 && book.gaps == 0 && book.chains == 1, "\(name) \(book)")
            #expect(book.deltas > 0 && book.trades > 0 && book.duplicates == 0 && book.missing == 0, "\(name) \(book)")
        }
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("Every message of a service's life fits its schema, and every type occurs")
    func schemas() async throws {
        let fixture = try await ServiceFixture(simulator: SimulatorConfiguration()) { configuration in
            configuration.venues.binance.spot?.types = [.trade, .orderbook, .bbo]
            configuration.venues.binance.usdm?.types = [.trade, .orderbook, .bbo]
        }
        let subscriber = try NATSSubscriber(NATSConnectionOptions(addresses: [fixture.server.url]), subjects: ["md.>"])
        let isLive = await fixture.wait { $0.books.count == 6 && $0.books.allSatisfy { $0.state == "live" } }
        #expect(isLive)
        _ = await fixture.exchange.inject(.drop, segment: .usdm, count: 3)
        try await Task.sleep(for: .seconds(3))
        try await fixture.stopService()
        subscriber.close()
        var lines = Data()
        for await message in subscriber.messages {
            lines.append(contentsOf: message.payload)
            lines.append(UInt8(ascii: "\n"))
        }
        let child = try ChildProcess(
            TestPaths.python, [TestPaths.root + "/scripts/validate-messages"], in: fixture.directory, input: lines)
        let result = try await child.result(atMost: .seconds(120))
        #expect(result.status == 0, "\(result.output.suffix(1_500)) \(result.errors.suffix(600))")
        for type in ["trade", "orderbook", "orderbook_delta", "bbo", "instrument", "status", "heartbeat"] {
            #expect(result.output.contains("\"\(type)\": "), "no \(type)")
        }
        await fixture.tearDown()
    }
}
