/// Why a piece is not done.
package struct PieceFailure: Error, CustomStringConvertible, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Worth another try.
        case temporary
        /// An answer says nothing that can be read, and may have been cut on its way: worth another request.
        case unreadable
        /// The same again gives the same.
        case permanent
        /// The archive is not there: another source may have it.
        case missing
        /// The output takes nothing now, of this piece or another.
        case outputUnavailable
        /// The output takes nothing until somebody changes something.
        case outputRefused
        case cancelled
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    package init(_ failure: RequestFailure) {
        let kind: Kind =
            switch failure.kind {
            case .cancelled: .cancelled
            case .refused(status: 200, code: nil): .unreadable
            // A guard's, which may let the next pass.
            case .refused(status: 403, _): .temporary
            case .refused, .impossible: .permanent
            case .rateLimited, .unavailable, .waitedTooLong: .temporary
            }
        self.init(kind, "\(failure)")
    }

    package init(_ failure: ArchiveFailure) {
        let kind: Kind =
            switch failure.kind {
            case .missing: .missing
            case .cancelled: .cancelled
            case .output(let kind): Kind(kind)
            case _ where failure.isPermanent: .permanent
            default: .temporary
            }
        self.init(kind, failure.description)
    }

    package init(_ failure: HistoryOutputError) {
        self.init(Kind(failure.kind), failure.description)
    }
}

extension PieceFailure.Kind {
    fileprivate init(_ kind: HistoryOutputError.Kind) {
        switch kind {
        case .unavailable: self = .outputUnavailable
        case .refused: self = .outputRefused
        case .rows: self = .permanent
        }
    }
}
