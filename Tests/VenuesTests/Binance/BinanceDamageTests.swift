import MarketModel
import Testing
import Venues

@Suite("Damaged text of Binance")
struct BinanceDamageTests {
    /// A stream of numbers that is the same in each run.
    private struct Dice {
        private var state: UInt64 = 99

        mutating func roll(_ bound: Int) -> Int {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(self.state >> 33) % bound
        }

        /// Changes one to five places.
        mutating func damage(_ original: [UInt8]) -> [UInt8] {
            var bytes = original
            for _ in 0...self.roll(4) where bytes.count > 1 {
                switch self.roll(4) {
                case 0: bytes[self.roll(bytes.count)] = UInt8(self.roll(256))
                case 1: bytes.remove(at: self.roll(bytes.count))
                case 2: bytes.insert(Array(#"{}[],:"\0-9."#.utf8)[self.roll(12)], at: self.roll(bytes.count))
                default: bytes.removeLast(min(self.roll(40), bytes.count - 1))
                }
            }
            return bytes
        }
    }

    /// Whole frames of every kind that the decoder reads.
    private static func frames(_ segment: BinanceSegment) throws -> [String] {
        let symbol = segment == .coinm ? "BTCUSD_PERP" : "BTCUSDT"
        let name = symbol.lowercased()
        let recorded = try ["depth", "trade"].map { try BinanceFrames.fixture("\(segment.rawValue)-\($0)") }
        return recorded + [
            #"{"stream":"\#(name)@markPrice@1s","data":{"e":"markPriceUpdate","E":1785000003000,"s":"\#(symbol)","p":"3119.98412","i":"3120.30111","r":"0.00007125","T":1785024000000}}"#,
            #"{"stream":"\#(name)@forceOrder","data":{"e":"forceOrder","E":1785000001020,"o":{"s":"\#(symbol)","S":"SELL","p":"3101.55","ap":"3110.02","z":"3.210","T":1785000000998}}}"#,
            #"{"stream":"\#(name)@kline_1m","data":{"e":"kline","E":1785000003000,"s":"\#(symbol)","k":{"t":1785000000000,"T":1785000059999,"i":"1m","o":"0.001","c":"0.002","h":"0.0025","l":"0.0015","v":"10","n":100,"x":false,"q":"98765.5"}}}"#,
            #"{"stream":"!contractInfo","data":{"e":"contractInfo","E":1785000000000,"s":"\#(symbol)","cs":"TRADING"}}"#,
        ]
    }

    private static let answers: [(question: VenueQuestion, text: String)] = [
        (.openInterest, #"{"openInterest":"10659.509","symbol":"BTCUSDT","time":1785000000011}"#),
        (
            .ratio(.allAccount, period: .minute5),
            #"[{"longShortRatio":"1.8105","longAccount":"0.6442","shortAccount":"0.3558","timestamp":"1785000000000"}]"#
        ),
        (
            .klines(.minute1),
            #"[[1785000000000,"1.5","1.7","1.4","1.6","1000.25",1785000059999,"1600.5",308,"500","800","0"]]"#
        ),
        (.fundingIntervals, #"[{"symbol":"BTCUSDT","fundingIntervalHours":4}]"#),
        (
            .trades,
            #"[{"id":28457,"price":"4.00000100","qty":"12.0","quoteQty":"48","time":1785000000590,"isBuyerMaker":true},{"id":28458,"price":"4","qty":"1","time":1785000000591,"isBuyerMaker":false}]"#
        ),
        (
            .trades,
            #"[{"a":26129,"p":"0.0163","q":"4.7","f":27781,"l":27785,"T":1785000000153,"m":true},{"a":26130,"p":"1","q":"1","T":1785000000154,"m":false}]"#
        ),
        (
            .fundingHistory,
            #"[{"symbol":"BTCUSDT","fundingRate":"-0.0375","fundingTime":1785000000000,"markPrice":"34287.5"}]"#
        ),
        (.depthSnapshot, #"{"lastUpdateId":77,"bids":[["1.5","2"]],"asks":[["1.6","3"],["1.7","1"]]}"#),
    ]

    @Test("Fifty thousand damaged frames end in an event or a refusal, never in a trap")
    func frames() throws {
        var dice = Dice()
        for segment in BinanceSegment.allCases {
            for text in try Self.frames(segment) {
                let original = Array(text.utf8)
                let name = try #require(
                    original.withUnsafeBytes {
                        BinanceDecoder.streamName(of: Frame(bytes: $0, receivedMicroseconds: 0))
                    })
                var frames = BinanceFrames(segment, [name])
                var outcomes: Set<String> = []
                for _ in 0..<2_800 {
                    do throws(FrameRefusal) {
                        let decoded = try frames.decode(bytes: dice.damage(original))
                        outcomes.insert(decoded.events.isEmpty && decoded.control == nil ? "nothing" : "taken")
                    } catch {
                        outcomes.insert(error.label)
                    }
                }
                #expect(outcomes.isSuperset(of: ["taken", "json", "missing_field", "unknown_stream"]), "\(name)")
            }
        }
    }

    @Test("Twenty thousand damaged answers end in events or a refusal, never in a trap")
    func answers() {
        var dice = Dice()
        for (question, text) in Self.answers {
            var outcomes: Set<String> = []
            var frames = BinanceFrames(.usdm, ["btcusdt@trade"])
            for _ in 0..<3_000 {
                let damaged = String(decoding: dice.damage(Array(text.utf8)), as: UTF8.self)
                let instrument = question == .fundingIntervals ? nil : 0
                do throws(FrameRefusal) {
                    _ = try frames.decodeAnswer(damaged, to: question, of: instrument)
                    outcomes.insert("taken")
                } catch {
                    outcomes.insert(error.label)
                }
            }
            #expect(outcomes.isSuperset(of: ["taken", "json"]), "\(question)")
        }
    }
}
