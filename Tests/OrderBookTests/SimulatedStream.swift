import TestSupport
import MarketModel

/// A venue's true book and the frames that change it.
struct SimulatedStream {
    struct Update {
        var before: UInt64
        var last: UInt64
        var bids: [Level]
        var asks: [Level]
    }

    private(set) var book = NaiveBook()
    private(set) var last: UInt64 = 1_000
    private var middle: Int64 = 10_000
    private var generator: SeededGenerator
    private let spread: Int64

    init(seed: UInt64, levels: Int) {
        self.generator = SeededGenerator(seed: seed)
        self.spread = Int64(levels) * 2
        for offset in 1...Int64(levels) {
            self.book.bids[self.middle - offset] = 1 + Int64.random(in: 0...99, using: &self.generator)
            self.book.asks[self.middle + offset] = 1 + Int64.random(in: 0...99, using: &self.generator)
        }
    }

    /// Changes the true book and gives the frame that says so.
    mutating func next() -> Update {
        if Int.random(in: 0..<8, using: &self.generator) == 0 {
            self.middle += Int64.random(in: -3...3, using: &self.generator)
        }
        var bids: [Level] = []
        var asks: [Level] = []
        // Levels that the price has crossed go first, so that the book never crosses.
        for price in self.book.bids.keys where price >= self.middle { bids.append(Level(price: price, size: 0)) }
        for price in self.book.asks.keys where price <= self.middle { asks.append(Level(price: price, size: 0)) }
        for _ in 0..<Int.random(in: 0...6, using: &self.generator) {
            let distance = 1 + Int64.random(in: 0..<self.spread, using: &self.generator)
            let near = 1 + Int64.random(in: 0..<6, using: &self.generator)
            let offset = Bool.random(using: &self.generator) ? near : distance
            let size =
                Int.random(in: 0..<3, using: &self.generator) == 0
                ? 0 : Int64.random(in: 1...99, using: &self.generator)
            if Bool.random(using: &self.generator) {
                bids.append(Level(price: self.middle - offset, size: size))
            } else {
                asks.append(Level(price: self.middle + offset, size: size))
            }
        }
        if Bool.random(using: &self.generator) {
            bids.sort { $0.price > $1.price }
        } else {
            bids.shuffle(using: &self.generator)
        }
        self.book.apply(bids: bids, asks: asks)
        let before = self.last
        self.last += UInt64.random(in: 1...5, using: &self.generator)
        return Update(before: before, last: self.last, bids: bids, asks: asks)
    }
}
