package import MarketModel

/// What was told last of figures that have no id, so that frames which a rotation's second socket brought as well repeat
/// nothing.
///
/// Asked only about such frames; of all others it takes note. Each socket brings a figure's messages in the venue's
/// order: what is of an earlier time than the newest was told, or chosen not to be. Bars and liquidations have no such
/// order, and are known by what the last of them said.
package struct ToldFigures: Sendable {
    /// Figures that are of a time.
    private enum Figure: Int {
        case mark, funding, quote, volatility

        static let count = 4
    }

    private struct Newest {
        var time = Int64.min
        /// What was said last at that time: quotes come in bursts.
        var said = InlineArray<16, UInt64>(repeating: 0)
        var next = 0
    }

    private struct Recent {
        var said = InlineArray<64, UInt64>(repeating: 0)
        var next = 0

        mutating func note(_ digest: UInt64) {
            self.said[self.next] = digest
            self.next = (self.next + 1) & 63
        }
    }

    /// A few an instrument.
    private enum Series: Hashable {
        case bar(InstrumentID, KlineInterval)
        case liquidation(InstrumentID)
    }

    private var newest: ContiguousArray<Newest> = []
    private var recent: [Series: Recent] = [:]
    /// Whether what comes now may have come before.
    package var isJudging = false
    package private(set) var repeats: UInt64 = 0

    package init() {}

    package mutating func addInstrument() {
        for _ in 0..<Figure.count { self.newest.append(Newest()) }
    }

    package mutating func take(_ price: MarkPrice) -> Bool {
        var digest = FigureDigest()
        digest.add(price.mark)
        digest.add(price.index)
        return self.take(.mark, price.instrument, price.eventTime, price.sentTime, digest.value)
    }

    package mutating func take(_ rate: FundingRate) -> Bool {
        var digest = FigureDigest()
        digest.add(rate.rate)
        digest.add(rate.settledRate)
        digest.add(rate.fundingTime.rawMicroseconds)
        return self.take(.funding, rate.instrument, rate.eventTime, rate.sentTime, digest.value)
    }

    /// Takes a quote of a venue that gives quotes no ids.
    package mutating func take(_ offer: BestBidOffer) -> Bool {
        var digest = FigureDigest()
        digest.add(offer.bid.price)
        digest.add(offer.bid.size)
        digest.add(offer.ask.price)
        digest.add(offer.ask.size)
        return self.take(.quote, offer.instrument, offer.eventTime, offer.sentTime, digest.value)
    }

    package mutating func take(_ index: VolatilityIndex) -> Bool {
        var digest = FigureDigest()
        digest.add(index.close)
        return self.take(.volatility, index.instrument, index.eventTime, .none, digest.value)
    }

    package mutating func take(_ bar: Kline, in frame: Frame) -> Bool {
        var digest = FigureDigest()
        digest.add(bar.openTime.rawMicroseconds)
        digest.add(bar.eventTime.rawMicroseconds)
        digest.add(bar.tradeCount)
        digest.add(bar.isClosed ? 1 : 0)
        digest.add(bar.isConfirmed ? 1 : 0)
        digest.add(bar.open, of: frame)
        digest.add(bar.high, of: frame)
        digest.add(bar.low, of: frame)
        digest.add(bar.close, of: frame)
        digest.add(bar.baseVolume, of: frame)
        digest.add(bar.quoteVolume, of: frame)
        digest.add(bar.contractVolume, of: frame)
        return self.take(.bar(bar.instrument, bar.interval), digest.value)
    }

    package mutating func take(_ liquidation: Liquidation, in frame: Frame) -> Bool {
        var digest = FigureDigest()
        digest.add(liquidation.eventTime.rawMicroseconds)
        digest.add(Int64(liquidation.ordinal))
        digest.add(Int64(liquidation.position.rawValue))
        digest.add(liquidation.price)
        digest.add(liquidation.size)
        digest.add(liquidation.id, of: frame)
        return self.take(.liquidation(liquidation.instrument), digest.value)
    }

    // MARK: - Private

    @inline(__always)
    private mutating func take(
        _ figure: Figure, _ instrument: InstrumentID, _ event: Timestamp, _ sent: Timestamp, _ digest: UInt64
    ) -> Bool {
        guard let time = event.microseconds ?? sent.microseconds else { return true }
        let place = Int(instrument.index) * Figure.count + figure.rawValue
        if self.isJudging, self.isTold(at: place, time, digest) {
            self.repeats &+= 1
            return false
        }
        if time != self.newest[place].time { self.newest[place] = Newest(time: time) }
        let next = self.newest[place].next
        self.newest[place].said[next] = digest
        self.newest[place].next = (next + 1) & 15
        return true
    }

    private func isTold(at place: Int, _ time: Int64, _ digest: UInt64) -> Bool {
        let newest = self.newest[place]
        guard time >= newest.time else { return true }
        guard time == newest.time else { return false }
        return newest.said.indices.contains { newest.said[$0] == digest }
    }

    private mutating func take(_ series: Series, _ digest: UInt64) -> Bool {
        if self.isJudging, let recent = self.recent[series],
            recent.said.indices.contains(where: { recent.said[$0] == digest })
        {
            self.repeats &+= 1
            return false
        }
        self.recent[series, default: Recent()].note(digest)
        return true
    }
}

/// A hash of what a message says; 0 is never one.
private struct FigureDigest {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    var value: UInt64 { self.state | 1 }

    mutating func add(_ number: Int64) {
        self.state = (self.state ^ UInt64(bitPattern: number)) &* 0x9E37_79B9_7F4A_7C15
        self.state ^= self.state &>> 29
    }

    mutating func add(_ value: DecimalValue) {
        self.add(value.mantissa)
        self.add(Int64(value.scale))
    }

    /// A text that does not stand in the frame counts as none.
    mutating func add(_ text: FrameText, of frame: Frame) {
        self.add(Int64(text.count))
        let start = Int(text.offset)
        let end = start &+ Int(text.count)
        guard start >= 0, text.count >= 0, end <= frame.bytes.count else { return }
        for index in start..<end { self.state = (self.state ^ UInt64(frame.bytes[index])) &* 0x100_0000_01B3 }
    }
}
