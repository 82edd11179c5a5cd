import MarketModel
import Testing

@testable import Collector

@Suite("Bars that were missed")
struct SeriesRepairerTests {
    private static let minute: Int64 = 60_000_000

    @Test("Those that ended in a stretch of time are counted, both its ends included")
    func ended() {
        let minute = Self.minute
        #expect(SeriesRepairer.barsEnded(.minute1, in: 10 * minute + 1...11 * minute - 1) == 0)
        #expect(SeriesRepairer.barsEnded(.minute1, in: 10 * minute...10 * minute) == 1)
        #expect(SeriesRepairer.barsEnded(.minute1, in: 10 * minute + 1...12 * minute) == 2)
        #expect(SeriesRepairer.barsEnded(.minute5, in: 10 * minute...25 * minute) == 4)
        #expect(SeriesRepairer.barsEnded(.month1, in: 10 * minute...25 * minute) == 0, "a month has no fixed length")
    }

    @Test("Pages begin with the bar that was open, follow each other without a hole, and end now")
    func pages() throws {
        let minute = Self.minute
        let pages = SeriesRepairer.pages(.minute1, 1_000 * minute...1_600 * minute, now: 1_601 * minute)
        #expect(pages.map(\.lowerBound) == [999, 1_249, 1_499].map { $0 * minute })
        #expect(zip(pages, pages.dropFirst()).allSatisfy { $0.upperBound + 1 == $1.lowerBound })
        #expect(pages.last?.upperBound == 1_601 * minute)
    }

    @Test("A hole of years asks for a bounded number of pages, the newest ones")
    func bounded() {
        let now = 50_000_000 * Self.minute
        let pages = SeriesRepairer.pages(.minute1, 1...2, now: now)
        #expect(pages.count == 180 && pages.last?.upperBound == now)
    }
}
