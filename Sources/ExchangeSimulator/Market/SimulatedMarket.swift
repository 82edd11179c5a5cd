/// One instrument that trades by seed: its true book, what changed since the last depth message, and its trades.
///
/// Pure: the caller says how many steps to make and when to collect the depth message. Spot ids rise by one with each
/// change; other ids belong to the whole venue, so they jump.
struct SimulatedMarket {
    /// A trade as it happened.
    struct Print: Equatable {
        let id: UInt64
        let price: Int64
        let size: Int64
        let buyerIsMaker: Bool
    }

    /// What one depth message covers.
    struct Change: Equatable {
        let firstID: UInt64
        let lastID: UInt64
        /// `lastID` of the message before.
        let previousID: UInt64
        let bids: [BookLevel]
        let asks: [BookLevel]
    }

    let segment: MarketSegment
    let symbol: SimulatedSymbol
    /// The id the book began with; every message's ids are larger.
    let firstID: UInt64
    private(set) var book = TrueBook()
    private(set) var tradesMade: UInt64 = 0
    private(set) var lastTradeID: UInt64

    private var random: RandomSource
    private var touchedBids: [Int64] = []
    private var touchedAsks: [Int64] = []
    private var pendingFirstID: UInt64?
    private var sentID: UInt64
    private let levelsMax: Int
    /// Of 256 steps, how many more push the price up than down.
    private var drift = 0

    /// - Parameters:
    ///   - levels: Levels a side at the start; the book stays near that.
    ///   - lastTradeID: Of the trade before its first; `nil` for one of the seed's.
    init(segment: MarketSegment, symbol: SimulatedSymbol, levels: Int, seed: UInt64, lastTradeID: UInt64? = nil) {
        var random = RandomSource(seed: seed)
        self.segment = segment
        self.symbol = symbol
        self.levelsMax = max(levels, 20)
        self.firstID = 1_000_000 + UInt64(random.below(1_000_000_000))
        let seededID = 1_000 + UInt64(random.below(1_000_000))
        self.lastTradeID = lastTradeID ?? seededID
        self.sentID = self.firstID
        self.random = random
        self.book.lastID = self.firstID
        var bid = symbol.startTicks - symbol.priceStep
        var ask = symbol.startTicks
        for _ in 0..<self.levelsMax {
            if bid > 0 { self.book.bids.set(bid, to: self.randomSize()) }
            self.book.asks.set(ask, to: self.randomSize())
            bid -= self.randomSteps(3)
            ask += self.randomSteps(3)
        }
    }

    /// Changes the book once, perhaps by a trade.
    mutating func step() -> Print? {
        if self.random.below(512) == 0 { self.drift = self.random.below(129) - 64 }
        let isBid = self.random.below(256) < 128 + self.drift
        switch self.random.below(100) {
        case 0..<10: return self.trade(buyerIsMaker: !isBid)
        case 10..<40: self.improve(isBid: isBid)
        case 40..<60: self.cancel(isBid: isBid)
        default: self.resize(isBid: isBid)
        }
        self.keepDepth(isBid: isBid)
        return nil
    }

    /// Takes what changed since the last call, as one depth message; `nil` when nothing did.
    mutating func takeChange() -> Change? {
        guard let first = self.pendingFirstID else { return nil }
        let change = Change(
            firstID: first, lastID: self.book.lastID, previousID: self.sentID,
            bids: Self.sizes(of: &self.touchedBids, in: self.book.bids),
            asks: Self.sizes(of: &self.touchedAsks, in: self.book.asks))
        self.sentID = self.book.lastID
        self.pendingFirstID = nil
        return change
    }

    /// Lets the book's ids start over, smaller than before: OKX's maintenance.
    mutating func restartIDs() {
        self.book.lastID = 1 + UInt64(self.random.below(10_000))
        self.pendingFirstID = self.book.lastID
    }

    // MARK: Steps

    private mutating func set(_ price: Int64, to size: Int64, isBid: Bool) {
        guard price > 0 else { return }
        self.book.lastID &+= self.segment.jumpsIDs ? 1 + UInt64(self.random.below(60)) : 1
        self.pendingFirstID = self.pendingFirstID ?? self.book.lastID
        if isBid {
            self.book.bids.set(price, to: size)
            self.touchedBids.append(price)
        } else {
            self.book.asks.set(price, to: size)
            self.touchedAsks.append(price)
        }
    }

