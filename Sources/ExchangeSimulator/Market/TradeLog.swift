/// A trade with its time.
struct TimedPrint: Equatable {
    let print: SimulatedMarket.Print
    /// The book's id after it.
    let bookID: UInt64
    /// Wall time, milliseconds.
    let milliseconds: Int64
}

/// The trades of an instrument that can be asked for: the latest that were made, and before them invented ones.
struct TradeLog {
    private static let keptMax = 50_000
    /// Milliseconds between invented trades.
    private static let spacing: Int64 = 250

    let symbol: SimulatedSymbol
    /// The first that was made, not invented.
    let firstID: UInt64
    let startedAt: Int64
    private let seed: UInt64
    private var kept: [TimedPrint] = []

    init(symbol: SimulatedSymbol, firstID: UInt64, startedAt: Int64, seed: UInt64) {
        self.symbol = symbol
        self.firstID = firstID
        self.startedAt = startedAt
        self.seed = seed
    }

    var lastID: UInt64 { self.kept.last?.print.id ?? self.firstID &- 1 }
    /// Those made that are still known, oldest first.
    var made: [TimedPrint] { self.kept }

    mutating func append(_ print: TimedPrint) {
        if self.kept.count == Self.keptMax { self.kept.removeFirst(Self.keptMax / 4) }
        self.kept.append(print)
    }

    /// The trade of an id; `nil` for one that never was or is forgotten.
    func trade(_ id: UInt64) -> TimedPrint? {
        guard id >= self.firstID else { return id > 0 ? self.invented(id) : nil }
        guard let first = self.kept.first?.print.id, id >= first, id <= self.lastID else { return nil }
        return self.kept[Int(id - first)]
    }

    /// Those of a range of ids that are known, oldest first.
    func trades(_ ids: ClosedRange<UInt64>, limit: Int) -> [TimedPrint] {
        guard ids.lowerBound <= self.lastID else { return [] }
        let last = min(ids.upperBound, self.lastID)
        let count = min(UInt64(max(limit, 0)), last - ids.lowerBound + 1)
        return (0..<count).compactMap { self.trade(ids.lowerBound + $0) }
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
        if milliseconds < self.startedAt {
            let back = UInt64(max(self.startedAt - milliseconds, 0) / Self.spacing)
            return back < self.firstID ? max(self.firstID - back, 1) : 1
        }
        return self.kept.first { $0.milliseconds >= milliseconds }?.print.id ?? self.lastID &+ 1
    }

    private func invented(_ id: UInt64) -> TimedPrint {
        var random = RandomSource(seed: self.seed ^ (id &* 0x9E37_79B9_7F4A_7C15))
        let price = self.symbol.startTicks + Int64(random.below(41) - 20) * self.symbol.priceStep
        return TimedPrint(
            print: SimulatedMarket.Print(
                id: id, price: max(price, self.symbol.priceStep),
                size: Int64(2 + random.below(1_000)) * self.symbol.sizeStep, buyerIsMaker: random.below(2) == 0),
            bookID: id, milliseconds: self.startedAt - Int64(self.firstID - id) * Self.spacing)
    }
}
