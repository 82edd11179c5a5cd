import Testing
import Venues

@Suite("Binance's wording of subscriptions")
struct BinanceDialectTests {
    private static func machine(_ segment: String, _ names: [String]) throws -> Subscriptions {
        let venue = Binance()
        let section = try #require(venue.segments.first { $0.id.name == segment })
        let dialect = venue.dialect(for: section, limits: VenueLimits(venue.limits))
        return Subscriptions(
            streams: names.map { VenueStream($0, symbol: nil, types: [], route: VenueRoute("", paths: [])) },
            dialect: dialect, acknowledgeTimeout: .seconds(10))
    }

    @Test("Names stand in a list, a quote or backslash in them escaped")
    func wording() throws {
        var machine = try Self.machine("spot", ["a@trade", #"q"\@trade"#])
        #expect(
            machine.nextMessage(now: 0)
                == .send(#"{"method":"SUBSCRIBE","params":["a@trade","q\"\\@trade"],"id":1}"#))
        machine.acknowledged(id: 1)
        machine.unsubscribeAll()
        #expect(
            machine.nextMessage(now: 10_000_000)
                == .send(#"{"method":"UNSUBSCRIBE","params":["a@trade","q\"\\@trade"],"id":2}"#))
    }

    @Test(
        "Each second has room for a pong among the messages that the venue takes", arguments: ["spot", "usdm", "coinm"])
    func spacing(_ segment: String) throws {
        var machine = try Self.machine(segment, (0..<2_000).map { "s\($0)@trade" })
        var times: [Int64] = []
        var now: Int64 = 0
        for _ in 0..<40 {
            switch machine.nextMessage(now: now) {
            case .send: times.append(now)
            case .wait(let until): now = until
            case .done: break
            }
        }
        #expect(times.count == 20)
        let allowed = segment == "spot" ? 5 : 10
        for time in times {
            #expect(times.count { $0 >= time && $0 < time + 1_000_000 } < allowed)
        }
    }
}
