import ArgumentParser
import Backfill
import Collector

/// Shows the jobs.
struct BackfillStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows the jobs, how far they are, and what failed.")

    @OptionGroup var source: ConfigurationOptions

    @Option(help: "Failures that are shown, the newest first.")
    var failures: Int = 10

    @Flag(help: "One JSON document.")
    var json = false

    func validate() throws {
        guard (0...1_000).contains(self.failures) else { throw ValidationError("--failures is a number up to 1000.") }
    }

    func run() async throws {
        let configuration = try self.source.load().configuration
        try await BackfillSession.report {
            let store = try HistorySession.openStore(configuration)
            defer { store.close() }
            let (jobs, failures) = (try await store.jobs(), try await store.failures(limit: self.failures))
            let table = HistoryTable(columns: TerminalSize.current(of: 1)?.columns)
            if self.json {
                print(HistoryTable.json(jobs, failures))
            } else {
                for line in table.lines(jobs, failures) { print(line) }
                if let next = try await store.nextDue(), next > WallClock.milliseconds {
                    print("the next try is at \(UTCTime.format(next)) UTC")
                }
            }
        }
    }
}
