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
            .value("instrument", \.instrument, mode, "Metadata of instruments."),
            .value("status", \.status, mode, "Changes of state of connections, feeds and books."),
            .value("heartbeat", \.heartbeat, mode, "Signs of life with counts."),
        ]
    }
}
