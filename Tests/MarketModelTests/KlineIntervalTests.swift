import MarketModel
import Testing

@Suite("Lengths of bars")
struct KlineIntervalTests {
    private static let day: Int64 = 86_400_000_000

    @Test(
        "A bar ended in a stretch of time that holds its end, the first and the last moment included",
        arguments: [
            (60_000_000...60_000_000, true), (0...59_999_999, false), (60_000_001...70_000_000, false),
            (0...Int64.max, true), (Int64.min...0, false),
        ] as [(ClosedRange<Int64>, Bool)])
    func minute(_ stretch: ClosedRange<Int64>, _ isEnded: Bool) {
        #expect(KlineInterval.minute1.ended(barOpenedAt: 0, in: stretch) == isEnded)
    }

    @Test("A month that is over may have ended 28 to 31 days after it opened")
    func month() {
        for (days, isEnded) in [(27, false), (28, true), (30, true), (31, true), (32, false)] as [(Int64, Bool)] {
            #expect(KlineInterval.month1.ended(barOpenedAt: 0, in: (days * Self.day)...(days * Self.day)) == isEnded)
        }
    }

    @Test("A bar that cannot end did not", arguments: KlineInterval.allCases)
    func never(_ interval: KlineInterval) {
        #expect(!interval.ended(barOpenedAt: .max, in: .min ... .max))
    }
}
