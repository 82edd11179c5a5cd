import ArgumentParser
import Backfill
import Collector
import Venues

/// What is asked for of the past.
struct BackfillOrderOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Sections: binance.spot, or a venue for all of its sections.", valueName: "venue.section"))
    var section: [String] = []

    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("Symbols in the venue's spelling; * for any run of characters."))
    var symbols: [String] = []

    @Option(help: ArgumentHelp("The largest by the last day's turnover.", valueName: "count"))
    var top: Int?

    @Option(help: ArgumentHelp("With --top, only of this quote asset.", valueName: "asset"))
    var quote: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            """
            Kinds of data: trade, funding_rate, kline:1m, open_interest:5m, lsr_all_account:5m, mark_price:1h, \
            volatility_index:1h.
            """, valueName: "kind"))
    var kinds: [HistoryKindArgument] = []

    @Option(help: ArgumentHelp("The beginning: 2026-10-01, 2026-10-01T12:00Z, or 30d for so long ago."))
    var from: TimeArgument?

    @Option(help: ArgumentHelp("The end, which is left out; now if not given."))
    var to: TimeArgument?

    /// Whether anything was asked for.
    var isGiven: Bool {
        !self.section.isEmpty || !self.symbols.isEmpty || self.top != nil || !self.kinds.isEmpty || self.from != nil
    }

    func validate() throws {
        guard self.isGiven else { return }
        guard !self.section.isEmpty else { throw ValidationError("--section is missing: which sections?") }
        guard !self.symbols.isEmpty || self.top != nil else { throw ValidationError("--symbols or --top is missing.") }
        guard !self.kinds.isEmpty else { throw ValidationError("--kinds is missing: trade, kline:1m, …") }
        guard self.from != nil else { throw ValidationError("--from is missing: when does it begin?") }
        guard self.top.map({ (1...2_000).contains($0) }) ?? true else {
            throw ValidationError("--top is a number from 1 to 2000.")
        }
        guard self.quote == nil || self.top != nil else { throw ValidationError("--quote goes with --top.") }
    }

    func order(nowMilliseconds now: Int64) throws -> HistoryOrder {
        var rules = self.symbols.map { SymbolRule(text: $0) }
        if let top {
            var filter = SymbolFilter()
            filter.top = top
            filter.quote = self.quote
            rules.append(.filter(filter))
        }
        let from = self.from?.milliseconds(now: now) ?? now
        let to = min(self.to?.milliseconds(now: now) ?? now, now)
        guard from < to else { throw ValidationError("--from does not lie before --to, or before now.") }
        return HistoryOrder(
            sections: self.section, symbols: rules, kinds: self.kinds.map(\.kind), rangeMilliseconds: from..<to)
    }
}

/// Where the jobs stand.
struct BackfillJobOptions: ParsableArguments {
    @OptionGroup var source: ConfigurationOptions

    @Argument(help: "The job's name, as `sluice backfill status` shows it.")
    var job: String

    /// Opens the store of the configuration's state directory.
    func store() throws -> HistoryStore {
        let configuration = try self.source.load().configuration
        do {
            return try HistorySession.openStore(configuration)
        } catch {
            StandardError.write("sluice: \(TerminalText.escaped("\(error)"))\n")
            throw ExitStatus.unavailable
        }
    }
}

/// A kind of data on the command line: `trade`, `kline:1m`.
struct HistoryKindArgument: ExpressibleByArgument {
    let kind: HistoryKind

    init?(argument: String) {
        guard let kind = HistoryKind(argument) else { return nil }
        self.kind = kind
    }
}

/// A time on the command line: a date, a date and a time in UTC, or how long ago.
struct TimeArgument: ExpressibleByArgument {
    private enum Form {
        case milliseconds(Int64)
        case ago(Duration)
    }

    private let form: Form

    init?(argument: String) {
        if let time = UTCTime.parse(argument) {
            self.form = .milliseconds(time)
        } else if let duration = DurationText.parse(argument), duration > .zero {
            self.form = .ago(duration)
        } else {
            return nil
        }
    }

    func milliseconds(now: Int64) -> Int64 {
        switch self.form {
        case .milliseconds(let time): time
        case .ago(let duration): now - Int64(duration / .milliseconds(1))
        }
    }
}
