import Collector
import Foundation
import MarketModel
import Testing

@Suite("Replay of recordings with addresses")
struct ReplayConnectionTests {
    private static let okx = "wss://ws.okx.com:8443/ws/v5/public"
    private static let deribit = "wss://www.deribit.com/ws/api/v2"

    /// Plays lines of connection, direction and text, a millisecond apart.
    private static func play(_ lines: [(String, String, String)]) throws -> ReplayResult {
        var data = Data()
        for (index, line) in lines.enumerated() {
            let object: [String: Any] = [
                "ts": 1_785_000_000_000_000_000 + index * 1_000_000, "conn": line.0, "direction": line.1, "raw": line.2,
            ]
            data += try JSONSerialization.data(withJSONObject: object) + [UInt8(ascii: "\n")]
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID()).ndjson")
        try data.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try Replay.play(path: file.path, depth: nil, repetitions: 1, makesReport: true)
    }

    private static func trade(_ symbol: String, _ id: Int) -> String {
        #"{"arg":{"channel":"trades","instId":"\#(symbol)"},"data":[{"instId":"\#(symbol)","tradeId":"\#(id)","#
            + #""px":"5.1","sz":"2","side":"buy","ts":"1785000000000"}]}"#
    }

    private static func tickers(_ symbol: String) -> String {
        #"{"arg":{"channel":"tickers","instId":"\#(symbol)"},"data":[]}"#
    }

    private static func book(_ bids: String, checksum: Int) -> String {
        #"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["7","1","0","1"]],"#
            + #""bids":[\#(bids)],"ts":"1785000000000","checksum":\#(checksum)}]}"#
    }

    private static func change(_ before: Int, _ last: Int, price: String = "5.5") -> String {
        #"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-24SEP21.raw","data":{"type":"change","#
            + #""timestamp":1785000000000,"prev_change_id":\#(before),"instrument_name":"BTC-24SEP21","#
            + #""change_id":\#(last),"bids":[["new",\#(price),1.0]],"asks":[]}}}"#
    }

    private static let snapshot =
        #"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-24SEP21.raw","data":{"type":"snapshot","#
        + #""timestamp":1785000000000,"instrument_name":"BTC-24SEP21","change_id":10,"bids":[["new",5.0,1.0]],"#
        + #""asks":[["new",6.0,1.0]]}}}"#

    @Test("Streams that nobody asked for are learned from their first frame, of all sections of a connection")
    func learned() throws {
        let lines = ["BTC-USDT", "UNI-USD-SWAP", "BTC-USD-220527", "BTC-USDT"].enumerated().map {
            (Self.okx, "received", Self.trade($1, $0 + 1))
        }
        let result = try Self.play(lines)
        let venue = try #require(result.venues.first)
        #expect(venue.frames == 4 && venue.refused == 0 && venue.trades == 4 && venue.instruments == 3)
        let report = try #require(result.report)
        for key in ["okx_spot:BTC-USDT", "okx_swap:UNI-USD-SWAP", "okx_futures:BTC-USD-220527"] {
            #expect(report.contains("\"\(key)\""))
        }
    }

    @Test("What was asked for and is not collected is told from what is refused, with the reason")
    func refused() throws {
        let request = #"{"op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT"}]}"#
        let result = try Self.play([
            (Self.okx, "sent", request),
            (Self.okx, "received", #"{"event":"subscribe","arg":{"channel":"tickers","instId":"BTC-USDT"}}"#),
            (Self.okx, "received", Self.tickers("BTC-USDT")), (Self.okx, "received", Self.tickers("ETH-USDT")),
            (Self.okx, "received", #"{"arg":"#), (Self.okx, "received", Self.trade("BTC-USDT", 1)),
            ("wss://example.com/", "received", "{}"),
        ])
        let venue = try #require(result.venues.first)
        #expect(result.frames == 6 && result.framesOfNobody == 1 && venue.frames == 5)
        #expect(venue.answers == 1 && venue.notCollected == 1 && venue.trades == 1)
        let reasons = Dictionary(uniqueKeysWithValues: venue.refusedByReason.map { ($0.reason, $0.count) })
        #expect(reasons == ["json": 1, "unknown_stream": 1] && result.refused == 2)
    }

    @Test("A checksum that is not the book's is counted as failed")
    func checksum() throws {
        // CRC-32 of "5:1:7:1", as zlib computes it.
        let right = Self.book(#"["5","1","0","1"]"#, checksum: Self.crc("5:1:7:1"))
        let wrong = Self.book(#"["5","2","0","1"]"#, checksum: Self.crc("5:1:7:1"))
        let venue = try #require(
            try Self.play([(Self.okx, "received", right), (Self.okx, "received", wrong)]).venues.first)
        #expect(venue.checksums == 2 && venue.checksumFailures == 1 && venue.refused == 0)
    }

    @Test("A change that does not follow is a gap, a bid above the asks a crossed book; dated futures have books too")
    func gap() throws {
        let sound = try Self.play([
            (Self.deribit, "received", Self.snapshot), (Self.deribit, "received", Self.change(10, 12)),
        ])
        let venue = try #require(sound.venues.first)
        #expect(venue.applied == 1 && venue.gaps == 0 && venue.crossed == 0 && venue.instruments == 1)
        let broken = try Self.play([
            (Self.deribit, "received", Self.snapshot), (Self.deribit, "received", Self.change(10, 12, price: "6.5")),
            (Self.deribit, "received", Self.change(13, 14)),
        ])
        #expect(broken.venues.first?.gaps == 1 && broken.venues.first?.crossed == 1)
        #expect(broken.report?.contains("deribit_future:BTC-24SEP21") == true)
    }

    @Test("Binance's addresses tell the section")
    func binance() throws {
        let trade =
            #"{"stream":"btcusdt@trade","data":{"e":"trade","E":1785000000000,"T":1785000000000,"s":"BTCUSDT","t":5,"#
            + #""p":"1.5","q":"2","X":"MARKET","m":true}}"#
        let result = try Self.play([
            ("wss://fstream.binance.com/stream", "sent", #"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}"#),
            ("wss://fstream.binance.com/stream", "received", #"{"result":null,"id":1}"#),
            ("wss://fstream.binance.com/stream", "received", trade),
        ])
        let venue = try #require(result.venues.first)
        #expect(venue.venue == VenueID("binance") && venue.trades == 1 && venue.answers == 1 && venue.refused == 0)
        #expect(result.report?.contains("binance_usdm:BTCUSDT") == true)
    }

    /// CRC-32 bit by bit, as a signed number.
    private static func crc(_ text: String) -> Int {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in text.utf8 {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        return Int(Int32(bitPattern: ~value))
    }
}
