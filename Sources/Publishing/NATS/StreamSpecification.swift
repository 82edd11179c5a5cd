/// A stream as it should be.
package struct StreamSpecification: Sendable, Equatable {
    package var name: String
    package var subjects: [String]
    package var storage = Storage.file
    /// `nil` for no limit.
    package var maxBytes: Int64?
    package var maxAge: Duration?
    package var maxMessagesPerSubject: Int64?
    package var replicas: Int64 = 1
    package var dedupeWindow = Duration.seconds(120)
    package var discard = Discard.oldest

    /// What becomes of messages when the stream is full.
    package enum Discard: String, Sendable, Equatable {
        /// The oldest make room.
        case oldest = "old"
        /// New ones are refused.
        case newest = "new"
    }

    package enum Storage: String, Sendable, Equatable {
        case file, memory
    }

    package init(name: String, subjects: [String]) {
        self.name = name
        self.subjects = subjects
    }

    /// The streams of the design: `LAST` keeps the newest message of each subject, `GAPS` the ledger of losses,
    /// `MARKET_DATA` everything else; no subject has two owners.
    ///
    /// - Parameter adjust: Puts the configured limits into each before it is used.
    package static func standard(
        _ subjects: Subjects, adjust: (inout StreamSpecification) -> Void = { _ in }
    ) -> [StreamSpecification] {
        let lastTypes: [MessageType] = [.orderbook, .instrument, .status, .heartbeat]
        var last = StreamSpecification(name: "LAST", subjects: lastTypes.map(subjects.filter))
        last.maxMessagesPerSubject = 1
        last.dedupeWindow = .milliseconds(100)
        let gaps = StreamSpecification(name: "GAPS", subjects: [subjects.filter(.gap)])
        let rest = MessageType.allCases.filter { !lastTypes.contains($0) && $0 != .gap }
        let marketData = StreamSpecification(name: "MARKET_DATA", subjects: rest.map(subjects.filter))
        return [last, gaps, marketData].map { stream in
            var stream = stream
            adjust(&stream)
            return stream
        }
    }

    /// The stream of the past, `HISTORY`: it refuses what does not fit, since what is in it is on record as fetched.
    ///
    /// - Parameter subjects: Of live messages.
    package static func history(_ subjects: Subjects) -> StreamSpecification {
        var history = StreamSpecification(name: "HISTORY", subjects: [subjects.history.everything])
        history.discard = .newest
        return history
    }
}

/// What was found of one stream.
package struct StreamReport: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        case created
        case asExpected
        /// It exists with other settings and was left as it is.
        case differs([Difference])
        /// It existed with other settings and was changed to ours.
        case adopted([Difference])
        case failed(String)
    }

    package struct Difference: Sendable, Equatable {
        package let setting: String
        package let expected: String
        package let found: String
    }

    package let name: String
    package let outcome: Outcome
    /// Subjects that streams of other names own, by subject; messages go there.
    package let otherOwners: [String: String]
}
