import MarketModel
import Testing
import Venues

@Suite("Binance's mark prices, funding rates and liquidations")
struct BinanceContractsTests {
    private static let usdm =
        #"{"stream":"ethusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1785000003000,"s":"ETHUSDT","p":"3119.98412","ap":"3119.70","i":"3120.30111","P":"3119.9","r":"0.00007125","T":1785024000000,"st":1,"ps":"ETHUSDT"}}"#
    private static let coinm =
        #"{"stream":"btcusd_perp@markPrice@1s","data":{"e":"markPriceUpdate","E":1785000003000,"s":"BTCUSD_PERP","p":"61801.10000000","P":"61799.5","i":"61790.2","r":"-0.00010000","T":1785024000000,"st":2}}"#
    private static let dated =
        #"{"stream":"btcusd_261225@markPrice@1s","data":{"e":"markPriceUpdate","E":1785000003000,"s":"BTCUSD_261225","p":"62001.1","P":"62000","i":"61790.2","r":"","T":0,"st":2}}"#

    private static func mark(_ events: [MarketEvent]) throws -> MarkPrice {
        for case .markPrice(let mark) in events { return mark }
        throw FrameRefusal.missingField
    }

    private static func funding(_ events: [MarketEvent]) -> [FundingRate] {
        events.compactMap { event in
            guard case .fundingRate(let rate) = event else { return nil }
            return rate
        }
    }

    // MARK: - Mark price and funding

    @Test("A frame of USD-M gives the mark price with its index, and the rate with the time it is charged at")
    func usdm() throws {
        var frames = BinanceFrames(.usdm, ["ethusdt@markPrice@1s"])
        let events = try frames.decode(Self.usdm).events
        let mark = try Self.mark(events)
        #expect(mark.mark.text == "3119.98412" && mark.index.text == "3120.30111")
        #expect(mark.eventTime.microseconds == 1_785_000_003_000_000 && mark.sentTime == .none)
        #expect(mark.receivedMicroseconds == BinanceFrames.received)
        let rate = try #require(Self.funding(events).first)
        #expect(rate.rate.text == "0.00007125" && rate.fundingTime.microseconds == 1_785_024_000_000_000)
        #expect(rate.accrual == .periodic && rate.intervalMicroseconds == 0 && !rate.settledRate.isGiven)
        #expect(rate.eventTime.microseconds == 1_785_000_003_000_000 && events.count == 2)
    }

    @Test("A frame of COIN-M gives the same, a rate below zero included")
    func coinm() throws {
        var frames = BinanceFrames(.coinm, ["btcusd_perp@markPrice@1s"])
        let events = try frames.decode(Self.coinm).events
        let mark = try Self.mark(events)
        #expect(mark.mark.text == "61801.1" && Self.funding(events).map(\.rate.text) == ["-0.0001"])
    }

    @Test("A dated contract has a mark price and no funding")
    func dated() throws {
        var frames = BinanceFrames(.coinm, ["btcusd_261225@markPrice@1s"])
        let events = try frames.decode(Self.dated).events
        let mark = try Self.mark(events)
        #expect(events.count == 1 && mark.index.text == "61790.2")
    }

    @Test("A frame without an index, or with an empty one, has a mark price alone")
    func withoutIndex() throws {
        var frames = BinanceFrames(.usdm, ["ethusdt@markPrice@1s"])
        for index in ["", #""i":"","#] {
            let text =
                #"{"stream":"ethusdt@markPrice@1s","data":{"E":1,"s":"ETHUSDT",\#(index)"p":"3","r":"0.1","T":0}}"#
            let events = try frames.decode(text).events
            let mark = try Self.mark(events)
            #expect(events.count == 1 && !mark.index.isGiven)
        }
    }

    @Test("The rate is told again only when it or its time changed, the mark price with each frame")
    func changes() throws {
        var frames = BinanceFrames(.usdm, ["ethusdt@markPrice@1s", "btcusdt@markPrice@1s"])
        func text(_ rate: String, _ time: Int, _ symbol: String = "eth") -> String {
            #"{"stream":"\#(symbol)usdt@markPrice@1s","data":{"E":1,"s":"\#(symbol.uppercased())USDT","p":"3","r":"\#(rate)","T":\#(time)}}"#
        }
        var told: [Int] = []
        for frame in [
            text("0.0001", 9), text("0.00010", 9), text("0.0002", 9), text("0.0002", 10), text("0.0002", 10),
            text("0.0002", 10, "btc"), text("0.0002", 10), text("0.0001", 10),
        ] {
            let events = try frames.decode(frame).events
            let mark = try Self.mark(events)
            #expect(mark.mark.text == "3")
            told.append(Self.funding(events).count)
        }
        #expect(told == [1, 0, 1, 1, 0, 1, 0, 1])
    }

