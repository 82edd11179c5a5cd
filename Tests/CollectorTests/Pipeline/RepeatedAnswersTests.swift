import MarketModel
import Testing

@testable import Collector

/// Says of each figure whether it is passed on.
private struct Passed {
    var answers = RepeatedAnswers()

    mutating func ratio(_ ratio: LongShortRatio) -> Bool { self.answers.take(ratio) }
    mutating func index(_ index: VolatilityIndex) -> Bool { self.answers.take(index) }
}

@Suite("Figures that are asked for again and again")
struct RepeatedAnswersTests {
    private static func ratio(
        _ text: String, at time: Int64, received: Int64, _ kind: LongShortRatio.Kind = .allAccount
    ) -> LongShortRatio {
        LongShortRatio(
            instrument: InstrumentID(0), kind: kind, ratio: DecimalValue(text) ?? .none,
            periodMicroseconds: 300_000_000, eventTime: Timestamp(microseconds: time), receivedMicroseconds: received)
    }

    private static func bar(_ close: String, at time: Int64, received: Int64) -> VolatilityIndex {
        VolatilityIndex(
            instrument: InstrumentID(0), close: DecimalValue(close) ?? .none, resolutionMicroseconds: 60_000_000,
            eventTime: Timestamp(microseconds: time), receivedMicroseconds: received)
    }

    @Test("One measurement is told once, however often it is asked for; another kind is another series")
    func once() {
        var passed = Passed()
        let told = [
            passed.ratio(Self.ratio("1.5", at: 100, received: 1)),
            passed.ratio(Self.ratio("1.50", at: 100, received: 2)),
            passed.ratio(Self.ratio("1.4", at: 90, received: 3)),
            passed.ratio(Self.ratio("1.5", at: 100, received: 4, .topAccount)),
            // Another value of the same time is news.
            passed.ratio(Self.ratio("1.6", at: 100, received: 5)),
            passed.ratio(Self.ratio("1.6", at: 200, received: 6)),
        ]
        #expect(told == [true, false, false, true, true, true])
        #expect(passed.answers.repeats == 2)
    }

    @Test(
        "An answer of many is taken whole in either order, without what the one before said", arguments: [false, true])
    func many(_ isNewestFirst: Bool) {
        var passed = Passed()
        var taken: [Int64] = []
        for time in [Int64(1), 2, 3] where passed.index(Self.bar("50", at: time, received: 1)) { taken.append(time) }
        let times: [Int64] = isNewestFirst ? [6, 5, 4, 3, 2] : [2, 3, 4, 5, 6]
        for time in times where passed.index(Self.bar("50", at: time, received: 2)) { taken.append(time) }
        if passed.index(Self.bar("51", at: 7, received: 3)) { taken.append(7) }
        #expect(taken.sorted() == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test("A value as it stands is always told")
    func ticks() {
        var passed = Passed()
        let tick = VolatilityIndex(
            instrument: InstrumentID(0), close: .zero, eventTime: Timestamp(microseconds: 1), receivedMicroseconds: 1)
        let told = (0..<3).map { _ in passed.index(tick) }
        #expect(told == [true, true, true])
    }
}
