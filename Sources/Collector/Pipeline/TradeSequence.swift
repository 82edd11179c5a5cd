package import MarketModel
package import Publishing

/// The trades of one instrument by their ids: what came twice, what came late, what is missing.
package struct TradeSequence: Sendable {
    /// The greatest id so far.
    package private(set) var last: UInt64 = 0
    package private(set) var taken: UInt64 = 0
    package private(set) var duplicates: UInt64 = 0
    /// Ids that were passed over and have not come since.
    package private(set) var missing: UInt64 = 0
    package private(set) var jumps: UInt64 = 0
    /// The ids passed over by the last jump, and whether it was at the first trade of a connection or of the process.
    package private(set) var lastJump: (ids: ClosedRange<UInt64>, cause: GapCause)?
    /// Trades that came after one with a greater id, as they do when two sockets overlap.
    package private(set) var late: UInt64 = 0
    /// Times that the venue counted anew.
    package private(set) var restarts: UInt64 = 0
    /// Bit k says that the id `last - k` was taken.
    private var recent: UInt64 = 0
    /// The next trade is the first of a new connection.
    private var isFirstOfConnection = false
    /// `last` is what the process before this one had.
    private var isResumed = false
    /// The last of a row of ids far below `last`, and how many follow one another in it.
    private var rowID: UInt64 = 0
    private var rowCount = 0
    /// Ids in a row that are believed against a greater one.
    private static let rowMax = 8
    /// No two sockets are this many trades apart.
    private static let farBelow: UInt64 = 1 << 20

    package init() {}

    /// Takes a trade; false for one that was seen already, or so old that it cannot be told.
    ///
    /// A venue that does not count its trades gives 0, and every trade is taken. An aggregate covers the ids from its first
    /// to its last, and follows when its first one does.
    @inline(__always)
    package mutating func take(_ trade: Trade) -> Bool {
        let id = trade.sequence
        guard id != 0 else {
            self.taken &+= 1
            return true
        }
        if self.taken > 0 || self.isResumed {
            guard id > self.last else { return self.takeLate(trade) }
            let first = min(trade.firstSequence, id)
            if first > self.last &+ 1 {
                self.missing &+= first &- self.last &- 1
                self.jumps &+= 1
                self.lastJump = (self.last &+ 1...first &- 1, self.cause)
            }
            let step = id &- self.last
            self.recent = step < 64 ? self.recent << step : 0
        }
        self.isFirstOfConnection = false
        self.isResumed = false
        self.last = id
        self.recent |= Self.bits(of: trade)
        self.taken &+= 1
        return true
    }

    private var cause: GapCause { self.isResumed ? .restart : self.isFirstOfConnection ? .reconnect : .tradeJump }

    /// Goes on behind the last trade that a process before this one brought to safety.
    package mutating func resume(after id: UInt64) {
        guard self.taken == 0, id > 0 else { return }
        self.last = id
        self.recent = 1
        self.isResumed = true
        self.isFirstOfConnection = true
    }

    /// Takes note that the connection ended: a venue that was down may count anew.
    package mutating func connectionEnded() {
        self.isFirstOfConnection = true
    }

    /// A bit for each id of a trade, the last one's lowest, as far as they are remembered.
    @inline(__always)
    private static func bits(of trade: Trade) -> UInt64 {
        let others = trade.sequence &- min(trade.firstSequence, trade.sequence)
        return others < 63 ? (1 << (others &+ 1)) &- 1 : .max
    }

    private mutating func takeLate(_ trade: Trade) -> Bool {
        let id = trade.sequence
        let age = self.last &- id
        // What came before the first trade was never missed, and is not known to be new.
        guard age < 64, self.recent & (1 << age) == 0, self.missing > 0 else {
            if self.isRestart(trade, age) { return true }
            self.duplicates &+= 1
            return false
        }
        let count = id &- min(trade.firstSequence, id) &+ 1
        self.recent |= Self.bits(of: trade) << age
        self.missing &-= min(count, self.missing)
        self.late &+= 1
        self.taken &+= 1
        return true
    }

    /// Whether the venue counts anew: the first trade of a new connection is older than any that sockets could bring
    /// twice, or ids follow one another far below one that was thus no id.
    private mutating func isRestart(_ trade: Trade, _ age: UInt64) -> Bool {
        guard age >= 64 else { return false }
        let id = trade.sequence
        self.rowCount = trade.firstSequence == self.rowID &+ 1 ? self.rowCount &+ 1 : 1
        self.rowID = id
        guard self.isFirstOfConnection || (age > Self.farBelow && self.rowCount >= Self.rowMax) else { return false }
        self.restarts &+= 1
        self.last = id
        self.recent = Self.bits(of: trade)
        self.taken &+= 1
        self.isFirstOfConnection = false
        self.isResumed = false
        self.rowCount = 0
        return true
    }
}
