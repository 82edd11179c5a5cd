package import Backfill
import MarketModel
import Resilience
import Venues

/// Draws jobs, plans and coverage for people.
package struct HistoryTable: Sendable {
    /// Nil cuts nothing.
    private let columns: Int?
    private static let barWidth = 24

    package init(columns: Int? = nil) {
        self.columns = columns.map { min(max($0, 40), 400) }
    }

    // MARK: - Plan

    package func lines(_ plan: HistoryPlan) -> [String] {
        var rows = [["SECTION", "KIND", "SERIES", "ARCHIVES", "REST PIECES", "REQUESTS", "PRESENT", "NOT SERVED"]]
        for part in plan.parts {
            let isOpen = part.kind == .trade && part.requests > 0
            rows.append([
                "\(part.segment.venue).\(part.segment.name)", "\(part.kind)", "\(part.series)", "\(part.archives)",
                "\(part.restPieces)", isOpen ? "\(part.requests) and more" : "\(part.requests)",
                Self.days(part.presentMilliseconds), Self.days(part.unavailableMilliseconds),
            ])
        }
        var lines = self.table(rows, numbersFrom: 2)
        lines.append("")
        for draw in plan.draws {
            lines.append(
                self.cut(
                    "\(draw.venue) \(draw.scope): \(draw.requests) requests, weight \(draw.weight), "
                        + "\(HumanNumber.duration(draw.time)) where nobody else draws on it"))
        }
        lines.append("\(plan.pieces) pieces; the budgets take \(HumanNumber.duration(plan.time)) at least")
        if plan.hasTrades { lines.append("how many requests trades over REST take shows when they are fetched") }
        if plan.parts.contains(where: { $0.archives > 0 }) {
            lines.append("archives draw on no budget; how many bytes they have is not known before")
        }
        for reason in Set(plan.parts.flatMap(\.reasons)).sorted() { lines.append(self.cut("not served: \(reason)")) }
        return lines
    }

    // MARK: - Jobs

    package func lines(_ jobs: [HistoryJob], _ failures: [HistoryFailureRecord]) -> [String] {
        guard !jobs.isEmpty else { return ["no jobs"] }
        var rows = [
            [
                "JOB", "STATE", "FROM", "TO", "OUTPUT", "SERIES", "DONE", "PIECES", "WAIT", "FAILED", "ROWS", "PRESENT",
                "UNREADABLE",
            ]
        ]
        for job in jobs {
            rows.append([
                TerminalText.escaped(job.name), job.state.rawValue, UTCTime.short(job.rangeMilliseconds.lowerBound),
                UTCTime.short(job.rangeMilliseconds.upperBound), TerminalText.escaped(job.output), "\(job.series)",
                Self.percent(job), "\(job.piecesDone)", "\(job.piecesWaiting + job.piecesRunning)",
                "\(job.piecesFailed)", "\(job.counts.written)", "\(job.counts.skipped)",
                "\(job.counts.refused)",
            ])
        }
        var lines = self.table(rows, numbersFrom: 5)
        for job in jobs where job.reason != nil {
            let reason = TerminalText.escaped(job.reason ?? "", limit: 400)
            lines.append(self.cut("\(TerminalText.escaped(job.name)) \(job.state.rawValue): \(reason)"))
        }
        for job in jobs where job.state == .ended && job.untilMilliseconds.lowerBound < job.rangeMilliseconds.upperBound
        {
            lines.append(self.cut(Self.until(job)))
        }
        if !failures.isEmpty { lines += ["", "failures, the newest first:"] }
        for failure in failures {
            let range = failure.rangeMilliseconds
            lines.append(
                self.cut(
                    "\(UTCTime.format(failure.atMilliseconds))  \(Self.name(failure.series))  "
                        + "\(UTCTime.short(range.lowerBound)) to \(UTCTime.short(range.upperBound))  "
                        + TerminalText.escaped(failure.error, limit: 400)))
        }
        return lines
    }

    /// What jobs are doing: a bar each, then rates and the fullest budgets.
    package func progress(
        _ jobs: [HistoryJob], _ activity: HistoryRunner.Activity, _ rates: HistoryRates,
        _ budgets: [(scope: String, used: Int, limit: Int)]
    ) -> [String] {
        var lines: [String] = []
        for job in jobs.reversed() {
            var line = "\(TerminalText.escaped(job.name)) \(Self.bar(job)) \(Self.percent(job))"
            line += "  \(job.piecesDone) pieces, \(job.counts.written) rows"
            if job.counts.skipped > 0 { line += ", \(job.counts.skipped) present" }
            if job.piecesWaiting > 0 { line += ", \(job.piecesWaiting) wait" }
            if job.piecesFailed > 0 { line += ", \(job.piecesFailed) failed" }
            if job.state == .running, let left = Self.left(job, rates) { line += ", \(left) left" }
            if job.state == .paused || job.state == .cancelled { line += ", \(job.state.rawValue)" }
            lines.append(self.cut(line))
        }
        let rows = rates.rows.map { HumanNumber.rate($0) } ?? "-"
        let full = budgets.filter { $0.limit > 1 && $0.used > 0 }.max {
            Double($0.used) / Double($0.limit) < Double($1.used) / Double($1.limit)
        }
        var line = "\(rows) rows/s, \(activity.series.count) pieces in work, \(activity.failures) failed tries"
        if let full { line += ", budget \(full.scope.prefix { $0 != " " }) \(full.used)/\(full.limit)" }
        lines.append(self.cut(line))
        if let last = activity.lastFailure {
            lines.append(self.cut("last failure: \(TerminalText.escaped(last, limit: 300))"))
        }
        return lines
    }

    private static func until(_ job: HistoryJob) -> String {
        let (first, last) = (job.untilMilliseconds.lowerBound, job.untilMilliseconds.upperBound)
        let times =
            first == last ? UTCTime.format(first) : "\(UTCTime.format(first)) to \(UTCTime.format(last)), by series"
        return "\(TerminalText.escaped(job.name)) went until \(times): what is later was not final yet"
    }

    private static func bar(_ job: HistoryJob) -> String {
        let full = Int(Self.share(job) * Double(Self.barWidth))
        return "[" + String(repeating: "#", count: full) + String(repeating: "-", count: Self.barWidth - full) + "]"
    }

    private static func share(_ job: HistoryJob) -> Double {
        guard job.totalMilliseconds > 0 else { return 1 }
        return min(1, max(0, Double(job.coveredMilliseconds) / Double(job.totalMilliseconds)))
    }

    private static func percent(_ job: HistoryJob) -> String {
        let tenths = Int(Self.share(job) * 1_000)
        return "\(tenths / 10).\(tenths % 10)%"
    }

    /// The time left by the pieces of the last stretch of time, each taken for the usual one.
    private static func left(_ job: HistoryJob, _ rates: HistoryRates) -> String? {
        guard let pieces = rates.pieces, pieces > 0, job.piecesDone > 0, job.coveredMilliseconds > 0 else { return nil }
        let whole = Double(job.totalMilliseconds) / Double(job.coveredMilliseconds) * Double(job.piecesDone)
        return HumanNumber.duration(.seconds(max(0, (whole - Double(job.piecesDone)) / pieces)))
    }

    // MARK: - Coverage

    /// - Parameter gaps: Whether the ranges are what is missing.
    package func lines(_ coverage: [HistoryCoverage], gaps: Bool) -> [String] {
        guard !coverage.isEmpty else { return ["nothing is complete yet"] }
        var rows = [["OUTPUT", "SERIES", gaps ? "MISSING FROM" : "FROM", "TO", "LENGTH"]]
        for entry in coverage {
            for range in entry.ranges.ranges {
                rows.append([
                    TerminalText.escaped(entry.output), Self.name(entry.series), UTCTime.short(range.lowerBound),
                    UTCTime.short(range.upperBound), Self.days(range.upperBound - range.lowerBound),
                ])
            }
        }
        return rows.count == 1 ? ["nothing is missing"] : self.table(rows, numbersFrom: 4)
    }

    // MARK: - Text

    private static func name(_ series: HistorySeries) -> String {
        "\(series.segment.venue).\(series.segment.name) \(TerminalText.escaped(series.symbol, limit: 64)) \(series.kind)"
    }

    private static func days(_ milliseconds: Int64) -> String {
        milliseconds == 0 ? "-" : HumanNumber.duration(.milliseconds(milliseconds))
    }

    private func cut(_ line: String) -> String { self.columns.map { TerminalText.fitted(line, to: $0) } ?? line }

    private func table(_ rows: [[String]], numbersFrom: Int) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in
            rows.reduce(0) { max($0, min(TerminalText.width(of: $1[column]), 48)) }
        }
        return rows.map { row in
            self.cut(
                row.indices.map { TerminalText.fitted(row[$0], to: widths[$0], right: $0 >= numbersFrom) }
                    .joined(separator: "  "))
        }
    }
}
