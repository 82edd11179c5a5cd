import Collector
import ExchangeSimulator
import Foundation
import MarketModel
import Testing
import Venues

@Suite("Every kind of data of every section, from the exchange's socket or answer to a subscriber", .serialized)
struct MatrixTests {
    @Test("Each cell brings messages that fit their schema and say what the exchange said, units included")
    func cells() async throws {
        let run = try await MatrixRun()
        let wanted = MatrixCell.all.flatMap { cell in
            (run.symbols[cell.section] ?? []).flatMap { symbol in Self.needs(cell).map { (cell, symbol, $0) } }
        }
        #expect(MatrixCell.all.allSatisfy { !(run.symbols[$0.section] ?? []).isEmpty })
        func missing(_ received: [MatrixRun.Received]) -> [String] {
            let byCell = Dictionary(grouping: received.filter { $0.cell != nil }, by: \.cell)
            return wanted.filter { cell, symbol, need in
                !(byCell[cell] ?? []).contains { $0.message["venue_symbol"]?.plain == symbol && need.holds($0.message) }
            }.map { "\($0.0) of \($0.1): no \($0.2.name)" }
        }
        let isComplete = try await run.wait(atMost: .seconds(120)) { missing($0).isEmpty }
        #expect(isComplete, "\(missing(run.received).prefix(20))")

        await run.fixture.exchange.pause()
        // Everything sent before the pause is published once no queue holds anything any more.
        try await Task.sleep(for: .seconds(3))
        try await run.stop()
        #expect(run.dropped == 0)
        let received = run.received
        try await Self.checkSchemas(received, in: run.fixture.directory)
        let truth = MatrixTruth(exchange: run.fixture.exchange, symbols: run.symbols)
        for cell in MatrixCell.all {
            let messages = received.filter { $0.cell == cell }
            if cell.type == .orderbook {
                try await Self.checkBooks(messages, of: cell, run)
            } else {
                await Self.check(messages, of: cell, truth)
            }
        }
        let strays = Set(received.compactMap(\.cell)).subtracting(MatrixCell.all)
        #expect(strays.isEmpty, "published and not offered: \(strays)")
        await run.fixture.tearDown()
    }

    @Test("What a section does not offer is refused with its reason")
    func refusals() throws {
        var count = 0
        for segment in VenueCatalog.segments {
            for type in DataType.allCases {
                guard case .refused(let reason) = segment.offer(of: type) else { continue }
                count += 1
                let text = """
                    venues:
                      \(segment.id.venue):
                        \(segment.id.name): {symbols: [\(segment.exampleSymbol)], types: [\(type.rawValue)]}
                    """
                let error = #expect(throws: ConfigurationError.self) { try Configuration.parse(text) }
                let told = "\(type.rawValue) cannot be collected from \(segment.title): \(reason)"
                #expect(!reason.isEmpty && error?.description.contains(told) == true, "\(segment.id) \(type)")
            }
        }
        #expect(count + MatrixCell.all.count == VenueCatalog.segments.count * DataType.allCases.count)
        #expect(count > 0)
    }

    // MARK: - Checks

    /// What has to come of each instrument.
    private struct Need {
        let name: String
        let holds: (ExactJSON) -> Bool

        init(_ name: String, _ holds: @escaping (ExactJSON) -> Bool = { _ in true }) {
            self.name = name
            self.holds = holds
        }
    }

    /// A message of each cell, and of some both kinds that there are.
    private static func needs(_ cell: MatrixCell) -> [Need] {
        switch (cell.type, cell.section.venue) {
        case (.orderbook, _):
            [
                Need("live book") { $0["state"]?.plain == "live" }, Need("delta") { $0["previous_sequence"] != nil },
            ]
        case (.kline, Deribit.id):
            [
                Need("bar that grows") { $0["confirmed"]?.plain == "false" },
                Need("confirmed bar") { $0["confirmed"]?.plain == "true" },
            ]
        case (.kline, _):
            [
                Need("bar that grows") { $0["closed"]?.plain == "false" },
                Need("closed bar") { $0["closed"]?.plain == "true" },
            ]
        case (.fundingRate, Binance.id): [Need("rate with its interval") { $0["interval_us"]?.plain != "null" }]
        case (.markPrice, OKX.id): [Need("mark with its index") { $0["index"]?.plain != "null" }]
        case (.volatilityIndex, _):
            [
                Need("value") { $0["resolution_us"]?.plain == "null" },
                Need("bar") { $0["resolution_us"]?.plain != "null" },
            ]
        default: [Need("message")]
        }
    }

