/// The publishing mode of each message type.
package struct ModeSettings: Hashable, Sendable {
    package var trade = PublishMode.jetstream
    package var orderbook = PublishMode.core
    package var orderbookDelta = PublishMode.core
    package var bbo = PublishMode.core
    package var instrument = PublishMode.jetstream
    package var status = PublishMode.jetstream
    package var heartbeat = PublishMode.jetstream

    package init() {}

    static var fields: [SettingField<ModeSettings>] {
        let mode = SettingParser.choice(PublishMode.allCases)
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
