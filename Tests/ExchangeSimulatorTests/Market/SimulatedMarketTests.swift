import Testing

@testable import ExchangeSimulator

@Suite("SimulatedMarket")
struct SimulatedMarketTests {
    private static func market(_ segment: MarketSegment, seed: UInt64, levels: Int = 200) -> SimulatedMarket {
        SimulatedMarket(segment: segment, symbol: SimulatedSymbol.standard(segment)[0], levels: levels, seed: seed)
    }

    @Test(
        "Depth messages turn an old snapshot into the book, which is never crossed",
        arguments: MarketSegment.allCases.filter { $0 != .deribitOption })
    func reconstruction(segment: MarketSegment) {
        for seed in UInt64(1)...8 {
            var market = Self.market(segment, seed: seed)
            var copy = market.book
            var last = copy.lastID
            for _ in 0..<3_000 {
                _ = market.step()
                if let bid = market.book.bids.best, let ask = market.book.asks.best {
                    #expect(bid.price < ask.price, "seed \(seed)")
                }
                guard market.book.lastID % 7 == 0, let change = market.takeChange() else { continue }
                #expect(change.previousID == last)
                #expect(change.firstID > last && change.lastID >= change.firstID)
                if segment == .spot { #expect(change.firstID == last + 1) }
                for level in change.bids { copy.bids.set(level.price, to: level.size) }
                for level in change.asks { copy.asks.set(level.price, to: level.size) }
                copy.lastID = change.lastID
                last = change.lastID
                #expect(copy.top(10_000) == market.book.top(10_000), "seed \(seed)")
            }
            #expect(last > market.firstID)
            #expect(market.book.bids.levels.count >= 100 && market.book.bids.levels.count <= 300)
        }
    }

    @Test("Futures ids jump")
    func futuresIDs() {
        var market = Self.market(.usdm, seed: 3)
        var jumps = 0
        var last = market.book.lastID
        for _ in 0..<200 {
            _ = market.step()
            guard let change = market.takeChange() else { continue }
            if change.firstID != last + 1 { jumps += 1 }
            last = change.lastID
        }
        #expect(jumps > 50)
    }

    @Test("Trade ids rise by one, at the best price, and the size is taken from the book")
    func trades() {
        var market = Self.market(.spot, seed: 5)
        var last = market.lastTradeID
        var count: UInt64 = 0
        for _ in 0..<5_000 {
            let before = market.book
            guard let print = market.step() else { continue }
            count += 1
            #expect(print.id == last + 1)
            last = print.id
            let best = print.buyerIsMaker ? before.bids.best : before.asks.best
            let side = print.buyerIsMaker ? market.book.bids : market.book.asks
            #expect(print.price == best?.price)
            #expect(side.size(at: print.price) == (best?.size ?? 0) - print.size)
            #expect(print.size > 0)
        }
        #expect(count == market.tradesMade && count > 300)
    }

    @Test("A seed gives the same market again, another seed another one")
    func determinism() {
        var first = Self.market(.usdm, seed: 11)
        var second = Self.market(.usdm, seed: 11)
        var third = Self.market(.usdm, seed: 12)
        for _ in 0..<500 {
            let (one, other) = (first.step(), second.step())
            #expect(one == other)
            _ = third.step()
        }
        #expect(first.book.top(1_000) == second.book.top(1_000))
        #expect(first.book.top(1_000) != third.book.top(1_000))
    }

    @Test("Numbers are written with the digits of their segment")
    func numbers() {
        func text(_ units: Int64, _ decimals: Int, _ width: Int) -> String {
            var text: [UInt8] = []
            text.write(units: units, decimals: decimals, width: width)
            return String(decoding: text, as: UTF8.self)
        }
        #expect(text(6_173_763, 2, 8) == "\"61737.63000000\"")
        #expect(text(5, 2, 0) == "\"0.05\"")
        #expect(text(0, 0, 0) == "\"0\"")
        #expect(text(7, 0, 8) == "\"7.00000000\"")
        #expect(text(123, 8, 8) == "\"0.00000123\"")
    }
}
