import ExchangeSimulator
import Foundation
import MarketModel
import Publishing
import Synchronization
import Testing
import Transport
import Venues

@testable import Collector

@Suite("Rotations on real sockets, by the ids of what they carry", .serialized)
struct RotationServiceTests {
    private static let sections: [(segment: SegmentID, market: MarketSegment, symbols: [String])] = [
        (BinanceSegment.usdm.id, .usdm, ["BTCUSDT", "ETHUSDT"]),
        (SegmentID(OKX.id, "swap"), .okxSwap, ["BTC-USDT-SWAP", "ETH-USDT-SWAP"]),
        (SegmentID(Deribit.id, "perpetual"), .deribitPerpetual, ["BTC-PERPETUAL", "ETH-PERPETUAL"]),
    ]

    @Test(
        "Every message of every stream comes once and in order, and no book starts anew, however often sockets rotate")
    func rotations() async throws {
        let types: [DataType] = [.trade, .orderbook, .bbo, .markPrice, .fundingRate, .kline, .liquidation]
        let run = try await RotationRun(Self.sections, types: types, rotateAfter: .seconds(3), overlap: .seconds(2))
        #expect(await run.areLive())
        #expect(try await run.haveRotated(3))
        let received = try await run.stop()
        let losses = run.fixture.service.ledger.counts
        #expect(losses.losses == 0, "\(losses)")

        try await run.checkBooks(received, mayStartAnew: false)
        let truth = MatrixTruth(
            exchange: run.fixture.exchange,
            symbols: Dictionary(uniqueKeysWithValues: Self.sections.map { ($0.segment, $0.symbols) }))
        var newcomers = truth
        newcomers.welcomes = true
        for section in Self.sections {
            for type in types where type != .orderbook {
                let cell = MatrixCell(section: section.segment, type: type)
                let sent = try #require(await truth.list(of: cell), "\(cell)")
                // What the second socket alone is told first says again how things stand.
                let welcomes = try #require(await newcomers.messages(of: cell), "\(cell)")
                for symbol in section.symbols { Self.compare(received, sent, welcomes, cell, symbol) }
            }
        }
        await run.fixture.tearDown()
    }

    /// The messages of a symbol against what was sent between the first and the last of them.
    private static func compare(
        _ received: [RotationRun.Received], _ sent: [MatrixMessage], _ welcomes: Set<MatrixMessage>,
        _ cell: MatrixCell, _ symbol: String
    ) {
        let told = received.filter { $0.type == cell.type.rawValue && $0.message["venue_symbol"]?.plain == symbol }
            .compactMap { MatrixMessage($0.message) }
        #expect(told.count > 1, "\(cell) \(symbol)")
        let times = told.compactMap { $0["event_us"].flatMap { Int64($0) } }
        let counts = Dictionary(grouping: told, by: \.self).mapValues(\.count)
        // Prices that go and come back within a millisecond make messages that are the same, and so do a welcome and a
        // message of the same millisecond on one socket.
        let sentCounts = Dictionary(grouping: sent, by: \.self).mapValues(\.count)
        let twice = counts.filter { told in
            told.value > max(1, (sentCounts[told.key] ?? 0) + (welcomes.contains(told.key) ? 1 : 0))
        }.keys
        #expect(twice.isEmpty, "\(cell): \(twice.first?.description ?? "")")
        // Bars of OKX and Deribit have no time of their own.
        guard let first = times.first, let last = times.last else { return }
        if cell.type != .liquidation { #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }, "\(cell)") }

        let isTold = Set(told)
        var wanted = Set(sent).filter { !welcomes.contains($0) || isTold.contains($0) }.filter {
            $0["venue_symbol"] == symbol
        }
        .compactMap { message in message["event_us"].flatMap { Int64($0) }.map { ($0, message) } }
        .filter { $0.0 > first && $0.0 < last }.sorted { $0.0 < $1.0 }
        switch (cell.type, cell.section.venue) {
        case (.fundingRate, Binance.id), (.markPrice, OKX.id):
            // Of the forms that a message may have, one came.
            let toldTimes = Set(times)
            if cell.type == .fundingRate { return }
            let marks = Set(welcomes.map { [$0["event_us"], $0["mark"]] })
            let missing = wanted.filter { time, message in
                !toldTimes.contains(time) && !marks.contains([message["event_us"], message["mark"]])
            }
            #expect(missing.isEmpty, "\(cell): \(missing.first?.1.description ?? "")")
        case (.markPrice, Deribit.id), (.fundingRate, Deribit.id):
            // One that says what the one before said is not told.
            let words = cell.type == .markPrice ? ["mark", "index"] : ["rate", "settled_rate"]
            var before: [String?]?
            wanted = wanted.filter { _, message in
                defer { before = words.map { message[$0] } }
                return before.map { $0 != words.map { message[$0] } } ?? false
            }
            fallthrough
        default:
            let missing = wanted.filter { !isTold.contains($0.1) }
            #expect(
                missing.isEmpty, "\(cell): \(missing.count) of \(wanted.count), \(missing.first?.1.description ?? "")")
        }
    }

    @Test(
        "Whichever socket dies in an overlap, no trade comes twice and each is there or on the ledger",
        arguments: [0, 1_200])
    func deaths(_ milliseconds: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for section in Self.sections { group.addTask { try await Self.deaths(in: section, after: milliseconds) } }
            try await group.waitForAll()
        }
    }

    private static func deaths(
        in section: (segment: SegmentID, market: MarketSegment, symbols: [String]), after milliseconds: Int
    ) async throws {
        let run = try await RotationRun(
            [section], types: [.trade, .orderbook], rotateAfter: .seconds(4), overlap: .seconds(8))
        #expect(await run.areLive(), "\(section.segment)")
        for age in [SessionAge.oldest, .newest] {
            #expect(await run.haveSockets(2), "\(section.segment) \(age)")
            try await Task.sleep(for: .milliseconds(milliseconds))
            #expect(await run.fixture.exchange.inject(.reset, only: age) == 1)
            #expect(await run.haveSockets(1), "\(section.segment) \(age)")
            #expect(await run.areLive(), "\(section.segment) \(age)")
        }
        try await Task.sleep(for: .seconds(2))
        let received = try await run.stop()
        try await run.checkBooks(received, mayStartAnew: true)
        for symbol in section.symbols {
            let trades = received.filter { $0.type == "trade" && $0.message["venue_symbol"]?.plain == symbol }
            let live = trades.filter { $0.message["backfilled"]?.plain == "false" }
            let ids = trades.compactMap { $0.message["id"]?.plain }
            #expect(ids.count > 2 && Set(ids).count == ids.count, "\(section.segment) \(symbol)")
            let times = live.compactMap { $0.message["event_us"]?.plain.flatMap { Int64($0) } }
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }, "\(section.segment) \(symbol)")

            let truth = MatrixTruth(exchange: run.fixture.exchange, symbols: [section.segment: [symbol]])
            let sent = try #require(await truth.messages(of: MatrixCell(section: section.segment, type: .trade)))
            let between = sent.filter { message in
                guard let time = message["event_us"].flatMap({ Int64($0) }), let first = times.first,
                    let last = times.last
                else { return false }
                return time > first && time < last
            }
            let missing = Set(between.compactMap { $0["id"] }).subtracting(ids)
            let onLedger = run.stillMissing(received, of: symbol)
            #expect(
                missing.count <= onLedger, "\(section.segment) \(symbol): \(missing.count) missing, \(onLedger) told")
        }
        await run.fixture.tearDown()
    }
}
