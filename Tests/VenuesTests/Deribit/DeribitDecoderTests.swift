import MarketModel
import Testing
import Venues

@Suite("Deribit decoder")
struct DeribitDecoderTests {
    // MARK: - Books

    @Test("A snapshot replaces the book, a change names its predecessor, whatever was deleted has no size")
    func book() throws {
        let rig = try DeribitRig([Frames.book])
        let snapshot = try rig.decode(
            DeribitRig.notification(
                Frames.book,
                #"{"type":"snapshot","timestamp":1785000000050,"instrument_name":"BTC-PERPETUAL","change_id":70010001,"bids":[["new",84210.5,25340.0]],"asks":[["new",84211.0,91000.0]]}"#
            ))
        guard case .depth(let first) = try #require(snapshot.events.first) else {
            Issue.record("no depth event")
            return
        }
        #expect(first.kind == .reset && first.before == 0 && first.last == 70_010_001)
        #expect(snapshot.levels == [Level(price: 842_105, size: 25_340), Level(price: 842_110, size: 91_000)])
        #expect(first.eventTime.microseconds == 1_785_000_000_050_000)

        let change = try rig.decode(
            DeribitRig.notification(
                Frames.book,
                #"{"type":"change","timestamp":1785000000150,"instrument_name":"BTC-PERPETUAL","prev_change_id":70010001,"change_id":70010019,"bids":[["change",84210.5,20100.0],["delete",84209.0,5.0]],"asks":[]}"#
            ))
        guard case .depth(let second) = try #require(change.events.first) else {
            Issue.record("no depth event")
            return
        }
        #expect(second.kind == .delta && second.before == 70_010_001 && second.last == 70_010_019)
        #expect(change.levels == [Level(price: 842_105, size: 20_100), Level(price: 842_090, size: 0)])
        #expect(second.bids.count == 2 && second.asks.isEmpty && rig.frames(0) == 3)
    }

    @Test("Keys may come in any order, unknown ones between them, and numbers with exponents")
    func anyOrder() throws {
        let text =
            #" { "params" : { "data" : {"asks":[["new",1.5e-05,2E+2,"x",{}],["new",2e1,0.25]],"x":{"y":["]"]},"bids":[],"change_id":9,"prev_change_id":3,"type":"change","instrument_name":"BTC-PERPETUAL","timestamp":1}, "channel":"book.BTC-PERPETUAL.100ms" }, "method":"subscription", "jsonrpc":"2.0" } "#
        let rig = try DeribitRig([Frames.book])
        let decoded = try rig.decode(text)
        #expect(rig.scales[InstrumentID(0)] == DecimalScales(price: 6, size: 2))
        #expect(decoded.levels == [Level(price: 15, size: 20_000), Level(price: 20_000_000, size: 25)])
    }

    // MARK: - Trades

    @Test("A trade carries the venue's id as text and its count as sequence")
    func trade() throws {
        let rig = try DeribitRig([Frames.trades])
        let decoded = try rig.decode(
            DeribitRig.notification(Frames.trades, "[\(Frames.trade()),\(Frames.trade(direction: "sell"))]"))
        #expect(decoded.events.count == 2)
        guard case .trade(let first) = decoded.events[0], case .trade(let second) = decoded.events[1] else {
            Issue.record("no trades")
            return
        }
        #expect(decoded.text(first.id) == "ETH_USDC-402188100" && first.sequence == 301_200_455)
        #expect(first.price == 84_211 && first.size == 5_000 && !first.isAggregate)
        #expect(first.aggressor == .buy && second.aggressor == .sell)
        #expect(first.eventTime.microseconds == 1_785_000_000_212_000)
    }

    @Test(
        "A liquidation is of the side that was closed by force",
        arguments: [
            ("T", "buy", [Liquidation.Position.short]), ("T", "sell", [.long]), ("M", "buy", [.long]),
            ("M", "sell", [.short]), ("MT", "buy", [.short, .long]), ("MT", "sell", [.long, .short]),
        ])
    func liquidations(_ flag: String, _ direction: String, _ positions: [Liquidation.Position]) throws {
        let rig = try DeribitRig([Frames.trades], types: [.trade, .liquidation])
        let decoded = try rig.decode(
            DeribitRig.notification(Frames.trades, "[\(Frames.trade(flag, direction: direction))]"))
        var told: [Liquidation] = []
        for event in decoded.events.dropFirst() {
            guard case .liquidation(let liquidation) = event else { continue }
            told.append(liquidation)
        }
        #expect(decoded.events.count == 1 + positions.count && told.map(\.position) == positions)
        #expect(told.map(\.ordinal) == (0..<UInt16(positions.count)).map(\.self))
        let one = try #require(told.first)
        #expect(one.price.text == "84211" && one.size.text == "5000" && one.priceKind == .trade && !one.isSampled)
        #expect(decoded.text(one.id) == "ETH_USDC-402188100")
    }

    @Test("Only what was asked for is told of a trade")
    func wantedOfTrades() throws {
        let text = DeribitRig.notification(Frames.trades, "[\(Frames.trade("T")),\(Frames.trade())]")
        let trades = try DeribitRig([Frames.trades], types: [.trade]).decode(text).events
        #expect(trades.count == 2)
        #expect(trades.allSatisfy { if case .trade = $0 { true } else { false } })
        let liquidations = try DeribitRig([Frames.trades], types: [.liquidation]).decode(text).events
        #expect(liquidations.count == 1)
        #expect(liquidations.allSatisfy { if case .liquidation = $0 { true } else { false } })
    }

    // MARK: - Quotes

    @Test(
        "A side without orders is empty, however it is told",
        arguments: [("null", "0.0"), ("0.0", "0"), ("null", "null"), ("84211.0", "0.0")])
    func quotes(_ price: String, _ amount: String) throws {
        let rig = try DeribitRig([Frames.quote])
        let decoded = try rig.decode(
            DeribitRig.notification(
                Frames.quote,
                #"{"timestamp":5,"instrument_name":"BTC-PERPETUAL","best_bid_price":84210.5,"best_bid_amount":120.0,"best_ask_price":\#(price),"best_ask_amount":\#(amount)}"#
            ))
        guard case .bestBidOffer(let offer) = try #require(decoded.events.first) else {
            Issue.record("no offer")
            return
        }
        #expect(offer.bid == Level(price: 842_105, size: 120) && offer.ask == Level(price: 0, size: 0))
        #expect(offer.sequence == 0 && offer.eventTime.microseconds == 5_000)
    }

    // MARK: - Tickers

    @Test("One ticker brings three kinds of data, each when it is another than before")
    func tickers() throws {
        let rig = try DeribitRig([Frames.ticker])
        let first = try rig.decode(Frames.ticker()).events
        guard first.count == 3, case .markPrice(let mark) = first[0], case .fundingRate(let funding) = first[1],
            case .openInterest(let interest) = first[2]
        else {
            Issue.record("\(first)")
            return
        }
        #expect(mark.mark.text == "84207.11" && mark.index.text == "84201.9" && mark.eventTime.microseconds == 7_000)
        #expect(funding.rate.text == "0.000012" && funding.settledRate.text == "-0.0000034")
        #expect(funding.accrual == .continuous && funding.intervalMicroseconds == 0)
        #expect(interest.amount.text == "1012345670")

        func kinds(_ text: String) throws -> [String] {
            try rig.decode(text).events.map {
                switch $0 {
                case .markPrice: "mark"
                case .fundingRate: "funding"
                case .openInterest: "interest"
                default: "other"
                }
            }
        }
        #expect(try kinds(Frames.ticker()).isEmpty)
        // The same numbers in other words are no news.
        #expect(try kinds(Frames.ticker(mark: "84207.110", funding: "0.000012")).isEmpty)
        #expect(try kinds(Frames.ticker(index: "84202")) == ["mark"])
        #expect(try kinds(Frames.ticker(mark: "84207.12", index: "84202")) == ["mark"])
        #expect(try kinds(Frames.ticker(mark: "84207.12", index: "84202", funding: "0")) == ["funding"])
        #expect(try kinds(Frames.ticker(mark: "84207.12", index: "84202", funding: "0", last: "0")) == ["funding"])
        #expect(
            try kinds(Frames.ticker(mark: "84207.12", index: "84202", funding: "0", last: "0", interest: "2"))
                == ["interest"])
        // What is not given is no news either, and the last of it stays known.
        #expect(
            try kinds(Frames.ticker(mark: "null", index: "84202", funding: "null", last: "0", interest: "null")).isEmpty
        )
    }

    @Test(
        "Only what was asked for is told of a ticker",
        arguments: [([DataType.markPrice], 1), ([.openInterest, .fundingRate], 2), ([.trade], 0)])
    func wantedOfTickers(_ types: [DataType], _ count: Int) throws {
        #expect(try DeribitRig([Frames.ticker], types: types).decode(Frames.ticker()).events.count == count)
    }

    @Test("A refused ticker told nothing: the same numbers are news when they come whole")
    func refusedTicker() throws {
        let rig = try DeribitRig([Frames.ticker])
        #expect(throws: FrameRefusal.self) { try rig.decode(Frames.ticker(interest: "1e-30")) }
        #expect(try rig.decode(Frames.ticker()).events.count == 3)
    }

    // MARK: - Volatility and bars

    @Test("A value of the volatility index is a close without a resolution")
    func volatility() throws {
        let rig = try DeribitRig(["deribit_volatility_index.btc_usd"], section: "index")
        let decoded = try rig.decode(
            DeribitRig.notification(
                "deribit_volatility_index.btc_usd",
                #"{"index_name":"btc_usd","volatility":41.37,"timestamp":1785000001000}"#))
        guard case .volatilityIndex(let value) = try #require(decoded.events.first) else {
            Issue.record("no value")
            return
        }
        #expect(value.close.text == "41.37" && !value.open.isGiven && value.resolutionMicroseconds == 0)
        #expect(value.eventTime.microseconds == 1_785_000_001_000_000)
    }

    @Test("A bar is never final on its channel, and keeps the venue's digits")
    func bar() throws {
        let channel = "chart.trades.BTC-PERPETUAL.1D"
        let rig = try DeribitRig([channel])
        let decoded = try rig.decode(
            DeribitRig.notification(
                channel,
                #"{"volume":1234567890.123456789,"tick":1785000000000,"open":1.0,"low":5e-1,"high":2.5,"cost":99.0,"close":2.0}"#
            ))
        guard case .kline(let bar) = try #require(decoded.events.first) else {
            Issue.record("no bar")
            return
        }
        #expect(bar.interval == .day1 && bar.openTime.microseconds == 1_785_000_000_000_000)
        #expect(!bar.isClosed && !bar.isConfirmed && bar.tradeCount == -1)
        #expect([bar.open, bar.high, bar.low, bar.close].map(decoded.text) == ["1.0", "2.5", "5e-1", "2.0"])
        #expect(decoded.text(bar.baseVolume) == "1234567890.123456789" && decoded.text(bar.quoteVolume) == "99.0")
    }

    // MARK: - Refusals

    @Test(
        "A frame that does not fit is refused under its reason",
        arguments: [
            ("not json", "json"), ("", "json"), (#"{"jsonrpc":"2.0","method":"subscription"}"#, "missing_field"),
            (#"{"jsonrpc":"2.0","method":"other","params":{}}"#, "unknown_event"), ("{}", "unknown_event"),
            (DeribitRig.notification("book.ETH-PERPETUAL.100ms", "{}"), "unknown_stream"),
            (DeribitRig.notification(Frames.book, "{}"), "missing_field"),
            (DeribitRig.notification(Frames.book, #"{"instrument_name":"ETH-PERPETUAL"}"#), "mismatch"),
            (Frames.bookText(type: "other"), "unknown_event"), (Frames.bookText(before: nil), "missing_field"),
            (Frames.bookText(bids: #"["moved",1,2]"#), "missing_field"),
            (Frames.bookText(bids: #"["new","1",2]"#), "missing_field"),
            (Frames.bookText(bids: #"["new",1,-2]"#), "missing_field"), (Frames.bookText(bids: #"["new",1]"#), "json"),
            (Frames.bookText(bids: #"["new",null,2]"#), "missing_field"),
            (Frames.bookText(bids: #"["new",9999999999999999999,2]"#), "value_too_large"),
            (Frames.bookText(bids: #"["new",1e-19,2]"#), "value_too_large"), (Frames.bookText(bids: "7"), "json"),
            (DeribitRig.notification(Frames.trades, Frames.trade()), "json"),
            (DeribitRig.notification(Frames.trades, "[\(Frames.trade(direction: "up"))]"), "missing_field"),
            (DeribitRig.notification(Frames.trades, "[\(Frames.trade("X"))]"), "missing_field"),
            (DeribitRig.notification(Frames.trades, #"[{"instrument_name":"BTC-PERPETUAL"}]"#), "missing_field"),
            (
                DeribitRig.notification(
                    Frames.trades, "[\(Frames.trade().replacing("ETH_USDC-402188100", with: #"a\"b"#))]"), "json"
            ),
            (Frames.ticker(mark: #""84207""#), "json"), (Frames.ticker(mark: "84207.1.1"), "json"),
            (Frames.ticker().replacing("open_interest", with: "x"), "missing_field"),
            (
                DeribitRig.notification(
                    Frames.quote,
                    #"{"instrument_name":"BTC-PERPETUAL","best_bid_price":null,"best_bid_amount":1,"best_ask_price":1,"best_ask_amount":1}"#
                ), "missing_field"
            ),
        ])
    func refused(_ text: String, _ label: String) throws {
        let rig = try DeribitRig([Frames.book, Frames.trades, Frames.quote, Frames.ticker])
        #expect {
            try rig.decode(text)
        } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    @Test("The frame that the refusals are varied from is taken")
    func wellFormed() throws {
        #expect(try DeribitRig([Frames.book]).decode(Frames.bookText()).events.count == 1)
    }
}

/// Frames as the venue's documentation has them.
private enum Frames {
    static let book = "book.BTC-PERPETUAL.100ms"
    static let trades = "trades.BTC-PERPETUAL.100ms"
    static let quote = "quote.BTC-PERPETUAL"
    static let ticker = "ticker.BTC-PERPETUAL.100ms"

    static func trade(_ liquidation: String? = nil, direction: String = "buy") -> String {
        let flag = liquidation.map { #","liquidation":"\#($0)""# } ?? ""
        return
            #"{"trade_seq":301200455,"trade_id":"ETH_USDC-402188100","timestamp":1785000000212,"instrument_name":"BTC-PERPETUAL","direction":"\#(direction)","price":84211.0,"amount":5000.0,"contracts":500.0,"mark_price":84207.11,"index_price":84201.90,"tick_direction":0,"starbase_match_id":7,"starbase_timestamp":1785000000212000001\#(flag)}"#
    }

    static func ticker(
        mark: String = "84207.11", index: String = "84201.9", funding: String = "1.2e-05", last: String = "-3.4E-6",
        interest: String = "1012345670"
    ) -> String {
        DeribitRig.notification(
            Self.ticker,
            #"{"timestamp":7,"stats":{"volume":1.0,"mark_price":1},"state":"open","open_interest":\#(interest),"mark_price":\#(mark),"instrument_name":"BTC-PERPETUAL","index_price":\#(index),"funding_8h":\#(last),"current_funding":\#(funding),"best_bid_price":null}"#
        )
    }

    static func bookText(
        type: String = "change", before: String? = "1", bids: String = #"["new",1.5,2]"#
    ) -> String {
        let previous = before.map { #""prev_change_id":\#($0),"# } ?? ""
        return DeribitRig.notification(
            Self.book,
            #"{"type":"\#(type)",\#(previous)"timestamp":1,"instrument_name":"BTC-PERPETUAL","change_id":2,"bids":[\#(bids)],"asks":[]}"#
        )
    }
}
