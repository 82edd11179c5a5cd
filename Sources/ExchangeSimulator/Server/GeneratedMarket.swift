internal import Transport

/// A generated instrument with its streams: makes its steps as time passes and publishes what they change.
final class GeneratedMarket {
    /// A stream that is sent by the clock.
    private struct Sample {
        let channel: StreamChannel
        let interval: Int64
        var next: Int64
        var bars: BarBuilder?
    }

    private(set) var market: SimulatedMarket
    private(set) var log: TradeLog
    private(set) var source: FigureSource
    var isDelisted = false
    private let writer: any MarketWriter
    private let pace: SimulatorPace
    private let stepsPerMicrosecond: Double
    private let depthInterval: Int64
    private var random: RandomSource
    /// Of its own, so that a rare thing does not change the common ones.
    private var rare: RandomSource
    private var credit = 0.0
    private var burst = 1.0
    private var nextDepth: Int64
    private var nextLiquidation: Int64
    private var lastTime: Int64
    private var bookToldAt: Int64
    private var text: [UInt8] = []
    private var channels: [StreamKind: [StreamChannel]] = [:]
    private var samples: [Sample] = []
    private var linked: LinkedBook?
    private var waitingTrades: [TimedPrint] = []

    init(
        market: SimulatedMarket, past: PastMarket, writer: any MarketWriter, configuration: SimulatorConfiguration,
        seed: UInt64, now: Int64
    ) {
        self.market = market
        self.writer = writer
        self.pace = configuration.pace
        self.log = TradeLog(past: past)
        self.source = FigureSource(symbol: market.symbol, book: market.book, log: self.log, seed: seed)
        self.stepsPerMicrosecond = configuration.stepsPerSecond / 1_000_000
        self.depthInterval = max(configuration.depthInterval.wholeMicroseconds, 1000)
        self.random = RandomSource(seed: seed)
        self.rare = RandomSource(seed: ~seed)
        self.lastTime = now
        self.bookToldAt = now
        // Instruments do not all speak at the same moment.
        self.nextDepth = now + Int64(self.random.below(Int(self.depthInterval)))
        self.nextLiquidation = now
        self.scheduleLiquidation(after: now)
    }

    var state: SimulatedMarketState {
        SimulatedMarketState(
            segment: self.market.segment, symbol: self.market.symbol.symbol, lastID: self.market.book.lastID,
            trades: Int(clamping: self.market.tradesMade),
            firstTradeID: self.market.tradesMade > 0 ? self.log.firstID : nil,
            lastTradeID: self.market.tradesMade > 0 ? self.market.lastTradeID : nil)
    }

    func add(_ channel: StreamChannel) {
        self.channels[channel.topic.kind, default: []].append(channel)
        guard channel.topic.kind.isSampled else { return }
        let interval = max((channel.topic.interval ?? .seconds(1)).wholeMicroseconds, 1000)
        let now = LoopClock.wallMicroseconds() / 1000
        var bars: BarBuilder?
        if case .bar(let length) = channel.topic.kind {
            bars = BarBuilder(length: self.barLength(length), log: self.log, at: now)
        }
        self.samples.append(
            Sample(channel: channel, interval: interval, next: self.lastTime + interval, bars: bars))
    }

    /// Says what the venue says first to a new subscriber.
    func welcome(_ session: SimulatorSession, to channel: StreamChannel, milliseconds: Int64) {
        guard self.writer.welcomes else { return }
        switch channel.topic.kind {
        case .book:
            guard case .linked(let levels) = self.writer.books else { return }
            if self.linked != nil { self.flushBook(milliseconds, exceptFor: session) }
            let linked = self.linked ?? LinkedBook(self.market.book, limit: levels)
            self.linked = linked
            self.write(.snapshot(linked.told), on: channel, milliseconds)
        case .bestPrices: self.write(.best(self.market.book.top(1)), on: channel, milliseconds)
        case .ticker, .markPrice, .indexPrice, .funding, .openInterest, .volatilityIndex:
            self.write(.figures(self.figures(at: milliseconds)), on: channel, milliseconds)
        case .bar(let length):
            let length = self.barLength(length)
            let start = milliseconds / length * length
            self.write(
                .bar(self.log.bar(start: start, length: length, until: milliseconds)), on: channel, milliseconds)
        case .trade, .aggregateTrade, .liquidation, .listing, .silent: return
        }
        if !self.text.isEmpty { channel.welcome(session, with: self.text) }
    }

