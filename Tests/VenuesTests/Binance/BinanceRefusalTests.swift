import Resilience
import Testing
import Venues

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

    // MARK: - Documented codes

    private static let codes: [(code: Int64, meaning: BinanceRefusal.Meaning)] = [
        (-1000, .temporary), (-1001, .temporary), (-1003, .tooManyRequests), (-1006, .temporary),
        (-1007, .temporary), (-1008, .temporary), (-1016, .temporary), (-1109, .temporary), (239_999, .temporary),
        (-1100, .permanent), (-1101, .permanent), (-1102, .permanent), (-1103, .permanent), (-1104, .permanent),
        (-1105, .permanent), (-1106, .permanent), (-1120, .permanent), (-1121, .permanent), (-1127, .permanent),
        (-1130, .permanent), (-1220, .permanent), (-2014, .permanent), (-2015, .permanent), (-4021, .permanent),
        (-99_999, .permanent), (0, .permanent),
    ]

    private static func answer(_ status: Int, code: Int64?, retryAfter: String? = nil) -> VenueAnswer {
        let body = code.map { "{\"code\":\($0),\"msg\":\"x\"}" } ?? "<html>"
        return VenueAnswer(status: status, body: Array(body.utf8), nowMilliseconds: 0) {
            $0 == "Retry-After" ? retryAfter : nil
        }
    }

    @Test("Every documented code is classified, an unknown one is not tried again", arguments: codes)
    func classified(_ code: Int64, _ meaning: BinanceRefusal.Meaning) throws {
        let refusal = try #require(BinanceRefusal(Array("{\"code\":\(code),\"msg\":\"x\"}".utf8)))
        #expect(refusal.meaning == meaning)
        let verdict: AnswerVerdict =
            switch meaning {
            case .tooManyRequests: .rateLimited(retryAfter: nil)
            case .temporary: .unavailable(retryAfter: nil)
            case .permanent: .refused(code: code)
            }
        #expect(Binance().verdict(on: Self.answer(400, code: code)) == verdict)
    }

    @Test(
        "A status counts whatever its body says",
        arguments: [
            (200, nil, nil, AnswerVerdict.success), (429, nil, "7", .rateLimited(retryAfter: .seconds(7))),
            (418, -1003, "120", .rateLimited(retryAfter: .seconds(120))),
            (418, nil, nil, .rateLimited(retryAfter: nil)),
            (403, nil, nil, .rateLimited(retryAfter: nil)), (503, nil, "3", .unavailable(retryAfter: .seconds(3))),
            (500, -1121, nil, .unavailable(retryAfter: nil)), (408, nil, nil, .unavailable(retryAfter: nil)),
            (404, nil, nil, .refused(code: nil)), (451, nil, nil, .refused(code: nil)),
            (429, nil, "Wed, 21 Oct 2026 07:28:00 GMT", .rateLimited(retryAfter: nil)),
            (418, nil, "99999999999", .rateLimited(retryAfter: .seconds(259_200))),
        ])
    func statuses(_ status: Int, _ code: Int64?, _ retryAfter: String?, _ verdict: AnswerVerdict) {
        #expect(Binance().verdict(on: Self.answer(status, code: code, retryAfter: retryAfter)) == verdict)
    }
}
