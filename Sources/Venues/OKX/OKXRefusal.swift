/// What OKX says when it refuses: `{"code":"51001","msg":"Instrument ID does not exist.","data":[]}`.
///
/// Codes: https://www.okx.com/docs-v5/en/#error-code (2026-08-22).
package struct OKXRefusal: Hashable, Sendable {
    package enum Meaning: Hashable, Sendable {
        /// Nothing may be asked of the endpoint for a while.
        case tooManyRequests
        /// The same request may do better later.
        case temporary
        /// The same request will be refused again: a bad symbol, a bad parameter, a wrong path.
        case permanent
    }

    package let code: Int64

    package init(code: Int64) {
        self.code = code
    }

    package var meaning: Meaning {
        switch self.code {
        // Requests, and subscriptions of a connection.
        case 50_011, 60_014: .tooManyRequests
        // Unavailable, timed out, busy, system error, too many calls for now.
        case 50_001, 50_004, 50_013, 50_026, 50_040: .temporary
        // Sockets: internal error, internal error, service moved.
        case 63_999, 64_007: .temporary
        default: .permanent
        }
    }

    /// Reads the code of an answer; nil for a body that has none, 0 for success.
    package static func code(of body: [UInt8]) -> Int64? {
        var reader = JSONReader(body.span)
        var walk = JSONWalk()
        do throws(JSONError) {
            while try reader.nextKey(&walk) {
                guard reader.isText("code", at: walk.key) else {
                    try reader.skipValue()
                    continue
                }
                return reader.number(at: try reader.string()).flatMap { Int64(exactly: $0) }
            }
        } catch {
            return nil
        }
        return nil
    }
}
