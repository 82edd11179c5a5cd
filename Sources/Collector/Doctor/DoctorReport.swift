/// What one probe found.
package struct DoctorFinding: Sendable {
    package enum State: String, Sendable, CaseIterable {
        case ok
        /// It works, and something about it should be known.
        case warning
        /// Collecting cannot work like this.
        case broken
        /// It could not be looked at, which says nothing.
        case skipped
    }

    package enum Area: String, Sendable, CaseIterable {
        case requests, streams, archives, nats, system, disk
    }

    package let area: Area
    /// What was looked at: an address, a folder, a limit.
    package let subject: String
    package var state: State
    /// What was found, in a sentence.
    package var text: String
    /// What to do about it.
    package var advice: String?
    package var latency: DoctorLatency?
    /// How far the venue's clock is ahead of ours.
    package var clockAhead: Duration?

    package init(
        _ area: Area, _ subject: String, _ state: State, _ text: String, advice: String? = nil,
        latency: DoctorLatency? = nil, clockAhead: Duration? = nil
    ) {
        self.area = area
        self.subject = subject
        self.state = state
        self.text = text
        self.advice = advice
        self.latency = latency
        self.clockAhead = clockAhead
    }
}

/// How fast something answered over some tries.
package struct DoctorLatency: Sendable, Equatable {
    package let tries: Int
    package let answered: Int
    package let minimum: Duration
    package let average: Duration
    package let maximum: Duration
    /// The mean difference between one answer and the next, as RFC 3550 means it, over all tries alike.
    package let jitter: Duration

    /// Nil when nothing was answered.
    package init?(_ answers: [Duration], tries: Int) {
        guard let minimum = answers.min(), let maximum = answers.max() else { return nil }
        self.tries = tries
        self.answered = answers.count
        self.minimum = minimum
        self.maximum = maximum
        self.average = answers.reduce(.zero, +) / answers.count
        let steps = zip(answers.dropFirst(), answers).map { $0 > $1 ? $0 - $1 : $1 - $0 }
        self.jitter = steps.isEmpty ? .zero : steps.reduce(.zero, +) / steps.count
    }
}

/// All that the doctor found.
package struct DoctorReport: Sendable {
    package let findings: [DoctorFinding]

    package var isBroken: Bool { self.findings.contains { $0.state == .broken } }

    package init(_ findings: [DoctorFinding]) {
        let areas = DoctorFinding.Area.allCases
        self.findings = findings.enumerated().sorted { left, right in
            let (first, second) = (areas.firstIndex(of: left.element.area), areas.firstIndex(of: right.element.area))
            return (first ?? 0, left.element.subject, left.offset) < (second ?? 0, right.element.subject, right.offset)
        }.map(\.element)
    }
}
