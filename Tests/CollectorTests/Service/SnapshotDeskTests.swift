import MarketModel
import Resilience
import Testing

@testable import Collector

@Suite("Who may ask for a snapshot, and when")
struct SnapshotDeskTests {
    /// Always the longest wait that the jitter allows.
    private struct Longest: RandomNumberGenerator {
        mutating func next() -> UInt64 { .max }
    }

    private static let book = InstrumentID(3)
    private static let longest = Duration.seconds(60)

    private static func desk() -> SnapshotDesk<Longest> {
        SnapshotDesk(backoff: Backoff(base: .seconds(1), cap: .seconds(8)), generator: Longest())
    }

    @Test("One request a book is under way, and its end makes room for the next")
    func one() {
        var desk = Self.desk()
        #expect(desk.mayAsk(Self.book, at: 0))
        desk.ask(Self.book, at: 0, longest: Self.longest)
        desk.ask(Self.book, at: 1, longest: Self.longest)
        #expect(!desk.mayAsk(Self.book, at: 99) && desk.mayAsk(InstrumentID(0), at: 99) && desk.asked == 1)
        desk.end(Self.book, served: true, at: 100)
        #expect(desk.mayAsk(Self.book, at: 100) && desk.asked == 0)
    }

    @Test("A book whose requests fail waits longer each time, up to the cap; a served one starts anew")
    func backoff() {
        var desk = Self.desk()
        var now: Int64 = 0
        var waits: [Int64] = []
        for _ in 0..<6 {
            desk.ask(Self.book, at: now, longest: Self.longest)
            desk.end(Self.book, served: false, at: now)
            let start = now
            while !desk.mayAsk(Self.book, at: now) { now += 500_000 }
            waits.append((now - start) / 1_000_000)
        }
        #expect(waits == [1, 2, 4, 8, 8, 8])
        desk.ask(Self.book, at: now, longest: Self.longest)
        desk.end(Self.book, served: true, at: now)
        #expect(desk.mayAsk(Self.book, at: now))
    }

    @Test("A book that was refused for good waits a minute longer than one that only failed")
    func permanent() {
        var desk = Self.desk()
        desk.ask(Self.book, at: 0, longest: Self.longest)
        desk.end(Self.book, served: false, isPermanent: true, at: 0)
        #expect(!desk.mayAsk(Self.book, at: 60_900_000))
        #expect(desk.mayAsk(Self.book, at: 61_000_000))
    }

    @Test("A request whose end is never told is given up after its longest time, counted, and made again")
    func lost() {
        var desk = Self.desk()
        desk.ask(Self.book, at: 5, longest: Self.longest)
        #expect(!desk.mayAsk(Self.book, at: 60_000_004))
        #expect(desk.mayAsk(Self.book, at: 60_000_005))
        desk.ask(Self.book, at: 60_000_005, longest: Self.longest)
        #expect(!desk.mayAsk(Self.book, at: 60_000_006) && desk.asked == 1 && desk.expired == 1)
        desk.end(Self.book, served: true, at: 60_000_007)
        #expect(desk.mayAsk(Self.book, at: 60_000_007) && desk.asked == 0)
    }

    @Test("The end of what was never asked changes nothing")
    func unasked() {
        var desk = Self.desk()
        desk.end(Self.book, served: false, at: 0)
        #expect(desk.mayAsk(Self.book, at: 0) && desk.asked == 0)
    }
}
