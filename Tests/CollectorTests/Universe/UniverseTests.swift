import MarketModel
import Testing
import Venues

@testable import Collector

@Suite("What the rules of a section mean")
struct UniverseTests {
    private static let now: Int64 = 1_784_592_000_000_000
    private static let day: Int64 = 86_400_000_000

    private static func instrument(
        _ symbol: String, base: String, quote: String = "USDT", expiresInDays days: Int64? = nil,
        status: Instrument.Status = .trading
    ) -> Instrument {
        var instrument = Instrument(
            venue: Binance.id, segment: "spot", market: .spot, symbol: symbol, venueSymbol: symbol, base: base,
            quote: quote, contract: .spot, status: status, unit: .base)
        instrument.expiresMicroseconds = days.map { Self.now + $0 * Self.day }
        return instrument
    }

    private static let listed = [
        instrument("BTCUSDT", base: "BTC"), instrument("ETHUSDT", base: "ETH"), instrument("SOLUSDT", base: "SOL"),
        instrument("BTCEUR", base: "BTC", quote: "EUR"), instrument("OLDUSDT", base: "OLD", status: .closed),
        instrument("BTC-1", base: "BTC", expiresInDays: 10), instrument("BTC-2", base: "BTC", expiresInDays: 40),
        instrument("BTC-0", base: "BTC", expiresInDays: -1),
    ]

    private static func resolve(
        _ rules: [SymbolRule], turnovers: [String: String] = [:], limit: Int = 100
    ) -> Universe.Resolution {
        Universe.resolve(
            rules, listed: self.listed, turnovers: turnovers.compactMapValues { DecimalValue($0) },
            nowMicroseconds: self.now, limit: limit)
    }

    private static func filter(_ change: (inout SymbolFilter) -> Void) -> SymbolRule {
        var filter = SymbolFilter()
        change(&filter)
        return .filter(filter)
    }

    @Test("Names come first and once; what is not listed is missing")
    func names() {
        let found = Self.resolve([.pattern("BTC*"), .name("SOLUSDT"), .name("NOSUCH"), .name("BTCEUR")])
        #expect(found.symbols == ["SOLUSDT", "BTCEUR", "BTC-1", "BTC-2", "BTCUSDT"])
        #expect(found.missing == ["NOSUCH"])
        #expect(Self.resolve([.name("OLDUSDT")]).symbols == ["OLDUSDT"], "what is named is collected to its end")
    }

    @Test(
        "A star stands for any run of characters",
        arguments: [
            ("*", "A", true), ("A*", "ABC", true), ("*C", "ABC", true), ("A*C", "ABC", true), ("A*C", "AC", true),
            ("A*B", "AB", true), ("AB*BC", "ABC", false), ("*B*", "ABC", true), ("*D*", "ABC", false),
            ("A*B*C", "AXBYC", true), ("A*B*C", "ACB", false), ("币*", "币安人生USDT", true),
        ])
    func patterns(_ pattern: String, _ name: String, _ isMatch: Bool) {
        #expect(Universe.matches(name, pattern) == isMatch)
    }

    @Test("The largest are chosen by exact turnover, equal ones by name; what has none comes last")
    func largest() {
        let turnovers = ["BTCUSDT": "100.5", "ETHUSDT": "100.50", "SOLUSDT": "1000"]
        let top = Self.filter {
            $0.top = 2
            $0.quote = "USDT"
        }
        #expect(Self.resolve([top], turnovers: turnovers).symbols == ["SOLUSDT", "BTCUSDT"])
        let all = Self.filter { $0.top = 4 }
        #expect(Self.resolve([all], turnovers: ["BTCEUR": "7"]).symbols == ["BTCEUR", "BTC-1", "BTC-2", "BTCUSDT"])
    }

    @Test("What expires within a time is chosen; what expired or never expires is not")
    func expiry() {
        let soon = Self.filter {
            $0.base = "BTC"
            $0.expiryWithin = .seconds(30 * 86_400)
        }
        #expect(Self.resolve([soon]).symbols == ["BTC-1"])
    }

    @Test("A rule without a match says so, and no section collects more than its limit")
    func bounds() {
        let nothing = Self.filter { $0.base = "DOGE" }
        #expect(Self.resolve([nothing, .pattern("X*")]).idle == ["{base: DOGE}", "X*"])
        #expect(Self.resolve([.pattern("*")], limit: 2).symbols.count == 2)
    }

    @Test(
        "Symbols take names, patterns and rules; a wrong rule is refused at its line",
        arguments: [
            ("[BTCUSDT, \"ETH*\", {top: 50, by: quote_volume, quote: USDT}]", nil),
            ("[{top: 0}]", "top"), ("[{tops: 5}]", "did you mean top?"), ("[{}]", "says nothing"),
            ("[{expiry_within: 30d}]", nil), ("[{by: quote_volumes, top: 2}]", "did you mean quote_volume?"),
            ("[{base: BTC}, {base: BTC}]", "listed twice"),
        ] as [(String, String?)])
    func configuration(_ symbols: String, _ expected: String?) throws {
        let text = "venues: {binance: {spot: {symbols: \(symbols)}}}"
        guard let expected else {
            #expect(try Configuration.parse(text).configuration.venues.segments.first?.settings.rules.isEmpty == false)
            return
        }
        do {
            _ = try Configuration.parse(text)
            Issue.record("was taken")
        } catch {
            #expect("\(error)".contains(expected), "\(error)")
        }
    }
}
