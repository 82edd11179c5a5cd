/// The JetStream streams.
package struct StreamsSettings: Hashable, Sendable {
    /// Owns everything live that the other two do not.
    package var marketData = StreamSettings(
        name: "MARKET_DATA", maxBytes: .gibibytes(4), maxAge: .seconds(24 * 3_600), duplicateWindow: .seconds(120))
    /// Owns `orderbook`, `instrument`, `status`, `heartbeat`: the newest message of each subject.
    package var last = StreamSettings(
        name: "LAST", maxBytes: .mebibytes(512), maxAge: .zero, duplicateWindow: .milliseconds(100))
    /// Owns `gap`.
    package var gaps = StreamSettings(
        name: "GAPS", maxBytes: .mebibytes(512), maxAge: .seconds(30 * 24 * 3_600), duplicateWindow: .seconds(120))
    /// Owns messages of the past, under `<prefix>.history`.
    package var history = StreamSettings(
        name: "HISTORY", maxBytes: .gibibytes(2), maxAge: .zero, duplicateWindow: .seconds(120))
    /// Whether streams that exist with other settings are changed.
    package var adopt = false

    package init() {}

    static var fields: [SettingField<StreamsSettings>] {
        [
            .section(
                "market_data", \.marketData, StreamSettings.fields, "Trades, deltas, quotes: all but the next two."),
            .section(
                "last", \.last, StreamSettings.fields,
                "The newest orderbook, instrument, status and heartbeat of each subject."),
            .section("gaps", \.gaps, StreamSettings.fields, "The ledger of losses."),
            .section(
                "history", \.history, StreamSettings.fields,
                "Messages of the past. Made with the first of them, within nats.embedded.max_file where the server is ours; "
                    + "full, it refuses them: what is in it stays until max_age, which is for ever unless it is set."),
            .value(
                "adopt", \.adopt, .flag,
                "Change streams that exist with other settings; otherwise the difference is only reported."),
        ]
    }
}

/// One stream's settings.
package struct StreamSettings: Hashable, Sendable {
    package enum Storage: String, Hashable, Sendable, CaseIterable {
        case file, memory
    }

    package var name: String
    package var maxBytes: ByteSize
    /// Zero keeps messages until the size limit is reached.
    package var maxAge: Duration
    package var storage = Storage.file
    package var replicas = 1
    package var duplicateWindow: Duration

    static var fields: [SettingField<StreamSettings>] {
        [
            .value("name", \.name, .streamName, "The stream's name."),
            .value(
                "max_bytes", \.maxBytes, .size(.mebibytes(1)...ByteSize(1 << 44)),
                "The oldest messages go past this size, in history new ones are refused; the server sets it aside."),
            .value(
                "max_age", \.maxAge, .duration(.zero...(.seconds(10 * 365 * 24 * 3_600))),
                "Messages are kept this long; 0s is until the size limit."),
            .value("storage", \.storage, .choice(Storage.allCases), "Where the server keeps it."),
            .value("replicas", \.replicas, .integer(1...5), "Copies in a cluster."),
            .value(
                "duplicate_window", \.duplicateWindow, .duration(.milliseconds(100)...(.seconds(3_600))),
                "A message id that comes again within it is stored once; a million ids take 235 MB of the server."),
        ]
    }
}
