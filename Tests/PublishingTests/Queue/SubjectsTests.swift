import Testing

@testable import Publishing

@Suite("Subjects")
struct SubjectsTests {
    @Test(
        "A subject has prefix, type, venue, market and symbol",
        arguments: [
            ("md", "BTC-USDT", "md.trade.binance.spot.BTC-USDT"),
            ("", "BTC-USDT", "trade.binance.spot.BTC-USDT"),
            ("a.b", "币-USDT", "a.b.trade.binance.spot.%E5%B8%81-USDT"),
            (".md.", "A.B *>", "md.trade.binance.spot.A%2EB%20%2A%3E"),
        ])
    func subject(prefix: String, symbol: String, expected: String) {
        #expect(
            Subjects(prefix: prefix).subject(.trade, venue: "binance", market: "spot", symbol: symbol) == expected)
    }

    @Test("What does not apply is an underscore")
    func placeholders() {
        #expect(Subjects().subject(.status, venue: nil, market: nil, symbol: "") == "md.status._._._")
        #expect(Subjects().heartbeat(instance: "a.1") == "md.heartbeat._._.a%2E1")
        #expect(
            Subjects().connection("binance-spot-0", venue: "binance", market: nil)
                == "md.status.binance._._conn-binance-spot-0")
    }

    @Test("A type's filter takes in all its subjects")
    func filter() {
        #expect(Subjects().filter(.orderbookDelta) == "md.orderbook_delta.>")
        #expect(Subjects(prefix: "").filter(.lsrTopPosition) == "lsr_top_position.>")
    }
}
