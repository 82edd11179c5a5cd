package import Resilience

/// Why a venue's REST gave no answer that can be used.
package struct RequestFailure: Error, CustomStringConvertible, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Over the limit or banned: nothing may be asked of the scope for so long.
        case rateLimited(retryAfter: Duration?)
        /// The venue does not serve this, and will not.
        case refused(status: Int)
        /// The venue or the way to it failed: worth another try.
        case unavailable
        case cancelled
    }

    package let kind: Kind
    package let endpoint: String
    package let detail: String

    package var description: String { "\(self.endpoint): \(self.detail)" }

    /// What may be done about it.
    package var recovery: Recovery {
        switch self.kind {
        case .rateLimited(let delay): .closeScope(for: delay)
        case .unavailable: .retry(after: nil)
        case .refused, .cancelled: .giveUp
        }
    }
}
