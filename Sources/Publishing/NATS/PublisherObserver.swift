/// Hears what happens to the publisher; called on its thread, so it must not block.
package protocol PublisherObserver: Sendable {
    func publisher(did event: PublisherEvent)
}

package enum PublisherEvent: Sendable {
    /// Connected; without JetStream its messages are published in core mode, and what a lost connection takes is lost.
    case connected(url: String, hasJetStream: Bool, streams: [StreamReport])
    case disconnected(reason: String)
    /// An attempt to connect failed; the next follows after a pause, for ever.
    case connectFailed(NATSError, attempt: Int, next: Duration)
    /// JetStream does not take messages; they stay queued and are sent again.
    case streamProblem(StreamProblem)
    /// JetStream takes messages again.
    case streamRecovered
    /// What the streams hold was not read to its end: messages older than the dedupe window may be stored twice.
    case resumeIncomplete(read: Int, reason: String)
    /// The spool was opened; what an earlier process left in it follows the first connection.
    case spoolOpened(SpoolRecovery)
    /// The disk does not take messages: they wait in memory, and the oldest go when that is full.
    case spoolFailing(operation: String, code: Int32)
    case spoolWorks
    /// The server does not let us publish; in core mode it says so after the fact only.
    case publishNotPermitted(count: Int)
}

package enum StreamProblem: Sendable, Equatable {
    /// No stream owns the subject.
    case noStream(subject: String)
    /// The server cannot store now.
    case refused(code: Int, error: Int)
    /// Acknowledgements stayed out past their time.
    case acknowledgementsLate
}

/// Hears nothing.
package struct SilentPublisherObserver: PublisherObserver {
    package init() {}
    package func publisher(did event: PublisherEvent) {}
}
