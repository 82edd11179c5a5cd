import ExchangeSimulator
import Foundation
import Testing

@Suite("What sluice backfill and sluice coverage say to words that mean nothing", .serialized, .timeLimit(.minutes(3)))
struct BackfillUsageTests {
    private typealias Rig = HistoryCommandRig

    /// Replaces an option's values in the usual order.
    private static func order(_ option: String, _ values: String...) -> [String] {
        var words = Rig.order
        guard let index = words.firstIndex(of: option) else { return words + [option] + values }
        let end = words[(index + 1)...].firstIndex { $0.hasPrefix("--") } ?? words.endIndex
        words.replaceSubrange(index + 1..<end, with: values)
        return words
    }

    /// Words, and the line that answers them.
    private static let wrong: [(words: [String], line: String)] = [
        (order("--kinds", "klien:1h"), "there is no kind 'klien' of the past; did you mean kline?"),
        (order("--kinds", "kline:1d", "kline:7m"), "there is no length '7m'; did you mean 1m?"),
        (order("--kinds", "kline"), "kline needs a length, such as kline:5m"),
        (order("--kinds", "trade:1m"), "trade has no length"),
        (
            order("--kinds", "orderbook"),
            "there is no kind 'orderbook' of the past; known here: trade, bbo, mark_price, funding_rate, open_interest, "
                + "lsr_top_position, lsr_top_account, lsr_all_account, volatility_index, kline"
        ),
        (order("--section", "binance.spt"), "there is no section 'binance.spt'; did you mean binance.spot?"),
        (order("--section", "binanse"), "there is no section 'binanse'; did you mean binance?"),
        (order("--symbols", "BTCUSD"), "none of the sections lists BTCUSD; did you mean BTCUSDT?"),
        (order("--kinds", "open_interest:5m"), "none of the sections serves open_interest:5m"),
        (
            order("--from", "2026-13-01"),
            "--from: '2026-13-01' is no time; write a date as 2026-10-01, a time of UTC as 2026-10-01T12:00Z, or 30d for "
                + "so long ago"
        ),
        (order("--to", Rig.day(-3)), "--from \(Rig.day(-2)) does not lie before --to \(Rig.day(-3))"),
        (order("--from", "2120-01-01"), "--from 2120-01-01 does not lie in the past"),
        (
            order("--output", "file:csv:out"),
            "'file:csv:out' is neither nats nor files:csv:<folder> nor files:jsonl:<folder>; did you mean "
                + "files:csv:<folder>?"
        ),
        (
            order("--output", "nat"),
            "'nat' is neither nats nor files:csv:<folder> nor files:jsonl:<folder>; did you mean nats?"
        ),
    ]

    @Test("An order of wrong words is one line that names what is wrong and the nearest right one, and adds no job")
    func orders() async throws {
        try await Rig.with { rig in
            for (words, line) in Self.wrong {
                for command in ["plan", "run"] {
                    let result = try await rig.backfill(command, order: words)
                    #expect(result.status == 64, "\(words)")
                    #expect(result.errors == "sluice: \(line)\n", "\(words)")
                    #expect(result.output.isEmpty, "\(words)")
                }
            }
            #expect(try await rig.backfill("status").output == "no jobs\n")
        }
    }

    @Test("What is wrong beside what is right is a warning, and the rest is planned")
    func warnings() async throws {
        try await Rig.with { rig in
            let result = try await rig.backfill("plan", order: Self.order("--symbols", "BTCUSDT", "ETHUSD"))
            #expect(result.status == 0)
            #expect(result.errors == "warning: none of the sections lists ETHUSD; did you mean ETHUSDT?\n")
            #expect(result.lines.contains("binance.spot kline:1h 1 0 1 1 - -"), "\(result.output)")
        }
    }

    @Test("What an order lacks is named, with how the command is used")
    func lacking() async throws {
        try await Rig.with { rig in
            for option in ["--section", "--symbols", "--kinds", "--from"] {
                var words = Rig.order
                let index = try #require(words.firstIndex(of: option))
                let end = words[(index + 1)...].firstIndex { $0.hasPrefix("--") } ?? words.endIndex
                words.removeSubrange(index..<end)
                let result = try await rig.backfill("run", order: words)
                #expect(result.status == 64 && result.errors.hasPrefix("Error: \(option) "), "\(result.errors)")
                #expect(result.errors.contains("missing"), "\(result.errors)")
            }
            let name = try await rig.backfill("run", "--name", "alone")
            #expect(name.status == 64 && name.errors.hasPrefix("Error: --name is of a new job"))
        }
    }

