/// The publisher's counters and state as of its last round; all counters only grow.
package struct PublisherSnapshot: Sendable {
    package var isConnected = false
    package var hasJetStream = false
    package var serverURL = ""
    package var connects: UInt64 = 0
    package var connectFailures: UInt64 = 0
    package var disconnects: UInt64 = 0
    /// Publishes handed to the library, repeats included, indexed by the raw value of `PublishMode`.
    package var messages: [UInt64] = [0, 0]
    /// Bytes of their payloads.
    package var bytes: [UInt64] = [0, 0]
    package var acknowledged: UInt64 = 0
    /// Acknowledgements that said the stream had the message already.
    package var duplicates: UInt64 = 0
    /// Messages sent again.
    package var repeated: UInt64 = 0
    /// What kept messages from being stored.
    package var problems = PublishProblems()
    package var fencesSent: UInt64 = 0
    package var fencesReturned: UInt64 = 0
    package var fencesTimedOut: UInt64 = 0
    package var publishErrors: UInt64 = 0
    package var publishesNotPermitted: UInt64 = 0
    /// JetStream messages in flight, and how many may be.
    package var window = 0
    package var windowAllowed = 0
    /// Messages that went to the spool.
    package var spooled: UInt64 = 0
    /// What the spool holds now; nil without one.
    package var spool: SpoolFigures?
    /// Times that the streams were read to find what they hold already, the messages read, and the times it ended early.
    package var resumes: UInt64 = 0
    package var resumedMessages: UInt64 = 0
    package var resumesIncomplete: UInt64 = 0
    /// Messages that a stream held already, so that they were not sent again.
    package var alreadyStored: UInt64 = 0
    package var streamProblem: StreamProblem?
    package var streams: [StreamReport] = []
    /// From the queue to the confirmation, by mode and source; a quarter of a second old at most.
    package var latencies: [ConfirmLatency] = []

    package init() {}

    package var reconnects: UInt64 { self.connects > 0 ? self.connects - 1 : 0 }
}
