/// How history is published.
package struct HistoryPublisherConfiguration: Sendable {
    package var connection: NATSConnectionOptions
    /// Of live messages; those of the past stand behind a further token, `history`.
    package var subjects: Subjects
    package var instance: String
    package var boot: String
    /// The stream to have.
    package var stream: StreamSpecification
    /// Whether a stream with other settings is changed to ours.
    package var adoptsStreams = false
    /// Messages and bytes of one piece that may wait for acknowledgement, and bytes that wait to be sent.
    package var windowMessages = 512
    package var windowBytes = 1 << 20
    package var queueBytes = 1 << 20
    /// Pieces under way at most.
    package var piecesMost = 256
    /// How long an acknowledgement may take before the connection counts as dead.
    package var acknowledgementTimeout = Duration.seconds(5)
    /// How long a piece may wait without any acknowledgement, over new connections: less than the stream's dedupe window,
    /// which keeps what is sent again from being stored twice.
    package var patience = Duration.seconds(30)
    package var reconnectPause = Duration.milliseconds(500)
    /// How far clocks of venues, servers and this machine may be apart.
    package var clockMargin = Duration.seconds(600)
    /// How much later than it happened a live row may have been stored: it was missed, and repaired.
    package var repairedWithin = Duration.seconds(7 * 24 * 3_600)
    /// How long may be read what the streams hold.
    package var readTimeout = Duration.seconds(300)

    package init(
        connection: NATSConnectionOptions, subjects: Subjects, instance: String, boot: String,
        stream: StreamSpecification? = nil
    ) {
        self.connection = connection
        self.connection.name += " history"
        self.subjects = subjects
        self.instance = instance
        self.boot = boot
        self.stream = stream ?? .history(subjects)
    }
}
