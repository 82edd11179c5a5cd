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
            Kinds of data: trade, bbo, funding_rate, kline:1m, open_interest:5m, lsr_all_account:5m, mark_price:1h, \
            volatility_index:1h.
            """, valueName: "kind"))
    var kinds: [String] = []

    @Option(
        help: ArgumentHelp("The beginning: 2026-10-01, 2026-10-01T12:00Z, or 30d for so long ago.", valueName: "time"))
    var from: String?

    @Option(help: ArgumentHelp("The end, which is left out; now if not given.", valueName: "time"))
    var to: String?

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

    func order(nowMilliseconds now: Int64) throws(HistoryOrder.Problem) -> HistoryOrder {
        var rules = self.symbols.map { SymbolRule(text: $0) }
        if let top {
            var filter = SymbolFilter()
            filter.top = top
            filter.quote = self.quote
            rules.append(.filter(filter))
        }
        var kinds: [HistoryKind] = []
        for text in self.kinds { kinds.append(try HistoryOrder.kind(text)) }
        let order = HistoryOrder(
            sections: self.section, symbols: rules, kinds: kinds,
            rangeMilliseconds: try TimeText.range(from: self.from ?? "", to: self.to, now: now))
        _ = try order.segments()
        return order
    }
}

/// Where the jobs stand.
struct BackfillJobOptions: ParsableArguments {
    @OptionGroup var source: ConfigurationOptions

    @Argument(help: "The job's name, as `sluice backfill status` shows it.")
    var job: String

    /// Does something to the job.
    func with(_ body: (HistoryStore, HistoryJob) async throws -> Void) async throws {
        let configuration = try self.source.load().configuration
        try await BackfillSession.report {
            let store = try HistorySession.openStore(configuration)
            defer { store.close() }
            let jobs = try await store.jobs(limit: .max)
            guard let job = jobs.first(where: { $0.name == self.job }) else {
                throw HistoryOrder.noJob(self.job, among: jobs.map(\.name))
            }
            try await body(store, job)
        }
    }
}

/// A time on the command line: a date, a date and a time in UTC, or how long ago.
enum TimeText {
    /// The stretch between two times; up to now where no end is given.
    static func range(from: String, to: String?, now: Int64) throws(HistoryOrder.Problem) -> Range<Int64> {
        let start = try Self.milliseconds(from, "--from", now)
        guard start < now else { throw HistoryOrder.Problem("--from \(from) does not lie in the past") }
        guard let to else { return start..<now }
        let end = try Self.milliseconds(to, "--to", now)
        guard start < end else { throw HistoryOrder.Problem("--from \(from) does not lie before --to \(to)") }
        return start..<min(end, now)
    }

    private static func milliseconds(
        _ text: String, _ option: String, _ now: Int64
    ) throws(HistoryOrder.Problem) -> Int64 {
        if let time = UTCTime.parse(text) { return time }
        guard let ago = DurationText.parse(text), ago > .zero else {
            throw HistoryOrder.Problem(
                "\(option): '\(TerminalText.escaped(text, limit: 64))' is no time; write a date as 2026-10-01, a time of "
                    + "UTC as 2026-10-01T12:00Z, or 30d for so long ago")
        }
        return now - Int64(ago / .milliseconds(1))
    }
}
