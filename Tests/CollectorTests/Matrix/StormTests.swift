import Collector
import ExchangeSimulator
import Foundation
import MarketModel
import Testing
import Venues

@Suite("When everything goes at once", .serialized)
struct StormTests {
    private static let markets: [MarketSegment] = [.spot, .usdm, .okxSpot, .okxSwap, .deribitPerpetual]
    private static let symbolsEach = 10

    @Test("All sockets of all venues are cut, and all is live again within the limits; a ban of one host stays its own")
    func storm() async throws {
        let fixture = try await Self.fixture()
        func areLive(_ summary: LiveSummary) -> Bool {
            summary.books.count == Self.markets.count * Self.symbolsEach
                && summary.books.allSatisfy { $0.state == "live" } && summary.connections.allSatisfy(\.isHealthy)
        }
        func state() async throws -> SimulatorState { try #require(await fixture.exchange.state()) }
        #expect(await fixture.wait(atMost: .seconds(90), until: areLive))

        let opened = try await state().counters.connectionsOpened
        let cut = await fixture.exchange.inject(.reset)
        #expect(cut == opened)
        // Every slot has its socket again, and every book that of its slot.
        let areBack = await fixture.wait(atMost: .seconds(90)) { summary in
            summary.connections.allSatisfy { $0.reconnects > 0 } && areLive(summary)
                && summary.books.allSatisfy { $0.resyncs > 0 }
        }
        #expect(areBack)
        let counters = try await state().counters
        #expect(counters.connectionsOpened == 2 * opened && counters.connectionsRefused == 0)
        #expect(counters.requestsLimited == 0 && counters.requestsBanned == 0 && counters.tooManyMessages == 0)

        try await Self.ban(fixture)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    /// USD-M answers 418 to whatever it is asked; its books need it, the others go on as if nothing were.
    private static func ban(_ fixture: ServiceFixture) async throws {
        func others(_ summary: LiveSummary) -> [LiveSummary.Book] {
            summary.books.filter { $0.segment != "binance usdm" }
        }
        func answers() async -> [Int] {
            var counts: [Int] = []
            for (path, market) in [
                ("/api/v3/exchangeInfo", .spot), ("/api/v5/public/instruments", .okxSpot),
                ("/api/v2/public/get_instruments", .deribitPerpetual),
            ] as [(String, MarketSegment)] {
                counts.append(await fixture.exchange.answered(path, in: market).count)
            }
            return counts
        }
        func bans() async -> Int { await fixture.exchange.state()?.faults[.banned] ?? 0 }
        var resyncs: [Int] = []
        #expect(
            await fixture.wait { summary in
                resyncs = others(summary).map(\.resyncs)
                return true
            })
        await fixture.exchange.inject(.banned, segment: .usdm, count: 1_000)
        await fixture.exchange.inject(.reset, segment: .usdm)
        let isHit = await fixture.wait { $0.books.contains { $0.segment == "binance usdm" && $0.state != "live" } }
        #expect(isHit)
        try await Task.sleep(for: .seconds(2))
        let (banned, before) = (await bans(), await answers())
        #expect(banned >= 1)
        try await Task.sleep(for: .seconds(6))
        // Nobody knocks again while the ban lasts, whatever waits for an answer.
        #expect(await bans() == banned)
        for (then, now) in zip(before, await answers()) { #expect(now > then, "\(before)") }
        let areUntouched = await fixture.wait(atMost: .seconds(5)) { summary in
            others(summary).allSatisfy { $0.state == "live" } && others(summary).map(\.resyncs) == resyncs
        }
        #expect(areUntouched)
        let isWaiting = await fixture.wait(atMost: .seconds(5)) { summary in
            summary.books.contains { $0.segment == "binance usdm" && $0.state != "live" }
        }
        #expect(isWaiting)
    }

    private static func fixture() async throws -> ServiceFixture {
        var simulator = SimulatorConfiguration(segments: [])
        var venues: [String: [String]] = [:]
        for (market, (venue, name)) in zip(
            Self.markets,
            [("binance", "spot"), ("binance", "usdm"), ("okx", "spot"), ("okx", "swap"), ("deribit", "perpetual")])
        {
            let symbols = SimulatedSymbol.many(Self.symbolsEach + 1, market).filter {
                $0.symbol.utf8.allSatisfy { $0 < 128 }
            }
            let chosen = Array(symbols.prefix(Self.symbolsEach))
            simulator.symbols[market] = chosen
            let names = chosen.map(\.symbol).joined(separator: ", ")
            let types = "[trade, orderbook, bbo, instrument]"
            let section = "    \(name): {symbols: [\(names)], types: \(types), instruments_every: 1s}"
            venues[venue, default: []].append(section)
        }
        simulator.bookLevels = 200
        simulator.stepsPerSecond = 5
        simulator.sentKept = 200
        simulator.faults.retryAfterSeconds = 60
        let sections = venues.sorted { $0.key < $1.key }.map { "  \($0.key):\n\($0.value.joined(separator: "\n"))" }
        let text =
            "instance: storm\nhttp: {enabled: false}\nheartbeat: {interval: 1s}\nvenues:\n"
            + sections.joined(separator: "\n") + "\n"
        return try await ServiceFixture(simulator: simulator, text: text) { configuration in
            configuration.transport.backoffBase = .milliseconds(100)
            configuration.transport.backoffCap = .seconds(1)
            // A second between two, so that no stall of a busy machine brings four into one second of the venue's.
            configuration.limits[OKX.id]["connects_per_second"] = 1
        }
    }
}
