import MarketModel
import TestSupport
import Testing

@testable import Publishing

@Suite("The last stage of a loop")
struct EventPublisherTests {
    @Test("A message carries its subject, its id, and its count within the subject")
    func envelope() throws {
        var bench = PublisherBench()
        bench.trade(41)
        bench.trade(42)
        bench.view()
        let messages = try bench.take().sorted { $0.subject < $1.subject }
        #expect(
            messages.map(\.subject).suffix(2) == ["md.trade.binance.spot.BTC-USDT", "md.trade.binance.spot.BTC-USDT"])
        let trades = messages.filter { $0.type == "trade" }
        #expect(trades.map(\.id) == ["41", "42"] && trades.map(\.number) == [1, 2])
        #expect(trades[0].body["price"] as? String == "61737.63" && trades[0].body["size"] as? String == "1.5")
        let view = try #require(messages.first { $0.type == "orderbook" })
        #expect(view.number == 1 && view.body["chain"] as? String == "b.1")
    }

    @Test("A trade is told apart by the venue's count: of its instrument, not of its currency, and from first to last")
    func tradeCount() throws {
        var bench = PublisherBench()
        bench.trade(301_200_455, name: "ETH_USDC-188")
        bench.trade(17, first: 15)
        bench.trade(0, name: "b3f1")
        bench.trade(18, isBackfilled: true)
        let messages = try bench.take()
        #expect(messages.map(\.id) == ["301200455", "15-17", "b3f1", "18"])
        #expect(messages.map { $0.body["id"] as? String } == ["ETH_USDC-188", "17", "b3f1", "18"])
        #expect(messages.map { $0.body["sequence"] as? String } == ["301200455", "17", nil, "18"])
        #expect(messages.map { $0.body["first_sequence"] as? String } == ["301200455", "15", nil, "18"])
        #expect(messages.map { $0.body["backfilled"] as? Bool } == [false, false, false, true])
    }

    @Test("A trade that finds no room is dropped and counted, and its number is missing for the reader to see")
    func fullOfTrades() throws {
        var bench = PublisherBench(messages: 16)
        for id in 1...20 { bench.trade(UInt64(id)) }
        let first = try bench.take()
        bench.trade(21)
        let second = try bench.take()
        let counts = bench.counts(.trade)
        #expect(first.map(\.number) == Array(1...16))
        #expect(second.map(\.number) == [21])
        #expect(counts.produced == 21 && counts[.queueFull] == 4)
    }

    @Test("Trades are kept while there is no connection: they are worth as much later")
    func tradesWhileDown() throws {
        var bench = PublisherBench(state: .down)
        bench.trade(1)
        let messages = try bench.take()
        #expect(messages.map(\.id) == ["1"])
    }

    @Test("A lost delta ends its chain: nothing of it is sent any more, and the book is asked to start another")
    func lostDelta() throws {
        var bench = PublisherBench()
        bench.delta()
        bench.queue.setDeliveryState(.down)
        bench.delta()
        bench.queue.setDeliveryState(.up)
        bench.delta()
        bench.view()
        let beforeFlush = try bench.take()
        #expect(beforeFlush.map(\.type) == ["orderbook_delta"])
        let wanted = bench.flush()
        #expect(wanted == [true])
        // The books answer with a view of the new chain, then deltas flow again.
        bench.view()
        bench.delta()
        let afterFlush = try bench.take()
        #expect(afterFlush.map(\.type) == ["orderbook", "orderbook_delta"])
        let counts = bench.counts(.orderbookDelta)
        #expect(counts[.disconnected] == 2, "what follows in a lost chain names what cost it")
        #expect(counts[.queueFull] == 0 && counts.produced == 4)
        let again = bench.flush()
        #expect(again.isEmpty)
    }

    @Test(
        "What finds no room is on the ledger at the next tick: trades by their ids without holes, deltas by their numbers"
    )
    func losses() throws {
        var bench = PublisherBench(messages: 16)
        for id in 1...16 { bench.trade(UInt64(id)) }
        for id in [17, 18, 20] { bench.trade(UInt64(id)) }
        bench.queue.setDeliveryState(.down)
        for _ in 0..<3 { bench.delta() }
        let early = bench.ledger.takeDue(10, wall: 1, isLast: true)
        #expect(early.count == 1, "only what made way for another range is told before the tick")
        _ = bench.flush()
        let entries = (early + bench.ledger.takeDue(10, wall: 1, isLast: true)).sorted { $0.id < $1.id }
        let told = entries.map {
            "\($0.of.token) \($0.cause) \($0.range?.from ?? "")..\($0.range?.to ?? "") \($0.missing ?? 0)"
        }
        #expect(told.contains("trade queueFull 17..18 2") && told.contains("trade queueFull 20..20 1"))
        #expect(told.contains("orderbook_delta disconnected 1..3 3") && told.count == 3)
        #expect(entries.allSatisfy { $0.subject.symbol == "BTC-USDT" && $0.subject.venueSymbol == "BTCUSDT" })
    }

    @Test("A delta that finds the queue full ends its chain too")
    func deltaInFullQueue() throws {
        var bench = PublisherBench(messages: 16)
        for _ in 0..<17 { bench.delta() }
        _ = try bench.take()
        let wanted = bench.flush()
        #expect(wanted == [true])
        #expect(bench.counts(.orderbookDelta)[.queueFull] == 1)
    }

    @Test("A delta larger than the lane takes is counted as such")
    func tooLarge() throws {
        var bench = PublisherBench()
        bench.delta(levels: 2_000)
        let wanted = bench.flush()
        let counts = bench.counts(.orderbookDelta)
        #expect(counts[.tooLarge] == 1 && counts[.queueFull] == 0 && wanted == [true])
    }

    @Test("Above the watermark views are conflated, and the current one is asked for once there is room")
    func views() throws {
        var bench = PublisherBench(messages: 16)
        for _ in 0..<8 { bench.delta() }
        bench.view()
        bench.view()
        let whileAbove = bench.flush()
        _ = try bench.take()
        let afterwards = bench.flush()
        #expect(whileAbove.isEmpty && afterwards == [false])
        let counts = bench.counts(.orderbook)
        #expect(counts.conflated == 2 && counts.produced == 2)
        bench.view()
        #expect(try bench.take().map(\.type) == ["orderbook"])
        let isHolding = bench.publisher.holdsAnything
        #expect(!isHolding)
    }

    @Test("Of the offers above the watermark only the newest goes out")
    func offers() throws {
        var bench = PublisherBench(messages: 16)
        for _ in 0..<8 { bench.delta() }
        for bid in 1...5 { bench.offer(bid: Int64(bid)) }
        _ = try bench.take()
        _ = bench.flush()
        let messages = try bench.take()
        #expect(messages.map(\.type) == ["bbo"])
        #expect(messages.first?.body["bid"] as? String == "0.05")
        #expect(bench.counts(.bbo).conflated == 5)
        let isHolding = bench.publisher.holdsAnything
        #expect(!isHolding)
    }

    @Test("An offer that is held while scales widen goes out at its own price")
    func heldOfferAtWiderScales() throws {
        var bench = PublisherBench(messages: 16)
        for _ in 0..<8 { bench.delta() }
        bench.offer(bid: 123)
        bench.publisher.setScales(DecimalScales(price: 4, size: 3), of: PublisherBench.book)
        _ = try bench.take()
        _ = bench.flush()
        let message = try #require(try bench.take().first)
        #expect(message.body["bid"] as? String == "1.23" && message.body["ask"] as? String == "9")
    }

    @Test("A held offer that does not fit the wider scales is given up")
    func heldOfferTooLarge() throws {
        var bench = PublisherBench(messages: 16)
        for _ in 0..<8 { bench.delta() }
        bench.offer(bid: 900_000_000_000_000_000)
        bench.publisher.setScales(DecimalScales(price: 9, size: 3), of: PublisherBench.book)
        let isHolding = bench.publisher.holdsAnything
        #expect(!isHolding)
    }

    @Test("Metadata that could not go out goes out later, as it is then")
    func metadata() throws {
        var bench = PublisherBench(state: .down)
        bench.publish(.instrument(PublisherBench.book))
        bench.publish(.instrument(PublisherBench.book))
        let whileDown = try bench.take()
        bench.queue.setDeliveryState(.up)
        _ = bench.flush()
        let messages = try bench.take()
        #expect(whileDown.isEmpty && messages.map(\.type) == ["instrument"])
    }

    @Test("Messages lost after they were queued end every chain")
    func lossBehindTheQueue() throws {
        var bench = PublisherBench()
        bench.delta()
        bench.queue.messagesLost()
        let wanted = bench.flush()
        #expect(wanted == [true])
        bench.view()
        let again = bench.flush()
        #expect(again.isEmpty)
    }

    @Test("Whatever happens, what was made is accounted for", arguments: 0..<20)
    func accounts(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var bench = PublisherBench(messages: 32)
        for step in 0..<2_000 {
            switch Int.random(in: 0..<9, using: &random) {
            case 0, 1: bench.trade(UInt64(step))
            case 2, 3: bench.delta(levels: Int.random(in: 0...400, using: &random))
            case 4: bench.view()
            case 5: bench.offer(bid: Int64(step))
            case 6: bench.queue.setDeliveryState(Bool.random(using: &random) ? .up : .down)
            case 7: _ = bench.flush()
            default: _ = try bench.take()
            }
            let cut = bench.queue.cut()
            guard cut.isBalanced, cut.isConsistent else {
                Issue.record("step \(step): \(cut)")
                return
            }
        }
        let produced = MessageType.allCases.map { bench.counts($0).produced }.reduce(0, +)
        #expect(bench.queue.cut().produced == produced)
    }
}
