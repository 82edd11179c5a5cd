import ArgumentParser

/// Fetches what came before.
struct BackfillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Fetches trades, bars, funding, open interest and ratios of the past.",
        discussion: """
            A job is a list of series (a kind of data of an instrument), a range of time and an output. Jobs stand in the \
            state directory and outlive the process: what is complete is never fetched twice, what failed is tried again.

            Examples:
              sluice backfill plan --config c.yaml --section binance.spot --symbols BTCUSDT --kinds kline:1m trade --from 2026-10-01
              sluice backfill run --config c.yaml --section okx.swap --symbols 'BTC-*' --kinds funding_rate --from 30d --output files:csv:/data
              sluice backfill run --config c.yaml
              sluice backfill status --config c.yaml
              sluice backfill pause october --config c.yaml
            """,
        subcommands: [
            BackfillPlanCommand.self, BackfillRunCommand.self, BackfillStatusCommand.self, BackfillPauseCommand.self,
            BackfillResumeCommand.self, BackfillCancelCommand.self, BackfillRetryCommand.self,
        ])
}
