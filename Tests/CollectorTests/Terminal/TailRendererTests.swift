import Foundation
import Testing

@testable import Collector

@Suite("What tail shows")
struct TailRendererTests {
    private static func envelope(_ type: String, _ rest: String, symbol: String = "BTC-USDT") -> Data {
        Data(
            """
            {"v":1,"type":"\(type)","venue":"binance","market":"spot","symbol":"\(symbol)","venue_symbol":"BTCUSDT",\
            "instance":"demo","boot":"b1","n":1,"event_us":1723111200000001,"venue_sent_us":null,\
            "received_us":1723111200123456,\(rest)}
            """.utf8)
    }

    private static func lines(_ payload: Data, columns: Int = 120, levels: Int = 10) -> [String] {
        TailRenderer(columns: columns, style: .plain, levels: levels).lines(subject: "md.x", payload: payload)
    }

    @Test(
        "Each type is one line with what it says",
        arguments: [
            (
                "trade",
                #""id":"123","price":"61737.63","size":"0.5","unit":"base","side":"buy","aggregated":true,"backfilled":false"#,
                "10:00:00.123 trade binance spot BTC-USDT buy  0.5 base @ 61737.63  id 123 aggregated"
            ),
            (
                "bbo", #""bid":"1","bid_size":"2","ask":null,"ask_size":null,"unit":"base","venue_sequence":"55""#,
                "10:00:00.123 bbo   binance spot BTC-USDT 1 x 2  |  - x -"
            ),
            (
                "orderbook_delta",
                #""chain":"b1.1","previous_sequence":4,"sequence":5,"venue_sequence":"124","depth":100,"trusted_depth":98,"unit":"base","bids":[["1","0"]],"asks":[]"#,
                "10:00:00.123 delta binance spot BTC-USDT #4 > #5  1 bids, 0 asks  depth 98/100"
            ),
            (
                "instrument",
                #""status":"trading","contract":"inverse","contract_size":"100","contract_size_unit":"quote","tick_size":"0.1","lot_size":null"#,
                "10:00:00.123 instr binance spot BTC-USDT trading, inverse, tick 0.1, lot -, contract 100 quote"
            ),
            (
                "status",
                #""scope":"connection","name":"binance-spot-0","state":"live","previous":"connecting","reason":null"#,
                "10:00:00.123 status connection binance-spot-0: connecting > live"
            ),
            (
                "heartbeat",
                #""uptime_us":75000000,"period_us":5000000,"counts":{"produced":9007199254740993,"confirmed":2},"books_live":6,"resident_bytes":1"#,
                "10:00:00.123 heartbeat demo up 1m15s, books 6, produced 9007199254740993, confirmed 2"
            ),
            (
                "gap",
                #""of":"trade","cause":"restart","from":"101","to":"110","missing":10,"repaired":4,"still_missing":6"#,
                "10:00:00.123 gap   binance spot BTC-USDT trade restart, 101..110, missing 10, repaired 4"
            ),
            (
                "gap", #""of":"connection","cause":"reconnect","from":null,"to":null,"missing":null,"repaired":0"#,
                "10:00:00.123 gap   binance spot BTC-USDT connection reconnect, missing ?, repaired 0"
            ),
            (
                "mark_price", #""mark":"61737.63","index":null"#,
                "10:00:00.123 mark  binance spot BTC-USDT 61737.63, index -"
            ),
            (
                "funding_rate",
                #""rate":"-0.0001","settled_rate":"0.0002","accrual":"periodic","interval_us":28800000000,"funding_us":1723132800000000"#,
                "10:00:00.123 fund  binance spot BTC-USDT -0.0001 at 16:00:00 every 8h00m, settled 0.0002"
            ),
            (
                "funding_rate",
                #""rate":"0.00001","settled_rate":null,"accrual":"continuous","interval_us":null,"funding_us":null"#,
                "10:00:00.123 fund  binance spot BTC-USDT 0.00001 continuous"
            ),
            (
                "open_interest", #""amount":"1234","unit":"contracts","base_amount":"12.3","value_usd":"790000""#,
                "10:00:00.123 open  binance spot BTC-USDT 1234 contracts, 12.3 base, 790000 USD"
            ),
            (
                "liquidation",
                #""id":null,"position":"long","price":"9.5","price_kind":"average","size":"2","unit":"base","sampled":true"#,
                "10:00:00.123 liq   binance spot BTC-USDT long  2 base @ 9.5 (average) sampled"
            ),
            (
                "lsr_top_position", #""ratio":"1.5","long":"0.6","short":"0.4","period_us":300000000"#,
                "10:00:00.123 lsr   binance spot BTC-USDT top positions 1.5, long 0.6, short 0.4, over 5m00s"
            ),
            (
                "lsr_top_account", #""ratio":"1.5","long":null,"short":null,"period_us":300000000"#,
                "10:00:00.123 lsr   binance spot BTC-USDT top accounts 1.5, over 5m00s"
            ),
            (
                "lsr_all_account", #""ratio":"1.5","long":null,"short":null,"period_us":null"#,
                "10:00:00.123 lsr   binance spot BTC-USDT all accounts 1.5"
            ),
            (
                "volatility_index", #""open":null,"high":null,"low":null,"close":"45.1","resolution_us":null"#,
                "10:00:00.123 vol   binance spot BTC-USDT 45.1"
            ),
            (
                "volatility_index", #""open":"45","high":"47","low":"44","close":"46","resolution_us":60000000"#,
                "10:00:00.123 vol   binance spot BTC-USDT 1m00s 45 > 46 in 44..47"
            ),
            (
                "kline",
                #""interval":"1m","open_us":1723111140000000,"open":"1","high":"4","low":"0.5","close":"2","base_volume":"7","quote_volume":null,"contract_volume":null,"trade_count":3,"closed":true,"confirmed":false"#,
                "10:00:00.123 kline binance spot BTC-USDT 1m from 09:59:00 1 > 2 in 0.5..4, 7 base, 3 trades, closed"
            ),
            (
                "kline",
                #""interval":"1m","open_us":1723111140000000,"open":"1","high":"4","low":"0.5","close":"2","closed":true,"confirmed":true,"backfilled":true"#,
                "10:00:00.123 kline binance spot BTC-USDT 1m from 09:59:00 1 > 2 in 0.5..4, closed, confirmed, backfilled"
            ),
            (
                "funding_rate",
                #""rate":"-0.0001","settled_rate":"-0.0001","funding_us":1723132800000000,"backfilled":true"#,
                "10:00:00.123 fund  binance spot BTC-USDT -0.0001 at 16:00:00, settled -0.0001, backfilled"
            ),
            ("candle", #""x":1"#, "10:00:00.123 cand… binance spot BTC-USDT (224 bytes)"),
        ])
    func oneLine(type: String, rest: String, expected: String) {
        #expect(Self.lines(Self.envelope(type, rest)) == [expected])
    }

    @Test("A book is a ladder, asks above bids, cut to the levels asked for")
    func ladder() {
        let payload = Self.envelope(
            "orderbook",
            """
            "chain":"b1.1","sequence":5,"venue_sequence":"123","state":"live","depth":100,"trusted_depth":100,\
            "bid_trusted_to":null,"ask_trusted_to":null,"unit":"base","bids":[["99.9","4"],["99.8","1"],["99.7","1"]],\
            "asks":[["100.05","2"],["100.1","8"],["100.2","1"]]
            """)
        #expect(
            Self.lines(payload, columns: 80, levels: 2) == [
                "10:00:00.123 book  binance spot BTC-USDT #5 live, depth 100/100, sizes in base",
                "  ask  100.1  8 ████████████████████████████████████████",
                "  ask 100.05  2 ██████████",
                "  --- spread 0.15",
                "  bid   99.9  4 ████████████████████",
                "  bid   99.8  1 █████",
            ])
    }

