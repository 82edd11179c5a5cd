import ArgumentParser
import Collector

/// The arguments of `sluice health`.
struct HealthOptions: ParsableArguments {
    static let command = CommandConfiguration(
        commandName: "health",
        abstract: "Asks a running collector whether it is ready; exit code 0 or 69.",
        discussion: """
            For container and systemd checks. Prints the reasons where it is not ready.

            Examples:
              sluice health
              sluice health --url http://127.0.0.1:9000/healthz --timeout 2s
            """)

    @Option(help: "The page to ask for.")
    var url: String = "http://127.0.0.1:8080/readyz"

    @Option(help: ArgumentHelp("Deadline of the answer.", valueName: "3s"))
    var timeout: DurationArgument = DurationArgument(duration: .seconds(3))

    /// The address of `url`, checked by `validate`.
    var endpoint: Endpoint? { Endpoint(text: self.url, schemes: [.http]) }

    func validate() throws {
        guard self.endpoint != nil else { throw ValidationError("--url is like http://127.0.0.1:8080/readyz.") }
    }
}
