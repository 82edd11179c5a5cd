package import Publishing

/// The publishing mode of each message type.
package struct ModeSettings: Hashable, Sendable {
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Each message is acknowledged by the stream that stores it: about 25 times the cost of `core`.
        case jetstream
        /// Published without an answer for each, confirmed in groups.
        case core

        fileprivate var published: PublishMode {
            switch self {
            case .jetstream: .jetstream
            case .core: .core
            }
        }
    }

    package var trade = Mode.jetstream
    package var orderbook = Mode.core
    package var orderbookDelta = Mode.core
    package var bbo = Mode.core
    package var markPrice = Mode.jetstream
    package var fundingRate = Mode.jetstream
    package var openInterest = Mode.jetstream
    package var liquidation = Mode.jetstream
    package var lsrTopPosition = Mode.jetstream
    package var lsrTopAccount = Mode.jetstream
    package var lsrAllAccount = Mode.jetstream
    package var volatilityIndex = Mode.jetstream
    package var kline = Mode.jetstream
    package var instrument = Mode.jetstream
    package var status = Mode.jetstream
    package var heartbeat = Mode.jetstream

    package init() {}

    /// As the publisher takes them.
    package var publishModes: PublishModes {
        var modes = PublishModes()
        modes[.trade] = self.trade.published
        modes[.orderbook] = self.orderbook.published
        modes[.orderbookDelta] = self.orderbookDelta.published
        modes[.bbo] = self.bbo.published
        modes[.markPrice] = self.markPrice.published
        modes[.fundingRate] = self.fundingRate.published
        modes[.openInterest] = self.openInterest.published
        modes[.liquidation] = self.liquidation.published
        modes[.lsrTopPosition] = self.lsrTopPosition.published
        modes[.lsrTopAccount] = self.lsrTopAccount.published
        modes[.lsrAllAccount] = self.lsrAllAccount.published
        modes[.volatilityIndex] = self.volatilityIndex.published
        modes[.kline] = self.kline.published
        modes[.instrument] = self.instrument.published
        modes[.status] = self.status.published
        modes[.heartbeat] = self.heartbeat.published
        return modes
    }

    static var fields: [SettingField<ModeSettings>] {
        let mode = SettingParser.choice(Mode.allCases)
        return [
            .value("trade", \.trade, mode, "Trades."),
            .value("orderbook", \.orderbook, mode, "Whole books."),
            .value("orderbook_delta", \.orderbookDelta, mode, "Changes of books."),
            .value("bbo", \.bbo, mode, "Best bid and offer."),
            .value("mark_price", \.markPrice, mode, "Mark prices."),
            .value("funding_rate", \.fundingRate, mode, "Funding rates."),
            .value("open_interest", \.openInterest, mode, "Open interest."),
            .value("liquidation", \.liquidation, mode, "Liquidations."),
            .value("lsr_top_position", \.lsrTopPosition, mode, "Long against short positions of top traders."),
            .value("lsr_top_account", \.lsrTopAccount, mode, "Long against short accounts of top traders."),
            .value("lsr_all_account", \.lsrAllAccount, mode, "Long against short accounts of all traders."),
            .value("volatility_index", \.volatilityIndex, mode, "Volatility indices."),
            .value("kline", \.kline, mode, "Bars of trades."),
            .value("instrument", \.instrument, mode, "Metadata of instruments."),
            .value("status", \.status, mode, "Changes of state of connections, feeds and books."),
            .value("heartbeat", \.heartbeat, mode, "Signs of life with counts."),
        ]
    }
}
