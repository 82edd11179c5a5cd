import TestSupport
import Testing
import Venues

@testable import Collector

@Suite("Which book is compared next")
struct AuditRotaTests {
    private static let books = (0..<20).map { AuditedBook(segment: OKXSegment.spot.id, symbol: "S\($0)") }

    @Test("Each round visits every book once, in an order that the seed sets")
    func rounds() throws {
        var rota = AuditRota(using: SeededGenerator(seed: 1))
        var same = AuditRota(using: SeededGenerator(seed: 1))
        var orders: [[AuditedBook]] = []
        for _ in 0..<3 {
            let round = Self.books.compactMap { _ in rota.next { Self.books } }
            let again = Self.books.compactMap { _ in same.next { Self.books } }
            #expect(Set(round) == Set(Self.books) && round == again)
            orders.append(round)
        }
        #expect(Set(orders).count == 3 && orders[0] != Self.books)
    }

    @Test("Who joins is visited in the next round; without books there is nothing to visit")
    func joining() {
        var rota = AuditRota(using: SeededGenerator(seed: 2))
        #expect(rota.next { [] } == nil)
        var asked = 0
        for _ in 0..<19 {
            _ = rota.next {
                asked += 1
                return Array(Self.books.prefix(19))
            }
        }
        #expect(asked == 1 && rota.count == 0)
        let round = Self.books.compactMap { _ in rota.next { Self.books } }
        #expect(round.contains(Self.books[19]))
    }

    @Test("A book that could not be compared comes again at the end of the round, three times in all")
    func again() throws {
        var rota = AuditRota(using: SeededGenerator(seed: 3))
        let first = try #require(rota.next { Self.books })
        rota.tryAgain(first)
        for _ in 0..<19 { #expect(rota.next { Self.books } != first) }
        #expect(rota.next { Self.books } == first)
        rota.tryAgain(first)
        #expect(rota.next { Self.books } == first)
        rota.tryAgain(first)
        #expect(rota.count == 0)
        // The next round has patience anew.
        let round = Self.books.compactMap { _ in rota.next { Self.books } }
        #expect(Set(round) == Set(Self.books))
        rota.tryAgain(first)
        #expect(rota.count == 1)
    }
}
