import MarketModel

/// A book as simple as can be: two dictionaries, never cut.
struct NaiveBook {
    var bids: [Int64: Int64] = [:]
    var asks: [Int64: Int64] = [:]

    mutating func apply(bids: [Level], asks: [Level]) {
        for level in bids { self.bids[level.price] = level.size == 0 ? nil : level.size }
        for level in asks { self.asks[level.price] = level.size == 0 ? nil : level.size }
    }

    func topBids(_ depth: Int) -> [Level] {
        self.bids.sorted { $0.key > $1.key }.prefix(depth).map { Level(price: $0.key, size: $0.value) }
    }

    func topAsks(_ depth: Int) -> [Level] {
        self.asks.sorted { $0.key < $1.key }.prefix(depth).map { Level(price: $0.key, size: $0.value) }
    }

    mutating func cut(to depth: Int) {
        self.bids = Dictionary(uniqueKeysWithValues: self.topBids(depth).map { ($0.price, $0.size) })
        self.asks = Dictionary(uniqueKeysWithValues: self.topAsks(depth).map { ($0.price, $0.size) })
    }
}

/// A subscriber: starts from one view of a chain, follows deltas alone.
struct NaiveReader {
    private(set) var book = NaiveBook()
    private(set) var chain: UInt32?
    private(set) var sequence: UInt64 = 0
    private(set) var compared = 0
    private(set) var applied = 0
    private(set) var problems: [String] = []
    let depth: Int

    init(depth: Int) {
        self.depth = depth
    }

    mutating func take(_ events: [MarketEvent], _ levels: (LevelBuffer.Run) -> [Level]) {
        for event in events {
            switch event {
            case .orderBook(let view): self.take(view, levels)
            case .orderBookDelta(let delta): self.take(delta, levels)
            case .trade, .depth, .bestBidOffer, .markPrice, .fundingRate, .openInterest, .liquidation, .longShortRatio,
                .volatilityIndex, .kline, .instrument, .status, .heartbeat:
                continue
            }
        }
    }

    private mutating func take(_ view: OrderBookView, _ levels: (LevelBuffer.Run) -> [Level]) {
        let bids = levels(view.bids)
        let asks = levels(view.asks)
        guard self.chain == view.head.reseeds, view.state != .broken, view.state != .waiting else {
            self.chain = view.state == .broken || view.state == .waiting ? nil : view.head.reseeds
            self.sequence = view.head.sequence
            self.book = NaiveBook()
            self.book.apply(bids: bids, asks: asks)
            return
        }
        self.compared += 1
        if view.head.sequence != self.sequence {
            self.problems.append("view at \(view.head.sequence), reader at \(self.sequence)")
        }
        if self.book.topBids(Int.max) != bids || self.book.topAsks(Int.max) != asks {
            self.problems.append("view at \(view.head.sequence) differs")
        }
    }

    private mutating func take(_ delta: OrderBookDelta, _ levels: (LevelBuffer.Run) -> [Level]) {
        guard self.chain == delta.head.reseeds else { return }
        if delta.previousSequence != self.sequence {
            self.problems.append("delta after \(delta.previousSequence), reader at \(self.sequence)")
        }
        self.book.apply(bids: levels(delta.bids), asks: levels(delta.asks))
        self.book.cut(to: self.depth)
        self.sequence = delta.head.sequence
        self.applied += 1
    }
}
