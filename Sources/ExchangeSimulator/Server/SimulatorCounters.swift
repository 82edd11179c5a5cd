/// What the exchange counted since its start.
package struct SimulatorCounters: Sendable, Equatable {
    package internal(set) var connectionsOpened = 0
    package internal(set) var connectionsLive = 0
    package internal(set) var connectionsRefused = 0
    package internal(set) var framesSent = 0
    package internal(set) var requests = 0
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
            ("requests", self.requests), ("requests_limited", self.requestsLimited),
            ("requests_banned", self.requestsBanned), ("too_many_messages", self.tooManyMessages),
            ("slow_clients", self.slowClients), ("pongs_missed", self.pongsMissed),
            ("lifetimes_ended", self.lifetimesEnded), ("idle_ended", self.idleEnded),
        ]
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
    /// `generated`, or a recording's `waiting`, `playing`, `finished`, `failed`.
    package let source: String
    package let framesPlayed: Int
    package let markets: [SimulatedMarketState]

    package var isFinished: Bool { self.source == "finished" }
}