    @Test(
        "Only what is wanted of the stream is told",
        arguments: [([DataType.markPrice], 1, 0), ([.fundingRate], 0, 1), ([], 0, 0)])
    func wanted(_ types: [DataType], _ marks: Int, _ rates: Int) throws {
        var frames = BinanceFrames(.usdm, ["ethusdt@markPrice@1s"], types: types)
        let events = try frames.decode(Self.usdm).events
        #expect(events.count == marks + rates && Self.funding(events).count == rates)
    }

    @Test("A stream that comes back tells its rate again")
    func comesBack() throws {
        var frames = BinanceFrames(.usdm, ["ethusdt@markPrice@1s"])
        _ = try frames.decode(Self.usdm)
        frames.removeStream(at: 0)
        #expect { try frames.decode(Self.usdm) } throws: { ($0 as? FrameRefusal)?.label == "unknown_stream" }
        let place = frames.addStream("ethusdt@markPrice@1s", of: 0)
        let events = try frames.decode(Self.usdm).events
        #expect(place == 1 && Self.funding(events).count == 1)
        #expect(frames.frames(ofStream: 0) == 1 && frames.frames(ofStream: 1) == 1)
    }

    // MARK: - Liquidations

    private static func liquidation(_ events: [MarketEvent]) throws -> Liquidation {
        guard case .liquidation(let liquidation) = try #require(events.first), events.count == 1 else {
            throw FrameRefusal.missingField
        }
        return liquidation
    }

    @Test("A forced sale closed a long, at the mean price of what was filled")
    func longClosed() throws {
        var frames = BinanceFrames(.usdm, ["ethusdt@forceOrder"])
        let text =
            #"{"stream":"ethusdt@forceOrder","data":{"e":"forceOrder","E":1785000001020,"o":{"s":"ETHUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"5.000","p":"3101.55","ap":"3110.02","X":"FILLED","l":"0.910","z":"3.210","T":1785000000998,"ps":"ETHUSDT","st":1}}}"#
        let told = try Self.liquidation(try frames.decode(text).events)
        #expect(told.position == .long && told.priceKind == .average && told.isSampled)
        #expect(told.price.text == "3110.02" && told.size.text == "3.21" && told.id.count == 0)
        #expect(told.eventTime.microseconds == 1_785_000_000_998_000)
        #expect(told.sentTime.microseconds == 1_785_000_001_020_000)
    }

    @Test("A forced purchase closed a short, whatever the order of the keys")
    func shortClosed() throws {
        var frames = BinanceFrames(.coinm, ["btcusd_perp@forceOrder"])
        let text =
            #"{"data":{"o":{"z":"10","ap":"61800.1","p":"61900","S":"BUY","s":"BTCUSD_PERP","x":{"S":"SELL"}},"st":2,"E":5,"e":"forceOrder"},"stream":"btcusd_perp@forceOrder"}"#
        let told = try Self.liquidation(try frames.decode(text).events)
        #expect(told.position == .short && told.size.text == "10" && told.price.text == "61800.1")
        #expect(told.eventTime.microseconds == 5_000 && told.sentTime == .none)
    }

    @Test("An order that was not filled has its own price, and says so", arguments: [#""ap":"0","#, #""ap":"","#, ""])
    func unfilled(_ average: String) throws {
        var frames = BinanceFrames(.usdm, ["ethusdt@forceOrder"])
        let text =
            #"{"stream":"ethusdt@forceOrder","data":{"e":"forceOrder","E":1,"o":{"s":"ETHUSDT","S":"SELL","q":"5","p":"3101.55",\#(average)"z":"0","T":1}}}"#
        let told = try Self.liquidation(try frames.decode(text).events)
        #expect(told.priceKind == .bankruptcy && told.price.text == "3101.55" && told.size == .zero)
    }

    // MARK: - Changes of the list

    @Test("A change of the list is told, one of the other half of the merged futures is passed over")
    func contractInfo() throws {
        func text(_ tail: String) -> String {
            #"{"stream":"!contractInfo","data":{"e":"contractInfo","E":1785000000000,"s":"IOTAUSDT","ps":"IOTAUSDT","ct":"PERPETUAL","dt":4133404800000,"ot":1569398400000,"cs":"TRADING","bks":[{"bs":1,"cf":0.25}]\#(tail)}}"#
        }
        for (segment, own, other) in [(BinanceSegment.usdm, 1, 2), (.coinm, 2, 1)] {
            var frames = BinanceFrames(segment, ["!contractInfo"])
            #expect(try frames.decode(text(#","st":\#(own)"#)).control == .instrumentsChanged)
            #expect(try frames.decode(text("")).control == .instrumentsChanged)
            let passed = try frames.decode(text(#","st":\#(other)"#))
            #expect(passed.control == nil && passed.events.isEmpty)
            #expect(frames.frames(ofStream: 0) == 3)
        }
    }

    // MARK: - Refusals

    @Test(
        "A frame of a contract that does not fit is refused under its reason",
        arguments: [
            ("markPrice@1s", #"{"e":"markPriceUpdate","s":"BTCUSDT","p":"1"}"#, "mismatch"),
            ("markPrice@1s", #"{"e":"markPriceUpdate","s":"ETHUSDT","p":"1","st":2}"#, "mismatch"),
            ("markPrice@1s", #"{"e":"markPriceUpdate","p":"1"}"#, "missing_field"),
            ("markPrice@1s", #"{"e":"kline","s":"ETHUSDT","p":"1"}"#, "unknown_event"),
            ("markPrice@1s", #"{"s":"ETHUSDT"}"#, "missing_field"),
            ("markPrice@1s", #"{"s":"ETHUSDT","p":""}"#, "missing_field"),
            ("markPrice@1s", #"{"s":"ETHUSDT","p":"1","r":"x","T":5}"#, "missing_field"),
            ("markPrice@1s", #"{"s":"ETHUSDT","p":"1","i":"-"}"#, "missing_field"),
            ("markPrice@1s", #"{"s":"ETHUSDT","p":3119.9}"#, "json"),
            ("markPrice@1s", #"{"s":"ETHUSDT","p":"1","T":"soon"}"#, "json"),
            ("markPrice@1s", #"{"s":"ETHUSDT","p":"1","st":"1"}"#, "json"),
            ("markPrice@1s", #"{"s":"ETHUSDT","p":"99999999999999999999"}"#, "value_too_large"),
            ("markPrice@1s", #"[{"s":"ETHUSDT","p":"1"}]"#, "json"),
            ("forceOrder", #"{"o":{"s":"BTCUSDT","S":"SELL","p":"1","z":"1"}}"#, "mismatch"),
            ("forceOrder", #"{"o":{"s":"ETHUSDT","S":"SELL","p":"1","z":"1","st":2}}"#, "mismatch"),
            ("forceOrder", #"{"st":2,"o":{"s":"ETHUSDT","S":"SELL","p":"1","z":"1"}}"#, "mismatch"),
            ("forceOrder", #"{"o":{"s":"ETHUSDT","S":"HOLD","p":"1","z":"1"}}"#, "missing_field"),
            ("forceOrder", #"{"o":{"s":"ETHUSDT","S":"SELL","p":"1"}}"#, "missing_field"),
            ("forceOrder", #"{"o":{"s":"ETHUSDT","S":"SELL","z":"1"}}"#, "missing_field"),
            ("forceOrder", #"{"o":{"s":"ETHUSDT","S":"SELL","p":"1","z":"-1"}}"#, "missing_field"),
            ("forceOrder", #"{"o":{"s":"ETHUSDT","S":"SELL","p":"1","z":1}}"#, "json"),
            ("forceOrder", #"{"e":"forceOrder","s":"ETHUSDT","o":[]}"#, "json"),
            ("forceOrder", #"{"e":"aggTrade","o":{"s":"ETHUSDT","S":"SELL","p":"1","z":"1"}}"#, "unknown_event"),
            ("forceOrder", #"{"e":"forceOrder"}"#, "missing_field"),
        ])
    func refused(_ channel: String, _ data: String, _ label: String) {
        var frames = BinanceFrames(.usdm, ["ethusdt@\(channel)"])
        #expect {
            try frames.decode(#"{"stream":"ethusdt@\#(channel)","data":\#(data)}"#)
        } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    @Test(
        "A change of the list that says nothing is refused",
        arguments: [
            (#"{"e":"contractInfo"}"#, "missing_field"), (#"{"s":"ETHUSDT"}"#, "missing_field"),
            (#"{"e":"ticker","s":"ETHUSDT"}"#, "unknown_event"), (#"7"#, "json"),
        ])
    func refusedInfo(_ data: String, _ label: String) {
        var frames = BinanceFrames(.usdm, ["!contractInfo"])
        #expect {
            try frames.decode(#"{"stream":"!contractInfo","data":\#(data)}"#)
        } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }
}
