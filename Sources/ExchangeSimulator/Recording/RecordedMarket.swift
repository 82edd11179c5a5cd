/// One recorded instrument: its true book as far as it was played, and its trades.
///
/// Follows the rule that the recordings are compared by: a frame covers the ids after `pu` (or before `U`) up to `u`,
/// it is stale at or before the last id, applied if it starts at or before it, and a gap otherwise.
struct RecordedMarket {
    private static let keptMax = 65_536

    let segment: MarketSegment
    let symbol: SimulatedSymbol
    private(set) var book = TrueBook()
    private(set) var isSeeded = false
    private(set) var gaps = 0
    private(set) var tradesPlayed = 0
    private(set) var firstTradeID: UInt64?
    private(set) var lastTradeID: UInt64?
    /// The first snapshot of the recording, the answer before it was reached.
    private let firstSnapshot: BookTop?
    private var kept: [RecordedEvent.Depth] = []

    init(segment: MarketSegment, symbol: SimulatedSymbol, firstSnapshot: BookTop?) {
        self.segment = segment
        self.symbol = symbol
        self.firstSnapshot = firstSnapshot
    }

    /// Answers a depth request; `nil` while nothing is known.
    func top(_ limit: Int) -> BookTop? {
        if self.isSeeded { return self.book.top(limit) }
        return self.firstSnapshot.map {
            BookTop(lastID: $0.lastID, bids: Array($0.bids.prefix(limit)), asks: Array($0.asks.prefix(limit)))
        }
    }

    mutating func played(_ event: RecordedEvent) {
        switch event {
        case .depth(let depth): self.played(depth)
        case .trade(let id):
            if let last = self.lastTradeID, id <= last { return }
            self.tradesPlayed += 1
            self.firstTradeID = self.firstTradeID ?? id
            self.lastTradeID = id
        case .other: break
        }
    }

    mutating func snapshotReached(_ snapshot: BookTop) {
        guard !self.isSeeded || snapshot.lastID >= self.book.lastID else { return }
        guard !self.isSeeded else { return }
        self.book.bids.removeAll()
        self.book.asks.removeAll()
        for level in snapshot.bids { self.book.bids.set(level.price, to: level.size) }
        for level in snapshot.asks { self.book.asks.set(level.price, to: level.size) }
        self.book.lastID = snapshot.lastID
        self.isSeeded = true
        let kept = self.kept
        self.kept = []
        for depth in kept { self.played(depth) }
    }

    private mutating func played(_ depth: RecordedEvent.Depth) {
        guard self.isSeeded else {
            if self.kept.count == Self.keptMax { self.kept.removeFirst() }
            self.kept.append(depth)
            return
        }
        if depth.lastID <= self.book.lastID { return }
        guard depth.before <= self.book.lastID else {
            self.gaps += 1
            self.isSeeded = false
            self.kept = [depth]
            return
        }
        for level in depth.bids { self.book.bids.set(level.price, to: level.size) }
        for level in depth.asks { self.book.asks.set(level.price, to: level.size) }
        self.book.lastID = depth.lastID
    }
}
