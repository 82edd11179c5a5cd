/// Everything an operator can choose, read and checked.
///
/// `Configuration.load` reads a file with the environment's overrides; `docs/configuration.md` lists every key.
package struct Configuration: Hashable, Sendable {
    /// The name of this collector in every message.
    package var instance: String
    package var stateDirectory = "./state"
    package var venues = VenuesSettings()
    package var books = BooksSettings()
    package var transport = TransportSettings()
    package var limits = LimitsSettings()
    package var nats = NATSSettings()
    package var queue = QueueSettings()
    package var spool = SpoolSettings()
    package var http = HTTPSettings()
    package var log = LogSettings()
    package var heartbeat = HeartbeatSettings()
    package var history = HistorySettings()
    /// Not nil: the venues are simulated.
    package var simulator: SimulatorSettings?

    /// The defaults.
    ///
    /// - Parameter instance: The name to use where none is configured.
    package init(instance: String) {
        self.instance = instance
    }

    static var fields: [SettingField<Configuration>] {
        [
            .value(
                "instance", \.instance, .name(upTo: 64), "The name of this collector in every message.",
                defaultText: "the host's name"),
            .value(
                "state_directory", \.stateDirectory, .path,
                "Folder for what must outlive a restart; made at start, locked while running: a second process ends with 69."
            ),
            .section("venues", \.venues, VenuesSettings.fields, "What is collected."),
            .section("books", \.books, BooksSettings.fields, "How order books are kept and published."),
            .section("transport", \.transport, TransportSettings.fields, "Connections, deadlines, reconnects."),
            .section("limits", \.limits, LimitsSettings.fields, "What the venues allow."),
            .section("nats", \.nats, NATSSettings.fields, "Where messages go."),
            .section("queue", \.queue, QueueSettings.fields, "The queues between loops and publisher."),
            .section(
                "spool", \.spool, SpoolSettings.fields, "Where messages wait on disk while NATS does not take them."),
            .section("http", \.http, HTTPSettings.fields, "Pages for health checks and metrics."),
            .section("log", \.log, LogSettings.fields, "The log."),
            .section("heartbeat", \.heartbeat, HeartbeatSettings.fields, "The sign of life."),
            .section("history", \.history, HistorySettings.fields, "How what came before is fetched."),
            .optionalSection(
                "simulator", \.simulator, SimulatorSettings(), SimulatorSettings.fields,
                "If present, a simulated exchange on loopback stands in for the venues."),
        ]
    }
}
