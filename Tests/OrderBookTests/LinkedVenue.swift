import MarketModel
import OrderBook
import TestSupport

/// A venue that links its updates and sends snapshots in the stream, over one connection or two at once: frames come
/// late and in bursts, some are lost, some say nothing, and now and then ids start anew.
struct LinkedVenue {
    struct Frame {
        /// The places in the true order that it leads from and to; a keep-alive stays where it is.
        var from: Int
        var to: Int
        var before: UInt64
        var last: UInt64
        var bids: [Level]
        var asks: [Level]
    }

    enum Item {
        /// The book as of a place.
        case snapshot(Int)
        case frame(Frame)
    }

    /// The true book at a place, and its id.
    struct Moment {
        /// All levels, best first.
        var bids: [Level]
        var asks: [Level]
        var last: UInt64
    }

    private(set) var history: [Moment]
    private(set) var rotations = 0
    private(set) var keepAlives = 0
    private(set) var restarts = 0
    private var stream: SimulatedStream
    private var chance: SeededGenerator
    private var lines: [[Item]] = [[.snapshot(0)]]
    private var sinceRestart = 0
    private var untilSwitch = 0
    private var untilSnapshot: Int?
    private let window: Int

    init(seed: UInt64, semantics: DepthSemantics) {
        self.stream = SimulatedStream(seed: seed, levels: 60)
        self.chance = SeededGenerator(seed: seed &+ 11)
        self.window = if case .window(let levels) = semantics { levels } else { Int.max }
        self.history = [
            Moment(
                bids: self.stream.book.topBids(Int.max), asks: self.stream.book.topAsks(Int.max), last: 1_000_000)
        ]
    }

    /// Whether a subscription is under way.
    var isAsked: Bool { self.untilSnapshot != nil }

    mutating func subscribeAgain() {
        self.untilSnapshot = Int.random(in: 0...5, using: &self.chance)
    }

    /// What a snapshot says that was taken at a place.
    func snapshot(_ position: Int) -> (last: UInt64, bids: [Level], asks: [Level]) {
        let moment = self.history[position]
        return (moment.last, Array(moment.bids.prefix(self.window)), Array(moment.asks.prefix(self.window)))
    }

    /// Lets the book move on, and the connections with it.
    mutating func advance() {
        let frame = self.next()
        for index in self.lines.indices { self.lines[index].append(.frame(frame)) }
        if let left = self.untilSnapshot {
            if left == 0 { self.lines[0].append(.snapshot(self.history.count - 1)) }
            self.untilSnapshot = left == 0 ? nil : left - 1
        }
        if self.lines.count == 1, self.oneIn(60) {
            self.lines.append([.snapshot(self.history.count - 1)])
            self.untilSwitch = Int.random(in: 5...40, using: &self.chance)
            self.rotations += 1
        } else if self.lines.count == 2 {
            self.untilSwitch -= 1
            // The new connection serves alone; what the old one still carried is not read.
            if self.untilSwitch == 0 { self.lines.removeFirst() }
        }
    }

    /// What arrives now, of either connection: in order on each, at most ten late, one in 150 lost.
    mutating func takeItems() -> [Item] {
        var arrived: [Item] = []
        for index in self.lines.indices.shuffled(using: &self.chance) {
            let count = max(self.lines[index].count - Int.random(in: 0...10, using: &self.chance), 0)
            for item in self.lines[index].prefix(count) where !self.oneIn(150) { arrived.append(item) }
            self.lines[index].removeFirst(count)
        }
        return arrived
    }

    private mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self.chance) == 0 }

    private mutating func next() -> Frame {
        let past = self.history[self.history.count - 1]
        var moment = past
        var bids: [Level] = []
        var asks: [Level] = []
        if self.oneIn(12) {
            self.keepAlives += 1
        } else {
            _ = self.stream.next()
            moment.bids = self.stream.book.topBids(Int.max)
            moment.asks = self.stream.book.topAsks(Int.max)
            moment.last += UInt64.random(in: 1...50, using: &self.chance)
            bids = self.changes(past.bids, moment.bids, self.stream.book.bids)
            asks = self.changes(past.asks, moment.asks, self.stream.book.asks)
        }
        self.sinceRestart += 1
        // By then everything that the book remembers lies above the ids that come.
        if self.sinceRestart > 200, self.oneIn(40) {
            moment.last = UInt64.random(in: 1...50, using: &self.chance)
            self.sinceRestart = 0
            self.restarts += 1
        }
        let from = self.history.count - 1
        if moment.last != past.last { self.history.append(moment) }
        return Frame(
            from: from, to: self.history.count - 1, before: past.last, last: moment.last, bids: bids, asks: asks)
    }

    /// What changed between two windows; a level that the window left while it still stands is named or not.
    private mutating func changes(_ past: [Level], _ present: [Level], _ book: [Int64: Int64]) -> [Level] {
        let past = past.prefix(self.window)
        let present = present.prefix(self.window)
        let before = Dictionary(uniqueKeysWithValues: past.map { ($0.price, $0.size) })
        let kept = Set(present.map(\.price))
        var changes = present.filter { before[$0.price] != $0.size }
        for level in past where !kept.contains(level.price) {
            if book[level.price] == nil || self.oneIn(2) { changes.append(Level(price: level.price, size: 0)) }
        }
        // Venues also remove what was never there.
        if self.oneIn(4) { changes.append(Level(price: 1, size: 0)) }
        return changes.shuffled(using: &self.chance)
    }
}
