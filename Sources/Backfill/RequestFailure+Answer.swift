import Resilience
import Transport
import Venues

extension RequestFailure {
    /// What a venue may close its scope for at most: the longest ban of Binance, three days (read 2026-07-21).
    private static let closureMax: Int64 = 259_200
    /// What a broken venue's `Retry-After` is followed for at most.
    private static let unavailableMax: Int64 = 300

    /// Classifies an answer that is no success.
    ///
    /// 429 and 418 carry `Retry-After` in seconds, 403 is the venue's firewall, which also acts on rates, and -1003 may
    /// come with any status (https://developers.binance.com/docs/binance-spot-api-docs/rest-api, read 2026-07-21).
    ///
    /// - Parameter nowMilliseconds: The wall clock, which a ban's end is told by.
    init(_ answer: HTTPClientResponse, endpoint: String, nowMilliseconds: Int64) {
        let refusal = BinanceRefusal(answer.body)
        let text = String(decoding: answer.body.prefix(200), as: UTF8.self)
        let kind: Kind
        switch (answer.status, refusal?.meaning) {
        case (418, _), (429, _), (403, _), (_, .tooManyRequests):
            let told = [Self.retryAfter(answer), refusal.flatMap { Self.banned($0, nowMilliseconds) }].compactMap(
                \.self)
            kind = .rateLimited(retryAfter: told.max().map { .seconds(min(max($0, 1), Self.closureMax)) })
        case (500...599, _), (408, _), (_, .temporary):
            let told = Self.retryAfter(answer)
            kind = .unavailable(retryAfter: told.map { .seconds(min(max($0, 0), Self.unavailableMax)) })
        default:
            kind = .refused(status: answer.status, code: refusal?.code)
        }
        self.init(kind: kind, endpoint: endpoint, detail: "HTTP \(answer.status) \(text)")
    }

    /// Classifies an exchange without an answer.
    init(_ error: HTTPClientError, endpoint: String) {
        let kind: Kind =
            switch error.kind {
            case .cancelled: .cancelled
            case _ where error.isRetriable: .unavailable(retryAfter: nil)
            default: .impossible
            }
        self.init(kind: kind, endpoint: endpoint, detail: "\(error)")
    }

    /// Classifies a permit that was not given.
    init(_ error: RateLimiterError, endpoint: String) {
        let kind: Kind =
            switch error {
            case .cancelled: .cancelled
            case .neverFits: .impossible
            case .tooManyWaiting: .unavailable(retryAfter: nil)
            case .waitedTooLong: .waitedTooLong
            }
        self.init(kind: kind, endpoint: endpoint, detail: "limiter: \(error)")
    }

    /// Whole seconds; the date form of RFC 9110 section 10.2.3 is not what Binance sends, and is passed over.
    private static func retryAfter(_ answer: HTTPClientResponse) -> Int64? {
        answer.header("Retry-After").flatMap { Int64($0) }
    }

    /// Seconds until a ban's end, rounded up.
    private static func banned(_ refusal: BinanceRefusal, _ nowMilliseconds: Int64) -> Int64? {
        guard let until = refusal.bannedUntilMilliseconds else { return nil }
        let (left, overflow) = until.subtractingReportingOverflow(nowMilliseconds)
        return overflow ? nil : left / 1_000 + 1
    }
}
