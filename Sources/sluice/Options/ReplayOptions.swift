import ArgumentParser

/// The arguments of `sluice replay`.
struct ReplayOptions: ParsableArguments {
    static let command = CommandConfiguration(
        commandName: "replay",
        abstract: "Pushes a recording through decoder, books and encoder on one thread, without any network.",
        discussion: """
            Prints frames a second, microseconds a frame (p50, p99, max), the share of frames whose view is complete, \
            bytes encoded and peak memory; then of each venue what was refused and why, gaps, crossed books and \
            checksums. Connections are told by name (binance_spot:ws) or by address; streams by the recorder's \
            own requests, or by their first frame.

            Examples:
              sluice replay --recording binance-smoke.ndjson.gz
              sluice replay --recording binance-smoke.ndjson.gz --depth unlimited --report ours.json
              sluice replay --recording binance-depth-trade.ndjson.gz --repeat 5
              sluice replay --recording okx.ndjson.gz --depth unlimited
            """)

    @Option(help: ArgumentHelp("The recording, .ndjson or .ndjson.gz.", valueName: "file"))
    var recording: String

    @Option(help: ArgumentHelp("Levels a side of the view, or unlimited.", valueName: "levels"))
    var depth: DepthArgument = .levels(100)

    @Option(help: ArgumentHelp("Write the final books and digests here, as JSON.", valueName: "file"))
    var report: String?

    @Option(name: .customLong("repeat"), help: "How many times the recording is played.")
    var repetitions: Int = 1

    func validate() throws {
        guard (1...1_000_000).contains(self.repetitions) else {
            throw ValidationError("--repeat is a number from 1 to 1000000.")
        }
    }
}
