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
    /// The ids passed over by the last jump, whether it was at the first trade of a connection or of the process, and
    /// when the trade before it was received, microseconds since the epoch.
    package private(set) var lastJump: (ids: ClosedRange<UInt64>, cause: GapCause, since: Int64)?
    /// Trades that came after one with a greater id, as they do when two sockets overlap.
    package private(set) var late: UInt64 = 0
    /// Times that the venue counted anew.
    package private(set) var restarts: UInt64 = 0
    /// Trades that were missed and fetched.
    package private(set) var repaired: UInt64 = 0
    /// Ids that were passed over and have not come since; the oldest are forgotten when there are too many runs.
    private var open = TradeRuns()
    /// Ids that came late or were fetched: they are not to be fetched again.
    private var filled = TradeRuns()
    /// When the last trade was received, microseconds since the epoch.
    private var lastReceived: Int64 = 0
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

    /// How a trade follows those before it.
    package enum Place: Equatable, Sendable {
        case next
        /// Ids were passed over in front of it: `lastJump`.
        case behindHole
        /// It was missing until now.
        case late
        /// The first of those that the venue counts anew.
        case anew
        /// It was seen already, or is so old that it cannot be told.
        case repeated
    }

    package init() {}

    /// Takes a trade.
    ///
    /// A venue that does not count its trades gives 0, and every trade is taken. An aggregate covers the ids from its first
    /// to its last, and follows when its first one does.
    @inline(__always)
    package mutating func take(_ trade: Trade) -> Place {
        let id = trade.sequence
        guard id != 0 else {
            self.taken &+= 1
            return .next
        }
        var place = Place.next
        if self.taken > 0 || self.isResumed {
            guard id > self.last else { return self.takeLate(trade) }
            let first = min(trade.firstSequence, id)
            if first > self.last &+ 1 {
                self.missing &+= first &- self.last &- 1
                self.jumps &+= 1
                place = .behindHole
                // Further on stands an id that was none, or what nobody will bring late.
                if first &- self.last <= Self.farBelow { self.open.insert(self.last &+ 1...first &- 1) }
                self.lastJump = (self.last &+ 1...first &- 1, self.cause, self.lastReceived)
            }
        }
        self.isFirstOfConnection = false
        self.isResumed = false
        self.last = id
        self.lastReceived = trade.receivedMicroseconds
        self.taken &+= 1
        return place
    }

    private var cause: GapCause { self.isResumed ? .restart : self.isFirstOfConnection ? .reconnect : .tradeJump }

    /// Goes on behind the last trade that a process before this one brought to safety.
    ///
    /// - Parameter microseconds: When that was, since the epoch.
    package mutating func resume(after id: UInt64, at microseconds: Int64) {
        guard self.taken == 0, id > 0 else { return }
        self.last = id
        self.lastReceived = microseconds
        self.isResumed = true
        self.isFirstOfConnection = true
    }

    /// Takes note that the connection ended: a venue that was down may count anew.
    package mutating func connectionEnded() {
        self.isFirstOfConnection = true
    }

    // MARK: - Repairing

    /// Whether a trade that was fetched is one that did not come since.
    ///
    /// Whoever fetched it knows that it was not had when it was missed.
    package func wants(_ trade: Trade) -> Bool {
        trade.sequence != 0 && trade.sequence < self.last && !self.filled.contains(trade.sequence)
    }

    /// Takes note that a trade which was fetched is passed on.
    package mutating func repair(_ trade: Trade) {
        self.fill(trade)
        self.repaired &+= 1
    }

    private mutating func fill(_ trade: Trade) {
        let ids = min(trade.firstSequence, trade.sequence)...trade.sequence
        let left = self.open.without(TradeRuns(ids))
        self.missing &-= min(self.open.total - left.total, self.missing)
        self.open = left
        self.filled.insert(ids)
    }

    // MARK: - What comes late or anew

    private mutating func takeLate(_ trade: Trade) -> Place {
        let id = trade.sequence
        // What came before the first trade was never missed, and is not known to be new.
        guard self.open.contains(id) else {
            if self.isRestart(trade, self.last &- id) { return .anew }
            self.duplicates &+= 1
            return .repeated
        }
        self.fill(trade)
        self.late &+= 1
        self.taken &+= 1
        return .late
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
        self.lastReceived = trade.receivedMicroseconds
        self.open = TradeRuns()
        self.filled = TradeRuns()
        self.taken &+= 1
        self.isFirstOfConnection = false
        self.isResumed = false
        self.rowCount = 0
        return true
    }
}
