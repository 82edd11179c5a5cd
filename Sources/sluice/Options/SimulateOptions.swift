import ArgumentParser
import Collector

/// The arguments of `sluice simulate`.
struct SimulateOptions: ParsableArguments {
    static let command = CommandConfiguration(
        commandName: "simulate",
        abstract: "Serves a simulated Binance, OKX and Deribit on loopback.",
        discussion: """
            The market is generated from a seed, or played from a recording. Each of Binance's \
            segments has a port of its own for WebSocket and REST, OKX has one and Deribit has one; the first lines \
            of output name them, one a segment. The line behind them names the archives of the past.

            Examples:
              sluice simulate --port 8100
              sluice simulate --port 8100 --seed 7 --rate 20000 --symbols 200
              sluice simulate --port 8100 --recording binance-smoke.ndjson.gz --pace 10
            """)

    @Option(
        help: ArgumentHelp(
            "The port of Binance spot on 127.0.0.1; USD-M, COIN-M, OKX, Deribit and archives take the next. 0 takes free ones."
        )
    )
    var port: UInt16 = 0

    @Option(help: "The same seed gives the same market.")
    var seed: UInt64 = 1

    @Option(help: "Messages a second, all symbols together.")
    var rate: Int = 500

    @Option(help: "Symbols for each segment, where no recording is played.")
    var symbols: Int = 2

    @Option(name: .customLong("past-days"), help: "Days of the past that can be asked for.")
    var pastDays: Int = 92

    @Option(name: .customLong("past-trades"), help: "Trades of each symbol on a day of the past.")
    var pastTrades: Int = 5_000

    @Flag(name: .customLong("keep-all"), help: "Serve all of the past, also what the venues serve only for a while.")
    var keepsAll = false

    @Option(name: .customLong("spot-weight"), help: "Request weight that Binance spot takes a minute.")
    var spotWeight: Int = 6_000

    @Option(help: ArgumentHelp("Play this recording, .ndjson or .ndjson.gz.", valueName: "file"))
    var recording: String?

    @Option(help: "How many times faster than recorded.")
    var pace: Double = 1

    @Option(help: ArgumentHelp("Stop after this long.", valueName: "30s"))
    var duration: DurationArgument?

    func validate() throws {
        guard (1...2_000_000).contains(self.rate) else {
            throw ValidationError("--rate is a number from 1 to 2000000.")
        }
        guard (1...2_000).contains(self.symbols) else { throw ValidationError("--symbols is a number from 1 to 2000.") }
        guard (0...2_500).contains(self.pastDays) else {
            throw ValidationError("--past-days is a number from 0 to 2500.")
        }
        guard (8...1_000_000).contains(self.pastTrades) else {
            throw ValidationError("--past-trades is a number from 8 to 1000000.")
        }
        guard (100...10_000_000).contains(self.spotWeight) else {
            throw ValidationError("--spot-weight is a number from 100 to 10000000.")
        }
        guard self.pace.isFinite, (0.01...1_000).contains(self.pace) else {
            throw ValidationError("--pace is a number from 0.01 to 1000.")
        }
    }
}
