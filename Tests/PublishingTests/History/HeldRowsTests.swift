import MarketModel
import TestSupport
import Testing

@testable import Publishing

@Suite("What streams hold of a stretch of the past")
struct HeldRowsTests {
    private static func held(_ identity: HistoryIdentity, live: [String] = [], history: [String] = []) -> HeldRows {
        var held = HeldRows(identity)
        for (ids, isLive) in [(live, true), (history, false)] {
            for id in ids { Array(id.utf8).withUnsafeBytes { held.insert($0, isLive: isLive) } }
        }
        held.settle()
        return held
    }

    private static func trade(_ first: UInt64, _ last: UInt64) -> MarketEvent {
        var trade = Trade(
            instrument: InstrumentID(0), id: .empty, sequence: last, price: 1, size: 1, aggressor: .buy,
            isAggregate: true, eventTime: Timestamp(milliseconds: 1), sentTime: .none, receivedMicroseconds: 1)
        trade.firstSequence = first
        return .trade(trade)
    }

    private static func contains(_ held: HeldRows, _ event: MarketEvent, id: String = "") -> Bool {
        Array(id.utf8).withUnsafeBytes { held.contains(event, id: $0) }
    }

    @Test("Trades are held by their ids in any order, aggregates when all of them is")
    func trades() {
        var random = SeededGenerator(seed: 5)
        let ids = (1...4_000).filter { $0 % 7 != 0 }.shuffled(using: &random)
        let held = Self.held(HistoryIdentity(type: .trade, interval: nil), live: ids.map { "\($0)" } + ["5000-5009"])
        for id in 1...4_000 as ClosedRange<UInt64> {
            #expect(Self.contains(held, Self.trade(id, id)) == (id % 7 != 0), "\(id)")
        }
        #expect(Self.contains(held, Self.trade(8, 13)) && !Self.contains(held, Self.trade(8, 14)))
        #expect(Self.contains(held, Self.trade(5_003, 5_009)) && !Self.contains(held, Self.trade(5_003, 5_010)))
    }

    @Test("Trades that a venue does not count are held by their own ids")
    func uncounted() {
        let held = Self.held(HistoryIdentity(type: .trade, interval: nil), live: ["ab-1"], history: ["ab-2"])
        #expect(Self.contains(held, Self.trade(0, 0), id: "ab-1") && Self.contains(held, Self.trade(0, 0), id: "ab-2"))
        #expect(!Self.contains(held, Self.trade(0, 0), id: "ab-3"))
    }

    @Test("Quotes are held by what the venue counts them as, whatever their time")
    func quotes() {
        func quote(_ sequence: UInt64) -> MarketEvent {
            .bestBidOffer(
                BestBidOffer(
                    instrument: InstrumentID(0), bid: Level(price: 1, size: 2), ask: Level(price: 3, size: 4),
                    sequence: sequence, eventTime: Timestamp(milliseconds: 1), sentTime: .none,
                    receivedMicroseconds: 1))
        }
        let identity = HistoryIdentity(type: .bbo, interval: nil)
        let held = Self.held(identity, live: ["i:b:9"], history: ["7", "12"])
        #expect(Self.contains(held, quote(7)) && Self.contains(held, quote(12)))
        #expect(!Self.contains(held, quote(9)) && !Self.contains(held, quote(8)) && !Self.contains(held, quote(0)))
        #expect(!identity.isLiveToo)
    }

    @Test("More holes than are kept are told, not forgotten")
    func overfull() {
        let held = Self.held(
            HistoryIdentity(type: .trade, interval: nil), live: (0...270_000).map { "\($0 * 2 + 1)" })
        #expect(held.isOverfull)
    }

    @Test("A live message counts when it is a finished row of the same series")
    func live() throws {
        let bar = HistoryIdentity(type: .kline, interval: .minute1)
        let time: Int64 = 1_700_000_000_000_000
        #expect(Self.time(bar, "1m:1700000000000000:closed:ab") == time)
        #expect(Self.time(bar, "1m:1700000000000000:confirmed:ab") == time)
        #expect(Self.time(bar, "1m:1700000000000000:open:ab") == nil)
        #expect(Self.time(bar, "1m:1700000000000000:1700000000000007:ab") == nil)
        #expect(Self.time(bar, "3m:1700000000000000:closed:ab") == nil)
        let rate = HistoryIdentity(type: .fundingRate, interval: nil)
        #expect(Self.time(rate, "1700000000000000:1700000000000000:0.1:0.1") == time)
        #expect(Self.time(rate, "1699999999000000:1700000000000000:0.1:0.1") == nil)
        let ratio = HistoryIdentity(type: .lsrAllAccount, interval: .minute5)
        #expect(Self.time(ratio, "300000000:1700000000000000:1.5:0.6:0.4") == time)
        #expect(Self.time(ratio, "900000000:1700000000000000:1.5:0.6:0.4") == nil)
        let index = HistoryIdentity(type: .volatilityIndex, interval: .minute1)
        #expect(Self.time(index, "60000000:1700000000000000:1:2:1:2") == time)
        #expect(Self.time(index, "tick:1700000000000000:2") == nil)
        #expect(!HistoryIdentity(type: .openInterest, interval: .minute5).isLiveToo)
        for id in ["", ":", "::", "1m", "1m:x:closed"] { #expect(Self.time(bar, id) == nil) }
    }

    private static func time(_ identity: HistoryIdentity, _ id: String) -> Int64? {
        Array(id.utf8).withUnsafeBytes { identity.time(ofLive: $0) }
    }
}
