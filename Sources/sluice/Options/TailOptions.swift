import ArgumentParser

/// The arguments of `sluice tail`.
struct TailOptions: ParsableArguments {
    static let command = CommandConfiguration(
        commandName: "tail",
        abstract: "Shows what a subscriber receives, books drawn as ladders.",
        discussion: """
            Subjects are <prefix>.<type>.<venue>.<market>.<symbol>; * stands for one token, > for all that follow.

            Examples:
              sluice tail
              sluice tail 'md.trade.binance.spot.*' --count 20
              sluice tail 'md.orderbook.*.*.BTC-USDT' --levels 5
              sluice tail 'md.>' --json | jq .price
            """)

    @Argument(help: ArgumentHelp("What to subscribe to.", valueName: "subject"))
    var subjects: [String] = ["md.>"]

    @Option(help: "The server; SLUICE_NATS_URL if left out, then nats://127.0.0.1:4222.")
    var nats: String?

    @Option(help: "Stop after this many messages.")
    var count: Int?

    @Option(help: "Levels a side of a ladder.")
    var levels: Int = 10

    @Flag(help: "One JSON object a line, as received.")
    var json = false

    func validate() throws {
        guard self.subjects.count <= 64 else { throw ValidationError("At most 64 subjects.") }
        guard self.subjects.allSatisfy(Self.isSubject) else {
            throw ValidationError("A subject has tokens separated by points, no blanks: 'md.trade.binance.spot.*'.")
        }
        guard self.count ?? 1 > 0 else { throw ValidationError("--count is a number from 1.") }
        guard (1...1_000).contains(self.levels) else { throw ValidationError("--levels is a number from 1 to 1000.") }
    }

    private static func isSubject(_ text: String) -> Bool {
        let tokens = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 512
            && tokens.allSatisfy { token in !token.isEmpty && token.utf8.allSatisfy { (0x21...0x7e).contains($0) } }
    }
}
