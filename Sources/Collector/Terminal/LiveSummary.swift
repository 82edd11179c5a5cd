/// What the live table shows at one moment: plain values, gathered off the frame path.
package struct LiveSummary: Hashable, Sendable {
    package struct Connection: Hashable, Sendable {
        /// The slot's name, `binance-usdm-public-0`.
        package var name: String
        /// `live`, `connecting`, `backing off` …
        package var state: String
        package var isHealthy: Bool
        package var messagesPerSecond: Double
        /// Since the last data; nil before the first.
        package var silence: Duration?
        package var reconnects: Int

        package init(
            name: String, state: String, isHealthy: Bool, messagesPerSecond: Double, silence: Duration?,
            reconnects: Int
        ) {
            self.name = name
            self.state = state
            self.isHealthy = isHealthy
            self.messagesPerSecond = messagesPerSecond
            self.silence = silence
            self.reconnects = reconnects
        }
    }

    package struct Book: Hashable, Sendable {
        /// `spot`, `usdm`, `coinm`.
        package var segment: String
        package var symbol: String
        /// `waiting`, `live`, `refreshing`, `broken`.
        package var state: String
        package var isHealthy: Bool
        /// Decimal text, nil for an empty side.
        package var bid: String?
        package var ask: String?
        package var trustedDepth: Int
        package var depth: Int
        package var resyncs: Int

        package init(
            segment: String, symbol: String, state: String, isHealthy: Bool, bid: String?, ask: String?,
            trustedDepth: Int, depth: Int, resyncs: Int
        ) {
            self.segment = segment
            self.symbol = symbol
            self.state = state
            self.isHealthy = isHealthy
            self.bid = bid
            self.ask = ask
            self.trustedDepth = trustedDepth
            self.depth = depth
            self.resyncs = resyncs
        }
    }

    package struct NATS: Hashable, Sendable {
        /// `connected`, `reconnecting` …
        package var state: String
        package var isHealthy: Bool
        /// The server's address, without credentials.
        package var server: String
        package var confirmedPerSecond: Double
        package var unconfirmed: UInt64
        package var dropped: UInt64
        package var conflated: UInt64

        package init(
            state: String, isHealthy: Bool, server: String, confirmedPerSecond: Double, unconfirmed: UInt64,
            dropped: UInt64, conflated: UInt64
        ) {
            self.state = state
            self.isHealthy = isHealthy
            self.server = server
            self.confirmedPerSecond = confirmedPerSecond
            self.unconfirmed = unconfirmed
            self.dropped = dropped
            self.conflated = conflated
        }
    }

    package var instance: String
    package var uptime: Duration
    package var messagesPerSecond: Double
    package var publishedPerSecond: Double
    /// From the venue's time to our receipt of the books' last updates, the middle one; nil before the first.
    package var lagMedian: Duration?
    /// The longest of them.
    package var lagMax: Duration?
    package var queuedMessages: Int
    package var queuedBytes: ByteSize
    package var queueLimit: ByteSize
    package var residentBytes: ByteSize
    package var connections: [Connection]
    package var books: [Book]
    package var nats: NATS

    package init(
        instance: String, uptime: Duration, messagesPerSecond: Double, publishedPerSecond: Double,
        lagMedian: Duration?, lagMax: Duration?, queuedMessages: Int, queuedBytes: ByteSize, queueLimit: ByteSize,
        residentBytes: ByteSize, connections: [Connection], books: [Book], nats: NATS
    ) {
        self.instance = instance
        self.uptime = uptime
        self.messagesPerSecond = messagesPerSecond
        self.publishedPerSecond = publishedPerSecond
        self.lagMedian = lagMedian
        self.lagMax = lagMax
        self.queuedMessages = queuedMessages
        self.queuedBytes = queuedBytes
        self.queueLimit = queueLimit
        self.residentBytes = residentBytes
        self.connections = connections
        self.books = books
        self.nats = nats
    }
}
