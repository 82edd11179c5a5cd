package import Resilience

extension Deribit {
    /// Errors come as JSON-RPC errors, mostly with status 400; the venue tells no time to wait.
    ///
    /// Source: https://docs.deribit.com/ (errors and rate limits, 2026-03-06).
    package func verdict(on answer: VenueAnswer) -> AnswerVerdict {
        let code = Self.errorCode(in: answer.body)
        guard answer.status != 200 || code != nil else { return .success }
        // Whole seconds, where a proxy in front of the venue sends it.
        let told = answer.header("Retry-After").flatMap { Int64($0) }.map { Duration.seconds(min(max($0, 1), 300)) }
        switch (answer.status, code.map(Self.meaning(ofError:))) {
        case (429, _), (_, .tooMany): return .rateLimited(retryAfter: told ?? Self.refill)
        case (_, .busy): return .unavailable(retryAfter: told ?? .seconds(1))
        case (_, .closed): return .unavailable(retryAfter: told ?? .seconds(30))
        case (500...599, _), (408, _): return .unavailable(retryAfter: told)
        case (_, .permanent), (_, nil): return .refused(code: code)
        }
    }

    /// What an error code means for the same request later.
    enum ErrorMeaning: Hashable, Sendable {
        /// Over a limit: nothing may be asked for a while.
        case tooMany
        /// It may do better in a second.
        case busy
        /// The venue is closed for a while.
        case closed
        /// It will be refused again.
        case permanent
    }

    static func meaning(ofError code: Int64) -> ErrorMeaning {
        switch code {
        // Too many requests, too many at once.
        case 10_028, 10_066: .tooMany
        // Retry, settlement in progress (08:00 UTC, seconds), engine's queue full, internal error, temporarily
        // unavailable, unavailable, timed out.
        case 10_040, 10_041, 10_047, 11_094, 13_028, 13_503, 13_888: .busy
        // Maintenance.
        case 11_051: .closed
        default: .permanent
        }
    }

    /// The time in which an empty pool of credits is full again.
    private static let refill = Duration.seconds(5)
    /// Bodies above this are no error, which has a sentence or two.
    private static let errorBytesMax = 16_384

    /// Reads the code of a JSON-RPC error; nil for anything else.
    static func errorCode(in body: [UInt8]) -> Int64? {
        guard body.count <= Self.errorBytesMax else { return nil }
        var reader = JSONReader(body.span)
        return (try? DeribitDecoder.envelope(&reader))?.code
    }
}
