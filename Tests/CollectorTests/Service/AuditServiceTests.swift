import ExchangeSimulator
import Foundation
import OrderBook
import Publishing
import Synchronization
import Testing
import Transport
import Venues

@testable import Collector

@Suite("Audits on loopback", .serialized)
struct AuditServiceTests {
    private static let markets: [MarketSegment] = [
        .spot, .usdm, .okxSpot, .okxSwap, .deribitPerpetual, .deribitOption,
    ]
    private static let segments = [
        BinanceSegment.spot.id, BinanceSegment.usdm.id, OKXSegment.spot.id, OKXSegment.swap.id,
        DeribitSegment.perpetual.id, DeribitSegment.option.id,
    ]
    private static let interval = Duration.milliseconds(50)

    /// Three venues whose books change a few times a second, so that ids are met.
    private static func fixture() async throws -> ServiceFixture {
        var simulator = SimulatorConfiguration(segments: Self.markets)
        simulator.stepsPerSecond = 4
        simulator.bookLevels = 600
        return try await ServiceFixture(simulator: simulator) { configuration in
            configuration.books.auditInterval = Self.interval
            for segment in BinanceSegment.allCases { configuration.venues[segment.id] = nil }
            for (id, market) in zip(Self.segments, Self.markets) {
                guard let segment = VenueCatalog.segment(id) else { continue }
                var settings = SegmentSettings(segment)
                settings.types = [.orderbook]
                settings.symbols = SimulatedSymbol.standard(market).prefix(2).map(\.symbol)
                configuration.venues[id] = settings
            }
        }
    }

    private static func areLive(_ summary: LiveSummary) -> Bool {
        summary.books.count == 2 * Self.segments.count && summary.books.allSatisfy { $0.state == "live" }
    }

    /// Waits for what the audits came to.
    private static func wait(
        _ fixture: ServiceFixture, atMost limit: Duration, until condition: (AuditCounts) -> Bool
    ) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if condition(fixture.service.auditCounts) { return true }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return false }
        }
        return false
    }

    @Test("Live books of three venues are compared with the venues' own, and none differs")
    func clean() async throws {
        let fixture = try await Self.fixture()
        #expect(await fixture.wait(until: Self.areLive))
        let areCompared = await Self.wait(fixture, atMost: .seconds(30)) { counts in
            Self.segments.allSatisfy { counts[$0][.equal] >= 6 }
        }
        for segment in Self.segments {
            let counts = fixture.service.auditCounts[segment]
            #expect(areCompared && counts[.mismatched] == 0 && counts[.failed] == 0, "\(segment): \(counts)")
            // Both sides of books of 25 levels at least.
            #expect(counts.levels >= 30 * counts.compared, "\(segment): \(counts)")
        }
        let state = try #require(await fixture.exchange.state())
        #expect(state.counters.requestsLimited == 0)
        #expect(await fixture.wait { Self.areLive($0) && $0.books.allSatisfy { $0.resyncs == 0 } })
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("A book that is wrong in memory is found within its period, built anew, and stands in the ledger")
    func corrupted() async throws {
        let fixture = try await Self.fixture()
        let subscriber = try NATSSubscriber(
            NATSConnectionOptions(addresses: [fixture.server.url]), subjects: ["md.gap.>", "md.heartbeat.>"])
        #expect(await fixture.wait(until: Self.areLive))
        var wrong: Set<String> = []
        for segment in Self.segments {
            let symbol = try #require(fixture.service.auditedBooks.first { $0.segment == segment }?.symbol)
            wrong.insert(symbol)
            #expect(await Self.corrupt(symbol, in: segment, of: fixture.service))
        }
        // Two rounds of all books, each tried three times, with the way to the venue and back.
        let tries = 2 * 3 * 2 * Self.segments.count
        let period = (Self.interval + .milliseconds(150)) * tries
        let areFound = await Self.wait(fixture, atMost: period) { counts in
            Self.segments.allSatisfy { counts[$0][.mismatched] == 1 }
        }
        #expect(areFound, "\(Self.segments.map { fixture.service.auditCounts[$0] })")
        let areBack = await fixture.wait { summary in
            Self.areLive(summary) && summary.books.count { $0.resyncs == 1 } == Self.segments.count
        }
        #expect(areBack)
        // And nothing differs from then on.
        let before = Self.segments.map { fixture.service.auditCounts[$0].compared }
        let goesOn = await Self.wait(fixture, atMost: .seconds(20)) { counts in
            zip(Self.segments, before).allSatisfy { counts[$0].compared >= $1 + 4 }
        }
        #expect(goesOn && fixture.service.auditCounts.total.mismatched == UInt64(Self.segments.count))
        try await Task.sleep(for: .milliseconds(1_500))
        try await fixture.stopService()
        subscriber.close()
        var mismatches: Set<String> = []
        var told: [Int] = []
        for await message in subscriber.messages {
            let object = try JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any] ?? [:]
            if object["type"] as? String == "heartbeat" {
                told = [object["audits_compared"] as? Int ?? -1, object["audits_mismatched"] as? Int ?? -1]
            } else if object["cause"] as? String == "mismatch" {
                mismatches.insert(object["venue_symbol"] as? String ?? "")
            }
        }
        #expect(mismatches == wrong)
        #expect(told.count == 2 && told[0] > 20 && told[1] == Self.segments.count, "\(told)")
        await fixture.tearDown()
    }

    /// Changes a level deep in a book, where updates are rare.
    private static func corrupt(_ symbol: String, in segment: SegmentID, of service: CollectorService) async -> Bool {
        guard let loop = service.roster.withLock({ $0.home(of: symbol, in: segment) }) else { return false }
        let (answers, answer) = AsyncStream.makeStream(of: Bool.self)
        service.workers[loop].submit { worker in
            guard let id = worker.instrument(symbol, in: segment) else { return answer.finish() }
            let rank = worker.pipeline.keeper.withBook(id) { min($0.bids.count - 1, 300) }
            answer.yield(worker.pipeline.keeper.corrupt(id, bidAtRank: rank))
            answer.finish()
        }
        return await answers.first { _ in true } ?? false
    }
}
