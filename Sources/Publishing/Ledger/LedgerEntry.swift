/// One entry of the ledger while it may change.
struct LedgerEntry {
    let id: String
    private(set) var loss: GapLoss
    private(set) var repaired: UInt64 = 0
    /// Ids of trades of its range that are not missing any more.
    private(set) var foundIDs = TradeRuns()
    /// Nothing more will be tried to find what is missing.
    private(set) var isGivenUp = false
    /// How many of a series' missing messages were asked for and did not come.
    private var refused: UInt64 = 0
    private let bornAt: Int64
    private var changedAt: Int64
    /// It says something that was not published yet.
    private(set) var isChanged = true
    private var wasPublished = false
    /// The time that it was last told with, microseconds since the epoch.
    private(set) var toldAt: Int64 = 0

    /// - Parameter now: Microseconds that only go forward.
    init(id: String, _ loss: GapLoss, at now: Int64) {
        self.id = id
        self.loss = loss
        self.bornAt = now
        self.changedAt = now
    }

    /// Takes up an entry of an earlier process, which may have been told or not.
    init(kept id: String, _ loss: GapLoss, foundIDs: TradeRuns, toldAt: Int64 = 0) {
        self.init(id: id, loss, at: 0)
        self.foundIDs = foundIDs
        self.toldAt = toldAt
        self.repaired = self.foundCount
        self.wasPublished = true
    }

    /// Makes an entry of a part of another's loss.
    init(id: String, _ part: GapLoss, of other: LedgerEntry, at now: Int64) {
        self.init(id: id, part, at: now)
        self.foundIDs = other.foundIDs
        self.repaired = self.foundCount
        self.isGivenUp = other.isGivenUp
    }

    /// Whether it names trades by their ids.
    var isOfTrades: Bool { self.loss.of == .messages(.trade) && self.loss.numbering == .tradeID }

    /// Ids of trades that are still missing, as far as they can still be looked for.
    var holes: [ClosedRange<UInt64>] {
        guard self.isOfTrades, self.wasPublished, !self.isGivenUp, self.loss.first <= self.loss.last,
            self.loss.cause.canBeRepaired
        else { return [] }
        return self.foundIDs.missing(in: self.loss.first...self.loss.last)
    }

    /// Whether it is of a series of which an answer may still come.
    var isAwaited: Bool {
        guard self.loss.of == .messages(.kline) || self.loss.of == .messages(.fundingRate),
            let missing = self.loss.missing
        else { return false }
        return self.loss.cause.isOfAbsence && self.repaired &+ self.refused < missing
    }

    /// Takes note of an answer: what was asked for and did not come is given up.
    mutating func answered(found: UInt64, of asked: UInt64, at now: Int64) {
        self.repaired &+= min(found, asked)
        self.refused &+= asked - min(found, asked)
        self.changedAt = now
        self.isChanged = true
    }

    /// Whether it names ids that are missing and may still be found.
    var hasHoles: Bool { self.isOfTrades && self.loss.cause.canBeRepaired && !self.isClosed }

    /// Whether nothing more will be found.
    private var isClosed: Bool {
        guard self.isOfTrades, self.loss.cause.canBeRepaired else { return !self.lasts && !self.isAwaited }
        return self.isGivenUp || self.loss.missing.map { $0 <= self.repaired } ?? true
    }

    /// How many ids of its range were found.
    private var foundCount: UInt64 {
        guard self.loss.numbering == .tradeID, self.loss.first <= self.loss.last else { return 0 }
        let left = self.foundIDs.missing(in: self.loss.first...self.loss.last)
        return left.reduce(self.loss.last - self.loss.first + 1) { $0 - ($1.upperBound - $1.lowerBound + 1) }
    }

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
    mutating func found(_ runs: TradeRuns, at now: Int64) -> UInt64 {
        runs.runs.reduce(0) { $0 &+ self.found($1, at: now) }
    }

    private mutating func found(_ ids: ClosedRange<UInt64>, at now: Int64) -> UInt64 {
        guard self.loss.numbering == .tradeID, let missing = self.loss.missing, missing > self.repaired,
            ids.overlaps(self.loss.first...max(self.loss.first, self.loss.last))
        else { return 0 }
        let pieces = self.foundIDs.missing(
            in: max(ids.lowerBound, self.loss.first)...min(ids.upperBound, self.loss.last))
        guard let first = pieces.first?.lowerBound, let last = pieces.last?.upperBound else { return 0 }
        let count = min(pieces.reduce(0) { $0 + ($1.upperBound - $1.lowerBound + 1) }, missing - self.repaired)
        // Nobody heard of it yet: what came late was not lost.
        if !self.wasPublished, first == self.loss.first, last < self.loss.last, self.repaired == 0 {
            self.loss.first = last + 1
            self.loss.missing = missing - count
        } else if !self.wasPublished, last == self.loss.last, first > self.loss.first, self.repaired == 0 {
            self.loss.last = first - 1
            self.loss.missing = missing - count
        } else {
            for piece in pieces { self.foundIDs.insert(piece) }
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
        // Of what was lost and found this says nothing new.
        var pieces = self.loss.without(runs.without(self.foundIDs))
        let left = pieces.reduce(0) { $0 + ($1.missing ?? 0) }
        guard left < missing else { return (0, []) }
        if pieces.isEmpty {
            self.repaired = missing
        } else {
            self.loss = pieces.removeFirst()
            self.repaired = self.foundCount
        }
        self.changedAt = now
        self.isChanged = true
        return (missing - left, pieces)
    }

    /// Takes note that nothing more will be tried to find what is missing.
    mutating func giveUp(at now: Int64) {
        guard !self.isGivenUp else { return }
        self.isGivenUp = true
        self.changedAt = now
        self.isChanged = true
    }

    /// Gives the entry as it is to be published.
    ///
    /// Of its messages the one with the greatest time counts, so a clock that was set back does not make a later one older.
    ///
    /// - Parameter mayClose: Whether it stays open until its repair has ended.
    mutating func publish(wall: Int64, mayClose: Bool) -> GapEntry {
        self.isChanged = false
        self.wasPublished = true
        self.toldAt = max(self.toldAt, wall)
        return GapEntry(
            id: self.id, subject: self.loss.subject, of: self.loss.of, cause: self.loss.cause,
            range: self.loss.numbering.map { GapRange($0, from: String(self.loss.first), to: String(self.loss.last)) },
            fromMicroseconds: self.loss.fromMicroseconds, toMicroseconds: self.loss.toMicroseconds,
            missing: self.loss.missing, repaired: self.repaired, isClosed: mayClose ? self.isClosed : !self.lasts,
            receivedMicroseconds: self.toldAt)
    }
}
