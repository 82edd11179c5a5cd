import ArgumentParser
import Backfill
import Collector

/// Shows what of the past is complete.
struct CoverageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage",
        abstract: "Shows which ranges of which series are complete, and what is missing between them.",
        discussion: """
            --commands prints the `sluice backfill run` that fetches what is missing, a line each: what is complete is not \
            fetched again.

            Examples:
              sluice coverage --config c.yaml
              sluice coverage --config c.yaml --gaps --output files:csv:/data
              sluice coverage --config c.yaml --gaps --from 2026-10-01 --to 2026-11-01
              sluice coverage --config c.yaml --commands --from 30d | sh
              sluice coverage --config c.yaml --forget --output files:csv:/data --from 2026-10-01 --to 2026-10-08
            """)

    @OptionGroup var source: ConfigurationOptions

    @Option(help: ArgumentHelp("Only this output.", valueName: "place"))
    var output: String?

    @Flag(help: "What is missing between the first and the last range of each series, or of --from to --to.")
    var gaps = false

    @Flag(help: "The commands that fetch what is missing.")
    var commands = false

    @Flag(
        help:
            "Forget that the time of --from to --to is complete in --output, whose files were lost: it can be ordered again."
    )
    var forget = false

    @Option(
        help: ArgumentHelp("With --gaps or --commands: missing since then; 2026-10-01, or 30d ago.", valueName: "time"))
    var from: String?

    @Option(
        help: ArgumentHelp("With --from: missing before then; now if not given.", valueName: "time"))
    var to: String?

    @Flag(help: "One JSON document.")
    var json = false

    func validate() throws {
        guard self.from == nil || self.gaps || self.commands || self.forget else {
            throw ValidationError("--from goes with --gaps, --commands or --forget.")
        }
        guard !self.forget || (self.from != nil && self.output != nil && !self.gaps && !self.commands && !self.json)
        else { throw ValidationError("--forget goes with --output and --from alone, and with --to.") }
        guard self.to == nil || self.from != nil else { throw ValidationError("--to goes with --from.") }
        guard !self.json || !self.commands else { throw ValidationError("--json does not go with --commands.") }
    }

    func run() async throws {
        let now = WallClock.milliseconds
        let (stretch, wanted) = try await BackfillSession.report {
            let stretch = try self.from.map { try TimeText.range(from: $0, to: self.to, now: now) }
            return (stretch, try self.output.map { try HistoryOutputs.name(of: $0) })
        }
        let configuration = try self.source.load().configuration
        try await BackfillSession.report {
            let store = try HistorySession.openStore(configuration)
            defer { store.close() }
            let outputs = try await store.outputs()
            if let wanted, !outputs.contains(wanted) { throw HistoryOrder.noOutput(wanted, among: outputs) }
            if self.forget, let wanted, let stretch {
                let ranges = try await store.forget(stretch, in: wanted)
                print("forgotten: what was complete of \(ranges) ranges")
                return
            }
            var all: [HistoryCoverage] = []
            for name in outputs where wanted == nil || wanted == name {
                for (series, ranges) in try await store.coverage(of: name) {
                    let held = HistoryCoverage(output: name, series: series, ranges: ranges)
                    let isAsked = self.gaps || self.commands
                    all.append(isAsked ? held.missing(in: stretch, nowMilliseconds: now) : held)
                }
            }
            self.show(all)
        }
    }

    private func show(_ coverage: [HistoryCoverage]) {
        if self.commands {
            for line in HistoryCoverage.commands(coverage, configuration: self.source.config) { print(line) }
        } else if self.json {
            print(HistoryTable.json(coverage, gaps: self.gaps))
        } else {
            let table = HistoryTable(columns: TerminalSize.current(of: 1)?.columns)
            for line in table.lines(coverage, gaps: self.gaps) { print(line) }
        }
    }
}
