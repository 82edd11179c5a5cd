import Collector
import Testing

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
                loops["\(connection.segment) \(stream.prefix { $0 != "@" })", default: []].insert(loop)
            }
        }
        #expect(loops.values.allSatisfy { $0.count == 1 })
        #expect(Set(placement) == [0, 1])
    }
}
