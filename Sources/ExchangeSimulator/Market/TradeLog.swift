/// A trade with its time.
struct TimedPrint: Equatable {
    let print: SimulatedMarket.Print
    /// The book's id after it.
    let bookID: UInt64
    /// Wall time, milliseconds.
    let milliseconds: Int64
}

/// The trades of an instrument that can be asked for: the latest that were made, and before them those of the past.
///
/// Of more made than `keptMax` the oldest are forgotten.
struct TradeLog {
    private static let keptMax = 50_000

    let past: PastMarket
    /// The first that was made, right behind the past's last.
    let firstID: UInt64
    private let oldestID: UInt64
    private var kept: [TimedPrint] = []

    init(past: PastMarket) {
        self.past = past
        let ids = past.ids
        self.oldestID = ids.lowerBound
        self.firstID = ids.upperBound
    }

    var symbol: SimulatedSymbol { self.past.symbol }
    var lastID: UInt64 { self.kept.last?.print.id ?? self.firstID &- 1 }
    /// All that there are.
    var ids: Range<UInt64> { self.oldestID..<max(self.lastID &+ 1, self.oldestID) }
    var startedAt: Int64 { self.past.until }

    mutating func append(_ print: TimedPrint) {
        if self.kept.count == Self.keptMax { self.kept.removeFirst(Self.keptMax / 4) }
        self.kept.append(print)
    }

    /// The trade of an id; `nil` for one that never was or is forgotten.
    func trade(_ id: UInt64) -> TimedPrint? {
        guard id >= self.firstID else { return id >= self.oldestID ? self.past.trade(id) : nil }
        guard let first = self.kept.first?.print.id, id >= first, id <= self.lastID else { return nil }
        return self.kept[Int(id - first)]
    }

    /// An id, or the first behind it that is not forgotten.
    func known(_ id: UInt64) -> UInt64 {
        id < self.firstID ? id : max(id, self.kept.first?.print.id ?? id)
    }

    /// Those of a range of ids that are known, oldest first.
    func trades(_ ids: ClosedRange<UInt64>, limit: Int) -> [TimedPrint] {
        let first = max(ids.lowerBound, self.oldestID)
        let last = min(ids.upperBound, self.lastID)
        guard first <= last else { return [] }
        let count = min(UInt64(max(limit, 0)), last - first + 1)
        return (0..<count).compactMap { self.trade(first + $0) }
    }

    /// The last `limit` up to `id`, oldest first.
    func trades(upTo id: UInt64, limit: Int) -> [TimedPrint] {
        let last = min(id, self.lastID)
        guard last > 0, limit > 0 else { return [] }
        let first = last > UInt64(limit) ? last - UInt64(limit) + 1 : 1
        return self.trades(first...last, limit: limit)
    }

    /// The id of the first trade at or after a time; one past the last where there is none.
    func firstID(from milliseconds: Int64) -> UInt64 {
        if milliseconds <= self.startedAt { return max(self.past.firstID(from: milliseconds), self.oldestID) }
        var (low, high) = (0, self.kept.count)
        while low < high {
            let middle = (low + high) / 2
            if self.kept[middle].milliseconds < milliseconds { low = middle + 1 } else { high = middle }
        }
        return low < self.kept.count ? self.kept[low].print.id : self.lastID &+ 1
    }
}
