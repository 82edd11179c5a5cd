import Foundation
import MarketModel
import Testing
import Venues

@Suite("Binance decoder")
struct BinanceDecoderTests {
    /// Decodes one frame on a connection with one stream.
    private static func decode(
        _ text: String, _ segment: BinanceSegment, stream: String
    ) throws(FrameRefusal) -> BinanceFrames.Decoded {
        var frames = BinanceFrames(segment, [stream])
        return try frames.decode(text)
    }

    @Test("Recorded depth frames of three segments are read", arguments: BinanceSegment.allCases)
    func recordedDepth(_ segment: BinanceSegment) throws {
        let text = try BinanceFrames.fixture("\(segment.rawValue)-depth")
        let frame = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let data = try #require(frame["data"] as? [String: Any])
        let name = try #require(frame["stream"] as? String)
        let decoded = try Self.decode(text, segment, stream: name)
        guard case .depth(let update) = try #require(decoded.events.first) else {
            Issue.record("no depth event")
            return
        }
        let bids = try #require(data["b"] as? [[String]])
        let asks = try #require(data["a"] as? [[String]])
        #expect(Int(update.bids.count) == bids.count && Int(update.asks.count) == asks.count)
        #expect(update.last == (data["u"] as? NSNumber)?.uint64Value)
        let before = (data["pu"] as? NSNumber)?.uint64Value ?? ((data["U"] as? NSNumber)?.uint64Value ?? 0) - 1
        #expect(update.before == before)
    }

    @Test("Recorded trades of three segments are read", arguments: BinanceSegment.allCases)
    func recordedTrade(_ segment: BinanceSegment) throws {
        let text = try BinanceFrames.fixture("\(segment.rawValue)-trade")
        let frame = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let data = try #require(frame["data"] as? [String: Any])
        let name = try #require(frame["stream"] as? String)
        let decoded = try Self.decode(text, segment, stream: name)
        guard case .trade(let trade) = try #require(decoded.events.first) else {
            Issue.record("no trade event")
            return
        }
        #expect(trade.sequence == (data["t"] as? NSNumber)?.uint64Value)
        #expect(trade.aggressor == (data["m"] as? Bool == true ? .sell : .buy))
        #expect(!trade.isAggregate)
    }

    @Test("Today's aggregate trade with st and nq is read, whatever the order of its keys")
    func aggregate() throws {
        let texts = [
            #"{"stream":"ethusdt@aggTrade","data":{"e":"aggTrade","E":1785000000500,"s":"ETHUSDT","a":1880001,"p":"3120.15","q":"2.500","nq":"2.100","f":5550010,"l":5550014,"T":1785000000451,"m":false,"st":1,"ps":"ETHUSDT"}}"#,
            #"{ "data" : { "m" : false, "q":"2.500", "p":"3120.15", "a": 1880001, "x":[{"y":"]"}], "s":"ETHUSDT","T":1785000000451,"E":1785000000500 }, "stream":"ethusdt@aggTrade" }"#,
        ]
        for text in texts {
            let decoded = try Self.decode(
                text, .usdm, stream: "ethusdt@aggTrade")
            guard case .trade(let trade) = try #require(decoded.events.first) else {
                Issue.record("no trade event")
                return
            }
            #expect(trade.sequence == 1_880_001 && trade.isAggregate && trade.aggressor == .buy)
            #expect(trade.price == 312_015 && trade.size == 25)
            #expect(trade.eventTime.microseconds == 1_785_000_000_451_000)
            #expect(trade.sentTime.microseconds == 1_785_000_000_500_000)
        }
    }

    @Test("A book ticker without event and time is read")
    func bookTicker() throws {
        let text =
            #"{"stream":"btcusdt@bookTicker","data":{"u":77,"s":"BTCUSDT","b":"1.50","B":"2","a":"1.60","A":"3.25"}}"#
        let decoded = try Self.decode(text, .spot, stream: "btcusdt@bookTicker")
        guard case .bestBidOffer(let offer) = try #require(decoded.events.first) else {
            Issue.record("no offer")
            return
        }
        #expect(offer.bid == Level(price: 15, size: 200) && offer.ask == Level(price: 16, size: 325))
        #expect(offer.sequence == 77 && offer.eventTime.microseconds == nil)
    }

    @Test("A symbol that is not ASCII is the same one with and without escapes")
    func escapedSymbol() throws {
        for name in ["币安人生USDT", #"\u5e01\u5b89\u4eba\u751fUSDT"#] {
            let stream = name.replacing("USDT", with: "usdt")
            let text =
                #"{"stream":"\#(stream)@trade","data":{"e":"trade","E":1,"s":"\#(name)","t":5,"p":"1","q":"2","T":1,"m":true}}"#
            let decoded = try Self.decode(
                text, .spot, stream: "币安人生usdt@trade")
            #expect(decoded.events.count == 1)
        }
    }

    @Test("Answers to requests are told apart")
    func controls() throws {
        func control(_ text: String) throws -> VenueControl? {
            try Self.decode(text, .spot, stream: "x@trade").control
        }
        #expect(try control(#"{"result":null,"id":41}"#) == .acknowledged(id: 41, streams: nil))
        #expect(try control(#"{"code":2,"msg":"Invalid request"}"#) == .refused(id: nil, stream: nil, code: 2))
        #expect(try control(#"{"error":{"code":-1121,"msg":"x"},"id":3}"#) == .refused(id: 3, stream: nil, code: -1121))
    }

    @Test("The venue's notice that it will close is told, alone or in the combined form")
    func shutdown() throws {
        for text in [
            #"{"e":"serverShutdown","E":1770123456789}"#,
            #"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}"#,
        ] {
            let decoded = try Self.decode(text, .spot, stream: "x@trade")
            #expect(decoded.control == .shutdown && decoded.events.isEmpty)
        }
    }

    @Test(
        "A frame that does not fit is refused under its reason",
        arguments: [
            (#"not json"#, "json"), (#"{"stream":"btcusdt@trade","data":{"e":"trade""#, "json"), ("", "json"),
            (#"{"stream":"other@trade","data":{}}"#, "unknown_stream"),
            (#"{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT"}}"#, "missing_field"),
            (
                #"{"stream":"btcusdt@trade","data":{"e":"trade","s":"ETHUSDT","t":1,"p":"1","q":"1","T":1,"m":true}}"#,
                "mismatch"
            ),
            (
                #"{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"m":true,"st":2}}"#,
                "mismatch"
            ),
            (
                #"{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"m":true,"X":"NA"}}"#,
                "not_market"
            ),
            (
                #"{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1,"p":"9999999999999999999","q":"1","T":1,"m":true}}"#,
                "value_too_large"
            ),
            (
                #"{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":-1,"p":"1","q":"1","T":1,"m":true}}"#,
                "json"
            ),
            (
                #"{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1,"p":"1","q":"-1","T":1,"m":true}}"#,
                "missing_field"
            ),
        ])
    func refused(_ text: String, _ label: String) {
        #expect {
            try Self.decode(text, .usdm, stream: "btcusdt@trade")
        } throws: { ($0 as? FrameRefusal)?.label == label }
    }
}
