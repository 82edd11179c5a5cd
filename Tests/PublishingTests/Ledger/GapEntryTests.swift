import Foundation
import MarketModel
import Testing

@testable import Publishing

@Suite("Entries of the ledger, as messages")
struct GapEntryTests {
    private static let encoder = JSONMessageEncoder()

    private static func instrument() -> Instrument {
        Instrument(
            venue: VenueID("binance"), segment: "spot", market: .spot, symbol: "BTC-USDT", venueSymbol: "BTCUSDT",
            base: "BTC", quote: "USDT", contract: .spot, unit: .base)
    }

    private static func message(_ entry: GapEntry, number: UInt64 = 7) -> String {
        Self.encoder.prefix(entry.subject, instance: "demo", boot: "b1") + Self.encoder.text(entry, number: number)
    }

    @Test("A loss of trades says which ids, how many, and how many came back")
    func trades() {
        let entry = GapEntry(
            id: GapEntry.id(instance: "demo", boot: "b1", number: 3), subject: GapSubject(Self.instrument()),
            of: .messages(.trade), cause: .tradeJump, range: GapRange(.tradeID, from: "101", to: "110"),
            fromMicroseconds: 1_000, toMicroseconds: 2_000, missing: 10, repaired: 4, isClosed: false,
            receivedMicroseconds: 2_001)
        #expect(
            Self.message(entry) == """
                {"v":1,"type":"gap","venue":"binance","market":"spot","symbol":"BTC-USDT","venue_symbol":"BTCUSDT",\
                "instance":"demo","boot":"b1","n":7,"event_us":null,"venue_sent_us":null,"received_us":2001,\
                "id":"demo:b1:3","of":"trade","cause":"trade_jump","numbering":"trade_id","from":"101","to":"110",\
                "from_us":1000,"to_us":2000,"missing":10,"repaired":4,"still_missing":6,"closed":false}
                """)
        #expect(Subjects().gap(entry.subject) == "md.gap.binance.spot.BTC-USDT")
    }

    @Test("What does not apply is null: a connection's silence has no numbers, no count and, at first, no end")
    func connection() {
        let entry = GapEntry(
            id: "demo:b1:4", subject: GapSubject(venue: "binance", market: "spot"), of: .connection, cause: .reconnect,
            fromMicroseconds: 1_000, toMicroseconds: nil, receivedMicroseconds: 1_500)
        #expect(
            Self.message(entry) == """
                {"v":1,"type":"gap","venue":"binance","market":"spot","symbol":null,"venue_symbol":null,\
                "instance":"demo","boot":"b1","n":7,"event_us":null,"venue_sent_us":null,"received_us":1500,\
                "id":"demo:b1:4","of":"connection","cause":"reconnect","numbering":null,"from":null,"to":null,\
                "from_us":1000,"to_us":null,"missing":null,"repaired":0,"still_missing":null,"closed":true}
                """)
        #expect(Subjects().gap(entry.subject) == "md.gap.binance.spot._")
    }

    @Test("More found than were missing leaves none missing")
    func overRepaired() {
        var entry = GapEntry(
            id: "a", subject: GapSubject(venue: nil), of: .connection, cause: .restart, fromMicroseconds: 0,
            toMicroseconds: nil, missing: 2, repaired: 3, receivedMicroseconds: 0)
        #expect(entry.stillMissing == 0)
        entry.missing = .max
        #expect(entry.stillMissing == UInt64.max - 3)
    }

    @Test("A venue's text cannot break out of its string")
    func hostile() throws {
        let entry = GapEntry(
            id: "\"},\\\n", subject: GapSubject(venue: "v\"", symbol: "\u{0}"), of: .messages(.bbo), cause: .refused,
            range: GapRange(.venueSequence, from: "\"", to: "\u{7F}"), fromMicroseconds: .min, toMicroseconds: .max,
            missing: .max, receivedMicroseconds: 0)
        let object = try JSONSerialization.jsonObject(with: Data(Self.message(entry).utf8)) as? [String: Any]
        #expect(object?["id"] as? String == "\"},\\\n" && object?["venue"] as? String == "v\"")
        #expect(object?["from"] as? String == "\"" && object?["symbol"] as? String == "\u{0}")
    }
}
