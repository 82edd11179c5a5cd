import MarketModel
import TestSupport
import Testing
import Venues

@testable import Collector

@Suite("Which connection carries what")
struct ConnectionRosterTests {
    private static let spot = BinanceSegment.spot.id
    private static let usdm = BinanceSegment.usdm.id

    /// What the default types of these symbols need.
    private static func wishes(_ symbols: [String], _ segment: SegmentID) throws -> [ConnectionRoster.Wish] {
        let segment = try #require(VenueCatalog.segment(segment))
        return SegmentSettings(segment).wishes(for: symbols, in: segment)
    }

    private static func symbols(_ numbers: Range<Int>) -> [String] { numbers.map { "S\($0)USDT" } }

    @Test("A symbol's connections share a loop, and loops share the streams", arguments: [6, 7, 200])
    func together(_ most: Int) throws {
        var roster = ConnectionRoster(loops: 2)
        for segment in [Self.spot, Self.usdm] {
            _ = roster.update(
                segment, wishes: try Self.wishes(Self.symbols(0..<12), segment), streamsPerConnection: most)
        }
        var loops: [String: Set<Int>] = [:]
        for connection in roster.connections {
            #expect(connection.streams.count <= most)
            for stream in connection.streams {
                loops["\(connection.segment) \(stream.symbol ?? "")", default: []].insert(connection.loop)
            }
        }
        #expect(loops.count == 24 && loops.values.allSatisfy { $0.count == 1 })
        #expect(Set(roster.connections.map(\.loop)) == [0, 1])
        #expect(Set(roster.connections.map(\.name)).count == roster.connections.count)
    }

    @Test("Six hundred streams of two hundred symbols on one path are spread over the loops")
    func spreads() throws {
        var roster = ConnectionRoster(loops: 2)
        _ = roster.update(
            Self.spot, wishes: try Self.wishes(Self.symbols(0..<200), Self.spot), streamsPerConnection: 200)
        var load = [0, 0]
        for connection in roster.connections { load[connection.loop] += connection.streams.count }
        #expect(load.reduce(0, +) == 600 && load.allSatisfy { $0 >= 200 })
    }

    @Test("What comes later fills the room there is; what goes leaves the others where they are")
    func changes() throws {
        var roster = ConnectionRoster(loops: 2)
        _ = roster.update(Self.spot, wishes: try Self.wishes(["A", "B", "C"], Self.spot), streamsPerConnection: 6)
        let before = roster.connections
        #expect(before.map(\.streams.count) == [6, 3])
        let joined = roster.update(
            Self.spot, wishes: try Self.wishes(["A", "B", "C", "D"], Self.spot), streamsPerConnection: 6)
        #expect(joined.count == 1)
        guard case .add(let streams, let connection) = try #require(joined.first) else {
            Issue.record("a connection with room was not used: \(joined)")
            return
        }
        #expect(streams.map(\.symbol) == ["D", "D", "D"] && connection.name == before[1].name)
        let left = roster.update(
            Self.spot, wishes: try Self.wishes(["B", "C", "D"], Self.spot), streamsPerConnection: 6)
        guard case .remove(let gone, let from) = try #require(left.first), left.count == 1 else {
            Issue.record("one symbol left, and more changed: \(left)")
            return
        }
        #expect(gone.map(\.symbol) == ["A", "A", "A"] && from.name == before[0].name)
        #expect(
            roster.update(
                Self.spot, wishes: try Self.wishes(["B", "C", "D"], Self.spot), streamsPerConnection: 6) == [])
        // The last one's connection goes with it, and its name is not used again.
        let ended = roster.update(
            Self.spot, wishes: try Self.wishes(["C", "D"], Self.spot), streamsPerConnection: 6)
        #expect(ended.map(\.connection.name) == ["binance-spot-0"])
        let back = roster.update(
            Self.spot, wishes: try Self.wishes(["C", "D", "B"], Self.spot), streamsPerConnection: 6)
        #expect(back.map(\.connection.name) == ["binance-spot-2"])
        #expect(back.first?.connection.loop == before[0].loop, "a symbol comes back to its loop")
    }

    @Test("Applied to what is open, the changes always give what is wished for; 300 random universes")
    func random() throws {
        var generator = SeededGenerator(seed: 1)
        let segment = try #require(VenueCatalog.segment(Self.usdm))
        let all = SegmentSettings(segment).wishes(for: Self.symbols(0..<40), in: segment)
        var roster = ConnectionRoster(loops: 3)
        var open: [UInt32: Set<VenueStream>] = [:]
        var loops: [String: Int] = [:]
        for _ in 0..<300 {
            let wishes = all.filter { _ in Bool.random(using: &generator) }
            for change in roster.update(Self.usdm, wishes: wishes, streamsPerConnection: 9) {
                let number = change.connection.number
                switch change {
                case .open(let connection):
                    #expect(open[number] == nil)
                    open[number] = Set(connection.streams)
                case .add(let streams, _):
                    #expect(open[number]?.isDisjoint(with: streams) == true)
                    open[number]?.formUnion(streams)
                case .remove(let streams, _):
                    #expect(open[number]?.isSuperset(of: streams) == true)
                    open[number]?.subtract(streams)
                case .close: open[number] = nil
                }
                for stream in change.connection.streams {
                    let symbol = stream.symbol ?? ""
                    #expect(loops[symbol, default: change.connection.loop] == change.connection.loop)
                    loops[symbol] = change.connection.loop
                }
            }
            #expect(open.values.allSatisfy { !$0.isEmpty && $0.count <= 9 })
            #expect(open.values.reduce(into: Set()) { $0.formUnion($1) } == Set(wishes.flatMap(\.streams)))
        }
    }
}
