import ExchangeSimulator
import Foundation
import Testing

@Suite("sluice backfill and sluice coverage, as their users start them", .serialized, .timeLimit(.minutes(5)))
struct BackfillCommandTests {
    private typealias Rig = HistoryCommandRig

    @Test("A plan counts requests and weight, asks for no rows, and counts what is there as present")
    func plan() async throws {
        try await Rig.with { rig in
            let plan = try await rig.backfill("plan", order: Rig.order)
            #expect(plan.status == 0, "\(plan.errors)")
            #expect(plan.lines.first == "SECTION KIND SERIES ARCHIVES REST PIECES REQUESTS PRESENT NOT SERVED")
            #expect(plan.lines.contains("binance.spot kline:1h 2 0 2 2 - -"), "\(plan.output)")
            #expect(plan.lines.contains { $0.hasPrefix("binance spot: 2 requests, weight 4, ") }, "\(plan.output)")
            #expect(plan.lines.contains { $0.hasPrefix("2 pieces; the budgets take ") })
            #expect(await rig.exchange.state()?.counters.requests == 1)
            #expect(try await rig.backfill("run", order: Rig.order).status == 0)
            let again = try await rig.backfill("plan", order: Rig.order)
            #expect(again.lines.contains("binance.spot kline:1h 2 0 0 0 4d00h -"), "\(again.output)")
        }
    }

    @Test("An order runs to its end, shows in the status as complete, and its coverage is what was ordered")
    func run() async throws {
        try await Rig.with { rig in
            let run = try await rig.backfill("run", "--name", "two", order: Rig.order)
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.lines.first == "job two: 2 series")
            #expect(run.output.contains("two [########################] 100.0%  2 pieces, 96 rows\n"), "\(run.output)")
            #expect(rig.files.count == 4 && rig.files.allSatisfy { $0.hasPrefix("kline-1h/binance/spot/") })

            let status = try await rig.backfill("status")
            let line = "two ended \(Rig.day(-2)) \(Rig.day(0)) files:jsonl:\(rig.folder)/out 2 100.0% 2 0 0 96 0 0"
            #expect(status.status == 0)
            // A long path is cut short.
            #expect(
                status.lines.contains {
                    $0.hasPrefix("two ended \(Rig.day(-2)) ") && $0.hasSuffix(" 2 100.0% 2 0 0 96 0 0")
                },
                "\(line) is not in \(status.output)")
            let job = try await rig.job("two")
            #expect(job["state"] as? String == "ended" && job["rows_written"] as? Int == 96)
            #expect(job["covered_ms"] as? Int64 == 4 * 86_400_000 && job["total_ms"] as? Int64 == 4 * 86_400_000)
            #expect(job["until_ms"] as? Int64 == Rig.milliseconds(day: 0))

