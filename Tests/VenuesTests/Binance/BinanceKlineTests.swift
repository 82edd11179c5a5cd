import MarketModel
import Testing
import Venues

@Suite("Binance's bars")
struct BinanceKlineTests {
    private static func frame(
        _ symbol: String, _ interval: String = "1m", isClosed: Bool = false, outer: String = "", inner: String = ""
    ) -> String {
        let name = symbol.lowercased()
        return
            #"{"stream":"\#(name)@kline_\#(interval)","data":{"e":"kline","E":1785000003000,"s":"\#(symbol)",\#(outer)"k":{"t":1785000000000,"T":1785000059999,"s":"\#(symbol)",\#(inner)"i":"\#(interval)","f":100,"L":200,"o":"0.00100000","c":"0.0020","h":"0.0025","l":"0.0015","v":"123456789012.12345678","n":100,"x":\#(isClosed),"q":"98765.5","V":"500","Q":"0.5","B":"123456"}}}"#
    }

    private static func kline(_ events: [MarketEvent]) throws -> Kline {
        guard case .kline(let kline) = try #require(events.first), events.count == 1 else {
            throw FrameRefusal.missingField
        }
        return kline
    }

    @Test("A bar is read with the volumes that its section gives, in the venue's own digits")
    func volumes() throws {
        for (segment, symbol) in [(BinanceSegment.spot, "BNBBTC"), (.usdm, "ETHUSDT"), (.coinm, "BTCUSD_PERP")] {
            let text = Self.frame(symbol)
            var frames = BinanceFrames(segment, ["\(symbol.lowercased())@kline_1m"])
            let kline = try Self.kline(try frames.decode(text).events)
            #expect(kline.interval == .minute1 && kline.openTime.microseconds == 1_785_000_000_000_000)
            #expect(text.text(kline.open) == "0.00100000" && text.text(kline.close) == "0.0020")
            #expect(text.text(kline.high) == "0.0025" && text.text(kline.low) == "0.0015")
            #expect(kline.tradeCount == 100 && !kline.isClosed && !kline.isConfirmed)
            #expect(kline.eventTime.microseconds == 1_785_000_003_000_000)
            let isContracts = segment == .coinm
            #expect(text.text(isContracts ? kline.contractVolume : kline.baseVolume) == "123456789012.12345678")
            #expect(text.text(isContracts ? kline.baseVolume : kline.quoteVolume) == "98765.5")
            #expect((isContracts ? kline.quoteVolume : kline.contractVolume).count == 0)
        }
    }

    @Test("The last frame of a bar says that it is closed, and is not confirmed")
    func closed() throws {
        var frames = BinanceFrames(.spot, ["bnbbtc@kline_1M"])
        let kline = try Self.kline(try frames.decode(Self.frame("BNBBTC", "1M", isClosed: true)).events)
        #expect(kline.isClosed && !kline.isConfirmed && kline.interval == .month1)
    }

    @Test("A month and a minute of one symbol are two streams")
    func cases() throws {
        var frames = BinanceFrames(.usdm, ["ethusdt@kline_1m", "ethusdt@kline_1M"])
        let minute = try Self.kline(try frames.decode(Self.frame("ETHUSDT", "1m")).events)
        let month = try Self.kline(try frames.decode(Self.frame("ETHUSDT", "1M")).events)
        #expect(minute.interval == .minute1 && month.interval == .month1)
    }

    @Test(
        "The other half of the merged futures, another symbol or another length are no bar of the stream",
        arguments: [
            (#""st":2,"#, ""), ("", #""st":2,"#), ("", #""s":"BTCUSDT","#), ("", #""i":"5m","i":"5m","#),
        ])
    func mismatch(_ outer: String, _ inner: String) throws {
        var frames = BinanceFrames(.usdm, ["ethusdt@kline_1m"])
        var text = Self.frame("ETHUSDT", outer: outer, inner: inner)
        // The repeated key is the one that holds.
        if inner.contains("BTCUSDT") { text = text.replacing(#""s":"ETHUSDT","s":"BTCUSDT""#, with: #""s":"BTCUSDT""#) }
        if inner.contains("5m") { text = text.replacing(#","i":"1m""#, with: "") }
        #expect { try frames.decode(text) } throws: { ($0 as? FrameRefusal)?.label == "mismatch" }
    }

    @Test(
        "A bar that lacks a part, or has one of another type, is refused",
        arguments: [
            (#""o":"0.00100000""#, #""o":0.001"#, "json"), (#""o":"0.00100000""#, #""o":"""#, "missing_field"),
            (#""h":"0.0025","#, "", "missing_field"), (#""l":"0.0015""#, #""l":"low""#, "missing_field"),
            (#""c":"0.0020","#, "", "missing_field"), (#""v":"123456789012.12345678","#, "", "missing_field"),
            (#""q":"98765.5""#, #""q":null"#, "json"), (#""n":100"#, #""n":-1"#, "json"),
            (#""n":100,"#, "", "missing_field"), (#""x":false"#, #""x":0"#, "json"),
            (#""x":false,"#, "", "missing_field"), (#""t":1785000000000,"#, "", "missing_field"),
            (#""e":"kline""#, #""e":"trade""#, "unknown_event"), (#""k":{"#, #""k":[{"#, "json"),
            (#""k":{"#, #""z":{"#, "missing_field"),
        ])
    func refused(_ part: String, _ other: String, _ label: String) throws {
        let text = Self.frame("ETHUSDT")
        try #require(text.contains(part))
        var frames = BinanceFrames(.usdm, ["ethusdt@kline_1m"])
        #expect { try frames.decode(text.replacing(part, with: other)) } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }

    // MARK: - Confirmed bars

    private static let answer =
        #"[[1785000000000,"1.5","1.7","1.4","1.6","1000.25",1785000059999,"1600.5",308,"500","800","0"],[1785000060000,"1.6","1.6","1.6","1.6","0",1785000119999,"0",0,"0","0","0"]]"#

    private static func klines(_ text: String, _ segment: BinanceSegment, received: Int64) throws -> [Kline] {
        var frames = BinanceFrames(segment, ["x@trade"])
        return try frames.decodeAnswer(text, to: .klines(.minute1), of: 0, received: received).events.map { event in
            guard case .kline(let kline) = event else { throw FrameRefusal.unknownEvent }
            return kline
        }
    }

    @Test("Bars that have ended are confirmed, the running one is passed over", arguments: BinanceSegment.allCases)
    func confirmed(_ segment: BinanceSegment) throws {
        let running = try Self.klines(Self.answer, segment, received: 1_785_000_119_999_000)
        #expect(running.count == 1)
        let all = try Self.klines(Self.answer, segment, received: 1_785_000_119_999_001)
        #expect(all.map(\.openTime.microseconds) == [1_785_000_000_000_000, 1_785_000_060_000_000])
        #expect(all.allSatisfy { $0.isClosed && $0.isConfirmed && $0.interval == .minute1 })
        let first = try #require(all.first)
        #expect(Self.answer.text(first.open) == "1.5" && Self.answer.text(first.close) == "1.6")
        #expect(Self.answer.text(first.high) == "1.7" && Self.answer.text(first.low) == "1.4")
        #expect(Self.answer.text(segment == .coinm ? first.contractVolume : first.baseVolume) == "1000.25")
        #expect(Self.answer.text(segment == .coinm ? first.baseVolume : first.quoteVolume) == "1600.5")
        #expect(first.tradeCount == 308 && first.instrument == InstrumentID(0))
    }

    @Test("An empty list is no bar")
    func empty() throws {
        #expect(try Self.klines("[]", .spot, received: 1).isEmpty)
    }

    @Test(
        "A list that does not fit is refused",
        arguments: [
            (#"{"code":-1121,"msg":"Invalid symbol."}"#, "json"), (#"[1,2]"#, "json"), ("[[]]", "missing_field"),
            (#"[["1785000000000","1","1","1","1","1",1785000059999,"1",1]]"#, "json"),
            (#"[[1785000000000,"1","1","1","1","1"]]"#, "missing_field"),
            (#"[[1785000000000,"1","1","1","x","1",1785000059999,"1",1]]"#, "missing_field"),
            (#"[[1785000000000,"1","1","1","1","1",1785000059999,"1",1]"#, "json"),
        ])
    func refusedAnswer(_ text: String, _ label: String) {
        #expect { try Self.klines(text, .usdm, received: BinanceFrames.received) } throws: {
            ($0 as? FrameRefusal)?.label == label
        }
    }
}
