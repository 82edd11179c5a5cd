/// The past of one instrument: a pure function of the exchange's seed, the instrument's name and the time, of which
/// nothing is stored.
///
/// Trades come in groups of eight, of which some or all happen in the same millisecond. Bars are made of the trades, so
/// that those of all lengths agree; mark prices, open interest, ratios, funding and volatility belong to a time and are
/// made without trades.
package struct PastMarket: Sendable {
    static let day: Int64 = 86_400_000
    private static let groupSize: Int64 = 8
    /// Ids are counted from 2019-01-01.
    private static let firstDay: Int64 = 17_897
    private static let quotesPerDay: Int64 = 4_000
    /// Updates of the book from a quote to the next one.
    private static let quoteGap: Int64 = 1_000

    let symbol: SimulatedSymbol
    /// The first moment that has rows, and that of the running market; milliseconds.
    package let from: Int64
    package let until: Int64
    /// Milliseconds between two settlements of funding.
    let fundingPeriod: Int64
    private let seed: UInt64
    private let groupsPerDay: Int64
    private let idBase: Int64

    init(
        _ symbol: SimulatedSymbol, _ segment: MarketSegment, settings: PastSettings, fundingPeriod: Int64, seed: UInt64,
        until: Int64
    ) {
        self.symbol = symbol
        self.until = until
        self.fundingPeriod = max(fundingPeriod, 1)
        let days = Int64(min(max(settings.days, 0), PastSettings.daysMax))
        self.from = min(max((until / Self.day - days) * Self.day, symbol.listedAt), until)
        var mixed: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in "\(segment.rawValue) \(symbol.symbol)".utf8 { mixed = (mixed ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var random = RandomSource(seed: seed ^ mixed)
        self.seed = random.next()
        self.idBase = 1_000 + Int64(random.below(1_000_000))
        self.groupsPerDay = min(max(Int64(settings.tradesPerDay) / Self.groupSize, 1), Self.day / Self.groupSize)
    }

    // MARK: Trades

    /// The ids of its trades: from the first to the one before the running market's first.
    var ids: Range<UInt64> {
        let first = self.firstID(from: self.from)
        return first..<max(self.firstID(from: self.until), first)
    }

    /// The trade of an id, whether it lies in the past or behind it.
    func trade(_ id: UInt64) -> TimedPrint {
        let index = Int64(clamping: id) - self.idBase + Self.firstDay * self.groupsPerDay * Self.groupSize
        let time = self.time(ofTrade: index)
        var random = self.random(1, index)
        let step = self.symbol.priceStep
        let level = self.level(at: time) / 100 / step + Int64(random.below(7)) - 3
        return TimedPrint(
            print: SimulatedMarket.Print(
                id: id, price: max(level, 1) * step, size: Int64(2 + random.below(1_000)) * self.symbol.sizeStep,
                buyerIsMaker: random.below(2) == 0),
            bookID: id, milliseconds: time)
    }

    /// The id of the first trade at or after a time.
    func firstID(from milliseconds: Int64) -> UInt64 {
        let time = min(max(milliseconds, Self.firstDay * Self.day), 4_102_444_800_000)
        let group = time / Self.day * self.groupsPerDay + time % Self.day * self.groupsPerDay / Self.day
        var index = group * Self.groupSize
        let end = index + Self.groupSize
        while index < end, self.time(ofTrade: index) < time { index += 1 }
        let id = index - Self.firstDay * self.groupsPerDay * Self.groupSize + self.idBase
        return UInt64(clamping: id)
    }

    private func time(ofTrade index: Int64) -> Int64 {
        let (group, place) = (index / Self.groupSize, index % Self.groupSize)
        let (day, number) = (group / self.groupsPerDay, group % self.groupsPerDay)
        let start = number * Self.day / self.groupsPerDay
        let slot = ((number + 1) * Self.day / self.groupsPerDay - start) / Self.groupSize
        // None, two, four or all eight share their moment.
        var random = self.random(2, group)
        let shared = [0, 1, 3, 7, 0, 1, 0, 3][random.below(8)]
        let first = place & ~Int64(shared)
        random = self.random(3, group * Self.groupSize + first)
        return day * Self.day + start + first * slot + Int64(random.below(Int(slot)))
    }

    // MARK: Quotes

    /// Numbers of the quotes from a time on and before another: all lie before the running market, whose quotes are not kept.
    func quotes(from: Int64, to: Int64) -> Range<Int64> {
        let first = self.firstQuote(from: max(from, self.from))
        return first..<max(self.firstQuote(from: min(to, self.until)), first)
    }

    /// The quote of a number.
    func quote(_ number: Int64) -> PastQuote {
        let time = self.time(ofQuote: number)
        var random = self.random(40, number)
        let (price, size) = (self.symbol.priceStep, self.symbol.sizeStep)
        let bid = max(self.level(at: time) / 100 / price - Int64(random.below(3)), 1)
        let sequence =
            (number - Self.firstDay * Self.quotesPerDay) * Self.quoteGap + Int64(random.below(Int(Self.quoteGap)))
        return PastQuote(
            milliseconds: time, sentAt: time + Int64(random.below(9)),
            sequence: UInt64(clamping: self.idBase + sequence),
            bid: bid * price, bidSize: Int64(1 + random.below(2_000)) * size,
            ask: (bid + 1 + Int64(random.below(4))) * price, askSize: Int64(1 + random.below(2_000)) * size)
    }

    private func firstQuote(from milliseconds: Int64) -> Int64 {
        let time = min(max(milliseconds, Self.firstDay * Self.day), 4_102_444_800_000)
        // The second of two at one time lies ahead of its part of the day.
        var number = time * Self.quotesPerDay / Self.day
        while self.time(ofQuote: number) < time { number += 1 }
        return number
    }

    /// A quarter of the quotes share their moment with the one before.
    private func time(ofQuote number: Int64) -> Int64 {
        let isShared = self.number(41, number / 2, below: 2) == 0
        let first = isShared ? number / 2 * 2 : number
        let slot = Self.day / Self.quotesPerDay
        return first * slot + self.number(42, first, below: Int(slot))
    }

    // MARK: What belongs to a time

    /// The mark price, in hundredths of the price units.
    func mark(at time: Int64) -> Int64 {
        max(self.level(at: time) + self.number(5, time, below: 41) - 20, 1)
    }

    /// A bar of the mark price that begins where the one before ended, as far as it has come by `now`.
    func markBar(from start: Int64, to end: Int64, until now: Int64) -> PriceBar {
        let close = self.mark(at: min(end, max(now, start)))
        return self.bar(
            6, start, end, open: self.mark(at: start), close: close, spread: max(close / 4_000, 3), until: now)
    }

    /// The rate settled at a time, in units of 10⁻⁸.
    func settledRate(at time: Int64) -> Int64 { self.number(7, time, below: 40_001) - 15_000 }

    /// The share of longs in ten-thousandths, of one kind of ratio.
    func longShare(_ kind: Int, at time: Int64) -> Int64 {
        3_000 + self.number(UInt64(truncatingIfNeeded: 11 + kind), time, below: 4_000)
    }

    /// Takers' buys by their sales, in ten-thousandths.
    func takerRatio(at time: Int64) -> Int64 { 5_000 + self.number(17, time, below: 15_000) }

    /// Open interest in size units.
    func openInterest(at time: Int64) -> Int64 {
        let middle = 300_000 + self.number(19, 0, below: 600_000)
        let steps =
            middle + self.wave(20, time, every: 14_400_000, most: middle / 5) + self.number(21, time, below: 2_001)
        return steps * self.symbol.sizeStep
    }

    /// The volatility index, in hundredths of a percent.
    func volatility(at time: Int64) -> Int64 { 3_500 + self.number(23, time, below: 3_000) }

    /// A bar of the volatility index.
    func volatilityBar(from start: Int64, to end: Int64, until now: Int64) -> PriceBar {
        let close = self.volatility(at: min(end, max(now, start)))
        return self.bar(24, start, end, open: self.volatility(at: start), close: close, spread: 20, until: now)
    }

    // MARK: Randomness

    private func bar(
        _ stream: UInt64, _ start: Int64, _ end: Int64, open: Int64, close: Int64, spread: Int64, until now: Int64
    ) -> PriceBar {
        var random = self.random(stream, start)
        let (up, down) = (Int64(random.below(Int(spread))), Int64(random.below(Int(spread))))
        return PriceBar(
            start: start, open: open, high: max(open, close) + up, low: max(min(open, close) - down, 1), close: close,
            isClosed: now >= end)
    }

    /// The price that everything moves around, in hundredths of the price units.
    private func level(at time: Int64) -> Int64 {
        let base = self.symbol.startTicks * 100
        return base + self.wave(30, time, every: 21_600_000, most: base / 30)
            + self.wave(31, time, every: 600_000, most: base / 400)
    }

    /// A line through random points, `every` milliseconds apart and within `most` of zero.
    private func wave(_ stream: UInt64, _ time: Int64, every: Int64, most: Int64) -> Int64 {
        let limit = Int(2 * most + 1)
        let first = self.number(stream, time / every, below: limit) - most
        let next = self.number(stream, time / every + 1, below: limit) - most
        return first + (next - first) * (time % every) / every
    }

    private func number(_ stream: UInt64, _ place: Int64, below limit: Int) -> Int64 {
        var random = self.random(stream, place)
        return Int64(random.below(limit))
    }

    private func random(_ stream: UInt64, _ place: Int64) -> RandomSource {
        RandomSource(
            seed: self.seed ^ (stream &* 0xD1B5_4A32_D192_ED03)
                ^ (UInt64(bitPattern: place) &* 0x9E37_79B9_7F4A_7C15 &+ stream))
    }
}

/// A best bid and offer of the past.
struct PastQuote: Equatable {
    let milliseconds: Int64
    /// When it was told.
    let sentAt: Int64
    /// Of the book's updates.
    let sequence: UInt64
    let bid: Int64
    let bidSize: Int64
    let ask: Int64
    let askSize: Int64
}

/// A bar of something that is not traded.
struct PriceBar: Equatable {
    let start: Int64
    let open: Int64
    let high: Int64
    let low: Int64
    let close: Int64
    let isClosed: Bool
}
