/// Trades of a stretch of time, in the instrument's units.
struct Bar: Equatable {
    /// Wall time, milliseconds.
    let start: Int64
    let length: Int64
    private(set) var open: Int64
    private(set) var high: Int64
    private(set) var low: Int64
    private(set) var close: Int64
    private(set) var volume: Int64 = 0
    /// Of `volume`, what takers bought.
    private(set) var bought: Int64 = 0
    /// Sum of price times size.
    private(set) var turnover: Int64 = 0
    private(set) var boughtTurnover: Int64 = 0
    /// Sum of size over price, in units of 10⁻⁸: base coins for each quote unit.
    private(set) var coins: Int64 = 0
    private(set) var boughtCoins: Int64 = 0
    private(set) var trades = 0
    private(set) var firstID: UInt64 = 0
    private(set) var lastID: UInt64 = 0
    var isClosed = false

    /// A bar in which nothing was traded.
    init(start: Int64, length: Int64, price: Int64) {
        self.start = start
        self.length = length
        self.open = price
        self.high = price
        self.low = price
        self.close = price
    }

    var end: Int64 { self.start + self.length }

    mutating func take(_ print: SimulatedMarket.Print, priceDecimals: Int) {
        if self.trades == 0 {
            self.open = print.price
            self.high = print.price
            self.low = print.price
            self.firstID = print.id
        }
        self.high = max(self.high, print.price)
        self.low = min(self.low, print.price)
        self.close = print.price
        self.lastID = print.id
        self.trades += 1
        let worth = print.price &* print.size
        var scale: Int64 = 100_000_000
        for _ in 0..<priceDecimals { scale *= 10 }
        let coins = print.price > 0 ? print.size.multipliedReportingOverflow(by: scale).partialValue / print.price : 0
        self.volume &+= print.size
        self.turnover &+= worth
        self.coins &+= coins
        if !print.buyerIsMaker {
            self.bought &+= print.size
            self.boughtTurnover &+= worth
            self.boughtCoins &+= coins
        }
    }
}

/// Makes the bars of one length as time and trades go on.
struct BarBuilder {
    private(set) var bar: Bar
    private var nextID: UInt64
    private let priceDecimals: Int

    init(length: Int64, log: TradeLog, at now: Int64) {
        self.bar = log.bar(start: now / length * length, length: length, until: now)
        self.nextID = log.lastID &+ 1
        self.priceDecimals = log.symbol.priceDecimals
    }

    /// Takes the trades since the last call; the bars that ended meanwhile, oldest first, at most three.
    mutating func advance(_ log: TradeLog, to now: Int64) -> [Bar] {
        var ended: [Bar] = []
        while self.nextID <= log.lastID, let trade = log.trade(self.nextID) {
            self.roll(to: trade.milliseconds, &ended)
            self.bar.take(trade.print, priceDecimals: self.priceDecimals)
            self.nextID &+= 1
        }
        self.roll(to: now, &ended)
        return ended
    }

    private mutating func roll(to time: Int64, _ ended: inout [Bar]) {
        guard time >= self.bar.end else { return }
        var closed = self.bar
        closed.isClosed = true
        if ended.count < 3 { ended.append(closed) }
        self.bar = Bar(start: time / self.bar.length * self.bar.length, length: self.bar.length, price: closed.close)
    }
}

extension TradeLog {
    /// The bar that begins at a time, as far as it has come by `now`.
    func bar(start: Int64, length: Int64, until now: Int64) -> Bar {
        self.bars([start, start + length], until: now)[0]
    }

    /// The bars between times, each from one to the next, of the trades of the past and of those made.
    func bars(_ edges: [Int64], until now: Int64) -> [Bar] {
        guard let first = edges.first else { return [] }
        var id = max(self.firstID(from: first), self.ids.lowerBound)
        var price = self.trade(id &- 1)?.print.price ?? self.symbol.startTicks
        var next = self.trade(id)
        return zip(edges, edges.dropFirst()).map { start, end in
            var bar = Bar(start: start, length: end - start, price: price)
            while let trade = next, trade.milliseconds < end {
                bar.take(trade.print, priceDecimals: self.symbol.priceDecimals)
                id = self.known(id + 1)
                next = self.trade(id)
            }
            price = bar.close
            bar.isClosed = now >= end
            return bar
        }
    }
}
