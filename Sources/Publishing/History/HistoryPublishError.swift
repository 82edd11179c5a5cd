/// Why rows of the past could not be published.
package struct HistoryPublishError: Error, CustomStringConvertible {
    package let description: String
    /// Whether a later try may succeed.
    package let isTemporary: Bool

    init(_ description: String, isTemporary: Bool = true) {
        self.description = description
        self.isTemporary = isTemporary
    }

    init(_ error: NATSError) {
        let isTemporary =
            switch error.kind {
            case .unreachable, .unsupported, .other: true
            case .unauthorized, .tls, .configuration: false
            }
        self.init(error.description, isTemporary: isTemporary)
    }

    /// What a stream answered, or did not.
    init(_ problem: PublishProblem, on subject: String, _ detail: String? = nil) {
        switch problem {
        case .full: self.init("the stream of \(subject) is full: it takes no more history until there is room")
        case .noStream: self.init("no stream owns \(subject)" + (detail.map { ": \($0)" } ?? ""))
        case .unavailable: self.init("the stream of \(subject) cannot store now")
        case .late: self.init("messages on \(subject) were not acknowledged in time")
        case .unreadable: self.init("an answer about \(subject) cannot be read")
        case .refused: self.init("the stream of \(subject) refuses messages", isTemporary: false)
        case .tooLarge: self.init("a message on \(subject) is larger than is taken", isTemporary: false)
        case .notPermitted: self.init("we may not publish on \(subject)", isTemporary: false)
        }
    }
}
