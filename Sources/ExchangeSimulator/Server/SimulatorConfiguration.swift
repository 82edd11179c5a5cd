/// What the simulated exchange is made of.
package struct SimulatorConfiguration: Sendable {
    package var seed: UInt64 = 1
    package var address = "127.0.0.1"
    /// Ports by segment; 0 or none takes a free one.
    package var ports: [MarketSegment: Int] = [:]
    /// Of archives alone; 0 takes a free one.
    package var archivePort = 0
    /// The instruments of each segment served; a segment without an entry is not served.
    package var symbols: [MarketSegment: [SimulatedSymbol]]
    /// Changes of each book a second, on average; they come in bursts.
    package var stepsPerSecond = 50.0
    /// Time between depth messages of a stream, whatever speed its name asks for.
    package var depthInterval = Duration.milliseconds(100)
    /// Levels of each book's side.
    package var bookLevels = 1500
    /// Whether COIN-M serves books and trades on paths of their own alone, as clients of 2026-09 take it to.
    package var splitsCoinm = false
    package var limits = SimulatorLimits()
    package var faults = FaultPlan()
    /// A recording to play in place of the generator.
    package var recording: RecordingPlan?

    /// How many payloads of each stream and answers on each path it remembers, for who compares them with what became of them.
    package var sentKept = 1
    package var pace = SimulatorPace()
    package var past = PastSettings()

    /// - Parameter segments: Served with their standard instruments.
    package init(segments: [MarketSegment] = MarketSegment.binance) {
        self.symbols = Dictionary(uniqueKeysWithValues: segments.map { ($0, SimulatedSymbol.standard($0)) })
    }
}

/// How often the rarer things happen.
package struct SimulatorPace: Sendable {
    /// Between two liquidations of an instrument, on average.
    package var liquidation = Duration.seconds(3)
    /// Of how many trades one is a liquidation, where the venue tells it so.
    package var liquidationTrades = 16
    /// Between messages of the funding rate; OKX takes 30 to 90 seconds.
    package var funding = Duration.seconds(5)
    /// Between two settlements of funding.
    package var fundingPeriod = Duration.seconds(8 * 3600)
    /// The length of every bar whatever its name; `nil` for what the name says.
    package var barLength: Duration?
    /// After how long OKX says that a book did not change.
    package var bookKeepAlive = Duration.seconds(60)

    package init() {}
}

/// A recording and how it is played.
package struct RecordingPlan: Sendable {
    package enum Pace: Sendable {
        /// Its own pace, times this.
        case times(Double)
        /// As fast as the clients take it.
        case asFastAsTaken
    }

    package var path: String
    package var pace = Pace.asFastAsTaken
    /// Bytes that may wait for one client before playing pauses.
    package var queuedBytesMax = 4 * 1024 * 1024

    package init(path: String) {
        self.path = path
    }
}

/// The venue's limits (`SimulatorConfiguration` may tighten them for tests).
package struct SimulatorLimits: Sendable {
    package var streamsPerConnection = 1024
    /// Client messages a second before the connection is cut: 5 on spot, 10 on futures.
    package var messagesPerSecond: [MarketSegment: Int] = [.spot: 5, .usdm: 10, .coinm: 10]
    package var connectsPerFiveMinutes = 300
    package var okxConnectsPerSecond = 3
    /// Subscriptions and their ends an hour on one connection of OKX.
    package var okxOperationsPerHour = 480
    /// How long a connection of OKX may be without traffic or subscription.
    package var okxIdle = Duration.seconds(30)
    package var deribitConnections = 32
    /// What a second of Deribit's heartbeat takes.
    package var deribitSecond = Duration.seconds(1)
    /// What OKX's limits on REST are divided by.
    package var okxStrictness = 1
    package var pingInterval: [MarketSegment: Duration] = [
        .spot: .seconds(20), .usdm: .seconds(180), .coinm: .seconds(180),
    ]
    package var pongTimeout: [MarketSegment: Duration] = [
        .spot: .seconds(60), .usdm: .seconds(600), .coinm: .seconds(600),
    ]
    package var connectionLifetime = Duration.seconds(24 * 3600)
    package var spotWeight = 6000
    /// Of USD-M and COIN-M together.
    package var futuresWeight = 2400
    /// Requests over the weight limit in one minute before a ban.
    package var strikesBeforeBan = 10
    package var banDuration = Duration.seconds(120)

    package init() {}
}
