import Foundation
import MarketModel
import Testing

@testable import Venues

@Suite("Deribit instruments")
struct DeribitInstrumentsTests {
    private static func parse(_ json: String, _ section: DeribitSegment) throws -> ([Instrument], refused: Int) {
        let deribit = Deribit()
        let segment = try #require(deribit.segments.first { $0.id == section.id })
        let list = try deribit.instruments(Array(json.utf8), in: segment)
        return (list.instruments, list.refused)
    }

    @Test("The recorded lists give the perpetuals, inverse ones in dollars and linear ones in coins")
    func recordedPerpetuals() throws {
        var perpetuals: [String: Instrument] = [:]
        for raw in try DeribitRig.lines(of: "instruments") {
            let (instruments, refused) = try Self.parse(raw, .perpetual)
            #expect(refused == 0)
            for instrument in instruments { perpetuals[instrument.venueSymbol] = instrument }
        }
        #expect(perpetuals.count == 19)
        // The oldest list says neither which kind a contract is nor what it settles in.
        let btc = try #require(perpetuals["BTC-PERPETUAL"])
        #expect(btc.symbol == "BTC-USD" && btc.market == .perpetual && btc.unit == .quote)
        #expect(btc.contract == .inverse && btc.settle == "BTC" && btc.base == "BTC" && btc.quote == "USD")
        #expect(btc.tickSize == "0.5" && btc.lotSize == "10" && btc.minSize == "10" && btc.contractSize == "10")
        #expect(btc.contractSizeUnit == .quote && btc.status == .trading && btc.expiresMicroseconds == nil)
        let sol = try #require(perpetuals["SOL_USDC-PERPETUAL"])
        #expect(sol.symbol == "SOL-USDC" && sol.unit == .base && sol.contract == .linear && sol.settle == "USDC")
        #expect(sol.tickSize == "0.01" && sol.lotSize == "0.1" && sol.contractSizeUnit == .base)
        #expect(perpetuals["SOL-PERPETUAL"]?.symbol == "SOL-USD" && perpetuals["SOL-PERPETUAL"]?.unit == .quote)
        #expect(Set(perpetuals.values.map(\.symbol)).count == 19)
    }

    @Test("The recorded lists give the options with strike, type and expiry")
    func recordedOptions() throws {
        var options: [String: Instrument] = [:]
        for raw in try DeribitRig.lines(of: "instruments") {
            let (instruments, refused) = try Self.parse(raw, .option)
            #expect(refused == 0)
            for instrument in instruments { options[instrument.venueSymbol] = instrument }
        }
        #expect(options.count == 9)
        let put = try #require(options["BTC-24SEP21-40000-P"])
        #expect(put.symbol == "BTC-210924-40000-P" && put.market == .option && put.unit == .base)
        #expect(put.strike == "40000" && put.optionType == .put && put.base == "BTC" && put.quote == "BTC")
        #expect(put.expiresMicroseconds == 1_632_470_400_000_000 && put.contract == .inverse)
        // Amounts of less than a contract are traded.
        #expect(put.tickSize == "0.0005" && put.lotSize == "0.1" && put.contractSize == "1")
        // A day of one digit.
        #expect(options["SOL-3JUN22-30-C"]?.symbol == "SOL-220603-30-C")
    }

    private static func entry(_ changes: [String: String] = [:]) -> String {
        var members = [
            "instrument_name": #""XRP_USDC-30JUN26-0d625-C""#, "kind": #""option""#, "instrument_type": #""linear""#,
            "base_currency": #""XRP""#, "quote_currency": #""USDC""#, "counter_currency": #""USDC""#,
            "settlement_currency": #""USDC""#, "strike": "0.625", "option_type": #""call""#, "state": #""open""#,
            "is_active": "true", "tick_size": "1.0e-4",
            "tick_size_steps": #"[{"above_price":0.01,"tick_size":0.0005},{"above_price":0.1,"tick_size":5e-3}]"#,
            "min_trade_amount": "1000.0", "contract_size": "1000", "expiration_timestamp": "1782806400000",
            "creation_timestamp": "1780000000000", "underlying_type": #""x""#,
        ]
        for (key, value) in changes { members[key] = value }
        return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    @Test("A linear option of today has its quote in its symbol and the least of its ticks")
    func linearOption() throws {
        let option = try #require(try Self.parse(#"{"result":[\#(Self.entry())]}"#, .option).0.first)
        #expect(option.symbol == "XRP-USDC-260630-0d625-C" && option.venueSymbol == "XRP_USDC-30JUN26-0d625-C")
        #expect(option.strike == "0.625" && option.optionType == .call && option.contract == .linear)
        #expect(option.tickSize == "0.0001" && option.lotSize == "1000" && option.unit == .base)
        #expect(option.listedMicroseconds == 1_780_000_000_000_000 && option.venueStatus == "open")
        let finer = Self.entry(["tick_size": "0.01"])
        #expect(try Self.parse(#"{"result":[\#(finer)]}"#, .option).0.first?.tickSize == "0.0005")
    }

    @Test(
        "The venue's states are told apart",
        arguments: [
            ("open", Instrument.Status.trading), ("locked", .halted), ("halted", .halted), ("inactive", .halted),
            ("settlement", .settling), ("delivered", .closed), ("archivized", .closed), ("created", .pending),
            ("else", .unknown),
        ])
    func states(_ word: String, _ status: Instrument.Status) throws {
        let entry = Self.entry(["state": "\"\(word)\""])
        #expect(try Self.parse(#"{"result":[\#(entry)]}"#, .option).0.first?.status == status)
    }

    @Test("A bad entry refuses only itself, one of another section is passed over")
    func badEntries() throws {
        let bad = [
            "7", "{}", "null", Self.entry(["instrument_name": "7"]),
            Self.entry(["instrument_name": #""XRP-99XXX26-1-C""#]),
            Self.entry(["strike": "null"]), Self.entry(["strike": "true"]),
            Self.entry(["expiration_timestamp": "1e30"]),
            Self.entry(["base_currency": #""""#]), Self.entry(["quote_currency": "null"]),
        ]
        let others = [
            Self.entry(["kind": #""spot""#]), Self.entry(["kind": #""option_combo""#]),
            Self.entry(["kind": #""future""#, "instrument_name": #""BTC-25DEC26""#]),
        ]
        let list = (bad + others + [Self.entry()]).joined(separator: ",")
        let (instruments, refused) = try Self.parse(#"{"result":[\#(list)]}"#, .option)
        #expect(instruments.count == 1 && refused == bad.count)
    }

    @Test(
        "Text that is no list is refused whole", arguments: ["", "<html>", "{}", #"{"result":{}}"#, #"{"result":[{]}"#])
    func unreadable(_ text: String) {
        #expect(throws: UnreadableAnswer.self) { try Self.parse(text, .option) }
    }

    @Test(
        "Names that are no option's are none",
        arguments: [
            "BTC-PERPETUAL", "BTC-25DEC26", "BTC-25DEC26-100000-X", "BTC-32DEC26-1-C", "BTC-DEC26-1-C",
            "BTC-25DEC2-1-C",
            "-25DEC26-1-C", "BTC-25DEC26--C", "BTC-25DEC26-1x-C", "BTC-25dec26-1-C", "BTC-25DEC26-1-C-P", "",
        ])
    func noOption(_ name: String) {
        #expect(DeribitOptionName(name) == nil)
    }
}
