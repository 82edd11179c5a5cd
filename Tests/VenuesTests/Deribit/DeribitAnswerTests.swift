import MarketModel
import Testing
import Venues

/// Three bars, of which the last is not over.
private let bars =
    #"{"usOut":1785000130000000,"jsonrpc":"2.0","result":{"volume":[1.5,2e-3,0],"ticks":[1785000000000,1785000060000,1785000120000],"status":"ok","open":[1,2,3],"low":[0.5,2,3],"high":[2.50,2,3],"cost":[100.0,4,0],"close":[2,2,3]}}"#

@Suite("Deribit's answers with bars")
struct DeribitAnswerTests {
    @Test("Bars of the volatility index that were over when the venue answered are taken")
    func volatility() throws {
        let rig = try DeribitRig(["deribit_volatility_index.btc_usd"], section: "index")
        let text =
            #"{"jsonrpc":"2.0","result":{"continuation":null,"data":[[1785000000000,41.3,41.55,41.2,4.14e1],[1785000060000,41.4,41.4,41.4,41.4],[1785000120000,42,42,42,42]]},"usIn":1785000120000000,"usOut":1785000120000000,"usDiff":3}"#
        let decoded = try rig.answer(text, to: .volatilityIndex(.minute1))
        #expect(decoded.events.count == 2)
        guard case .volatilityIndex(let bar) = try #require(decoded.events.first) else {
            Issue.record("no bar")
            return
        }
        #expect([bar.open, bar.high, bar.low, bar.close].map(\.text) == ["41.3", "41.55", "41.2", "41.4"])
        #expect(bar.resolutionMicroseconds == 60_000_000 && bar.eventTime.microseconds == 1_785_000_000_000_000)
        // A microsecond earlier the second was not over.
        let earlier = text.replacing(#""usOut":1785000120000000"#, with: #""usOut":1785000119999999"#)
        #expect(try rig.answer(earlier, to: .volatilityIndex(.minute1)).events.count == 1)
        // Without the venue's clock ours decides, twenty seconds earlier.
        let untimed = text.replacing("usOut", with: "other")
        #expect(try rig.answer(untimed, to: .volatilityIndex(.minute1)).events.count == 1)
    }

    @Test("An answer that tells of older bars of the range is refused, as cut", arguments: [true, false])
    func cut(isLast: Bool) throws {
        let rig = try DeribitRig(["deribit_volatility_index.btc_usd"], section: "index")
        let (data, mark) = (#""data":[[1785000000000,41.3,41.5,41.2,41.4]]"#, #""continuation":1784999940000"#)
        let text = "{\"result\":{\(isLast ? "\(data),\(mark)" : "\(mark),\(data)")},\"usOut\":1785000130000000}"
        let refusal = #expect(throws: FrameRefusal.self) { try rig.answer(text, to: .volatilityIndex(.minute1)) }
        #expect(refusal?.label == "too_large")
        #expect(
            try rig.answer(text.replacing("1784999940000", with: "null"), to: .volatilityIndex(.minute1)).events.count
                == 1)
    }

    @Test("Bars in parallel lists are closed and confirmed, those that are not over are left")
    func klines() throws {
        let rig = try DeribitRig(["chart.trades.BTC-PERPETUAL.1"])
        let decoded = try rig.answer(bars, to: .klines(.minute1))
        let taken = decoded.events.compactMap { event -> Kline? in
            if case .kline(let bar) = event { bar } else { nil }
        }
        #expect(taken.count == 2 && taken.allSatisfy { $0.isClosed && $0.isConfirmed && $0.interval == .minute1 })
        #expect(taken.map(\.openTime.microseconds) == [1_785_000_000_000_000, 1_785_000_060_000_000])
        let first = try #require(taken.first)
        #expect([first.open, first.high, first.low, first.close].map(decoded.text) == ["1", "2.50", "0.5", "2"])
        #expect(decoded.text(first.baseVolume) == "1.5" && decoded.text(first.quoteVolume) == "100.0")
        #expect(taken.last.map { decoded.text($0.baseVolume) } == "2e-3")
    }

    @Test("An answer without bars has none")
    func none() throws {
        let rig = try DeribitRig(["chart.trades.BTC-PERPETUAL.1"])
        let text =
            #"{"result":{"volume":[],"ticks":[],"status":"no_data","open":[],"low":[],"high":[],"cost":[],"close":[]}}"#
        #expect(try rig.answer(text, to: .klines(.minute1)).events.isEmpty)
        #expect(
            try rig.answer(#"{"result":{"data":[],"continuation":null}}"#, to: .volatilityIndex(.minute1)).events
                .isEmpty)
    }

    @Test(
        "An answer that does not fit is refused",
        arguments: [
            ("", VenueQuestion.klines(.minute1)), ("{}", .klines(.minute1)),
            (#"{"error":{"code":11060}}"#, .klines(.minute1)), (#"{"result":{"ticks":[1]}}"#, .klines(.minute1)),
            (bars.replacing("[2,2,3]", with: "[2]"), .klines(.minute1)),
            (bars.replacing("[1,2,3]", with: #"["1",2,3]"#), .klines(.minute1)),
            (bars.replacing("[1,2,3]", with: "7"), .klines(.minute1)),
            (bars.replacing("1785000060000", with: "-1"), .klines(.minute1)),
            (#"{"result":{"data":[[1,2,3]]}}"#, .volatilityIndex(.minute1)),
            (#"{"result":{"data":7}}"#, .volatilityIndex(.minute1)), (#"{"result":{}}"#, .volatilityIndex(.minute1)),
            (#"{"result":{"data":[[1,2,3,4,5]]}}"#, .volatilityIndex(.month1)), (bars, .depthSnapshot),
        ])
    func refused(_ text: String, _ question: VenueQuestion) throws {
        let rig = try DeribitRig(["chart.trades.BTC-PERPETUAL.1"])
        #expect(throws: FrameRefusal.self) { try rig.answer(text, to: question) }
    }
}
