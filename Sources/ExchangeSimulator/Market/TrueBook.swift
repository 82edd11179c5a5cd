/// A price with what stands at it, both in the instrument's smallest units.
package struct BookLevel: Equatable, Sendable {
    package var price: Int64
    package var size: Int64

    package init(price: Int64, size: Int64) {
        self.price = price
        self.size = size
    }
}

/// One side of a true book, worst level first, without a depth limit.
struct TrueBookSide {
    let isBid: Bool
    private(set) var levels: [BookLevel] = []

    init(isBid: Bool) {
        self.isBid = isBid
    }

    var best: BookLevel? { self.levels.last }
    var worst: BookLevel? { self.levels.first }

    /// The best `limit` levels, best first.
    func top(_ limit: Int) -> [BookLevel] { self.levels.suffix(limit).reversed() }

    /// Puts `size` at `price`; zero removes the level.
    mutating func set(_ price: Int64, to size: Int64) {
        var low = 0
        var high = self.levels.count
        while low < high {
            let middle = (low + high) / 2
            let isWorse = self.isBid ? self.levels[middle].price < price : self.levels[middle].price > price
            if isWorse { low = middle + 1 } else { high = middle }
        }
        let isPresent = low < self.levels.count && self.levels[low].price == price
        switch (isPresent, size == 0) {
        case (true, true): self.levels.remove(at: low)
        case (true, false): self.levels[low].size = size
        case (false, true): break
        case (false, false): self.levels.insert(BookLevel(price: price, size: size), at: low)
        }
    }

    mutating func removeAll() {
        self.levels.removeAll(keepingCapacity: true)
    }
}

/// A book as the venue itself has it, with the id of its last change.
package struct TrueBook: Sendable {
    var bids = TrueBookSide(isBid: true)
    var asks = TrueBookSide(isBid: false)
    /// Id of the last change in it.
    package var lastID: UInt64 = 0

    /// The best `limit` levels of both sides, best first.
    package func top(_ limit: Int) -> BookTop {
        BookTop(lastID: self.lastID, bids: self.bids.top(limit), asks: self.asks.top(limit))
    }
}

extension TrueBookSide: Sendable {}

/// The best levels of a true book, best first.
package struct BookTop: Equatable, Sendable {
    package let lastID: UInt64
    package let bids: [BookLevel]
    package let asks: [BookLevel]
}
