import ArgumentParser
import Collector

/// Validates a configuration and prints what it means.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validates a configuration and prints its plan.",
        discussion: """
            Prints the connections, the streams on each, and the request weight and time of a cold start. Nothing \
            is connected. A wrong configuration exits with code 78, all its problems on standard error.

            Examples:
              sluice check --config Config/collector.yaml
              sluice check --config Config/collector.yaml --streams 1000
              sluice check --config Config/collector.yaml --quiet
            """)

    @OptionGroup var source: ConfigurationOptions

    @Option(help: "How many streams of each connection are listed.")
    var streams: Int = 8

    @Flag(name: .shortAndLong, help: "Print nothing if the configuration is right.")
    var quiet = false

    func validate() throws {
        guard self.streams >= 0 else { throw ValidationError("--streams must not be negative.") }
    }

    func run() throws {
        let loaded = try self.source.load()
        guard !self.quiet else { return }
        let instance = loaded.configuration.instance
        print("\(TerminalText.escaped(self.source.config)) is right; this instance is \(instance)")
        if loaded.configuration.simulator != nil {
            print("simulated: at start the venues' addresses below give way to those of a simulator on loopback")
        }
        for line in CollectionPlan(loaded.configuration).lines(streamsPerConnection: self.streams) { print(line) }
    }
}