            let coverage = try await rig.sluice(["coverage"])
            #expect(coverage.lines.count == 3, "\(coverage.output)")
            #expect(
                coverage.lines.last?.hasSuffix("binance.spot ETHUSDT kline:1h \(Rig.day(-2)) \(Rig.day(0)) 2d00h")
                    == true)
            let entries = try #require(try await rig.document("coverage")["coverage"] as? [[String: Any]])
            #expect(entries.map { $0["symbol"] as? String } == ["BTCUSDT", "ETHUSDT"])
            let ranges = try #require(entries.first?["ranges"] as? [[String: Int64]])
            #expect(ranges == [["from_ms": Rig.milliseconds(day: -2), "to_ms": Rig.milliseconds(day: 0)]])

            let idle = try await rig.backfill("run")
            #expect(idle.status == 0 && idle.output == "no job is open\n", "\(idle.output)")
        }
    }

    @Test("A job up to now ends as complete, and says until when it went")
    func upToNow() async throws {
        try await Rig.with { rig in
            let order = ["--section", "binance.spot", "--symbols", "BTCUSDT", "--kinds", "kline:1h", "trade"]
            let run = try await rig.backfill(
                "run", "--name", "now", order: order + ["--from", "1d", "--output", "files:csv:out"])
            #expect(run.status == 0, "\(run.errors)")
            let job = try await rig.job("now")
            #expect(job["covered_ms"] as? Int64 == job["total_ms"] as? Int64)
            let until = try #require(job["until_ms"] as? Int64)
            let to = try #require(job["to_ms"] as? Int64)
            // The last bar of an hour that was final lies an hour and a minute back, in whole minutes.
            #expect(until % 60_000 == 0 && (3_660_000...3_780_000).contains(to - until), "\(to - until)")
            let status = try await rig.backfill("status")
            #expect(
                status.lines.contains { $0.hasPrefix("now ended ") && $0.contains(" 2 100.0% ") }, "\(status.output)")
            #expect(status.lines.contains { $0.hasPrefix("now went until ") && $0.hasSuffix("was not final yet") })
            let entries = try #require(try await rig.document("coverage")["coverage"] as? [[String: Any]])
            let ends = entries.compactMap { ($0["ranges"] as? [[String: Int64]])?.last?["to_ms"] }
            #expect(ends.first == until && ends.count == 2)
            #expect(try await rig.sluice(["coverage", "--gaps"]).output == "nothing is missing\n")
        }
    }

    @Test("What is missing is printed as commands, and these fetch exactly that")
    func gaps() async throws {
        try await Rig.with { rig in
            let words = Array(Rig.order.prefix(7))
            let output = ["--output", "files:jsonl:out"]
            for (from, to) in [(-4, -3), (-2, -1)] {
                let range = ["--from", Rig.day(from), "--to", Rig.day(to)]
                #expect(try await rig.backfill("run", order: words + range + output).status == 0)
            }
            let gaps = try await rig.sluice(["coverage", "--gaps"])
            #expect(gaps.lines.count == 3, "\(gaps.output)")
            #expect(gaps.lines.last?.hasSuffix("ETHUSDT kline:1h \(Rig.day(-3)) \(Rig.day(-2)) 1d00h") == true)
            let missing = try #require(try await rig.document("coverage", "--gaps")["missing"] as? [[String: Any]])
            #expect(
                missing.map { $0["ranges"] as? [[String: Int64]] }
                    == Array(
                        repeating: [["from_ms": Rig.milliseconds(day: -3), "to_ms": Rig.milliseconds(day: -2)]],
                        count: 2))

            // Wider, it tells also what lies before and behind.
            let wide = ["coverage", "--commands", "--from", Rig.day(-5), "--to", Rig.day(0)]
            let commands = try await rig.sluice(wide).output.split(separator: "\n").map(String.init)
            let place = "files:jsonl:\(rig.folder)/out"
            #expect(
                commands
                    == [(-5, -4), (-3, -2), (-1, 0)].map { from, to in
                        "sluice backfill run --config c.yaml --section binance.spot --symbols BTCUSDT ETHUSDT "
                            + "--kinds kline:1h --from \(Rig.day(from)) --to \(Rig.day(to)) --output \(place)"
                    })
            let script = commands.joined(separator: "\n").replacingOccurrences(of: "sluice ", with: "\"$0\" ")
            let shell = try await ChildProcess(
                "/bin/sh", ["-ec", script, TestPaths.sluice], in: rig.folder
            ).result()
            #expect(shell.status == 0, "\(shell.errors)")
            #expect(try await rig.sluice(wide).output.isEmpty)
            #expect(try await rig.sluice(["coverage"]).lines.last?.hasSuffix("\(Rig.day(0)) 5d00h") == true)
        }
    }

    @Test("A job that is paused while it runs stops within seconds, rests, and goes on to its end when it is resumed")
    func pause() async throws {
        try await Rig.with { rig in
            let start = try await Self.slowly(rig) { child in
                let paused = try await rig.backfill("pause", "slow")
                #expect(paused.status == 0 && paused.output == "slow rests\n", "\(paused.errors)")
                let run = try await child.result()
                #expect(run.status == 0 && run.output.contains(", paused\n"), "\(run.output)\(run.errors)")
            }
            // What is in work would have taken a quarter of a minute more.
            #expect(start.duration(to: .now) < .seconds(9))
            #expect(try await rig.job("slow")["state"] as? String == "paused")
            #expect(rig.files.isEmpty, "\(rig.files)")
            #expect(try await rig.backfill("run").output == "no job is open; resting: 1\n")
            #expect(
                try await rig.backfill("pause", "slow").errors
                    == "sluice: slow is paused; it would have to be running\n")
            #expect(try await rig.backfill("resume", "slow").output == "slow goes on\n")
            let run = try await rig.backfill("run")
            #expect(run.status == 0 && run.output.contains("slow [########################] 100.0%"), "\(run.output)")
            #expect(rig.files.count == 2 && !rig.files.contains { $0.hasSuffix(".partial") }, "\(rig.files)")
        }
    }

    @Test("A job that is cancelled loses its open pieces and leaves no part of a file")
    func cancel() async throws {
        try await Rig.with { rig in
            _ = try await Self.slowly(rig) { child in
                #expect(try await rig.backfill("cancel", "slow").output == "slow is cancelled\n")
                let run = try await child.result()
                #expect(run.status == 0 && run.output.contains(", cancelled\n"), "\(run.output)\(run.errors)")
            }
            #expect(rig.files.isEmpty, "\(rig.files)")
            let job = try await rig.job("slow")
            #expect(job["state"] as? String == "cancelled")
            #expect(job["pieces_waiting"] as? Int == 0 && job["pieces_running"] as? Int == 0)
            let again = try await rig.backfill("resume", "slow")
            #expect(again.status == 64 && again.errors == "sluice: slow is cancelled; it would have to be paused\n")
            let retried = try await rig.backfill("retry-failed", "slow")
            #expect(retried.status == 64 && retried.errors == "sluice: slow is cancelled; order it anew\n")
        }
    }

    @Test("A stop signal ends a run at once, and the next one goes on where it stood")
    func stopped() async throws {
        try await Rig.with { rig in
            let start = try await Self.slowly(rig) { child in
                kill(child.identifier, SIGTERM)
                let run = try await child.result()
                #expect(run.status == 0, "\(run.output)\(run.errors)")
            }
            #expect(start.duration(to: .now) < .seconds(9))
            #expect(try await rig.job("slow")["state"] as? String == "running")
            let run = try await rig.backfill("run")
            #expect(run.status == 0 && run.output.contains("slow [########################] 100.0%"), "\(run.output)")
        }
    }

    /// Starts a job of trades, of which each request takes a second, and does something once rows stand in a file that
    /// is not whole; gives when that was. Requests are fast again behind it.
    private static func slowly(
        _ rig: Rig, _ body: (ChildProcess) async throws -> Void
    ) async throws -> ContinuousClock.Instant {
        await rig.exchange.setRate(.slowREST, to: 1)
        let child = try rig.start(
            [
                "backfill", "run", "--name", "slow", "--section", "binance.spot", "--symbols", "BTCUSDT", "--kinds",
                "trade",
            ]
                + ["--from", Rig.day(-2), "--to", Rig.day(0), "--output", "files:jsonl:out"])
        #expect(try await rig.wait { rig.files.contains { $0.hasSuffix(".partial") } }, "\(child.errors)")
        let start = ContinuousClock.now
        try await body(child)
        await rig.exchange.setRate(.slowREST, to: 0)
        return start
    }

    @Test("Pieces that failed for good end the run with 1, are shown with their reason, and are tried again on demand")
    func failures() async throws {
        try await Rig.with { rig in
            // Two pieces of two tries, each request made five times.
            await rig.exchange.inject(.cutAnswer, segment: .spot, stream: "/api/v3/klines", count: 20)
            let run = try await rig.backfill("run", "--name", "broken", order: Rig.order)
            #expect(run.status == 1, "\(run.output)\(run.errors)")
            #expect(run.output.contains("broken [------------------------] 0.0%  0 pieces, 0 rows, 2 failed\n"))
            #expect(
                run.lines.contains { $0.hasPrefix("last failure: ") && $0.contains("cannot be read") }, "\(run.output)")
            let status = try await rig.backfill("status", "--failures", "3")
            let shown = status.lines.filter {
                $0.contains(" \(Rig.day(-2)) to \(Rig.day(0)) the answer cannot be read")
            }
            #expect(shown.count == 3, "\(status.output)")
            let document = try await rig.document("backfill", "status")
            let failures = try #require(document["failures"] as? [[String: Any]])
            #expect(failures.count == 4 && failures.allSatisfy { $0["job"] as? String == "broken" })
            #expect(try await rig.sluice(["coverage"]).output == "nothing is complete yet\n")

            #expect(try await rig.backfill("retry-failed", "broken").output == "2 pieces of broken are tried again\n")
            let again = try await rig.backfill("run")
            #expect(again.status == 0 && again.output.contains("100.0%  2 pieces, 96 rows\n"), "\(again.output)")
            #expect(
                try await rig.backfill("retry-failed", "broken").output == "no piece of broken has failed for good\n")
        }
    }

    @Test("An order that another process has the work of is left to it")
    func handedOver() async throws {
        try await Rig.with { rig in
            _ = try await Self.slowly(rig) { child in
                let second = try await rig.backfill("run", "--name", "second", order: Rig.order)
                #expect(
                    second.status == 0
                        && second.lines.last == "another process works on the jobs: it takes this one as well")
                let bare = try await rig.backfill("run")
                #expect(bare.status == 69 && bare.errors.contains("is in use by process \(child.identifier);"))
                await rig.exchange.setRate(.slowREST, to: 0)
                #expect(try await child.result().status == 0)
            }
            #expect(try await rig.job("second")["rows_written"] as? Int == 96)
        }
    }
}
