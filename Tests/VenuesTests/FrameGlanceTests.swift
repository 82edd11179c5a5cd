import MarketModel
import Testing
import Venues

@Suite("Data told from what speaks to the connection")
struct FrameGlanceTests {
    private static func isData(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { FrameGlance.isData(Frame(bytes: $0, receivedMicroseconds: 0)) }
    }

    @Test(
        "What a stream brings is data, in any order of keys",
        arguments: [
            #"{"stream":"btcusdt@trade","data":{"e":"trade"}}"#, #"{"data":{"e":"trade"},"stream":"btcusdt@trade"}"#,
            #"{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{}]}"#,
            #"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.BTC-PERPETUAL.100ms","data":{}}}"#,
            #"{"params":{"channel":"a","data":{}},"method":"subscription"}"#,
        ])
    func data(_ text: String) {
        #expect(Self.isData(text))
    }

    @Test(
        "Answers, refusals, signs of life and what cannot be read are none",
        arguments: [
            #"{"result":null,"id":1}"#, #"{"error":{"code":2,"msg":"data"},"id":7}"#, "pong", "", "{", "[]", "5",
            #"{"event":"subscribe","arg":{"channel":"trades"},"connId":"a"}"#, #"{"event":"notice","code":"64008"}"#,
            #"{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}"#,
            #"{"jsonrpc":"2.0","id":3,"result":["book.BTC-PERPETUAL.100ms"],"usIn":1}"#, #"{"a":{"data":1}}"#,
            String(repeating: #"{"a":"#, count: 200),
        ])
    func control(_ text: String) {
        #expect(!Self.isData(text))
    }

    @Test("Cut anywhere, a frame ends in an answer and never in a trap")
    func cut() {
        let text = #"{"jsonrpc":"2.0","a":[{"b\"":1e5},null],"method":"subscription","params":{}}"#
        for count in 0...text.utf8.count {
            _ = Self.isData(String(decoding: Array(text.utf8).prefix(count), as: UTF8.self))
        }
        #expect(Self.isData(text))
    }
}
