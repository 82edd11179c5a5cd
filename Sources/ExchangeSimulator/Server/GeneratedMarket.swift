internal import Transport

/// A generated instrument with its streams: makes its steps as time passes and publishes what they change.
final class GeneratedMarket {
    private(set) var market: SimulatedMarket
    private let messages: MarketMessages
    private let firstTradeID: UInt64
    private let stepsPerMicrosecond: Double
    private let depthInterval: Int64
    private var random: RandomSource
    private var credit = 0.0
    private var burst = 1.0
    private var nextDepth: Int64
    private var lastTime: Int64
    private var text: [UInt8] = []
    private var depthChannels: [StreamChannel] = []
    private var tradeChannel: StreamChannel?
    private var aggregateChannel: StreamChannel?
    private var tickerChannel: StreamChannel?

    init(market: SimulatedMarket, configuration: SimulatorConfiguration, seed: UInt64, now: Int64) {
        self.market = market
        self.messages = MarketMessages(segment: market.segment, symbol: market.symbol)
        self.firstTradeID = market.lastTradeID + 1
        self.stepsPerMicrosecond = configuration.stepsPerSecond / 1_000_000
        self.depthInterval = max(configuration.depthInterval.wholeMicroseconds, 1000)
        self.random = RandomSource(seed: seed)
        self.lastTime = now
        // Instruments do not all speak at the same moment.
        self.nextDepth = now + Int64(self.random.below(Int(self.depthInterval)))
    }

    var state: SimulatedMarketState {
        SimulatedMarketState(
            segment: self.market.segment, symbol: self.market.symbol.symbol, lastID: self.market.book.lastID,
            trades: Int(clamping: self.market.tradesMade),
            firstTradeID: self.market.tradesMade > 0 ? self.firstTradeID : nil,
            lastTradeID: self.market.tradesMade > 0 ? self.market.lastTradeID : nil)
    }

    func add(_ channel: StreamChannel, kind: StreamName.Kind) {
        switch kind {
        case .depth: self.depthChannels.append(channel)
        case .trade: self.tradeChannel = channel
        case .aggregateTrade: self.aggregateChannel = channel
        case .bookTicker: self.tickerChannel = channel
        case .silent: break
        }
    }

    /// Makes the steps that the time since the last call is worth.
    ///
    /// - Parameters:
    ///   - now: Microseconds of a clock that never jumps.
    ///   - milliseconds: Wall time, for the messages.
    func advance(to now: Int64, milliseconds: Int64) {
        if self.random.below(100) == 0 { self.burst = [0.3, 0.3, 0.6, 1, 4][self.random.below(5)] }
        // After a pause of the process no more than a second is made up for.
        let elapsed = Double(min(max(now - self.lastTime, 0), 1_000_000))
        self.lastTime = now
        self.credit += elapsed * self.stepsPerMicrosecond * self.burst
        while self.credit >= 1 {
            self.credit -= 1
            self.step(milliseconds)
        }
        guard now >= self.nextDepth else { return }
        self.nextDepth = max(self.nextDepth + self.depthInterval, now)
        self.flushDepth(milliseconds)
    }

    /// Sends the depth message that is due; books asked for afterwards are what clients now have.
    func flushDepth(_ milliseconds: Int64) {
        guard let change = self.market.takeChange() else { return }
        guard self.depthChannels.contains(where: { !$0.sessions.isEmpty }) else { return }
        self.text.removeAll(keepingCapacity: true)
        self.messages.depthUpdate(change, milliseconds: milliseconds, into: &self.text)
        for channel in self.depthChannels { self.publish(channel) }
    }

    /// The answer to a depth request.
    func snapshot(_ limit: Int, isStale: Bool, milliseconds: Int64) -> [UInt8] {
        let top = self.market.book.top(limit)
        var text: [UInt8] = []
        self.messages.snapshot(
            isStale ? BookTop(lastID: self.market.firstID - 1, bids: top.bids, asks: top.asks) : top,
            milliseconds: milliseconds, into: &text)
        return text
    }

    private func step(_ milliseconds: Int64) {
        let bid = self.market.book.bids.best
        let ask = self.market.book.asks.best
        let print = self.market.step()
        if let print {
            self.publish(self.tradeChannel) { self.messages.trade(print, milliseconds: milliseconds, into: &$0) }
            self.publish(self.aggregateChannel) {
                self.messages.aggregateTrade(print, milliseconds: milliseconds, into: &$0)
            }
        }
        if bid != self.market.book.bids.best || ask != self.market.book.asks.best {
            self.publish(self.tickerChannel) {
                self.messages.bookTicker(self.market.book, milliseconds: milliseconds, into: &$0)
            }
        }
    }

    private func publish(_ channel: StreamChannel?, _ write: (inout [UInt8]) -> Void) {
        guard let channel, !channel.sessions.isEmpty else { return }
        self.text.removeAll(keepingCapacity: true)
        write(&self.text)
        self.publish(channel)
    }

    private func publish(_ channel: StreamChannel) {
        for session in channel.sessions { session.deliver(self.text, of: channel) }
    }
}
