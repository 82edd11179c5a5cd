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
        self.init(
            kind: kind, endpoint: endpoint, detail: "\(error)", wasAnswered: false,
            mayHaveBeenSent: error.mayHaveBeenSent)
    }

    /// Classifies a request that the core gave up.
    init(_ error: CoreError<RequestFailure>, endpoint: String) {
        let told = error.last.map { " after \($0.detail)" } ?? ""
        switch error.reason {
        case .ended:
            self =
                error.last
                ?? RequestFailure(
                    kind: .unavailable(retryAfter: nil), endpoint: endpoint, detail: "limiter: too many wait")
        case .cancelled:
            self.init(kind: .cancelled, endpoint: endpoint, detail: "cancelled\(told)")
        case .neverFits:
            self.init(kind: .impossible, endpoint: endpoint, detail: "limiter: the weight is above the whole budget")
        case .waitedTooLong:
            self.init(kind: .waitedTooLong, endpoint: endpoint, detail: "limiter: no budget in time\(told)")
        case .hostDown(let time):
            self.init(
                kind: .unavailable(retryAfter: time), endpoint: endpoint,
                detail: "the host keeps failing and is not asked\(told)")
        }
    }
}
