import Collector
import ExchangeSimulator
import Foundation
import Publishing
import Testing
import Venues

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
            configuration.venues[BinanceSegment.spot.id]?.types = [.trade, .orderbook, .bbo]
            configuration.venues[BinanceSegment.usdm.id]?.types = [.trade, .orderbook, .bbo]
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

    @Test("Entries of the ledger fit their schema, whatever their type and cause")
    func gapSchema() async throws {
        let encoder = JSONMessageEncoder()
        let subjects = [
            GapSubject(venue: "binance", market: "spot", symbol: "BTC-USDT", venueSymbol: "BTCUSDT"),
            GapSubject(venue: "binance"), GapSubject(venue: nil),
        ]
        let ranges = GapNumbering.allCases.map { Optional(GapRange($0, from: "1", to: "2")) } + [nil]
        let kinds = MessageType.allCases.map(GapKind.messages) + [.connection]
        let shapes = GapCause.allCases.flatMap { cause in kinds.map { (cause, $0) } }
        var lines = ""
        for (number, (cause, kind)) in shapes.enumerated() {
            let subject = subjects[number % subjects.count]
            let entry = GapEntry(
                id: "i:b:\(number)", subject: subject, of: kind, cause: cause, range: ranges[number % ranges.count],
                fromMicroseconds: 1, toMicroseconds: number % 2 == 0 ? nil : 2, missing: number % 5 == 0 ? nil : 9,
                repaired: 4, receivedMicroseconds: 3)
            lines += encoder.prefix(subject, instance: "i", boot: "b")
            lines += encoder.text(entry, number: UInt64(number) + 1) + "\n"
        }
        let child = try ChildProcess(
            TestPaths.python, [TestPaths.root + "/scripts/validate-messages"], in: NSTemporaryDirectory(),
            input: Data(lines.utf8))
        let result = try await child.result(atMost: .seconds(60))
        #expect(result.status == 0, "\(result.output.suffix(1_500)) \(result.errors.suffix(600))")
        #expect(result.output.contains("\"gap\": \(shapes.count)"), "\(result.output)")
    }
}
