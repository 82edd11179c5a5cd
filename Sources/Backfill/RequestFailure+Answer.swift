import Resilience
import Transport
import Venues

extension RequestFailure {
    /// Classifies an answer by what the venue's documentation says of it; nil for a success.
    init?(_ verdict: AnswerVerdict, of answer: VenueAnswer, endpoint: String) {
        let kind: Kind
        switch verdict {
        case .success: return nil
        case .rateLimited(let delay): kind = .rateLimited(retryAfter: delay)
        case .unavailable(let delay): kind = .unavailable(retryAfter: delay)
        case .refused(let code): kind = .refused(status: answer.status, code: code)
        }
        let text = String(decoding: answer.body.prefix(200), as: UTF8.self)
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
}
