/// How the publisher connects, confirms and retries.
package struct PublisherConfiguration: Sendable {
    package var connection: NATSConnectionOptions
    /// The streams to have; empty to use what is there.
    package var streams: [StreamSpecification] = []
    /// Whether a stream with other settings is changed to ours.
    package var adoptsStreams = false
    /// Messages and bytes of one lane that may wait for acknowledgement.
    package var windowMessages = 4096
    package var windowBytes = 8 << 20
    /// How long an acknowledgement may take before everything from the oldest on is sent again.
    package var acknowledgementTimeout = Duration.seconds(5)
    package var fenceMessages = 500
    package var fenceInterval = Duration.milliseconds(50)
    /// How long a fence may stay out before the connection counts as dead.
    package var fenceTimeout = Duration.seconds(10)
    /// The first pause between attempts to connect, and between tries of a stream in trouble.
    package var backoffFirst = Duration.milliseconds(100)
    /// The longest pause between tries of a stream in trouble.
    package var backoffMax = Duration.seconds(5)
    /// The longest pause between attempts to connect: live data is to be current within a second of the server's return.
    package var reconnectMax = Duration.milliseconds(500)

    /// Where messages that all count wait while the server does not take them; nil to keep them in memory alone.
    package var spool: SpoolConfiguration?
    package var spoolFiles: any SpoolFiles = DiskFiles()
    /// How long such a message waits for its acknowledgement before it goes to the spool.
    package var spillAfter = Duration.seconds(1)
    /// Messages, and time, that are given to finding out what the streams hold already.
    package var resumeMessages = 1 << 20
    package var resumeTimeout = Duration.seconds(30)

    package init(connection: NATSConnectionOptions) { self.connection = connection }
}
