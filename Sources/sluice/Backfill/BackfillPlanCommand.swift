import ArgumentParser
import Backfill
import Collector

/// Says what fetching would take.
struct BackfillPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Prints requests, weight and time of an order, without asking for any of it.",
        discussion: "Only the venues' lists of instruments are loaded. What is complete already counts as present.")

    @OptionGroup var source: ConfigurationOptions
    @OptionGroup var order: BackfillOrderOptions
    @OptionGroup var output: BackfillOutputOptions

    func validate() throws {
        guard self.order.isGiven else {
            throw ValidationError("What is to be planned? See sluice backfill plan --help.")
        }
    }

    func run() async throws {
        let (order, output) = try await BackfillSession.report {
            (try self.order.order(nowMilliseconds: WallClock.milliseconds), try self.output.name())
        }
        try await BackfillSession.with(self.source.load().configuration) { service in
            let series = try await BackfillSession.series(of: order, service)
            let plan = try await service.plan(series, order.rangeMilliseconds, output: output)
            for line in HistoryTable(columns: TerminalSize.current(of: 1)?.columns).lines(plan) { print(line) }
        }
    }
}
