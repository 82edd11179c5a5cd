import MarketModel
import Testing
import Venues

@Suite("Deribit's frames, damaged")
struct DeribitDamageTests {
    private static let channels = [
        "trades.BTC-PERPETUAL.100ms", "quote.BTC-PERPETUAL", "chart.trades.BTC-PERPETUAL.1",
        "deribit_volatility_index.btc_usd", "instrument.state.any.any", "platform_state",
    ]

    private static let data = [
        #"[{"trade_seq":30120,"trade_id":"402188100","timestamp":1785000000212,"instrument_name":"BTC-PERPETUAL","direction":"buy","price":84211.0,"amount":5e3,"liquidation":"MT"}]"#,
        #"{"timestamp":5,"instrument_name":"BTC-PERPETUAL","best_bid_price":84210.5,"best_bid_amount":120.0,"best_ask_price":null,"best_ask_amount":0.0}"#,
        #"{"volume":1.5,"tick":1785000000000,"open":1.0,"low":5e-1,"high":2.5,"cost":99.0,"close":2.0}"#,
        #"{"index_name":"btc_usd","volatility":41.37,"timestamp":1785000001000}"#,
        #"{"timestamp":1785000000000,"state":"open","instrument_name":"BTC-PERPETUAL"}"#,
        #"{"price_index":"btc_usd","locked":true,"maintenance":false}"#,
    ]

    private static let answers: [(VenueQuestion, String)] = [
        (
            .volatilityIndex(.minute1),
            #"{"result":{"data":[[1785000000000,41.3,41.55,41.2,4.14e1]],"continuation":null},"usOut":1785000120000000}"#
        ),
        (
            .trades,
            #"{"result":{"trades":[{"trade_seq":30120,"trade_id":"402188100","timestamp":1785000000212,"instrument_name":"BTC-PERPETUAL","direction":"buy","price":84211.0,"amount":5e3,"liquidation":"MT"}],"has_more":false},"usOut":1785000130000000}"#
        ),
        (
            .fundingHistory,
            #"{"result":[{"timestamp":1785006000000,"index_price":8222.87,"interest_8h":-0.00009234260068476106,"interest_1h":-4.739622041017375e-7}],"usOut":1785000130000000}"#
        ),
        (
            .klines(.minute1),
            #"{"result":{"volume":[1.5,2],"ticks":[1785000000000,1785000060000],"open":[1,2],"low":[1,2],"high":[2,3],"cost":[9,4],"close":[2,2]},"usOut":1785000130000000}"#
        ),
    ]

    /// What became of a text: its events' count, or the refusal's label.
    private static func outcome(
        _ body: () throws(FrameRefusal) -> DeribitRig.Decoded
    ) -> String {
        do throws(FrameRefusal) {
            let decoded = try body()
            for event in decoded.events {
                // Every text must lie in the frame.
                switch event {
                case .trade(let trade): _ = decoded.text(trade.id)
                case .liquidation(let liquidation): _ = decoded.text(liquidation.id)
                case .kline(let bar): _ = [bar.open, bar.high, bar.low, bar.close, bar.baseVolume].map(decoded.text)
                default: continue
                }
            }
            return "taken"
        } catch {
            return error.label
        }
    }

    @Test("Notifications with bytes changed, cut or put in end in an event or a refusal, never in a trap")
    func notifications() throws {
        let rig = try DeribitRig(Self.channels)
        var generator = SteadyGenerator(state: 3)
        for (channel, data) in zip(Self.channels, Self.data) {
            let text = DeribitRig.notification(channel, data)
            #expect(Self.outcome { () throws(FrameRefusal) in try rig.decode(text) } == "taken", "\(channel)")
            var outcomes: Set<String> = []
            for _ in 0..<2_000 {
                let bytes = Self.damaged(Array(text.utf8), &generator)
                outcomes.insert(Self.outcome { () throws(FrameRefusal) in try rig.decode(bytes) })
            }
            #expect(outcomes.isSuperset(of: ["taken", "json", "missing_field", "unknown_stream"]), "\(channel)")
        }
    }

    @Test("Answers with bytes changed, cut or put in end in events or a refusal, never in a trap")
    func answers() throws {
        let rig = try DeribitRig(Self.channels)
        var generator = SteadyGenerator(state: 5)
        for (question, text) in Self.answers {
            #expect(Self.outcome { () throws(FrameRefusal) in try rig.answer(text, to: question) } == "taken")
            var outcomes: Set<String> = []
            for _ in 0..<2_000 {
                let bytes = Self.damaged(Array(text.utf8), &generator)
                let changed = String(decoding: bytes, as: UTF8.self)
                outcomes.insert(Self.outcome { () throws(FrameRefusal) in try rig.answer(changed, to: question) })
            }
            #expect(outcomes.isSuperset(of: ["taken", "json", "missing_field"]))
        }
    }

    private static func damaged(_ text: [UInt8], _ generator: inout SteadyGenerator) -> [UInt8] {
        var bytes = text
        let junk = Array(#"{}[],:"\0-9.e"#.utf8)
        for _ in 0...generator.next(4) {
            switch generator.next(4) {
            case 0: bytes[generator.next(bytes.count)] = UInt8(generator.next(256))
            case 1: bytes.remove(at: generator.next(bytes.count))
            case 2: bytes.insert(junk[generator.next(junk.count)], at: generator.next(bytes.count))
            default: bytes.removeLast(min(generator.next(10), bytes.count - 1))
            }
        }
        return bytes
    }
}
