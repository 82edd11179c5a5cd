import MarketModel
import Testing
import Venues

@Suite("OKX instruments and turnovers")
struct OKXInstrumentsTests {
    private static let linear =
        #"{"alias":"","baseCcy":"","ctMult":"1","ctType":"linear","ctVal":"0.010","ctValCcy":"BTC","expTime":"","instFamily":"BTC-USDT","instId":"BTC-USDT-SWAP","instIdCode":10458,"instType":"SWAP","listTime":"1573557408000","lotSz":"0.01","minSz":"0.01","quoteCcy":"","settleCcy":"USDT","state":"live","tickSz":"0.10","uly":"BTC-USDT","upcChg":[{"param":"tickSz","newValue":"0.5","effTime":"1704676800000"}]}"#
    private static let inverse =
        #"{"ctMult":"0.1","ctType":"inverse","ctVal":"1000","ctValCcy":"USD","expTime":"1785000000000","instId":"BTC-USD-SWAP","instType":"SWAP","listTime":"","lotSz":"1","minSz":"1","settleCcy":"BTC","state":"suspend","tickSz":"0.1","uly":"BTC-USD"}"#
    private static let spot =
        #"{"baseCcy":"BTC","quoteCcy":"USDT","ctMult":"","ctType":"","ctVal":"","expTime":"","instId":"BTC-USDT","instType":"SPOT","listTime":"1548133413000","lotSz":"0.00000001","minSz":"0.00001","settleCcy":"","state":"preopen","tickSz":"0.1","uly":""}"#

    private static func parse(_ entries: String..., segment: OKXSegment) throws -> [Instrument] {
        let body = #"{"code":"0","msg":"","data":[\#(entries.joined(separator: ","))]}"#
        let list = try OKXInstruments.parse(Array(body.utf8), segment: segment)
        #expect(list.refused == entries.count - list.instruments.count)
        return list.instruments
    }

    @Test("A linear swap counts contracts of the base asset")
    func linearSwap() throws {
        let instrument = try #require(try Self.parse(Self.linear, segment: .swap).first)
        #expect(instrument.symbol == "BTC-USDT" && instrument.venueSymbol == "BTC-USDT-SWAP")
        #expect(instrument.market == .perpetual && instrument.contract == .linear && instrument.segment == "swap")
        #expect(instrument.base == "BTC" && instrument.quote == "USDT" && instrument.settle == "USDT")
        #expect(instrument.unit == .contracts && instrument.contractSize == "0.01")
        #expect(instrument.contractSizeUnit == .base && instrument.tickSize == "0.1" && instrument.lotSize == "0.01")
        #expect(instrument.status == .trading && instrument.venueStatus == "live")
        #expect(instrument.listedMicroseconds == 1_573_557_408_000_000 && instrument.expiresMicroseconds == nil)
    }

    @Test("An inverse swap counts contracts of the quote asset, its size the exact product of value and multiplier")
    func inverseSwap() throws {
        let instrument = try #require(try Self.parse(Self.inverse, segment: .swap).first)
        #expect(instrument.symbol == "BTC-USD" && instrument.contract == .inverse && instrument.settle == "BTC")
        #expect(instrument.contractSize == "100" && instrument.contractSizeUnit == .quote)
        #expect(instrument.status == .halted && instrument.expiresMicroseconds == 1_785_000_000_000_000)
    }

    @Test("A swap that shares its underlying keeps a symbol of its own")
    func sharedUnderlying() throws {
        let other = Self.linear.replacing("BTC-USDT-SWAP", with: "BTC-USD_UM-SWAP")
            .replacing(#""uly":"BTC-USDT""#, with: #""uly":"BTC-USD""#)
        let instrument = try #require(try Self.parse(other, segment: .swap).first)
        #expect(instrument.symbol == "BTC-USD_UM" && instrument.base == "BTC" && instrument.quote == "USD")
    }

    @Test("A spot pair counts its base asset")
    func spotPair() throws {
        let instrument = try #require(try Self.parse(Self.spot, segment: .spot).first)
        #expect(instrument.symbol == "BTC-USDT" && instrument.market == .spot && instrument.contract == .spot)
        #expect(instrument.unit == .base && instrument.contractSize == nil && instrument.settle == nil)
        #expect(instrument.status == .pending && instrument.minSize == "0.00001")
    }

    @Test(
        "Words for the status",
        arguments: [
            ("live", Instrument.Status.trading), ("post_only", .halted), ("rebase", .halted), ("settling", .settling),
            ("expired", .closed), ("new word", .unknown),
        ])
    func status(_ word: String, _ status: Instrument.Status) throws {
        let entry = Self.spot.replacing("preopen", with: word)
        #expect(try Self.parse(entry, segment: .spot).map(\.status) == [status])
    }

    @Test("A bad entry refuses only itself; one to try things out is passed over")
    func badEntries() throws {
        let bad = [
            #"{"instId":5}"#, "7", Self.spot, Self.linear.replacing(#""ctVal":"0.010""#, with: #""ctVal":"0""#),
            Self.linear.replacing(#""ctMult":"1""#, with: #""ctMult":"-1""#),
            Self.linear.replacing(#""ctVal":"0.010""#, with: #""ctVal":"1000000000000000001""#),
            Self.linear.replacing("linear", with: ""), Self.linear.replacing("BTC-USDT-SWAP", with: "-SWAP"),
            Self.linear.replacing("BTC-USDT-SWAP", with: "BTC-USDT"),
        ]
        let test = Self.linear.replacing("live", with: "test")
        let body = #"{"code":"0","data":[\#((bad + [test, Self.inverse]).joined(separator: ","))]}"#
        let list = try OKXInstruments.parse(Array(body.utf8), segment: .swap)
        #expect(list.instruments.map(\.symbol) == ["BTC-USD"] && list.refused == bad.count)
    }

    @Test(
        "An answer that is no list is unreadable",
        arguments: ["", "[]", #"{"code":"0"}"#, #"{"code":"50011","data":[]}"#])
    func unreadable(_ text: String) {
        #expect(throws: UnreadableAnswer.self) { try OKXInstruments.parse(Array(text.utf8), segment: .spot) }
        #expect(throws: UnreadableAnswer.self) { try OKXTurnovers.parse(Array(text.utf8), segment: .spot) }
    }

    @Test("Turnover counts the quote asset: told on spot, the product with the price on swaps")
    func turnovers() throws {
        let tickers = #"""
            {"code":"0","msg":"","data":[
            {"instId":"A-B","last":"2.5","volCcy24h":"525802090.62716611","vol24h":"1"},
            {"instId":"BIG","last":"30000.1","volCcy24h":"98765432109.12345678"},
            {"instId":"NONE","last":"","volCcy24h":""},{"instId":"LESS","last":"1","volCcy24h":"-1"},
            {"instId":"HUGE","last":"1","volCcy24h":"98765432109876543210"},5]}
            """#
        let spot = try OKXTurnovers.parse(Array(tickers.utf8), segment: .spot)
        #expect(
            spot == [
                "A-B": try #require(DecimalValue("525802090.62716611")),
                "BIG": try #require(DecimalValue("98765432109.1234567")),
            ])
        let swap = try OKXTurnovers.parse(Array(tickers.utf8), segment: .swap)
        // 525802090.62716611 * 2.5 and 98765432109.1234567 * 30000.1, both cut after 18 digits.
        #expect(swap["A-B"] == DecimalValue("1314505226.56791527"))
        #expect(swap["BIG"] == DecimalValue("2962972839816914.61"))
        #expect(swap.count == 2)
    }
}
