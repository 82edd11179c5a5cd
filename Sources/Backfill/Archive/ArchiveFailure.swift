package import Resilience
internal import Transport

/// Why an archive gave no rows, or not all of them.
package struct ArchiveFailure: ClassifiedFailure, CustomStringConvertible, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The venue does not have it.
        case missing
        /// The host will not serve it.
        case refused(status: Int)
        /// It cannot succeed as it is: no address, a certificate that is not trusted, no decoder, an answer that is no HTTP.
        case impossible
        /// Over the limit, banned or asked to slow down: nothing may be asked of the host for so long.
        case closed(status: Int, retryAfter: Duration?)
        /// The host or the way to it failed.
        case unavailable(status: Int?, retryAfter: Duration?)
        /// It became another file while it was fetched, or the host sent another part than was asked for.
        case changed
        /// Its SHA-256 is not the one that the venue gives.
        case wrongChecksum
        /// It is no whole ZIP of one table.
        case damaged
        /// It passes a bound, packed or unpacked.
        case tooLarge
        /// Its lines are not what they are taken for.
        case unreadable
        /// The folder of downloads, or its disk, is full.
        case noRoom
        case file
        case waitedTooLong
        case output(HistoryOutputError.Kind)
        case cancelled
    }

    package let kind: Kind
    package let detail: String
    package let mayHaveBeenSent: Bool

    package init(_ kind: Kind, _ detail: String, mayHaveBeenSent: Bool = true) {
        self.kind = kind
        self.detail = detail
        self.mayHaveBeenSent = mayHaveBeenSent
    }

    package var description: String { self.detail }

    /// Whether the venue does not have it, so that its rows are to be had elsewhere.
    package var isMissing: Bool { self.kind == .missing }

    /// Whether trying again later gives the same.
    package var isPermanent: Bool {
        switch self.kind {
        case .missing, .refused, .impossible, .tooLarge, .unreadable: true
        case .output(let kind): kind == .rows
        case .closed, .unavailable, .changed, .wrongChecksum, .damaged, .noRoom, .file, .waitedTooLong, .cancelled:
            false
        }
    }

    /// Whether what is on disk of it is of use to a later try.
    var keepsFile: Bool {
        switch self.kind {
        case .closed, .unavailable, .noRoom, .file, .waitedTooLong, .output(.unavailable), .output(.refused),
            .cancelled:
            true
        case .missing, .refused, .impossible, .tooLarge, .unreadable, .changed, .wrongChecksum, .damaged,
            .output(.rows):
            false
        }
    }

    package var failureClass: FailureClass {
        switch self.kind {
        case .missing, .refused: .refused
        case .impossible, .damaged, .tooLarge, .unreadable, .noRoom, .file, .output: .impossible
        case .closed(503, _): .unavailable
        case .closed: .rateLimited
        case .unavailable(let status, _): status == nil ? .noAnswer : .unavailable
        case .changed, .wrongChecksum: .unavailable
        case .waitedTooLong: .noBudget
        case .cancelled: .cancelled
        }
    }

    package var recovery: Recovery {
        switch self.kind {
        case .closed(_, let delay): .closeScope(for: delay)
        case .unavailable(_, let delay): .retry(after: delay)
        case .changed: .retry(after: nil)
        case .missing, .refused, .impossible, .wrongChecksum, .damaged, .tooLarge, .unreadable, .noRoom, .file,
            .waitedTooLong, .output, .cancelled:
            .giveUp
        }
    }
}

extension ArchiveFailure {
    /// What a broken host's `Retry-After` is followed for at most, seconds.
    private static let unavailableMost: Int64 = 300
    /// What a host may close itself for at most, seconds.
    private static let closureMost: Int64 = 86_400

    /// Classifies an answer that brings no archive.
    ///
    /// The hosts are object stores behind content networks: they throttle with 503 (`SlowDown`) as well as 429, and block
    /// with 403 (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, read 2026-11-21).
    ///
    /// - Parameter retryAfter: The header's value; seconds are understood, a date is passed over.
    init(status: Int, retryAfter: String?, text: String, endpoint: String) {
        let told = retryAfter.flatMap { Int64($0) }
        let kind: Kind =
            switch status {
            case 404, 410: .missing
            case 403, 418, 429, 503:
                .closed(status: status, retryAfter: told.map { .seconds(min(max($0, 1), Self.closureMost)) })
            case 500...599, 408:
                .unavailable(
                    status: status, retryAfter: told.map { .seconds(min(max($0, 0), Self.unavailableMost)) })
            default: .refused(status: status)
            }
        self.init(kind, "\(endpoint): HTTP \(status) \(text)")
    }

    /// Classifies an exchange without a whole answer.
    init(_ error: HTTPClientError) {
        let kind: Kind =
            switch error.kind {
            case .cancelled: .cancelled
            case .tooLarge: .tooLarge
            case _ where error.isRetriable: .unavailable(status: nil, retryAfter: nil)
            default: .impossible
            }
        self.init(kind, "\(error)", mayHaveBeenSent: error.mayHaveBeenSent)
    }

    /// Classifies what the core gave up.
    init(_ error: CoreError<ArchiveFailure>, endpoint: String) {
        let told = error.last.map { " after \($0.detail)" } ?? ""
        switch error.reason {
        case .ended:
            self =
                error.last
                ?? ArchiveFailure(.unavailable(status: nil, retryAfter: nil), "\(endpoint): limiter: too many wait")
        case .cancelled: self.init(.cancelled, "\(endpoint): cancelled\(told)")
        case .neverFits: self.init(.impossible, "\(endpoint): limiter: the weight is above the whole budget")
        case .waitedTooLong: self.init(.waitedTooLong, "\(endpoint): no budget or no turn in time\(told)")
        case .hostDown(let time):
            self.init(
                .unavailable(status: nil, retryAfter: time),
                "\(endpoint): the host keeps failing and is not asked\(told)")
        }
    }

    /// Classifies a list of archives that was not to be had.
    init(_ failure: RequestFailure) {
        let kind: Kind =
            switch failure.kind {
            case .rateLimited(let delay): .closed(status: 429, retryAfter: delay)
            case .refused(let status, _): .refused(status: status)
            case .impossible: .impossible
            case .unavailable(let delay): .unavailable(status: nil, retryAfter: delay)
            case .waitedTooLong: .waitedTooLong
            case .cancelled: .cancelled
            }
        self.init(kind, "list of archives: \(failure)", mayHaveBeenSent: failure.mayHaveBeenSent)
    }
}
