import MarketModel
import Testing
import Venues

@Suite("OKX decoder: bars and ratios")
struct OKXRowsTests {
    private static let row =
        #"["1785000000000","171.2","172","170.9","171.5","5290","52900.5","123456789012345678901.5","0"]"#

    private static func bars(_ rig: borrowing OKXRig) -> [Kline] {
        rig.events.compactMap { event in if case .kline(let bar) = event { bar } else { nil } }
    }

    private static func text(_ run: FrameText, in frame: String) -> String {
        String(decoding: Array(frame.utf8)[Int(run.offset)..<(Int(run.offset) + Int(run.count))], as: UTF8.self)
    }

    @Test("A bar's volumes are what the section counts", arguments: [OKXSegment.spot, .swap])
    func volumes(_ segment: OKXSegment) throws {
        let symbol = segment == .spot ? "SOL-USDT" : "SOL-USDT-SWAP"
        let texts = OKXText.variants(
            arg: #"{"channel":"candle1m","instId":"\#(symbol)"}"#, action: nil, data: "[\(Self.row)]")
        for frame in texts {
            var rig = OKXRig(segment, ["candle1m:\(symbol)"])
            _ = try rig.decode(frame)
            let bar = try #require(Self.bars(rig).first)
            let texts = [bar.open, bar.high, bar.low, bar.close].map { Self.text($0, in: frame) }
            #expect(texts == ["171.2", "172", "170.9", "171.5"])
            #expect(Self.text(bar.baseVolume, in: frame) == (segment == .spot ? "5290" : "52900.5"))
            #expect(Self.text(bar.quoteVolume, in: frame) == "123456789012345678901.5")
            #expect(Self.text(bar.contractVolume, in: frame) == (segment == .spot ? "" : "5290"))
            #expect(bar.interval == .minute1 && bar.openTime.microseconds == 1_785_000_000_000_000)
            #expect(!bar.isClosed && !bar.isConfirmed && bar.tradeCount == -1 && bar.eventTime == .none)
        }
    }

    @Test(
        "Each length has a stream of its own",
        arguments: [
            ("candle1s", KlineInterval.second1), ("candle4H", .hour4), ("candle6Hutc", .hour6), ("candle1Dutc", .day1),
            ("candle1Wutc", .week1), ("candle1Mutc", .month1),
        ])
    func intervals(_ channel: String, _ interval: KlineInterval) throws {
        var rig = OKXRig(.spot, ["\(channel):SOL-USDT"])
        _ = try rig.decode(OKXText.frame(channel, "SOL-USDT", Self.row.replacing(#""0"]"#, with: #""1"]"#)))
        #expect(Self.bars(rig).map(\.interval) == [interval] && Self.bars(rig).map(\.isClosed) == [true])
    }

    @Test(
        "A row that is no bar is refused",
        arguments: [
            (#","0"]"#, "]", "missing_field"), (#","0"]"#, #","2"]"#, "missing_field"), (#""172""#, "172", "json"),
            (#""172""#, #""x""#, "missing_field"), (#""5290""#, #""""#, "missing_field"),
            (#""1785000000000""#, #""""#, "missing_field"), ("[", "{", "json"),
        ])
    func refused(_ part: String, _ other: String, _ label: String) {
        var rig = OKXRig(.swap, ["candle1m:A-B-SWAP"])
        let whole = rig.refusal(of: OKXText.frame("candle1m", "A-B-SWAP", Self.row))
        let refusal = rig.refusal(of: OKXText.frame("candle1m", "A-B-SWAP", Self.row.replacing(part, with: other)))
        #expect(whole == nil && refusal == label && Self.row.contains(part))
    }

    @Test("Asked for, bars come oldest first, confirmed, and without one that still runs")
    func confirmed() throws {
        func bar(_ time: Int, _ state: Int) -> String {
            #"["\#(time)","1","2","0.5","1.5","10","20","30","\#(state)"]"#
        }
        let frame = #"{"msg":"","data":[\#(bar(180_000, 0)),\#(bar(120_000, 1)),\#(bar(60_000, 1))],"code":"0"}"#
        var rig = OKXRig(.spot, ["candle1m:SOL-USDT"])
        try rig.answer(frame, to: .klines(.minute1))
        let bars = Self.bars(rig)
        #expect(bars.map(\.openTime.microseconds) == [60_000_000, 120_000_000])
        #expect(bars.allSatisfy { $0.isClosed && $0.isConfirmed && $0.instrument == InstrumentID(0) })
        #expect(bars.first.map { Self.text($0.close, in: frame) } == "1.5")
    }

    @Test("Ratios are read with their period, oldest first", arguments: LongShortRatio.Kind.allCases)
    func ratios(_ kind: LongShortRatio.Kind) throws {
        var rig = OKXRig(.swap, ["trades:SOL-USDT-SWAP"])
        try rig.answer(
            #"{"code":"0","data":[["1785000300000","1.1739","new"],["1785000000000","0.9236"]],"msg":""}"#,
            to: .ratio(kind, period: .minute5))
        let ratios = rig.events.compactMap { event -> LongShortRatio? in
            if case .longShortRatio(let ratio) = event { ratio } else { nil }
        }
        #expect(ratios.map(\.ratio) == [DecimalValue("0.9236"), DecimalValue("1.1739")])
        #expect(ratios.map(\.eventTime.microseconds) == [1_785_000_000_000_000, 1_785_000_300_000_000])
        #expect(ratios.allSatisfy { $0.kind == kind && $0.periodMicroseconds == 300_000_000 && !$0.long.isGiven })
    }

    @Test(
        "An answer that is none is refused",
        arguments: [
            #"{"code":"51001","msg":"x","data":[]}"#, #"{"code":"0","msg":""}"#, #"{"data":[]}"#, "[]", "",
            #"{"code":"0","data":[["1"]]}"#, #"{"code":"0","data":[{}]}"#, #"{"code":"0","data":[["1","x"]]}"#,
        ])
    func noAnswer(_ text: String) {
        var rig = OKXRig(.swap, ["trades:SOL-USDT-SWAP"])
        #expect(throws: FrameRefusal.self) { try rig.answer(text, to: .ratio(.allAccount, period: .hour1)) }
    }

    @Test("A question that the venue is not asked is refused")
    func otherQuestion() {
        var rig = OKXRig(.swap, ["trades:SOL-USDT-SWAP"])
        #expect(throws: FrameRefusal.self) { try rig.answer(#"{"code":"0","data":[[]]}"#, to: .depthSnapshot) }
    }
}
