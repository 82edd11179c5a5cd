/// What kept a message from being stored; a closed set, since it names metrics.
package enum PublishProblem: UInt8, CaseIterable, Sendable {
    /// Nobody listens on its subject: no stream owns it.
    case noStream
    /// The stream, the account or the server has no room.
    case full
    /// The stream cannot store now: no leader, or another failure that passes.
    case unavailable
    /// Its acknowledgement stayed out past its time.
    case late
    /// Refused for good.
    case refused
    /// Longer than the server or the stream takes.
    case tooLarge
    /// We may not publish on its subject.
    case notPermitted
    /// The answer cannot be read.
    case unreadable

    /// What a failure with these codes is.
    ///
    /// 10077: the stream's limit with "discard new", or its files; 10023 and 10047: the account's or the server's limit;
    /// 10054: the message is larger than the stream takes; `server/errors.json` of nats-server 2.9. Other codes of
    /// 400 to 499 will not change by trying.
    init(code: Int, error: Int) {
        switch (code, error) {
        case (_, 10077), (_, 10023), (_, 10047): self = .full
        case (_, 10054): self = .tooLarge
        case (400..<500, _): self = .refused
        default: self = .unavailable
        }
    }

    package var name: StaticString {
        switch self {
        case .noStream: "no_stream"
        case .full: "full"
        case .unavailable: "unavailable"
        case .late: "late"
        case .refused: "refused"
        case .tooLarge: "too_large"
        case .notPermitted: "not_permitted"
        case .unreadable: "unreadable"
        }
    }

    /// Why a message with this problem is given up; nil when it is sent again.
    var reason: DropReason? {
        switch self {
        case .noStream, .full, .unavailable, .late, .unreadable: nil
        case .refused, .notPermitted: .refused
        case .tooLarge: .tooLarge
        }
    }
}

/// How often each problem was met; answers to repeats count again.
package struct PublishProblems: Sendable, Equatable {
    private var counts = [UInt64](repeating: 0, count: PublishProblem.allCases.count)

    package init() {}

    package subscript(problem: PublishProblem) -> UInt64 { self.counts[Int(problem.rawValue)] }

    mutating func count(_ problem: PublishProblem) { self.counts[Int(problem.rawValue)] &+= 1 }
}
