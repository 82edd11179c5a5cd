package import Venues

/// What the venues allow.
package struct LimitsSettings: Hashable, Sendable {
    package var binance = BinanceLimits()

    package init() {}

    static var fields: [SettingField<LimitsSettings>] {
        [.section("binance", \.binance, BinanceLimits.fields, "Binance's limits for one address.")]
    }
}

/// Binance's limits for one address; read on 2026-07-21 from its documentation of spot and futures.
package struct BinanceLimits: Hashable, Sendable {
    package var spotWeightPerMinute = 6_000
    /// Shared by USD-M and COIN-M.
    package var futuresWeightPerMinute = 2_400
    package var connectsPer5Minutes = 300
    package var spotMessagesPerSecond = 5
    package var futuresMessagesPerSecond = 10
    package var usePercent = 80

    package init() {}

    /// The share of a limit that is used, at least 1.
    package func usable(_ limit: Int) -> Int {
        max(1, limit * self.usePercent / 100)
    }

    /// The weight a minute that requests to a segment may use.
    package func weightPerMinute(of segment: BinanceSegment) -> Int {
        switch segment {
        case .spot: self.usable(self.spotWeightPerMinute)
        case .usdm, .coinm: self.usable(self.futuresWeightPerMinute)
        }
    }

    /// The least time between two messages of one connection: one message of each second is left for a pong.
    package func messageSpacing(of segment: BinanceSegment) -> Duration {
        let limit = segment == .spot ? self.spotMessagesPerSecond : self.futuresMessagesPerSecond
        return .seconds(1) / max(1, self.usable(limit) - 1)
    }

    static var fields: [SettingField<BinanceLimits>] {
        [
            .value(
                "spot_weight_per_minute", \.spotWeightPerMinute, .integer(300...1_000_000),
                "Request weight a minute on spot."),
            .value(
                "futures_weight_per_minute", \.futuresWeightPerMinute, .integer(100...1_000_000),
                "Request weight a minute on USD-M and COIN-M together."),
            .value(
                "connects_per_5_minutes", \.connectsPer5Minutes, .integer(1...100_000),
                "New connections in five minutes."),
            .value(
                "spot_messages_per_second", \.spotMessagesPerSecond, .integer(1...1_000),
                "Messages a second that a spot connection may send, pongs included."),
            .value(
                "futures_messages_per_second", \.futuresMessagesPerSecond, .integer(1...1_000),
                "The same for a futures connection."),
            .value(
                "use_percent", \.usePercent, .integer(1...100),
                "The share of each limit that is used; the rest is left to others on this address."),
        ]
    }
}
