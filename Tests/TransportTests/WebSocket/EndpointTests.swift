import TestSupport
import Testing

@testable import Transport

@Suite("WebSocket endpoints and text")
struct EndpointTests {
    @Test("URLs are read into their pieces")
    func urls() throws {
        let plain = try #require(WebSocketEndpoint(url: "ws://127.0.0.1:9443/stream?streams=a@b/c@d"))
        #expect(plain.host == "127.0.0.1" && plain.port == 9443 && !plain.isSecure)
        #expect(plain.path == "/stream?streams=a@b/c@d")
        let secure = try #require(WebSocketEndpoint(url: "wss://fstream.binance.com"))
        #expect(
            secure.port == 443 && secure.path == "/" && secure.isSecure && secure.hostHeader == "fstream.binance.com")
        let six = try #require(WebSocketEndpoint(url: "ws://[::1]:80/x"))
        #expect(six.host == "::1" && six.port == 80)
    }

    @Test(
        "What is no WebSocket URL is refused",
        arguments: [
            "http://a", "ws://", "ws://:80", "ws://a:0", "ws://a:65536", "ws://a:x", "ws://a b", "ws://u@a/",
            "ws://[::1", "ws://a/#f",
        ])
    func badURLs(url: String) {
        #expect(WebSocketEndpoint(url: url) == nil)
    }

    @Test("The text check agrees with the standard library's on random and on broken text")
    func utf8() {
        var generator = SeededGenerator(seed: 7)
        let pieces: [[UInt8]] = [
            Array("plain ascii, a little longer than one step of the loop".utf8), Array("é".utf8), Array("币安".utf8),
            Array("🙂".utf8), [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE0, 0x80, 0x80], [0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xC3], [0xF1, 0x80, 0x80], [0xFF],
        ]
        for _ in 0..<20000 {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                // Mostly good ones, else nearly everything would be broken.
                let bound = Int.random(in: 0..<10, using: &generator) == 0 ? pieces.count : 4
                text += pieces[Int.random(in: 0..<bound, using: &generator)]
            }
            let expected = String(validating: text, as: UTF8.self) != nil
            #expect(text.withUnsafeBytes { UTF8Check.isValid($0) } == expected, "\(text)")
        }
    }
}
