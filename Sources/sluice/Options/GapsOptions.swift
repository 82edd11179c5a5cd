import ArgumentParser
import Collector
import Publishing

/// The arguments of `sluice gaps`.
struct GapsOptions: ParsableArguments {
    static let command = CommandConfiguration(
        commandName: "gaps",
        abstract: "Shows what was lost, why, and what was found of it since.",
        discussion: """
            Reads the ledger's stream; of each entry its newest message counts. --since is when that was stored, so \
            that an old loss of which something was found today is shown. Times are UTC.

            Examples:
              sluice gaps
              sluice gaps --since 7d --symbol BTC-USDT ETH-USDT --of trade
              sluice gaps --cause restart reconnect --config Config/collector.yaml
              sluice gaps --json | jq .totals
              sluice gaps --report --since 24h
            """)

    @Option(help: ArgumentHelp("How far back to look.", valueName: "24h"))
    var since: DurationArgument = DurationArgument(duration: .seconds(24 * 3_600))

    @Option(parsing: .upToNextOption, help: "Only these symbols, ours or the venue's.")
    var symbol: [String] = []

    @Option(parsing: .upToNextOption, help: "Only losses of these types: trade, orderbook, …, or connection.")
    var of: [String] = []

    @Option(parsing: .upToNextOption, help: "Only these causes: trade_jump, restart, queue_full, ….")
    var cause: [String] = []

    @Flag(help: "A page on the span: availability, losses by cause, repairs, resyncs, audits.")
    var report = false

    @Flag(help: "One JSON document: entries, totals by cause; with --report what the page says.")
    var json = false

    @Option(help: "The server; else the configuration's, else SLUICE_NATS_URL, else nats://127.0.0.1:4222.")
    var nats: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A collector's configuration: server, credentials, stream.", valueName: "file"))
    var config: String?

    @Option(help: "The ledger's stream; else the configuration's, else GAPS.")
    var stream: String?

    @Option(help: "The most entries; past that those that began first are left out, which is said.")
    var limit: Int = 20_000

    @Option(help: ArgumentHelp("Deadline of the reading.", valueName: "30s"))
    var timeout: DurationArgument = DurationArgument(duration: .seconds(30))

    private static let types = MessageType.allCases.map { "\($0.token)" } + ["connection"]
    private static let causes = GapCause.allCases.map(\.rawValue)

    func validate() throws {
        try Self.require(self.of, oneOf: Self.types, for: "--of")
        try Self.require(self.cause, oneOf: Self.causes, for: "--cause")
        guard !self.report || (self.symbol.isEmpty && self.of.isEmpty && self.cause.isEmpty) else {
            throw ValidationError("--report is about everything: it takes no --symbol, --of or --cause.")
        }
        guard self.symbol.count <= 1_000 else { throw ValidationError("At most 1000 symbols.") }
        guard (1...1_000_000).contains(self.limit) else {
            throw ValidationError("--limit is a number from 1 to 1000000.")
        }
        let isName = self.stream.map { name in
            !name.isEmpty && name.utf8.count <= 255
                && name.utf8.allSatisfy { (0x21...0x7e).contains($0) && !".*>/\\".utf8.contains($0) }
        }
        guard isName ?? true else { throw ValidationError("--stream is a name without blanks, points and wildcards.") }
    }

    private static func require(_ words: [String], oneOf known: [String], for option: String) throws {
        for word in words where !known.contains(word) {
            throw ValidationError(
                "\(option) knows no '\(TerminalText.escaped(word, limit: 64))'; it is one of \(known.joined(separator: ", "))."
            )
        }
    }
}
