import Glibc
import Observability

/// Draws the ledger: a table for people, one JSON document for programs.
package struct GapTable: Sendable {
    /// Nil cuts nothing.
    package var columns: Int?
    package var style: TerminalStyle

    package init(columns: Int? = nil, style: TerminalStyle) {
        self.columns = columns.map { min(max($0, 40), 400) }
        self.style = style
    }

    // MARK: - For people

    private static let titles = [
        "FROM (UTC)", "TO", "VENUE", "MARKET", "SYMBOL", "OF", "CAUSE", "RANGE", "MISSING", "REPAIRED", "STILL MISSING",
    ]
    /// The last columns are numbers and stand at the right.
    private static let numbersFrom = 8

    /// The table, then a line for each cause, then what the report leaves out.
    package func lines(_ report: GapReport) -> [String] {
        let entries = report.entries
        let notes = self.notes(report)
        guard !entries.isEmpty else { return ["no losses on record"] + notes }
        let rows = entries.map(Self.cells)
        let widths = Self.titles.indices.map { column in
            rows.reduce(TerminalText.width(of: Self.titles[column])) { widest, row in
                max(widest, min(TerminalText.width(of: row[column]), 48))
            }
        }
        func line(_ cells: [String]) -> String {
            let fitted = cells.indices.map { column in
                TerminalText.fitted(cells[column], to: widths[column], right: column >= Self.numbersFrom)
            }
            return fitted.joined(separator: "  ")
        }
        var lines = [self.cut(line(Self.titles), .faint)]
        for (entry, row) in zip(entries, rows) { lines.append(self.cut(line(row), Self.emphasis(entry))) }
        lines.append("")
        for total in GapReport.totals(entries) { lines.append(self.cut(Self.text(total), .bold)) }
        return lines + notes
    }

    private static func cells(_ entry: GapMessage) -> [String] {
        [
            Self.time(entry.fromMicroseconds), Self.end(entry), Self.word(entry.venue), Self.word(entry.market),
            Self.word(entry.symbol), Self.word(entry.of), Self.word(entry.cause), Self.range(entry),
            Self.count(entry.missing), "\(entry.repaired)", Self.count(entry.stillMissing),
        ]
    }

    private static func word(_ text: String?) -> String { text.map { TerminalText.escaped($0, limit: 64) } ?? "-" }

    private static func count(_ value: UInt64?) -> String { value.map { "\($0)" } ?? "?" }

    private static func range(_ entry: GapMessage) -> String {
        guard let from = entry.from, let to = entry.to else { return "-" }
        let ends = "\(TerminalText.escaped(from, limit: 64))..\(TerminalText.escaped(to, limit: 64))"
        return entry.numbering == "n" ? "n \(ends)" : ends
    }

    /// The end of the span, without the day where it is that of the beginning.
    private static func end(_ entry: GapMessage) -> String {
        guard let to = entry.toMicroseconds else { return "lasts" }
        let (from, text) = (Self.time(entry.fromMicroseconds), Self.time(to))
        let day = from.prefix(while: { $0 != " " }).count
        return from.prefix(day) == text.prefix(day) && text.count > day ? String(text.dropFirst(day + 1)) : text
    }

    /// `2026-11-21 10:00:00.123`; `-` before 1970 and after the year 9999.
    static func time(_ microseconds: Int64) -> String {
        guard (0..<253_402_300_800_000_000).contains(microseconds) else { return "-" }
        var seconds = time_t(microseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = "\(value)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = [Int64(parts.tm_year) + 1900, Int64(parts.tm_mon) + 1, Int64(parts.tm_mday)]
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int64($0), 2) }
        return date.map { padded($0, 2) }.joined(separator: "-") + " " + clock.joined(separator: ":") + "."
            + padded(microseconds / 1_000 % 1_000, 3)
    }

    /// Red for what is lost, yellow for what may be or still goes on.
    private static func emphasis(_ entry: GapMessage) -> TerminalStyle.Emphasis? {
        switch entry.stillMissing {
        case 0: nil
        case nil: .yellow
        default: .red
        }
    }

    private static func text(_ total: GapReport.Total) -> String {
        var text =
            "\(TerminalText.escaped(total.cause, limit: 64)): entries \(total.entries), missing \(total.missing), "
            + "repaired \(total.repaired), still missing \(total.stillMissing)"
        if total.uncounted > 0 { text += ", of unknown size \(total.uncounted)" }
        if total.lasting > 0 { text += ", lasting \(total.lasting)" }
        return text
    }

    private func notes(_ report: GapReport) -> [String] {
        var notes: [String] = []
        if !report.isComplete {
            notes.append(
                "these are the \(report.entries.count) that began last; earlier ones are left out, for --limit")
        }
        if report.unreadable > 0 {
            notes.append("\(report.unreadable) messages of the stream are no gap of schema version 1")
        }
        return notes.map { self.cut($0, .yellow) }
    }

    private func cut(_ text: String, _ emphasis: TerminalStyle.Emphasis?) -> String {
        let text = self.columns.map { TerminalText.truncated(text, to: $0) } ?? text
        return self.style.text(text, emphasis)
    }

    // MARK: - For programs

    /// Entries, totals and what was left out, as one JSON document.
    package static func json(_ report: GapReport) -> String {
        let entries = report.entries
        var writer = JSONWriter(capacity: 512 * (entries.count + 1))
        writer.object { writer in
            writer.array("entries") { writer in
                for entry in entries { writer.object { Self.write(entry, to: &$0) } }
            }
            writer.array("totals") { writer in
                for total in GapReport.totals(entries) { writer.object { Self.write(total, to: &$0) } }
            }
            writer.field("messages", report.messages)
            writer.field("unreadable", report.unreadable)
            writer.field("complete", report.isComplete)
        }
        return writer.text
    }

    private static func write(_ entry: GapMessage, to writer: inout JSONWriter) {
        writer.field("id", entry.id)
        writer.field("instance", entry.instance)
        writer.field("boot", entry.boot)
        writer.field("venue", entry.venue)
        writer.field("market", entry.market)
        writer.field("symbol", entry.symbol)
        writer.field("venue_symbol", entry.venueSymbol)
        writer.field("of", entry.of)
        writer.field("cause", entry.cause)
        writer.field("numbering", entry.numbering)
        writer.field("from", entry.from)
        writer.field("to", entry.to)
        writer.field("from_us", entry.fromMicroseconds)
        writer.field("to_us", entry.toMicroseconds)
        writer.field("received_us", entry.receivedMicroseconds)
        writer.field("missing", entry.missing)
        writer.field("repaired", entry.repaired)
        writer.field("still_missing", entry.stillMissing)
        writer.field("closed", entry.closed)
    }

    static func write(_ total: GapReport.Total, to writer: inout JSONWriter) {
        writer.field("cause", total.cause)
        writer.field("entries", total.entries)
        writer.field("missing", total.missing)
        writer.field("repaired", total.repaired)
        writer.field("still_missing", total.stillMissing)
        writer.field("of_unknown_size", total.uncounted)
        writer.field("lasting", total.lasting)
    }
}
