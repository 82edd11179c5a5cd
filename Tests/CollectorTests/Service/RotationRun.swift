import ExchangeSimulator
import Foundation
import MarketModel
import Publishing
import Synchronization
import Testing
import Transport
import Venues

@testable import Collector

/// The service over connections that rotate all the time, and all that a subscriber got of it.
final class RotationRun: Sendable {
    struct Received: Sendable {
        let payload: [UInt8]
        let type: String
        let message: ExactJSON
    }

    typealias Section = (segment: SegmentID, market: MarketSegment, symbols: [String])

    let fixture: ServiceFixture
    private let sections: [Section]
    private let subscriber: NATSSubscriber
    private let reading: Task<[Received], Never>

    init(_ sections: [Section], types: [DataType], rotateAfter: Duration, overlap: Duration) async throws {
        self.sections = sections
        var simulator = SimulatorConfiguration(segments: sections.map(\.market))
        simulator.bookLevels = 200
        simulator.stepsPerSecond = 60
        simulator.sentKept = 20_000
        simulator.pace.liquidation = .milliseconds(300)
        simulator.pace.liquidationTrades = 2
        simulator.pace.funding = .milliseconds(400)
        var text = "instance: rotation\nheartbeat: {interval: 1s}\nvenues:\n"
        for section in sections {
            let names = section.symbols.joined(separator: ", ")
            let words = types.map(\.rawValue).joined(separator: ", ")
            text +=
                "  \(section.segment.venue):\n    \(section.segment.name): {symbols: [\(names)], types: [\(words)]}\n"
        }
        self.fixture = try await ServiceFixture(simulator: simulator, text: text) { configuration in
            configuration.transport.rotateAfter = rotateAfter
            configuration.transport.rotateOverlap = overlap
            configuration.transport.backoffBase = .milliseconds(100)
            configuration.transport.backoffCap = .milliseconds(500)
            configuration.http.listen = HostPort(host: "127.0.0.1", port: 0)
        }
        self.subscriber = try NATSSubscriber(
            NATSConnectionOptions(addresses: [self.fixture.server.url]), subjects: ["md.>"])
        let messages = self.subscriber.messages
        self.reading = Task {
            var all: [Received] = []
            for await message in messages {
                guard let tree = ExactJSON(message.payload), let type = tree["type"]?.plain else { continue }
                all.append(Received(payload: message.payload, type: type, message: tree))
            }
            return all
        }
    }

    /// Waits until every book is live and every connection has its one socket.
    func areLive() async -> Bool {
        await self.fixture.wait { summary in
            summary.books.count == self.sections.map(\.symbols.count).reduce(0, +)
                && summary.books.allSatisfy { $0.state == "live" } && summary.connections.allSatisfy(\.isHealthy)
        }
    }

    /// Waits until a connection of each section has so many sockets at the exchange.
    func haveSockets(_ count: Int) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let live = await self.fixture.exchange.state()?.counters.connectionsLive
            if live == count * self.sections.count { return true }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return false }
        }
        return false
    }

    /// How often each connection has rotated.
    func rotations() async throws -> [Int] {
        let page = try await self.fixture.page("/status")
        let connections = ExactJSON(page.body)?["connections"]?.elements ?? []
        return connections.compactMap { $0["rotations"]?.plain.flatMap { Int($0) } }
    }

    func haveRotated(_ count: Int) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(90)
        while ContinuousClock.now < deadline {
            let rotations = try await self.rotations()
            if !rotations.isEmpty, rotations.allSatisfy({ $0 >= count }) { return true }
            try await Task.sleep(for: .milliseconds(500))
        }
        return false
    }

    /// Lets the exchange rest, waits until everything is published, and gives what came.
    func stop() async throws -> [Received] {
        await self.fixture.exchange.pause()
        // Everything sent before the pause is published once no queue holds anything, and the ledger has been quiet.
        try await Task.sleep(for: .seconds(4))
        try await self.fixture.stopService()
        self.subscriber.close()
        #expect(self.subscriber.dropped == 0)
        return await self.reading.value
    }

    /// The last view of each book is the exchange's own, and deltas lead from view to view.
    func checkBooks(_ received: [Received], mayStartAnew: Bool) async throws {
        var follower = BookFollower()
        for message in received where message.type.hasPrefix("orderbook") { try follower.take(message.payload) }
        #expect(follower.problems.isEmpty, "\(follower.problems.prefix(5))")
        #expect(follower.appliedDeltas > 5)
        for section in self.sections {
            for symbol in section.symbols {
                let truth = try #require(
                    await self.fixture.exchange.book(of: symbol, in: section.market, limit: 100))
                let held = try #require(follower.last["perpetual.\(symbol)"], "\(symbol)")
                let known = try #require(SimulatedSymbol.standard(section.market).first { $0.symbol == symbol })
                #expect(held.bids == known.text(truth.bids), "\(symbol)")
                #expect(held.asks == known.text(truth.asks), "\(symbol)")
                let chains = received.filter {
                    $0.type.hasPrefix("orderbook") && $0.message["venue_symbol"]?.plain == symbol
                        && $0.message["state"]?.plain != "waiting"
                }.compactMap { $0.message["chain"]?.plain }
                if !mayStartAnew { #expect(Set(chains).count == 1, "\(symbol): \(Set(chains))") }
            }
        }
    }

    /// Trades of a symbol that the ledger says are missing for good.
    func stillMissing(_ received: [Received], of symbol: String) -> Int {
        var newest: [String: Int] = [:]
        for entry in received where entry.type == "gap" && entry.message["of"]?.plain == "trade" {
            guard entry.message["venue_symbol"]?.plain == symbol, let id = entry.message["id"]?.plain else { continue }
            newest[id] = entry.message["still_missing"]?.plain.flatMap { Int($0) } ?? 0
        }
        return newest.values.reduce(0, +)
    }
}
