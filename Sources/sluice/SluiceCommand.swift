import ArgumentParser
import Collector

/// The command line's root.
@main
struct SluiceCommand: AsyncParsableCommand {
    static let version = BuildInfo.version

    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Collects market data from crypto exchanges and publishes it to NATS.",
        discussion: """
            Exit codes: 0 success; 64 wrong usage; 69 something needed is missing or taken (a program, a port, a \
            lock); 78 a wrong configuration.
            """,
        version: Self.version,
        subcommands: [
            RunCommand.self, CheckCommand.self, TailCommand.self, GapsCommand.self, BackfillCommand.self,
            CoverageCommand.self, SimulateCommand.self, ReplayCommand.self, HealthCommand.self, DoctorCommand.self,
        ])

    /// Takes the stop signals over, for the commands that wait for them.
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst().prefix(2))
        if let command = words.first, ["run", "simulate"].contains(command) || words == ["backfill", "run"] {
            StopSignal.catchAll()
            if command == "run" { HangupSignal.catchAll() }
        }
        await Self.main(nil)
    }
}