    private mutating func trade(buyerIsMaker: Bool) -> Print? {
        let side = buyerIsMaker ? self.book.bids : self.book.asks
        guard side.levels.count > 10, let best = side.best else { return nil }
        var taken = self.random.below(3) == 0 ? best.size : min(best.size, self.randomSize())
        // OKX tells a trade of two matches as one, and each of them needs a size.
        if self.segment.venue == .okx, taken < 2 || best.size - taken < 2 { taken = best.size }
        self.set(best.price, to: best.size - taken, isBid: buyerIsMaker)
        self.lastTradeID &+= 1
        self.tradesMade &+= 1
        return Print(id: self.lastTradeID, price: best.price, size: taken, buyerIsMaker: buyerIsMaker)
    }

    /// Adds a level inside the spread, or between others where there is none.
    private mutating func improve(isBid: Bool) {
        guard let bid = self.book.bids.best?.price, let ask = self.book.asks.best?.price else { return }
        let spread = (ask - bid) / self.symbol.priceStep
        if spread > 1, self.random.below(2) == 0 {
            let step = self.randomSteps(Int(min(spread - 1, 3)))
            self.set(isBid ? bid + step : ask - step, to: self.randomSize(), isBid: isBid)
        } else {
            let away = Int64(self.random.below(40)) * self.symbol.priceStep
            self.set(isBid ? bid - away : ask + away, to: self.randomSize(), isBid: isBid)
        }
    }

    private mutating func cancel(isBid: Bool) {
        guard let level = self.randomLevel(isBid: isBid, keeping: 10) else { return }
        self.set(level.price, to: 0, isBid: isBid)
    }

    private mutating func resize(isBid: Bool) {
        guard let level = self.randomLevel(isBid: isBid, keeping: 0) else { return }
        self.set(level.price, to: self.randomSize(), isBid: isBid)
    }

    /// Adds far levels where few are left and drops the worst where there are many.
    private mutating func keepDepth(isBid: Bool) {
        let side = isBid ? self.book.bids : self.book.asks
        guard let worst = side.worst else { return }
        if side.levels.count < self.levelsMax {
            let away = self.randomSteps(3)
            self.set(isBid ? worst.price - away : worst.price + away, to: self.randomSize(), isBid: isBid)
        } else if side.levels.count > self.levelsMax + self.levelsMax / 8 {
            self.set(worst.price, to: 0, isBid: isBid)
        }
    }

    /// A level that is likely near the best.
    private mutating func randomLevel(isBid: Bool, keeping: Int) -> BookLevel? {
        let count = (isBid ? self.book.bids : self.book.asks).levels.count
        guard count > keeping else { return nil }
        let near = self.random.below(4) * self.random.next().leadingZeroBitCount + self.random.below(4)
        let depth = self.random.below(20) == 0 ? self.random.below(count) : min(near, count - 1)
        return (isBid ? self.book.bids : self.book.asks).levels[count - 1 - depth]
    }

    private mutating func randomSize() -> Int64 {
        let magnitude = self.random.below(18)
        let size = 1 + Int64(self.random.below(1 << magnitude))
        return (self.segment.venue == .okx ? size + 1 : size) * self.symbol.sizeStep
    }

    /// A distance of one to `limit` ticks.
    private mutating func randomSteps(_ limit: Int) -> Int64 {
        (1 + Int64(self.random.below(limit))) * self.symbol.priceStep
    }

    private static func sizes(of touched: inout [Int64], in side: TrueBookSide) -> [BookLevel] {
        guard !touched.isEmpty else { return [] }
        touched.sort()
        var levels: [BookLevel] = []
        levels.reserveCapacity(touched.count)
        for price in touched where levels.last?.price != price {
            levels.append(BookLevel(price: price, size: side.size(at: price)))
        }
        touched.removeAll(keepingCapacity: true)
        return levels
    }
}

extension TrueBookSide {
    /// What stands at `price`; zero for nothing.
    func size(at price: Int64) -> Int64 {
        var low = 0
        var high = self.levels.count
        while low < high {
            let middle = (low + high) / 2
            let isWorse = self.isBid ? self.levels[middle].price < price : self.levels[middle].price > price
            if isWorse { low = middle + 1 } else { high = middle }
        }
        return low < self.levels.count && self.levels[low].price == price ? self.levels[low].size : 0
    }
}
