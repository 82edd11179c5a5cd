import ArgumentParser
import Backfill
import Collector

/// Shows what of the past is complete.
struct CoverageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage",
        abstract: "Shows which ranges of which series are complete, and what is missing between them.",
        discussion: """
            A gap becomes a job by `sluice backfill run` with the same series and a range over it: what is complete is not \
            fetched again.

            Examples:
              sluice coverage --config c.yaml
              sluice coverage --config c.yaml --gaps --output files:csv:/data
            """)

    @OptionGroup var source: ConfigurationOptions

    @Option(help: ArgumentHelp("Only this output.", valueName: "place"))
    var output: String?

    @Flag(help: "What is missing between the first and the last range of each series.")
    var gaps = false

    @Flag(help: "One JSON document.")
    var json = false

    func run() async throws {
        try await BackfillSession.report {
            let store = try HistorySession.openStore(try self.source.load().configuration)
            defer { store.close() }
            let wanted = try self.output.map { try HistoryOutputs.name(of: $0) }
            var all: [HistoryTable.Coverage] = []
            for name in try await store.outputs() where wanted == nil || wanted == name {
                for (series, ranges) in try await store.coverage(of: name) {
                    all.append(HistoryTable.Coverage(output: name, series: series, ranges: ranges))
                }
            }
            if self.json {
                print(HistoryTable.json(all))
            } else {
                let table = HistoryTable(columns: TerminalSize.current(of: 1)?.columns)
                for line in table.lines(all, gaps: self.gaps) { print(line) }
            }
        }
    }
}
