import ExchangeSimulator
import Foundation
import Publishing
import Testing
import Transport

@testable import Collector

@Suite("The time in which no collector ran", .serialized)
struct AwayTests {
    @Test("A start tells of each connection that there was how long it was away, and leaves a sign for the next")
    func away() async throws {
        let gone = LoopClock.wallMicroseconds() - 90_000_000
        var directory = ""
        let text = """
            instance: test
            venues: {binance: {spot: {symbols: [BTCUSDT]}, usdm: {symbols: [BTCUSDT], types: [trade]}}}
            http: {enabled: false}
            """
        let fixture = try await ServiceFixture(
            simulator: SimulatorConfiguration(segments: [.spot, .usdm]), text: text
        ) { configuration in
            directory = configuration.stateDirectory
            // Nobody has seen the one of futures.
            let sign = LifeSign(directory: directory)
            try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            #expect(sign.beat(now: gone, connections: ["binance-spot-0", "okx-spot-public-0"]))
        }
        let subscriber = try NATSSubscriber(
            NATSConnectionOptions(addresses: [fixture.server.url]), subjects: ["md.gap.>"])
        #expect(await fixture.wait { !$0.connections.isEmpty && $0.connections.allSatisfy(\.isHealthy) })
        // The entry is told once it has been quiet for a second.
        try await Task.sleep(for: .seconds(3))
        try await fixture.stopService()
        let stopped = LoopClock.wallMicroseconds()
        subscriber.close()
        var entries: [String: GapMessage] = [:]
        for await message in subscriber.messages {
            guard let entry = GapMessage(payload: message.payload), entry.of == "connection" else { continue }
            entries[entry.id] = entry
        }
        let entry = try #require(entries.values.first)
        #expect(entries.count == 1 && entry.cause == "restart" && entry.symbol == "_conn-binance-spot-0")
        #expect(entry.fromMicroseconds == gone && entry.missing == nil)
        let end = try #require(entry.toMicroseconds)
        #expect(end > gone + 80_000_000 && end < stopped)

        let next = LifeSign(directory: directory)
        let seen = try #require(next.takeLastSeen("binance-spot-0", now: .max))
        #expect(seen > gone + 80_000_000 && seen <= stopped)
        #expect(next.before?.connections.contains("okx-spot-public-0") == false)
        await fixture.tearDown()
    }
}
