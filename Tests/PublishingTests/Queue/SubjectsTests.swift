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

    @Test(
        "What a subject is about is read back from it, whatever the prefix",
        arguments: ["md", "", "a.b", "md_x"])
    func readBack(prefix: String) {
        let subjects = Subjects(prefix: prefix)
        func read(_ subject: String) -> GapSubject {
            Array(subject.utf8).withUnsafeBytes { subjects.gapSubject(of: $0) }
        }
        for symbol in ["BTC-USDT", "币-USDT", "A.B *>%", "_conn-a", "50%", "%41"] {
            let subject = subjects.subject(.trade, venue: "binance", market: "spot", symbol: symbol)
            #expect(read(subject) == GapSubject(venue: "binance", market: "spot", symbol: symbol))
        }
        #expect(
            read(subjects.subject(.status, venue: "binance", market: nil, symbol: nil)) == GapSubject(venue: "binance"))
        #expect(read(subjects.heartbeat(instance: "a.1")) == GapSubject(venue: nil, symbol: "a.1"))
        #expect(read("") == GapSubject(venue: nil))
        #expect(read(subjects.filter(.trade).replacing(".>", with: "")) == GapSubject(venue: nil))
    }

    @Test("What is not percent-encoded as it should be is taken as it stands")
    func malformed() {
        func symbol(_ token: String) -> String? {
            Array("md.trade.binance.spot.\(token)".utf8).withUnsafeBytes { Subjects().gapSubject(of: $0).symbol }
        }
        #expect(symbol("A%2") == "A%2" && symbol("A%") == "A%" && symbol("%GG") == "%GG" && symbol("%2e") == ".")
        #expect(symbol("%FF") == "\u{FFFD}")
    }
}
