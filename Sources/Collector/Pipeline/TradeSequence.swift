package import MarketModel

/// The trades of one instrument by their ids: what came twice, what came late, what is missing.
package struct TradeSequence: Sendable, Equatable {
    /// The greatest id so far.
    package private(set) var last: UInt64 = 0
    package private(set) var taken: UInt64 = 0
    package private(set) var duplicates: UInt64 = 0
    /// Ids that were passed over and have not come since.
    package private(set) var missing: UInt64 = 0
    package private(set) var jumps: UInt64 = 0
    /// Trades that came after one with a greater id, as they do when two sockets overlap.
    package private(set) var late: UInt64 = 0
    /// Bit k says that the id `last - k` was taken.
    private var recent: UInt64 = 0

    package init() {}

    /// Takes a trade; false for one that was seen already, or so old that it cannot be told.
    ///
    /// A venue that does not count its trades gives 0, and every trade is taken.
    @inline(__always)
    package mutating func take(_ trade: Trade) -> Bool {
        let id = trade.sequence
        guard id != 0 else {
            self.taken &+= 1
            return true
        }
        if self.taken > 0 {
            guard id > self.last else { return self.takeLate(self.last &- id) }
            let step = id &- self.last
            if step > 1 {
                self.missing &+= step &- 1
                self.jumps &+= 1
            }
            self.recent = step < 64 ? self.recent << step : 0
        }
        self.last = id
        self.recent |= 1
        self.taken &+= 1
        return true
    }

    private mutating func takeLate(_ age: UInt64) -> Bool {
        // What came before the first trade was never missed, and is not known to be new.
        guard age < 64, self.recent & (1 << age) == 0, self.missing > 0 else {
            self.duplicates &+= 1
            return false
        }
        self.recent |= 1 << age
        self.missing &-= 1
        self.late &+= 1
        self.taken &+= 1
        return true
    }
}
