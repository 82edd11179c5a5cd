import MarketModel
import TestSupport
import Testing

@testable import OrderBook

@Suite("One side of a book")
struct BookSideTests {
    /// Applies frames to a side and to a dictionary, and compares them after each.
    private static func compare(
        _ kind: BookSide.Kind, seed: UInt64, frames: Int, spread: Int64, perFrame: ClosedRange<Int>, isSorted: Bool
    ) {
        var generator = SeededGenerator(seed: seed)
        var side = BookSide(kind, retain: nil)
        var truth: [Int64: Int64] = [:]
        for frame in 0..<frames {
            var levels: [Level] = []
            for _ in 0..<Int.random(in: perFrame, using: &generator) {
                let price = 1_000 + Int64.random(in: 0...spread, using: &generator)
                let isRemoved = Int.random(in: 0..<3, using: &generator) == 0
                levels.append(Level(price: price, size: isRemoved ? 0 : Int64.random(in: 1...9, using: &generator)))
            }
            if isSorted {
                levels.sort { kind == .bids ? $0.price > $1.price : $0.price < $1.price }
            }
            side.apply(levels)
            for level in levels { truth[level.price] = level.size == 0 ? nil : level.size }
            let expected = truth.sorted { kind == .bids ? $0.key > $1.key : $0.key < $1.key }
                .map { Level(price: $0.key, size: $0.value) }
            var held: [Level] = []
            for rank in 0..<side.count { held.append(side.level(atRank: rank)) }
            guard held == expected else {
                Issue.record("frame \(frame) of seed \(seed): \(held.prefix(9)) for \(expected.prefix(9))")
                return
            }
        }
        #expect(!truth.isEmpty)
    }

    @Test("Frames sorted from the best give what a dictionary gives", arguments: [BookSide.Kind.bids, .asks])
    func sorted(_ kind: BookSide.Kind) {
        for seed in 0..<20 {
            Self.compare(kind, seed: UInt64(seed), frames: 300, spread: 400, perFrame: 1...30, isSorted: true)
        }
    }

    @Test(
        "Frames in any order, with a price more than once, give the last size", arguments: [BookSide.Kind.bids, .asks])
    func unsorted(_ kind: BookSide.Kind) {
        for seed in 0..<20 {
            Self.compare(kind, seed: UInt64(seed), frames: 300, spread: 60, perFrame: 1...40, isSorted: false)
        }
    }

    @Test("A frame of thousands of levels is taken whole")
    func large() {
        for seed in 0..<5 {
            Self.compare(
                .bids, seed: UInt64(seed), frames: 20, spread: 100_000, perFrame: 500...3_000, isSorted: seed % 2 == 0)
        }
    }

    @Test("An update that says what is known already changes nothing")
    func unchanged() {
        var side = BookSide(.asks, retain: nil)
        side.beginFrame()
        var changes: [Bool] = []
        for (key, size) in [(Int64(-10), Int64(5)), (-11, 0), (-12, 4), (-12, 4), (-12, 0), (-12, 0)] {
            changes.append(side.update(key: key, size: size))
        }
        let count = side.count
        #expect(changes == [true, false, true, false, true, false] && count == 1)
    }

    @Test("What lies below the trusted range is not taken")
    func untrusted() {
        var side = BookSide(.bids, retain: 2)
        side.apply([Level(price: 10, size: 1), Level(price: 9, size: 1), Level(price: 8, size: 1)])
        side.trim(slack: 0)
        side.apply([Level(price: 9, size: 0), Level(price: 8, size: 7)])
        let (count, best) = (side.count, side.best)
        #expect(count == 1 && best == Level(price: 10, size: 1))
    }

    @Test("Sides that are known whole are compared whole", arguments: [BookSide.Kind.bids, .asks])
    func wholeSides(_ kind: BookSide.Kind) {
        var side = BookSide(kind, retain: 10)
        var same = BookSide(kind, retain: 10)
        var other = BookSide(kind, retain: 10)
        side.apply([Level(price: 10, size: 1), Level(price: 11, size: 2)])
        same.apply([Level(price: 11, size: 2), Level(price: 10, size: 1)])
        other.apply([Level(price: 10, size: 1), Level(price: 11, size: 3)])
        for key in [Int64.min, -FixedPoint.mantissaMax, -12] {
            let agrees = side.agrees(with: same, downTo: key)
            let differs = !side.agrees(with: other, downTo: key)
            #expect(agrees && differs, "down to \(key)")
        }
        let isNothingCompared = side.agrees(with: other, downTo: .max)
        #expect(isNothingCompared)
    }
}
