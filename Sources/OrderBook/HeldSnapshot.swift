import MarketModel

/// A snapshot that is ahead of its book, held until the book has caught up.
struct HeldSnapshot {
    var last: UInt64
    var bids: [Level]
    var asks: [Level]

    var bytes: Int { (self.bids.capacity + self.asks.capacity) * MemoryLayout<Level>.stride }

    /// The same levels at wider scales; nil when one does not fit.
    func rescaled(price: UInt8, size: UInt8) -> HeldSnapshot? {
        var copy = self
        for index in copy.bids.indices {
            guard let level = copy.bids[index].rescaled(price: price, size: size) else { return nil }
            copy.bids[index] = level
        }
        for index in copy.asks.indices {
            guard let level = copy.asks[index].rescaled(price: price, size: size) else { return nil }
            copy.asks[index] = level
        }
        return copy
    }
}
