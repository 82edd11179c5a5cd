import Testing
import TestSupport

@testable import Backfill

@Suite("Stretches of time that are complete")
struct TimeRangesTests {
    @Test("Those that touch are one, and what lies between two is missing")
    func joins() {
        var ranges = TimeRanges([10..<20, 40..<50])
        #expect(ranges.missing(in: 0..<60) == [0..<10, 20..<40, 50..<60])
        ranges.insert(20..<40)
        #expect(ranges.ranges == [10..<50])
        #expect(ranges.missing(in: 10..<50).isEmpty)
        #expect(ranges.missing(in: 30..<55) == [50..<55])
    }

    @Test("Random stretches give what a set of instants gives", arguments: 0..<40)
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var ranges = TimeRanges()
        var instants: Set<Int64> = []
        for _ in 0..<30 {
            let start = Int64.random(in: -50..<50, using: &generator)
            let range = start..<start + Int64.random(in: 0..<15, using: &generator)
            ranges.insert(range)
            instants.formUnion(range)
        }
        #expect(Set(ranges.ranges.flatMap { Array($0) }) == instants)
        #expect(zip(ranges.ranges, ranges.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
        let missing = ranges.missing(in: -60..<70)
        #expect(Set(missing.flatMap { Array($0) }) == Set(-60..<70).subtracting(instants))
        #expect(ranges.totalMilliseconds == Int64(instants.count))
    }
}