    @Test("An empty book, and one with entries that are none, is drawn all the same")
    func brokenBook() {
        let payload = Self.envelope("orderbook", #""bids":[["1"],5,["2","x"]],"asks":null"#)
        #expect(
            Self.lines(payload) == [
                "10:00:00.123 book  binance spot BTC-USDT #- -, depth -/-, sizes in -", "  --- spread -", "  bid 2  x ",
            ])
    }

    @Test("Hostile text does not reach the terminal raw, and no line is too long")
    func hostile() {
        let rest = #""id":"\u001b[2J","price":"\#(String(repeating: "9", count: 5_000))","side":"\u202e""#
        let lines = Self.lines(Self.envelope("trade", rest, symbol: #"\u001b]0;x\u0007"#), columns: 80)
        #expect(lines.count == 1)
        #expect(
            lines.allSatisfy { TerminalText.width(of: $0) <= 80 && !$0.contains("\u{1b}") && !$0.contains("\u{202e}") })
    }

    @Test("What is no message is named by its subject", arguments: ["", "[]", "{", "{\"type\":5}x", "\u{0}"])
    func noMessage(text: String) {
        let lines = Self.lines(Data(text.utf8))
        #expect(lines == ["md.x: \(text.utf8.count) bytes that are no message of schema version 1"])
    }

    @Test("JSON for a pipe stays one line")
    func json() {
        #expect(TailRenderer.json(payload: Data("{\"a\":\n1}".utf8)) == "{\"a\": 1}")
    }
}
