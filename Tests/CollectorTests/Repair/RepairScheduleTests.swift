import Publishing
import Testing

@testable import Collector

@Suite("When missing trades are looked for")
struct RepairScheduleTests {
    private static func hole(
        _ id: String, _ symbol: String = "BTC-USDT", venue: String = "binance", first: UInt64 = 1, since: Int64 = 0
    ) -> TradeHole {
        TradeHole(
            id: id, subject: GapSubject(venue: venue, market: "spot", symbol: symbol), ids: [first...(first + 4)],
            sinceMicroseconds: since)
    }

    @Test("One search a place at a time, with its holes in the order of their ids")
    func onePlace() throws {
        var schedule = RepairSchedule()
        let holes = [Self.hole("b", first: 50), Self.hole("a", first: 10), Self.hole("c", "ETH-USDT")]
        let searches = schedule.begin(holes, at: 0)
        #expect(Set(searches.map { $0.holes.map(\.id) }) == [["a", "b"], ["c"]])
        #expect(schedule.begin(holes + [Self.hole("d", first: 90)], at: 0).isEmpty)
        #expect(schedule.searching == 2)
    }

    @Test("A venue is asked again at growing pauses, then what it does not have is given up")
    func givesUp() throws {
        var schedule = RepairSchedule()
        let holes = [Self.hole("a")]
        var now: Int64 = 0
        var begun: [Int64] = []
        var over: [String] = []
        while over.isEmpty, now < 3_600_000_000 {
            for search in schedule.begin(holes, at: now) {
                begun.append(now)
                over = schedule.ended(search, as: .asked, at: now)
            }
            now += 1_000_000
        }
        #expect(begun == [0, 2, 12, 72, 372].map { $0 * 1_000_000 })
        #expect(over == ["a"])
    }

    @Test("What is found is forgotten, and asked for anew when it is missing again")
    func forgets() throws {
        var schedule = RepairSchedule()
        let search = try #require(schedule.begin([Self.hole("a")], at: 0).first)
        #expect(schedule.ended(search, as: .asked, at: 0).isEmpty)
        #expect(schedule.begin([Self.hole("a")], at: 1).isEmpty)
        #expect(schedule.begin([], at: 1).isEmpty)
        #expect(schedule.begin([Self.hole("a")], at: 1).count == 1)
    }

    @Test("An answer that does not come costs no try of the venue, but not without end")
    func failures() throws {
        var schedule = RepairSchedule()
        var now: Int64 = 0
        var failures = 0
        var over: [String] = []
        while over.isEmpty, failures < 1_000 {
            for search in schedule.begin([Self.hole("a")], at: now) {
                failures += 1
                over = schedule.ended(search, as: .failed, at: now)
            }
            now += 1_000_000
        }
        #expect(failures == RepairSchedule.failuresMost && now > 3_600_000_000)
    }

    @Test("A full queue is tried again in a second, however often")
    func crowded() throws {
        var schedule = RepairSchedule()
        for second in 0..<200 {
            let search = try #require(schedule.begin([Self.hole("a")], at: Int64(second) * 1_000_000).first)
            #expect(schedule.ended(search, as: .crowded, at: Int64(second) * 1_000_000).isEmpty)
        }
    }

    @Test("What a venue does not serve is given up at once")
    func impossible() throws {
        var schedule = RepairSchedule()
        let search = try #require(schedule.begin([Self.hole("a")], at: 0).first)
        #expect(schedule.ended(search, as: .impossible, at: 0) == ["a"])
    }

    @Test("A place with very many holes is searched part by part, and none is given up that was not asked for")
    func parts() throws {
        var schedule = RepairSchedule()
        let holes = (0..<150).map { Self.hole("\($0)", first: UInt64($0) * 10 + 1) }
        var found: [String] = []
        for _ in 0..<3 {
            let search = try #require(schedule.begin(holes, at: 0).first)
            found += search.holes.map(\.id)
            #expect(schedule.ended(search, as: .asked, at: 0).isEmpty)
        }
        #expect(found == holes.map(\.id))
        #expect(schedule.begin(holes, at: 0).isEmpty)
    }

    @Test(
        "An answer is published twenty trades at a time, without a hole between the parts",
        arguments: [(1...1, 1), (1...20, 1), (1...21, 2), (7...1_006, 50), (UInt64.max - 30...UInt64.max, 2)]
            as [(ClosedRange<UInt64>, Int)])
    func portions(ids: ClosedRange<UInt64>, count: Int) {
        let parts = GapRepairer.parts(of: ids)
        #expect(parts.count == count)
        #expect(parts.first?.lowerBound == 0 && parts.last?.upperBound == UInt64.max)
        #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.upperBound + 1 == $1.lowerBound })
        #expect(parts.allSatisfy { $0.clamped(to: ids).count <= 20 })
    }

    @Test("Searches are bounded a venue, the longest missing first")
    func bounded() {
        var schedule = RepairSchedule(searchesMost: 2)
        let holes =
            (0..<5).map { Self.hole("\($0)", "S\($0)", since: Int64(10 - $0)) }
            + [Self.hole("x", "X", venue: "okx", since: 100)]
        #expect(schedule.begin(holes, at: 0).map { $0.holes[0].id } == ["4", "3", "x"])
        #expect(schedule.begin(holes, at: 0).isEmpty)
    }
}
