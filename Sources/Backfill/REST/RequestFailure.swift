package import Resilience

/// Why a venue's REST gave no answer that can be used.
package struct RequestFailure: ClassifiedFailure, CustomStringConvertible, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Over the limit or banned: nothing may be asked of the scope for so long.
        case rateLimited(retryAfter: Duration?)
        /// The venue does not serve this, and will not; with the venue's own code where it gave one.
        case refused(status: Int, code: Int64?)
        /// It cannot succeed as it is: a certificate that is not trusted, an answer too large or no HTTP, a weight
        /// above the whole budget, no address.
        case impossible
        /// The venue or the way to it failed: worth another try, after the time the venue gave if it did.
        case unavailable(retryAfter: Duration?)
        /// The budget gave no room within the whole time of the request.
        case waitedTooLong
        case cancelled
    }

    package let kind: Kind
    package let endpoint: String
    package let detail: String
    /// Whether the venue answered at all.
    package let wasAnswered: Bool
    package let mayHaveBeenSent: Bool

    package init(
        kind: Kind, endpoint: String, detail: String, wasAnswered: Bool = true, mayHaveBeenSent: Bool = true
    ) {
        self.kind = kind
        self.endpoint = endpoint
        self.detail = detail
        self.wasAnswered = wasAnswered
        self.mayHaveBeenSent = mayHaveBeenSent
    }

    package var description: String { "\(self.endpoint): \(self.detail)" }

    /// Whether asking the same again soon gives the same.
    package var isPermanent: Bool {
        switch self.kind {
        case .refused, .impossible: true
        case .rateLimited, .unavailable, .waitedTooLong, .cancelled: false
        }
    }

    /// What may be done about it.
    package var recovery: Recovery {
        switch self.kind {
        case .rateLimited(let delay): .closeScope(for: delay)
        case .unavailable(let delay): .retry(after: delay)
        case .refused, .impossible, .waitedTooLong, .cancelled: .giveUp
        }
    }

    package var failureClass: FailureClass {
        switch self.kind {
        case .rateLimited: .rateLimited
        case .refused: .refused
        case .impossible: .impossible
        case .unavailable: self.wasAnswered ? .unavailable : .noAnswer
        case .waitedTooLong: .noBudget
        case .cancelled: .cancelled
        }
    }
}
