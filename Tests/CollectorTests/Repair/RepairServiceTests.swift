import ExchangeSimulator
import Foundation
import MarketModel
import Publishing
import Synchronization
import Testing
import Venues

@testable import Collector

@Suite("Missed trades are fetched", .serialized, .timeLimit(.minutes(4)))
struct RepairServiceTests {
    /// What a `trade` message says of its place.
    private struct Told: Decodable {
        let venue: String
        let market: String
        let symbol: String
        let sequence: String
        let first_sequence: String
        let backfilled: Bool
        let aggregated: Bool

        var place: String { "\(self.venue) \(self.market) \(self.symbol)" }
        var ids: ClosedRange<UInt64> { (UInt64(self.first_sequence) ?? 0)...(UInt64(self.sequence) ?? 0) }
    }

    private static let text = """
        instance: test
        venues:
          binance:
            spot: {symbols: [BTCUSDT], types: [trade, orderbook]}
            usdm: {symbols: [BTCUSDT], types: [trade, orderbook]}
          okx:
            spot: {symbols: [BTC-USDT], types: [trade, orderbook]}
            swap: {symbols: [BTC-USDT-SWAP], types: [trade, orderbook]}
          deribit:
            perpetual: {symbols: [BTC-PERPETUAL], types: [trade, orderbook]}
        http: {enabled: false}
        heartbeat: {interval: 1s}
        """
    /// With the streams of their trades.
    private static let segments: [(segment: MarketSegment, stream: String)] = [
        (.spot, "btcusdt@trade"), (.usdm, "btcusdt@aggTrade"), (.okxSpot, "trades:BTC-USDT"),
        (.okxSwap, "trades:BTC-USDT-SWAP"), (.deribitPerpetual, "trades.BTC-PERPETUAL.100ms"),
    ]

    private static func options(_ fixture: ServiceFixture) -> NATSConnectionOptions {
        NATSConnectionOptions(addresses: [fixture.server.url])
    }

    /// All trades that the stream holds, in its order.
    private static func stored(_ fixture: ServiceFixture) throws -> [Told] {
        var told: [Told] = []
        var failure: (any Error)?
        let reader = try StreamReader(connecting: Self.options(fixture))
        let request = StreamReader.Request(
            "MARKET_DATA", from: .first, filter: "md.trade.>", deadline: .now + .seconds(30))
        _ = try reader.read(request) { message in
            do {
                told.append(try JSONDecoder().decode(Told.self, from: Data(message.payload)))
            } catch {
                failure = error
            }
            return failure == nil
        }
        if let failure { throw failure }
        return told
    }

    /// The newest message of each entry about trades.
    private static func entries(_ fixture: ServiceFixture) throws -> [GapMessage] {
        var report = GapReport(filter: .init(types: ["trade"]))
        let reader = try StreamReader(connecting: Self.options(fixture))
        _ = try reader.read(.init("GAPS", from: .first, deadline: .now + .seconds(30))) { message in
            report.add(payload: message.payload)
            return true
        }
        return report.entries
    }

    /// Waits until every place has more stored trades than before by a number; false at the deadline.
    private static func grow(_ fixture: ServiceFixture, by count: Int, places: Int) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        var before: [String: Int]?
        while ContinuousClock.now < deadline {
            let now = Dictionary(grouping: try Self.stored(fixture), by: \.place).mapValues(\.count)
            if now.count == places {
                if let before, now.allSatisfy({ $0.value >= (before[$0.key] ?? 0) + count }) { return true }
                before = before ?? now
            }
            try await Task.sleep(for: .milliseconds(300))
        }
        return false
    }

    private static func untilRepaired(_ fixture: ServiceFixture, atLeast count: UInt64) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let entries = try Self.entries(fixture)
            let repaired = entries.reduce(0) { $0 + $1.repaired }
            if repaired >= count, entries.allSatisfy({ $0.closed == true }) { return true }
            try await Task.sleep(for: .milliseconds(300))
        }
        return false
    }

    /// Expects that every id from a place's first to its last is stored once, and live ones in their order.
    private static func expectWhole(_ stored: [Told], _ context: String) {
        for (place, trades) in Dictionary(grouping: stored, by: \.place) {
            let ids = trades.map(\.ids).sorted { $0.lowerBound < $1.lowerBound }
            let breaks = zip(ids, ids.dropFirst()).filter { $0.upperBound + 1 != $1.lowerBound }
            #expect(breaks.isEmpty, "\(context): \(place) has holes or repeats: \(breaks.prefix(3))")
            for isBackfilled in [false, true] {
                let row = trades.filter { $0.backfilled == isBackfilled }.map(\.ids.lowerBound)
                let isInOrder = zip(row, row.dropFirst()).allSatisfy { $0 < $1 }
                #expect(isInOrder, "\(context): \(place), backfilled \(isBackfilled)")
            }
        }
    }

    @Test("Frames that were dropped and sockets that broke: each trade is stored once, and the ledger says repaired")
    func repaired() async throws {
        let fixture = try await ServiceFixture(
            simulator: SimulatorConfiguration(segments: Self.segments.map(\.segment)), text: Self.text)
        #expect(try await Self.grow(fixture, by: 20, places: 5), "trades flow")
        for (segment, stream) in Self.segments {
            #expect(await fixture.exchange.inject(.drop, segment: segment, stream: stream, count: 3) > 0, "\(stream)")
        }
        #expect(try await Self.grow(fixture, by: 20, places: 5))
        for (segment, _) in Self.segments { _ = await fixture.exchange.inject(.reset, segment: segment) }
        #expect(try await Self.grow(fixture, by: 20, places: 5), "every socket is back")
        let isRepaired = try await Self.untilRepaired(fixture, atLeast: 5)
        let told = try Self.entries(fixture)
        #expect(isRepaired, "\(told)")
        try await fixture.stopService()
        let stored = try Self.stored(fixture)
        #expect(Set(stored.map(\.place)).count == 5)
        Self.expectWhole(stored, "stream")
        #expect(Set(stored.filter(\.backfilled).map(\.venue)) == ["binance", "okx", "deribit"])
        #expect(stored.allSatisfy { !($0.backfilled && $0.venue == "okx" && $0.aggregated) })
        let entries = try Self.entries(fixture)
        #expect(entries.allSatisfy { $0.stillMissing == 0 && $0.missing == $0.repaired && $0.closed == true })
        await fixture.tearDown()
    }

    @Test("A hole of more ids than a venue ever had costs a bounded number of requests")
    func endless() async throws {
        let fixture = try await ServiceFixture(
            simulator: SimulatorConfiguration(segments: Self.segments.map(\.segment)), text: Self.text)
        #expect(try await Self.grow(fixture, by: 5, places: 5), "trades flow")
        let (first, last) = (UInt64(1) << 50, UInt64(1) << 60)
        fixture.service.ledger.record(
            GapLoss(
                GapSubject(venue: "binance", market: "spot", symbol: "BTC-USDT"), of: .messages(.trade),
                cause: .tradeJump, from: 1, to: 2, missing: last - first + 1
            ).numbered(.tradeID, first, last))
        let deadline = ContinuousClock.now + .seconds(60)
        var counts = GapRepairer.Counts()
        repeat {
            try await Task.sleep(for: .milliseconds(200))
            counts = fixture.service.repairer.withLock { $0?.counts } ?? counts
        } while (counts.requests == 0 || counts.searching > 0) && ContinuousClock.now < deadline
        #expect(counts.searching == 0 && counts.requests <= 2 * UInt64(GapRepairer.emptyPagesMost), "\(counts)")
        try await fixture.stopService()
        await fixture.tearDown()
    }
}
