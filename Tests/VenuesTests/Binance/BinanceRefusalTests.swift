import Testing

@testable import Venues

@Suite("Binance's refusals")
struct BinanceRefusalTests {
    @Test("Codes and messages are read, and when a ban ends")
    func read() throws {
        let text = "Way too much request weight used; IP banned until 1573208938104. Please use WebSocket Streams."
        let banned = try #require(BinanceRefusal(Array("{\"code\":-1003,\"msg\":\"\(text)\"}".utf8)))
        #expect(banned.code == -1003 && banned.message == text && banned.meaning == .tooManyRequests)
        #expect(banned.bannedUntilMilliseconds == 1_573_208_938_104)
        let symbol = try #require(BinanceRefusal(Array("{\"msg\":\"Invalid symbol.\",\"code\":-1121,\"x\":1}".utf8)))
        #expect(symbol.meaning == .permanent && symbol.bannedUntilMilliseconds == nil)
    }

    @Test(
        "Anything else is none",
        arguments: ["", "<html>", "[]", "{}", "{\"code\":\"x\"}", "{\"code\":1e40}", "{\"code\":-1003", "null"])
    func others(_ text: String) {
        #expect(BinanceRefusal(Array(text.utf8)) == nil)
    }

    @Test("An end of a ban that is no number is none", arguments: ["", "soon", "99999999999999999999999"])
    func badEnd(_ end: String) throws {
        let refusal = try #require(BinanceRefusal(Array("{\"code\":-1003,\"msg\":\"banned until \(end)\"}".utf8)))
        #expect(refusal.bannedUntilMilliseconds == nil)
    }
}
