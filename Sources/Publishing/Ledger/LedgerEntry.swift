/// One entry of the ledger while it may change.
struct LedgerEntry {
    let id: String
    private(set) var loss: GapLoss
    private(set) var repaired: UInt64 = 0
    private let bornAt: Int64
    private var changedAt: Int64
    /// It says something that was not published yet.
    private(set) var isChanged = true
    private var wasPublished = false

    /// - Parameter now: Microseconds that only go forward.
    init(id: String, _ loss: GapLoss, at now: Int64) {
        self.id = id
        self.loss = loss
        self.bornAt = now
        self.changedAt = now
    }

    /// Takes up an entry of an earlier process, which may have been told or not.
    init(kept id: String, _ loss: GapLoss, repaired: UInt64) {
        self.init(id: id, loss, at: 0)
        self.repaired = repaired
        self.wasPublished = true
    }

    /// Whether it names trades by their ids.
    var isOfTrades: Bool { self.loss.of == .messages(.trade) && self.loss.numbering == .tradeID }

    /// Whether its end is still to come.
    var lasts: Bool { self.loss.toMicroseconds == nil }

    /// Whether nothing is left of it and nobody heard of it.
    var isNothing: Bool { !self.wasPublished && self.loss.missing.map { $0 <= self.repaired } ?? false }

    func isDue(at now: Int64, _ limits: GapLedger.Limits) -> Bool {
        now - self.changedAt >= limits.quietMicroseconds
            || (!self.wasPublished && now - self.bornAt >= limits.growthMicroseconds)
            || now - self.bornAt >= limits.growthMicroseconds && now - self.changedAt >= limits.quietMicroseconds / 4
    }

    /// Whether it is published, ended, and nothing has followed it for a while.
    func isOver(at now: Int64, _ limits: GapLedger.Limits) -> Bool {
        !self.isChanged && !self.lasts && now - self.changedAt >= 2 * limits.quietMicroseconds
    }

    /// Takes a loss of the same subject, kind and cause into this entry; false when it is one of its own.
    mutating func join(_ other: GapLoss, at now: Int64) -> Bool {
        guard self.loss.numbering == other.numbering || self.lasts else { return false }
        // Ids tell exactly what is missing only as long as the range has no holes.
        if !self.lasts, other.numbering == .tradeID, other.first != self.loss.last &+ 1 { return false }
        if self.lasts, other.numbering != nil {
            self.loss.numbering = other.numbering
            self.loss.first = other.first
            self.loss.last = other.last
        } else {
            self.loss.first = min(self.loss.first, other.first)
            self.loss.last = max(self.loss.last, other.last)
        }
        self.loss.fromMicroseconds = min(self.loss.fromMicroseconds, other.fromMicroseconds)
        self.loss.toMicroseconds = other.toMicroseconds.map { max($0, self.loss.toMicroseconds ?? $0) }
        if let missing = other.missing { self.loss.missing = (self.loss.missing ?? 0) &+ missing }
        self.changedAt = now
        self.isChanged = true
        return true
    }

    /// Takes note of ids that are not missing any more.
    ///
    /// - Returns: How many of them were counted as missing here.
    mutating func found(_ ids: ClosedRange<UInt64>, at now: Int64) -> UInt64 {
        guard self.loss.numbering == .tradeID, let missing = self.loss.missing, missing > self.repaired,
            ids.overlaps(self.loss.first...max(self.loss.first, self.loss.last))
        else { return 0 }
        let first = max(ids.lowerBound, self.loss.first)
        let last = min(ids.upperBound, self.loss.last)
        let count = min(last - first + 1, missing - self.repaired)
        if first == self.loss.first, last < self.loss.last, self.repaired == 0 {
            self.loss.first = last + 1
            self.loss.missing = missing - count
        } else if last == self.loss.last, first > self.loss.first, self.repaired == 0 {
            self.loss.last = first - 1
            self.loss.missing = missing - count
        } else {
            self.repaired &+= count
        }
        self.changedAt = now
        self.isChanged = true
        return count
    }

    /// Whether it names trades of `place` by their ids.
    func namesTrades(at place: GapSubject) -> Bool {
        self.loss.numbering == .tradeID && self.loss.subject.place == place
    }

    /// Takes out ids that were never lost.
    ///
    /// - Returns: How many they were, and what lies behind a hole in what is left.
    mutating func remove(_ runs: TradeRuns, at now: Int64) -> (found: UInt64, others: [GapLoss]) {
        guard self.loss.numbering == .tradeID, let missing = self.loss.missing, self.loss.first <= self.loss.last else {
            return (0, [])
        }
        var pieces = self.loss.without(runs)
        let left = pieces.reduce(0) { $0 + ($1.missing ?? 0) }
        guard left < missing else { return (0, []) }
        if pieces.isEmpty {
            self.repaired = missing
        } else {
            self.loss = pieces.removeFirst()
            self.repaired = min(self.repaired, self.loss.missing ?? 0)
        }
        self.changedAt = now
        self.isChanged = true
        return (missing - left, pieces)
    }

    /// Gives the entry as it is to be published.
    mutating func publish(wall: Int64) -> GapEntry {
        self.isChanged = false
        self.wasPublished = true
        return GapEntry(
            id: self.id, subject: self.loss.subject, of: self.loss.of, cause: self.loss.cause,
            range: self.loss.numbering.map { GapRange($0, from: String(self.loss.first), to: String(self.loss.last)) },
            fromMicroseconds: self.loss.fromMicroseconds, toMicroseconds: self.loss.toMicroseconds,
            missing: self.loss.missing, repaired: self.repaired, receivedMicroseconds: wall)
    }
}
