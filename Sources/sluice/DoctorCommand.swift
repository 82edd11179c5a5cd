import ArgumentParser
import Collector

/// Looks at everything that a configuration needs.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks at everything a configuration needs, and says what is wrong.",
        discussion: """
            Names, TCP, TLS, HTTP and WebSocket of each address with the time they take, clocks against the venues', \
            NATS and its streams, descriptors, kernel limits and disks. A few requests each, within the venues' limits; \
            nothing is changed. Something broken exits with code 69.

            Examples:
              sluice doctor --config Config/collector.yaml
              sluice doctor --config Config/collector.yaml --tries 20
              sluice doctor --config Config/collector.yaml --json | jq '.findings[] | select(.state != "ok")'
            """)

    @OptionGroup var source: ConfigurationOptions

    @Option(help: "How often each address is tried.")
    var tries: Int = 5

    @Flag(help: "One JSON document, times in microseconds.")
    var json = false

    func validate() throws {
        guard (1...100).contains(self.tries) else { throw ValidationError("--tries is a number from 1 to 100.") }
    }

    func run() async throws {
        let loaded = try self.source.load()
        var settings = Doctor.Settings()
        settings.tries = self.tries
        let report = await Doctor(loaded.configuration, settings: settings).examine()
        print(self.json ? DoctorTable.json(report) : DoctorTable.lines(report).joined(separator: "\n"))
        if report.isBroken { throw ExitStatus.unavailable }
    }
}
