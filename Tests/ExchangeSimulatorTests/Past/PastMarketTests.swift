import Testing

@testable import ExchangeSimulator

@Suite("An instrument's past")
struct PastMarketTests {
    private static let start: Int64 = 1_790_000_123_456

    private static func market(_ seed: UInt64 = 1, perDay: Int = 4_001, days: Int = 5) -> PastMarket {
        var settings = PastSettings()
        settings.days = days
        settings.tradesPerDay = perDay
        return PastMarket(
            SimulatedSymbol.standard(.usdm)[0], .usdm, settings: settings, fundingPeriod: 28_800_000, seed: seed,
            until: Self.start)
    }

    @Test("Times never fall, many are shared, and each id is the first at its time or follows one that is")
    func order() {
        for perDay in [8, 1_000, 4_001, 200_000] {
            let past = Self.market(perDay: perDay)
            let ids = past.ids.prefix(5_000)
            let times = ids.map { past.trade($0).milliseconds }
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
            #expect(times.allSatisfy { $0 >= past.from && $0 < past.until })
            #expect(zip(times, times.dropFirst()).filter { $0 == $1 }.count > ids.count / 10)
            for (index, id) in ids.enumerated() where index > 0 {
                #expect(past.firstID(from: times[index]) == id || times[index - 1] == times[index])
                #expect(past.firstID(from: times[index] + 1) > id)
            }
        }
    }

    @Test("It begins at midnight, ends before the running market, and has the trades of a day that were asked for")
    func range() {
        let past = Self.market()
        #expect(past.from % 86_400_000 == 0 && past.until - past.from > 5 * 86_400_000)
        let day = past.firstID(from: past.from + 86_400_000) - past.ids.lowerBound
        #expect(day == 4_000)
        #expect(past.trade(past.ids.upperBound - 1).milliseconds < past.until)
        #expect(past.trade(past.ids.upperBound).milliseconds >= past.until)
        #expect(Self.market(days: 0).ids.count < 4_000)
    }

    @Test("It is the seed's, not the start's: another start shows the same rows, another seed others")
    func purity() {
        let (past, same, other) = (Self.market(), Self.market(days: 9), Self.market(2))
        let id = past.ids.lowerBound + 77
        #expect(past.trade(id) == same.trade(id) && past.trade(id).print != other.trade(id).print)
        #expect(past.settledRate(at: past.from) == same.settledRate(at: past.from))
        #expect(past.mark(at: past.from + 5) == same.mark(at: past.from + 5))
    }

    @Test("Quotes are some thousands a day, counted upwards with gaps, never crossed, and of one time now and then")
    func quotes() {
        let past = Self.market()
        let numbers = past.quotes(from: .min, to: .max)
        let quotes = numbers.map(past.quote)
        #expect((20_000..<24_000).contains(quotes.count))
        #expect(quotes.allSatisfy { $0.milliseconds >= past.from && $0.milliseconds < past.until })
        #expect(zip(quotes, quotes.dropFirst()).allSatisfy { $0.milliseconds <= $1.milliseconds })
        #expect(zip(quotes, quotes.dropFirst()).allSatisfy { $0.sequence < $1.sequence })
        #expect(zip(quotes, quotes.dropFirst()).filter { $0.milliseconds == $1.milliseconds }.count > 4_000)
        #expect(quotes.allSatisfy { $0.bid > 0 && $0.bid < $0.ask && $0.bidSize > 0 && $0.askSize > 0 })
        #expect(quotes.allSatisfy { $0.sentAt >= $0.milliseconds })
        // Cut anywhere, each is on one side.
        for index in [0, 1, 2_000, 2_001, 2_002, 2_003, quotes.count - 1] {
            let time = quotes[index].milliseconds
            let (before, after) = (past.quotes(from: .min, to: time), past.quotes(from: time, to: .max))
            #expect(before.upperBound == after.lowerBound && before.count + after.count == quotes.count)
            #expect(past.quote(after.lowerBound).milliseconds == time)
        }
        #expect(past.quotes(from: past.until, to: .max).isEmpty && past.quotes(from: 9, to: 3).isEmpty)
        #expect(Self.market(days: 9).quote(numbers.lowerBound) == quotes[0])
        #expect(Self.market(2).quote(numbers.lowerBound) != quotes[0])
    }

    @Test("Bars of trades agree over all lengths and hold every trade; those without any keep the price")
    func bars() {
        let past = Self.market(perDay: 1_000)
        let log = TradeLog(past: past)
        let (from, to) = (past.from, past.from + 86_400_000)
        func edges(_ length: Int64) -> [Int64] {
            BarGrid.every(length).edges(from: from, through: to - 1, limit: 9_999)
        }
        let whole = log.bars(edges(86_400_000), until: past.until)[0]
        #expect(whole.trades == 1_000 && whole.isClosed)
        for length: Int64 in [60_000, 3_600_000] {
            let parts = log.bars(edges(length), until: past.until)
            #expect(parts.count == 86_400_000 / Int(length))
            #expect(parts.reduce(0) { $0 + $1.volume } == whole.volume)
            #expect(parts.reduce(0) { $0 + $1.turnover } == whole.turnover)
            #expect(parts.map(\.high).max() == whole.high && parts.map(\.low).min() == whole.low)
            #expect(parts.last?.close == whole.close)
            let empty = zip(parts, parts.dropFirst()).filter { $1.trades == 0 }
            #expect(empty.allSatisfy { $1.open == $0.close && $1.high == $0.close })
            if length == 60_000 { #expect(!empty.isEmpty) }
        }
    }

    @Test("Mark price bars go on where the one before ended, and hold their ends")
    func marks() {
        let past = Self.market()
        let edges = BarGrid.every(60_000).edges(from: past.from, through: past.from + 86_400_000, limit: 1_440)
        let bars = zip(edges, edges.dropFirst()).map { past.markBar(from: $0, to: $1, until: past.until) }
        #expect(zip(bars, bars.dropFirst()).allSatisfy { $0.close == $1.open })
        #expect(
            bars.allSatisfy { $0.low <= min($0.open, $0.close) && $0.high >= max($0.open, $0.close) && $0.isClosed })
        #expect(Set(bars.map(\.close)).count > 1_000)
    }

    @Test("Grids open weeks on Mondays and months on their first, and page from either end")
    func grids() {
        // 2026-11-21, a Saturday.
        let time: Int64 = 1_795_257_600_000
        #expect(BarGrid.weeks().start(of: time) == 1_794_787_200_000)
        #expect(BarGrid.month.start(of: time) == 1_793_491_200_000)
        #expect(BarGrid.month.next(1_793_491_200_000) == 1_796_083_200_000)
        #expect(BarGrid.month.previous(1_793_491_200_000) == 1_790_812_800_000)
        #expect(BarGrid.every(86_400_000, offset: -28_800_000).start(of: time) == 1_795_190_400_000)
        let grid = BarGrid.every(10)
        #expect(grid.edges(from: 11, through: 40, limit: 9) == [20, 30, 40, 50])
        #expect(grid.edges(from: 11, through: 40, limit: 2) == [20, 30, 40])
        #expect(grid.edges(from: 41, through: 49, limit: 2) == [])
        #expect(grid.edges(upTo: 41, downTo: 20, limit: 2) == [30, 40, 50])
        #expect(grid.edges(upTo: 41, downTo: 20, limit: 9) == [20, 30, 40, 50])
        #expect(grid.edges(upTo: 19, downTo: 11, limit: 9) == [])
    }
}