    /// Its figures as of a time.
    func figures(at milliseconds: Int64) -> MarketFigures {
        self.source.refresh(self.market.book, self.log, at: milliseconds)
        return self.source.figures
    }

    /// When bars that are named after this length really open.
    func grid(_ named: BarGrid) -> BarGrid {
        self.pace.barLength.map { .every($0.wholeMicroseconds / 1000) } ?? named
    }

    /// How long a bar that is named after this length really is; milliseconds.
    func barLength(_ named: Int64) -> Int64 {
        max(self.pace.barLength.map { $0.wholeMicroseconds / 1000 } ?? named, 1)
    }

    // MARK: Time

    /// Makes the steps that the time since the last call is worth.
    ///
    /// - Parameters:
    ///   - now: Microseconds of a clock that never jumps.
    ///   - milliseconds: Wall time, for the messages.
    func advance(to now: Int64, milliseconds: Int64) {
        guard !self.isDelisted else { return }
        if self.random.below(100) == 0 { self.burst = [0.3, 0.3, 0.6, 1, 4][self.random.below(5)] }
        // After a pause of the process no more than a second is made up for.
        let elapsed = Double(min(max(now - self.lastTime, 0), 1_000_000))
        self.lastTime = now
        self.credit += elapsed * self.stepsPerMicrosecond * self.burst
        while self.credit >= 1 {
            self.credit -= 1
            self.step(milliseconds)
        }
        if now >= self.nextDepth {
            self.nextDepth = max(self.nextDepth + self.depthInterval, now)
            self.flushDepth(milliseconds)
        }
        if now >= self.nextLiquidation {
            self.scheduleLiquidation(after: now)
            self.liquidate(milliseconds)
        }
        for index in self.samples.indices where now >= self.samples[index].next {
            self.samples[index].next = max(self.samples[index].next + self.samples[index].interval, now)
            self.sample(index, milliseconds)
        }
    }

    /// Sends the depth message that is due; books asked for afterwards are what clients now have.
    func flushDepth(_ milliseconds: Int64) {
        self.flushBook(milliseconds, exceptFor: nil)
        guard !self.waitingTrades.isEmpty else { return }
        self.publish(.trades(self.waitingTrades[...]), .trade, milliseconds)
        self.waitingTrades.removeAll(keepingCapacity: true)
    }

    /// The answer to a depth request: the best levels, older than every frame where that is asked for.
    func top(_ limit: Int, isStale: Bool = false) -> BookTop {
        let top = self.market.book.top(limit)
        return isStale ? BookTop(lastID: self.market.firstID - 1, bids: top.bids, asks: top.asks) : top
    }

    /// The book as its stream last told it, with the id it told; the true one while nobody is told.
    func told(_ limit: Int) -> BookTop {
        guard let told = self.linked?.told else { return self.top(limit) }
        return BookTop(lastID: told.lastID, bids: Array(told.bids.prefix(limit)), asks: Array(told.asks.prefix(limit)))
    }

    /// Lets the book's ids start over, smaller than before.
    func restartIDs() { self.market.restartIDs() }

    // MARK: What happens

    private func step(_ milliseconds: Int64) {
        let bid = self.market.book.bids.best
        let ask = self.market.book.asks.best
        if let print = self.market.step() {
            let trade = TimedPrint(print: print, bookID: self.market.book.lastID, milliseconds: milliseconds - 1)
            self.log.append(trade)
            if self.writer.batchesTrades {
                if self.isTaken(.trade) { self.waitingTrades.append(trade) }
            } else {
                self.publish(.trades([trade]), .trade, milliseconds)
            }
            self.publish(.trades([trade]), .aggregateTrade, milliseconds)
        }
        if bid != self.market.book.bids.best || ask != self.market.book.asks.best {
            guard self.isTaken(.bestPrices) else { return }
            self.publish(.best(self.market.book.top(1)), .bestPrices, milliseconds)
        }
    }

