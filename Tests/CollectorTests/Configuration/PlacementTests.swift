import Collector
import Testing
import Venues

@Suite("Placement of connections on loops")
struct PlacementTests {
    private static func plan(streamsPerConnection: Int) throws -> CollectionPlan {
        let symbols = (0..<12).map { "S\($0)USDT" }.joined(separator: ", ")
        let text = """
            instance: test
            venues:
              binance:
                spot: {symbols: [\(symbols)], streams_per_connection: \(streamsPerConnection)}
                usdm: {symbols: [\(symbols)], streams_per_connection: \(streamsPerConnection)}
            """
        return CollectionPlan(try Configuration.parse(text).configuration)
    }

    @Test("A symbol's connections share a loop, and loops share the streams", arguments: [6, 7, 200])
    func together(_ streamsPerConnection: Int) throws {
        let plan = try Self.plan(streamsPerConnection: streamsPerConnection)
        let placement = plan.placement(loops: 2)
        #expect(placement.count == plan.connections.count)
        var loops: [String: Set<Int>] = [:]
        for (connection, loop) in zip(plan.connections, placement) {
            for stream in connection.streams {
                loops["\(connection.segment) \(stream.symbol ?? "")", default: []].insert(loop)
            }
        }
        #expect(loops.values.allSatisfy { $0.count == 1 })
        #expect(Set(placement) == [0, 1])
    }

    @Test("Six hundred streams of two hundred symbols on one path are spread over the loops")
    func spreads() throws {
        let symbols = (0..<200).map { "S\($0)USDT" }.joined(separator: ", ")
        let plan = CollectionPlan(
            try Configuration.parse("venues: {binance: {spot: {symbols: [\(symbols)], streams_per_connection: 200}}}")
                .configuration)
        let placement = plan.placement(loops: 2)
        var load = [0, 0]
        for (connection, loop) in zip(plan.connections, placement) { load[loop] += connection.streams.count }
        #expect(load.reduce(0, +) == 600)
        #expect(load.allSatisfy { $0 >= 200 })
    }
}
