package import MarketModel

/// The trades of one instrument by their ids: what came twice, what is missing.
package struct TradeSequence: Sendable, Equatable {
    package private(set) var last: UInt64 = 0
    package private(set) var taken: UInt64 = 0
    package private(set) var duplicates: UInt64 = 0
    package private(set) var missing: UInt64 = 0
    package private(set) var jumps: UInt64 = 0

    package init() {}

    /// Takes a trade; false for one that was seen already.
    ///
    /// A venue that does not count its trades gives 0, and every trade is taken.
    @inline(__always)
    package mutating func take(_ trade: Trade) -> Bool {
        guard trade.sequence != 0 else {
            self.taken &+= 1
            return true
        }
        if self.taken > 0 {
            guard trade.sequence > self.last else {
                self.duplicates &+= 1
                return false
            }
            let gap = trade.sequence &- self.last &- 1
            if gap > 0 {
                self.missing &+= gap
                self.jumps &+= 1
            }
        }
        self.last = trade.sequence
        self.taken &+= 1
        return true
    }
}
