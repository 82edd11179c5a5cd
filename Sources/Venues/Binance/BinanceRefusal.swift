import FoundationEssentials

/// What Binance says in the body of an answer that is no success: `{"code":-1121,"msg":"Invalid symbol."}`.
///
/// Codes: https://developers.binance.com/docs/binance-spot-api-docs/errors (spot 2026-07-21, derivatives 2026-07-01).
package struct BinanceRefusal: Hashable, Sendable {
    package enum Meaning: Hashable, Sendable {
        /// Nothing may be asked of the scope for a while.
        case tooManyRequests
        /// The same request may do better later.
        case temporary
        /// The same request will be refused again: a bad symbol, a bad parameter.
        case permanent
    }

    /// Bodies above this are no refusal, which has a sentence or two.
    private static let bytesMax = 16_384

    package let code: Int64
    package let message: String

    /// Reads a body; nil for anything but an object with a whole number as its code.
    package init?(_ body: [UInt8]) {
        guard body.count <= Self.bytesMax, let content = try? JSONDecoder().decode(Content.self, from: Data(body))
        else { return nil }
        self.code = content.code
        self.message = content.msg ?? ""
    }

    package var meaning: Meaning {
        switch self.code {
        case -1003: .tooManyRequests
        // Unknown, disconnected, unexpected answer, time out, overload, shutting down.
        case -1000, -1001, -1006, -1007, -1008, -1016: .temporary
        // Seen while COIN-M was merged into USD-M: https://www.binance.com/en/support/announcement (2026-06-10).
        case -1109, 239_999: .temporary
        default: .permanent
        }
    }

    /// When a ban ends, in milliseconds since 1970, where -1003 says so: `…; IP banned until 1573208938104.`.
    package var bannedUntilMilliseconds: Int64? {
        guard let start = self.message.firstRange(of: "banned until ") else { return nil }
        return Int64(self.message[start.upperBound...].prefix { $0.isASCII && $0.isNumber })
    }

    private struct Content: Decodable {
        let code: Int64
        let msg: String?
    }
}