    private func flushBook(_ milliseconds: Int64, exceptFor newcomer: SimulatorSession?) {
        let change = self.market.takeChange()
        switch self.writer.books {
        case .changes:
            if let change { self.publish(.change(change), .book, milliseconds) }
        case .linked:
            guard self.linked != nil else { return }
            let isTaken = (self.channels[.book] ?? []).contains { channel in
                channel.sessions.contains { $0 !== newcomer }
            }
            // Without a listener there is nothing to stay linked to.
            guard isTaken else {
                self.linked = nil
                return
            }
            if let delta = self.linked?.advance(to: self.market.book) {
                self.bookToldAt = milliseconds
                self.publish(.delta(delta), .book, milliseconds, exceptFor: newcomer)
            } else if milliseconds - self.bookToldAt >= self.pace.bookKeepAlive.wholeMicroseconds / 1000,
                let told = self.linked?.told.lastID
            {
                self.bookToldAt = milliseconds
                self.publish(.unchanged(bookID: told), .book, milliseconds, exceptFor: newcomer)
            }
        }
    }

    private func sample(_ index: Int, _ milliseconds: Int64) {
        let channel = self.samples[index].channel
        guard channel.isTaken else { return }
        guard case .bar = channel.topic.kind else {
            self.publish(.figures(self.figures(at: milliseconds)), on: channel, milliseconds)
            return
        }
        for bar in self.samples[index].bars?.advance(self.log, to: milliseconds) ?? [] {
            self.publish(.bar(bar), on: channel, milliseconds)
        }
        if let bar = self.samples[index].bars?.bar { self.publish(.bar(bar), on: channel, milliseconds) }
    }

    private func scheduleLiquidation(after now: Int64) {
        let mean = max(self.pace.liquidation.wholeMicroseconds, 2000)
        self.nextLiquidation = now + mean / 2 + Int64(self.rare.below(Int(mean)))
    }

    private func liquidate(_ milliseconds: Int64) {
        guard self.market.segment.isDerivative, self.isTaken(.liquidation) else { return }
        let isLong = self.rare.below(2) == 0
        let book = self.market.book
        guard let best = isLong ? book.bids.best : book.asks.best else { return }
        let away = Int64(1 + self.rare.below(50)) * self.market.symbol.priceStep
        let liquidation = SimulatedLiquidation(
            side: isLong ? .sell : .buy, price: max(best.price + (isLong ? -away : away), 1), averagePrice: best.price,
            size: Int64(1 + self.rare.below(5_000)) * self.market.symbol.sizeStep, milliseconds: milliseconds - 2)
        self.publish(.liquidation(liquidation), .liquidation, milliseconds)
    }

    // MARK: Publishing

    private func isTaken(_ kind: StreamKind) -> Bool {
        self.channels[kind]?.contains { $0.isTaken } == true
    }

    private func publish(
        _ news: MarketNews, _ kind: StreamKind, _ milliseconds: Int64, exceptFor newcomer: SimulatorSession? = nil
    ) {
        guard let channels = self.channels[kind] else { return }
        for channel in channels { self.publish(news, on: channel, milliseconds, exceptFor: newcomer) }
    }

    private func publish(
        _ news: MarketNews, on channel: StreamChannel, _ milliseconds: Int64,
        exceptFor newcomer: SimulatorSession? = nil
    ) {
        guard channel.isTaken else { return }
        self.write(news, on: channel, milliseconds)
        if !self.text.isEmpty { channel.publish(self.text, exceptFor: newcomer) }
    }

    private func write(_ news: MarketNews, on channel: StreamChannel, _ milliseconds: Int64) {
        self.text.removeAll(keepingCapacity: true)
        self.writer.write(news, on: channel.topic, at: milliseconds, into: &self.text)
    }
}
