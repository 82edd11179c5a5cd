import ArgumentParser
import Collector

/// The arguments of `sluice run`.
struct RunOptions: ParsableArguments {
    static let command = CommandConfiguration(
        commandName: "run",
        abstract: "Collects and publishes until it is told to stop.",
        discussion: """
            SIGTERM and SIGINT stop it gracefully within ten seconds: subscriptions ended, connections closed, the \
            queue drained. An unreachable venue or NATS server is retried for ever.

            SIGHUP, or a change of the file, has it read again: sections of venues that changed are followed at once, \
            the others go on untouched; a wrong file is refused and the former goes on.

            On a terminal it shows a live table, on a pipe it logs.

            Examples:
              sluice run --config Config/demo.yaml
              sluice run --config Config/collector.yaml --log-format json
              sluice run --config Config/collector.yaml --duration 30s
            """)

    @OptionGroup var source: ConfigurationOptions

    @Option(help: ArgumentHelp("Stop gracefully after this long.", valueName: "30s"))
    var duration: DurationArgument?

    @Option(help: "human or json; also turns the live table off.")
    var logFormat: LogSettings.Format?

    @Option(help: "The least important log level: trace, debug, info, notice, warning, error, critical.")
    var logLevel: LogSettings.Level?

    @Flag(help: "Log instead of showing the live table, also on a terminal.")
    var noTable = false

    /// The configuration with the options laid over it.
    func load() throws -> Configuration.Loaded {
        var loaded = try self.source.load()
        if let logFormat { loaded.configuration.log.format = logFormat }
        if let logLevel { loaded.configuration.log.level = logLevel }
        return loaded
    }

    /// Whether the live table is wanted, given a terminal.
    var wantsTable: Bool { !self.noTable && self.logFormat == nil }
}