    private static func checkSchemas(_ received: [MatrixRun.Received], in directory: String) async throws {
        var lines = Data()
        for message in received {
            lines.append(contentsOf: message.payload)
            lines.append(UInt8(ascii: "\n"))
        }
        let child = try ChildProcess(
            TestPaths.python, [TestPaths.root + "/scripts/validate-messages"], in: directory, input: lines)
        let result = try await child.result(atMost: .seconds(180))
        #expect(result.status == 0, "\(result.output.suffix(1_500)) \(result.errors.suffix(600))")
    }

    /// Every message of a cell says what the exchange sent at some time.
    private static func check(_ received: [MatrixRun.Received], of cell: MatrixCell, _ truth: MatrixTruth) async {
        guard let allowed = await truth.messages(of: cell) else {
            Issue.record("no check of \(cell)")
            return
        }
        #expect(!received.isEmpty, "\(cell)")
        for message in received {
            guard let told = MatrixMessage(message.message), allowed.contains(told) else {
                let text = String(decoding: message.payload, as: UTF8.self)
                let near = allowed.first { $0["event_us"] == message.message["event_us"]?.plain } ?? allowed.first
                Issue.record("\(cell): published \(text), sent for one \(near?.description ?? "nothing")")
                return
            }
        }
    }

    /// The last view of each book is the exchange's own, and the deltas lead from view to view.
    private static func checkBooks(_ received: [MatrixRun.Received], of cell: MatrixCell, _ run: MatrixRun) async throws
    {
        var follower = BookFollower()
        for message in received { try follower.take(message.payload) }
        #expect(follower.problems.isEmpty, "\(cell): \(follower.problems.prefix(5))")
        #expect(follower.comparedViews > 0 && follower.appliedDeltas > 0, "\(cell)")
        let market = try #require(MarketSegment(cell.section))
        let word = cell.section.name == "spot" ? "spot" : cell.section.name == "option" ? "option" : "perpetual"
        let unit =
            switch (cell.section.venue, cell.section.name) {
            case (Binance.id, "coinm"), (OKX.id, "swap"): "contracts"
            case (Deribit.id, "perpetual"): "quote"
            default: "base"
            }
        #expect(received.allSatisfy { $0.message["unit"]?.plain == unit }, "\(cell)")
        for symbol in run.symbols[cell.section] ?? [] {
            let truth = try #require(await run.fixture.exchange.book(of: symbol, in: market, limit: 100))
            let held = try #require(follower.last["\(word).\(symbol)"], "\(cell) \(symbol)")
            let known = try #require(SimulatedSymbol.standard(market).first { $0.symbol == symbol })
            #expect(held.bids == known.text(truth.bids), "\(cell) \(symbol)")
            #expect(held.asks == known.text(truth.asks), "\(cell) \(symbol)")
        }
    }
}

extension SimulatedSymbol {
    /// The exchange's levels as messages write them.
    func text(_ levels: [BookLevel]) -> [String: String] {
        func decimal(_ units: Int64, _ digits: Int) -> String {
            let text = String(units)
            let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
            guard digits > 0 else { return padded }
            return ExactJSON.canonical("\(padded.dropLast(digits)).\(padded.suffix(digits))") ?? ""
        }
        return Dictionary(
            uniqueKeysWithValues: levels.map {
                (decimal($0.price, self.priceDecimals), decimal($0.size, self.sizeDecimals))
            })
    }
}
