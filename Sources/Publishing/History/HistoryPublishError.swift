/// Why rows of the past could not be published.
package struct HistoryPublishError: Error, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// Nothing is taken now; later it may be.
        case unavailable
        /// Nothing is taken until somebody changes something.
        case refused
        /// These rows cannot be published; others can.
        case rows
    }

    package let description: String
    package let kind: Kind

    init(_ description: String, _ kind: Kind = .unavailable) {
        self.description = description
        self.kind = kind
    }

    init(_ error: NATSError) {
        let kind: Kind =
            switch error.kind {
            case .unreachable, .unsupported, .other: .unavailable
            case .unauthorized, .tls, .configuration: .refused
            }
        self.init(error.description, kind)
    }

    /// What a stream answered, or did not.
    init(_ problem: PublishProblem, on subject: String, _ detail: String? = nil) {
        switch problem {
        case .full: self.init("the stream of \(subject) is full: it takes no more history until there is room")
        case .noStream: self.init("no stream owns \(subject)" + (detail.map { ": \($0)" } ?? ""))
        case .unavailable: self.init("the stream of \(subject) cannot store now")
        case .late: self.init("messages on \(subject) were not acknowledged in time")
        case .unreadable: self.init("an answer about \(subject) cannot be read")
        case .refused: self.init("the stream of \(subject) refuses messages", .refused)
        case .tooLarge: self.init("a message on \(subject) is larger than is taken", .rows)
        case .notPermitted: self.init("we may not publish on \(subject)", .refused)
        }
    }
}
