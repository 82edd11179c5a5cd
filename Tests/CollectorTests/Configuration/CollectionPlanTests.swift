import Testing
import Venues

@testable import Collector

@Suite("The plan of a configuration")
struct CollectionPlanTests {
    private static func plan(_ text: String) throws -> CollectionPlan {
        CollectionPlan(try Configuration.parse(text).configuration)
    }

    @Test("USD-M keeps books and quotes apart from trades, on paths of their own")
    func splitsPaths() throws {
        let plan = try Self.plan("venues: {binance: {usdm: {symbols: [BTCUSDT]}}}")
        #expect(plan.connections.map(\.name) == ["binance-usdm-public-0", "binance-usdm-market-0"])
        #expect(plan.connections.first?.streams.map(\.name) == ["btcusdt@depth@100ms", "btcusdt@bookTicker"])
        #expect(plan.connections.last?.streams.map(\.name) == ["btcusdt@aggTrade", "!contractInfo"])
        #expect(plan.connections.map { $0.endpoints.map(\.path) } == [["/public/stream"], ["/market/stream"]])
    }

    @Test("COIN-M's streams go where they are delivered: the old path, or those that USD-M has")
    func triesPaths() throws {
        let plan = try Self.plan("venues: {binance: {coinm: {symbols: [BTCUSD_PERP]}}}")
        #expect(plan.connections.map(\.name) == ["binance-coinm-public-0", "binance-coinm-market-0"])
        #expect(
            plan.connections.map { $0.endpoints.map(\.path) }
                == [["/stream", "/public/stream"], ["/stream", "/market/stream"]])
        #expect(
            plan.connections.map { $0.streams.map(\.name) } == [
                ["btcusd_perp@depth@100ms", "btcusd_perp@bookTicker"], ["btcusd_perp@aggTrade", "!contractInfo"],
            ])
    }

    @Test("The default paces are the streams without a suffix")
    func defaultPaces() throws {
        let plan = try Self.plan(
            "venues: {binance: {spot: {symbols: [A], types: [orderbook], depth_stream: 1000ms}, "
                + "coinm: {symbols: [B_PERP], types: [orderbook], depth_stream: 250ms}}}")
        #expect(plan.connections.flatMap(\.streams).map(\.name) == ["a@depth", "b_perp@depth"])
    }

    @Test("Streams past a connection's limit open the next")
    func fillsConnections() throws {
        let symbols = (0..<5).map { "S\($0)" }.joined(separator: ", ")
        let plan = try Self.plan("venues: {binance: {spot: {symbols: [\(symbols)], streams_per_connection: 4}}}")
        #expect(plan.connections.map(\.streams.count) == [3, 3, 3, 3, 3])
        #expect(Set(plan.connections.flatMap(\.streams)).count == 15)
        #expect(plan.connections.map(\.name).last == "binance-spot-4")
    }

    @Test("A symbol is on one connection, unless it has more streams than one may carry")
    func keepsSymbolsWhole() throws {
        let two = try Self.plan("venues: {binance: {spot: {symbols: [A, B, C, D, E], streams_per_connection: 7}}}")
        #expect(two.connections.map(\.streams.count) == [6, 6, 3])
        let split = try Self.plan("venues: {binance: {spot: {symbols: [A, B], streams_per_connection: 2}}}")
        #expect(
            split.connections.map { $0.streams.map(\.name) } == [
                ["a@depth@100ms", "a@bookTicker"], ["a@trade", "b@trade"], ["b@depth@100ms", "b@bookTicker"],
            ])
    }

    @Test("A cold start weighs its snapshots and lists, futures together")
    func coldStart() throws {
        let symbols = (0..<200).map { "S\($0)" }.joined(separator: ", ")
        let segment = "{symbols: [\(symbols)]}"
        let plan = try Self.plan("venues: {binance: {spot: \(segment), usdm: \(segment), coinm: \(segment)}}")
        #expect(plan.books == 600)
        #expect(plan.coldStart.map(\.requests) == [201, 402])
        #expect(plan.coldStart.map(\.weight) == [200 * 50 + 20, 400 * 20 + 2])
        #expect(plan.coldStart.map(\.limit) == [4_800, 1_920])
        #expect(plan.coldStart.map(\.wait) == [.seconds(120), .seconds(240)])
    }

    @Test("Only lists are asked for where no books are kept")
    func noBooks() throws {
        let plan = try Self.plan("venues: {binance: {spot: {symbols: [A], types: [trade]}}}")
        #expect(plan.coldStart.map(\.weight) == [20])
        #expect(plan.coldStart.map(\.wait) == [.zero])
        #expect(plan.lines().contains("cold start of 0 books:"))
    }

    @Test(
        "Snapshot weights follow the venue's table",
        arguments: [
            (BinanceSegment.spot, [100: 5, 101: 25, 500: 25, 1_000: 50, 5_000: 250]),
            (.usdm, [50: 2, 100: 5, 500: 10, 1_000: 20]),
        ])
    func weights(segment: BinanceSegment, table: [Int: Int]) {
        for (limit, weight) in table { #expect(BinanceLimits.depthWeight(segment, limit: limit) == weight) }
    }
}
