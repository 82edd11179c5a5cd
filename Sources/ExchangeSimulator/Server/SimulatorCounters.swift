/// What the exchange counted since its start.
package struct SimulatorCounters: Sendable, Equatable {
    package internal(set) var connectionsOpened = 0
    package internal(set) var connectionsLive = 0
    package internal(set) var connectionsRefused = 0
    package internal(set) var framesSent = 0
    package internal(set) var requests = 0
    /// Requests for archives, which are no others.
    package internal(set) var archiveRequests = 0
    package internal(set) var requestsLimited = 0
    package internal(set) var requestsBanned = 0
    package internal(set) var tooManyMessages = 0
    package internal(set) var slowClients = 0
    package internal(set) var pongsMissed = 0
    package internal(set) var lifetimesEnded = 0
    /// Connections without traffic, and those that left a test of their life unanswered.
    package internal(set) var idleEnded = 0

    var named: [(StaticString, Int)] {
        [
            ("connections_opened", self.connectionsOpened), ("connections_live", self.connectionsLive),
            ("connections_refused", self.connectionsRefused), ("frames_sent", self.framesSent),
            ("requests", self.requests), ("archive_requests", self.archiveRequests),
            ("requests_limited", self.requestsLimited),
            ("requests_banned", self.requestsBanned), ("too_many_messages", self.tooManyMessages),
            ("slow_clients", self.slowClients), ("pongs_missed", self.pongsMissed),
            ("lifetimes_ended", self.lifetimesEnded), ("idle_ended", self.idleEnded),
        ]
    }
}

/// How often a kind of request was made, and what became of it.
package struct SimulatedRequests: Sendable, Equatable {
    package internal(set) var asked = 0
    /// Answered 429 or 418.
    package internal(set) var limited = 0
    /// Answered with another status of 400 or above.
    package internal(set) var failed = 0
}

/// Connections of one port that are no WebSockets.
package struct SimulatedConnections: Sendable, Equatable {
    package let open: Int
    /// At most at a time.
    package let most: Int
    /// With WebSockets.
    package let accepted: Int
}

/// Counts requests by kind: the paths of REST, and archives, their checksums and files that are not there.
struct RequestTally {
    private static let kindsMax = 256

    private(set) var requests: [String: SimulatedRequests] = [:]
    private(set) var statuses: [Int: Int] = [:]

    mutating func count(_ kind: String, status: Int) {
        let name = self.requests[kind] != nil || self.requests.count < Self.kindsMax ? kind : "others"
        self.requests[name, default: SimulatedRequests()].asked += 1
        self.statuses[status, default: 0] += 1
        if status == 429 || status == 418 {
            self.requests[name]?.limited += 1
        } else if status >= 400 {
            self.requests[name]?.failed += 1
        }
    }
}

/// The state of one instrument.
package struct SimulatedMarketState: Sendable, Equatable {
    package let segment: MarketSegment
    package let symbol: String
    package let lastID: UInt64
    package let trades: Int
    package let firstTradeID: UInt64?
    package let lastTradeID: UInt64?

    /// What the venue counts in a trade: the matches on OKX, elsewhere the trade itself.
    func sequences(of trade: UInt64) -> ClosedRange<UInt64> {
        self.segment.venue == .okx ? OKXAmounts.matches(of: trade) : trade...trade
    }
}

/// The state of the whole exchange, in one consistent cut.
package struct SimulatorState: Sendable, Equatable {
    package let counters: SimulatorCounters
    package let faults: [Fault: Int]
    /// Weight used at most in any minute: spot, and USD-M with COIN-M.
    package let spotWeightMax: Int
    package let futuresWeightMax: Int
    /// Weight of all requests on spot that were not banned.
    package let spotWeightTotal: Int
    /// `generated`, or a recording's `waiting`, `playing`, `finished`, `failed`.
    package let source: String
    package let framesPlayed: Int
    /// By path, and `archive`, `checksum`, `missing`.
    package let requests: [String: SimulatedRequests]
    /// Answers by status, those to requests for archives included.
    package let statuses: [Int: Int]
    /// By what a port serves: `binanceSpot`, `okx`, and `archive`.
    package let connections: [String: SimulatedConnections]
    /// Archives that were put together.
    package let archivesMade: Int
    package let markets: [SimulatedMarketState]

    package var isFinished: Bool { self.source == "finished" }
}