    @Test("A job that is not there is named with the nearest one, by every command about jobs")
    func jobs() async throws {
        try await Rig.with { rig in
            let commands = ["pause", "resume", "cancel", "retry-failed"]
            for command in commands {
                let result = try await rig.backfill(command, "october")
                #expect(result.status == 64 && result.output.isEmpty)
                #expect(result.errors == "sluice: there is no job 'october'; there are none\n")
            }
            #expect(try await rig.backfill("run", "--name", "october", order: Rig.order).status == 0)
            for command in commands {
                let result = try await rig.backfill(command, "oktober")
                #expect(result.status == 64 && result.output.isEmpty)
                #expect(result.errors == "sluice: there is no job 'oktober'; did you mean october?\n")
            }
            let twice = try await rig.backfill("pause", "october")
            #expect(twice.status == 64 && twice.errors == "sluice: october is ended; it would have to be running\n")
        }
    }

    @Test("Coverage of what nobody ordered, and options that do not go together, are told")
    func coverage() async throws {
        try await Rig.with { rig in
            #expect(try await rig.backfill("run", order: Rig.order).status == 0)
            let other = try await rig.sluice(["coverage", "--output", "files:jsonl:oot"])
            let (wrong, right) = ("files:jsonl:\(rig.folder)/oot", "files:jsonl:\(rig.folder)/out")
            #expect(other.status == 64)
            #expect(other.errors == "sluice: no job has the output \(wrong); did you mean \(right)?\n")
            let none = try await rig.sluice(["coverage", "--output", "nowhere"])
            #expect(
                none.status == 64 && none.errors.hasPrefix("sluice: 'nowhere' is neither nats nor files:csv:<folder>"))
            let time = try await rig.sluice(["coverage", "--gaps", "--from", "monday"])
            #expect(time.status == 64 && time.errors.hasPrefix("sluice: --from: 'monday' is no time; "))
            let from = try await rig.sluice(["coverage", "--from", "2d"])
            #expect(
                from.status == 64 && from.errors.hasPrefix("Error: --from goes with --gaps, --commands or --forget."))
        }
    }

    @Test("A venue that makes its list wait is told of, and a signal ends the wait; one that is away is given up")
    func silentVenue() async throws {
        try await Rig.with { rig in
            await rig.exchange.setRate(.rateLimited, to: 1)
            let child = try rig.start(["backfill", "run"] + Rig.order)
            #expect(try await child.wait(forErrors: "waiting for the list of instruments of binance.spot\n"))
            kill(child.identifier, SIGTERM)
            let result = try await child.result(atMost: .seconds(20))
            #expect(result.status == 69)
            #expect(
                result.errors.hasSuffix("sluice: stopped while the list of binance spot was waited for\n"),
                "\(result.errors)")
            await rig.exchange.stop()
            let away = try await rig.backfill("plan", order: Rig.order)
            #expect(away.status == 69)
            #expect(away.errors.contains("sluice: the list of binance spot: "), "\(away.errors)")
        }
    }

    @Test("A database that is none, or cannot be made, is named with its path")
    func database() async throws {
        try await Rig.with { rig in
            #expect(try await rig.backfill("status").status == 0)
            let path = rig.folder + "/state/history/jobs.sqlite"
            try Data(repeating: 7, count: 5_000).write(to: URL(fileURLWithPath: path))
            for command in [["backfill", "status"], ["backfill", "pause", "a"], ["coverage"]] {
                let result = try await rig.sluice(command)
                #expect(result.status == 69 && result.errors.hasPrefix("sluice: the history's database: "))
                #expect(result.errors.hasSuffix(" (./state/history/jobs.sqlite)\n"), "\(result.errors)")
                #expect(result.errors.split(separator: "\n").count == 1)
            }
        }
    }

    @Test("A configuration that is wrong or not there ends every command with 78 and its line")
    func configuration() async throws {
        try await Rig.with { rig in
            let text = "instance: past\nhistroy: {attempts: 2}\nvenues: {binance: {spot: {symbols: [BTCUSDT]}}}\n"
            try Data(text.utf8).write(to: URL(fileURLWithPath: rig.folder + "/wrong.yaml"))
            let commands = [
                ["backfill", "plan"] + Rig.order, ["backfill", "run"], ["backfill", "status"],
                ["backfill", "pause", "a"],
                ["backfill", "resume", "a"], ["backfill", "cancel", "a"], ["backfill", "retry-failed", "a"],
                ["coverage"],
            ]
            for command in commands {
                let wrong = try await ChildProcess(
                    TestPaths.sluice, command + ["--config", "wrong.yaml"], in: rig.folder
                ).result()
                #expect(wrong.status == 78 && wrong.output.isEmpty, "\(command)")
                #expect(
                    wrong.errors.contains("histroy") && wrong.errors.contains("did you mean history?"),
                    "\(wrong.errors)")
                #expect(wrong.errors.split(separator: "\n").count == 1, "\(wrong.errors)")
                let missing = try await ChildProcess(
                    TestPaths.sluice, command + ["--config", "none.yaml"], in: rig.folder
                ).result()
                #expect(missing.status == 78 && missing.errors == "none.yaml: no such file\n", "\(missing.errors)")
            }
        }
    }
}
