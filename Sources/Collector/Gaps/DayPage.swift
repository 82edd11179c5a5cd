import Glibc
import Observability

/// Draws a day's report: a page for people, one JSON document for programs.
package struct DayPage: Sendable {
    /// Connections that are named, the least available ones.
    private static let connectionsShown = 8

    /// Nil cuts nothing.
    package var columns: Int?
    package var style: TerminalStyle

    package init(columns: Int? = nil, style: TerminalStyle) {
        self.columns = columns.map { min(max($0, 40), 400) }
        self.style = style
    }

    // MARK: - For people

    package func lines(_ report: DayReport) -> [String] {
        var lines = [self.cut(Self.heading(report), .bold)]
        lines += report.instances.map { self.cut("  " + Self.text($0), $0.lives ? nil : .red) }
        lines += self.table(
            "availability", ["SECTION", "CONNECTIONS", "AVAILABLE", "WITHOUT DATA", "LOSSES"],
            report.sections.map { ([$0.name] + Self.cells($0), ($0.share ?? 1) < 0.999) })
        let worst = report.connections.filter { $0.missingMicroseconds > 0 }
        lines += self.table(
            "", ["CONNECTION", "", "AVAILABLE", "WITHOUT DATA", "LOSSES"],
            worst.prefix(Self.connectionsShown).map { one in
                var cells = Self.cells(one)
                cells[0] = ""
                return ([one.name] + cells, (one.share ?? 1) < 0.99)
            })
        if worst.count > Self.connectionsShown {
            lines.append(self.cut("  \(worst.count - Self.connectionsShown) more below 100%", .faint))
        }
        lines += self.table(
            "losses", ["CAUSE", "ENTRIES", "MISSING", "REPAIRED", "STILL MISSING", "OF UNKNOWN SIZE"],
            report.losses.map { total in
                (
                    [
                        TerminalText.escaped(total.cause, limit: 64), "\(total.entries)", "\(total.missing)",
                        "\(total.repaired)", "\(total.stillMissing)", "\(total.uncounted)",
                    ], total.stillMissing > 0
                )
            })
        if report.losses.isEmpty { lines.append("  none on record") }
        lines += ["", self.cut(Self.text(report.repairs), nil)]
        lines += self.table(
            "resyncs of books", ["CAUSE", "ENTRIES", "BOOKS", "VOID", "LONGEST", "LASTING"],
            report.resyncs.map { resync in
                (
                    [
                        TerminalText.escaped(resync.cause, limit: 64), "\(resync.entries)", "\(resync.books)",
                        Self.duration(resync.voidMicroseconds), Self.duration(resync.longestMicroseconds),
                        "\(resync.lasting)",
                    ], resync.lasting > 0
                )
            })
        if report.resyncs.isEmpty { lines.append("  none on record") }
        lines += ["", self.cut(Self.audits(report), nil)]
        return lines + report.notes.map { self.cut("note: " + TerminalText.escaped($0, limit: 256), .yellow) }
    }

    private static func heading(_ report: DayReport) -> String {
        var text = "\(Self.time(report.from)) to \(Self.time(report.to)) UTC"
        if report.knownFrom > report.from { text += ", known from \(Self.time(report.knownFrom))" }
        return text
    }

    private static func text(_ instance: DayReport.Instance) -> String {
        let name = TerminalText.escaped(instance.name, limit: 64)
        var text = "\(name): runs since \(Self.time(instance.startedAt))"
        if !instance.lives {
            text = "\(name): not heard of since \(Self.time(instance.lastHeartbeat))"
        }
        text += ", restarts \(instance.restarts)"
        if instance.awayMicroseconds > 0 { text += ", none ran for \(Self.duration(instance.awayMicroseconds))" }
        return text
    }

    private static func cells(_ one: DayReport.Availability) -> [String] {
        [
            "\(one.connections)", one.share.map(Self.percent) ?? "-", Self.duration(one.missingMicroseconds),
            "\(one.losses)",
        ]
    }

    private static func text(_ repairs: DayReport.Repairs) -> String {
        "repairs of trades: \(repairs.repaired) of \(repairs.missing) missing, \(repairs.stillMissing) still missing; "
            + "entries \(repairs.whole) whole, \(repairs.partly) in part, \(repairs.none) not"
    }

    private static func audits(_ report: DayReport) -> String {
        let told = report.instances.filter { $0.auditsCompared != nil }
        let entries = report.resyncs.first { $0.cause == "mismatch" }?.entries ?? 0
        guard !told.isEmpty else { return "audits: none told; mismatches on the ledger \(entries)" }
        let compared = told.reduce(UInt64(0)) { $0 &+ ($1.auditsCompared ?? 0) }
        let mismatched = told.reduce(UInt64(0)) { $0 &+ ($1.auditsMismatched ?? 0) }
        return "audits since the start: compared \(compared), mismatched \(mismatched); mismatches on the ledger "
            + "\(entries)"
    }

    /// A heading, titles and rows; the first column is text, the others stand at the right.
    private func table(_ heading: String, _ titles: [String], _ rows: [(cells: [String], isBad: Bool)]) -> [String] {
        var lines = heading.isEmpty ? [] : ["", self.cut(heading, .bold)]
        guard !rows.isEmpty else { return lines }
        let widths = titles.indices.map { column in
            rows.reduce(TerminalText.width(of: titles[column])) { widest, row in
                max(widest, min(TerminalText.width(of: row.cells[column]), 40))
            }
        }
        func line(_ cells: [String]) -> String {
            let fitted = cells.indices.map { column in
                TerminalText.fitted(cells[column], to: widths[column], right: column > 0)
            }
            return "  " + fitted.joined(separator: "  ")
        }
        lines.append(self.cut(line(titles), .faint))
        for row in rows { lines.append(self.cut(line(row.cells), row.isBad ? .red : nil)) }
        return lines
    }

    private func cut(_ text: String, _ emphasis: TerminalStyle.Emphasis?) -> String {
        let text = self.columns.map { TerminalText.truncated(text, to: $0) } ?? text
        return self.style.text(text, emphasis)
    }

    /// `99.987%`, rounded down: 100% says that nothing was missing.
    private static func percent(_ share: Double) -> String {
        let thousandths = Int((min(max(share, 0), 1) * 100_000).rounded(.down))
        let fraction = String(thousandths % 1_000)
        return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction + "%"
    }

    private static func duration(_ microseconds: Int64) -> String { HumanNumber.duration(.microseconds(microseconds)) }

    private static func time(_ microseconds: Int64) -> String { GapTable.time(microseconds) }

    // MARK: - For programs

    package static func json(_ report: DayReport) -> String {
        var writer = JSONWriter(capacity: 4_096)
        writer.object { writer in
            writer.field("from_us", report.from)
            writer.field("to_us", report.to)
            writer.field("known_from_us", report.knownFrom)
            writer.array("instances") { writer in
                for instance in report.instances { writer.object { Self.write(instance, to: &$0) } }
            }
            writer.array("sections") { writer in
                for section in report.sections { writer.object { Self.write(section, to: &$0) } }
            }
            writer.array("connections") { writer in
                for connection in report.connections { writer.object { Self.write(connection, to: &$0) } }
            }
            writer.array("losses") { writer in
                for total in report.losses { writer.object { GapTable.write(total, to: &$0) } }
            }
            writer.object("repairs") { writer in
                writer.field("missing", report.repairs.missing)
                writer.field("repaired", report.repairs.repaired)
                writer.field("still_missing", report.repairs.stillMissing)
                writer.field("entries_whole", report.repairs.whole)
                writer.field("entries_partly", report.repairs.partly)
                writer.field("entries_not", report.repairs.none)
            }
            writer.array("resyncs") { writer in
                for resync in report.resyncs { writer.object { Self.write(resync, to: &$0) } }
            }
            writer.array("notes") { writer in
                for note in report.notes { writer.value(note) }
            }
        }
        return writer.text
    }

    private static func write(_ instance: DayReport.Instance, to writer: inout JSONWriter) {
        writer.field("name", instance.name)
        writer.field("boot", instance.boot)
        writer.field("started_us", instance.startedAt)
        writer.field("last_heartbeat_us", instance.lastHeartbeat)
        writer.field("lives", instance.lives)
        writer.field("restarts", instance.restarts)
        writer.field("away_us", instance.awayMicroseconds)
        writer.field("audits_compared", instance.auditsCompared)
        writer.field("audits_mismatched", instance.auditsMismatched)
    }

    private static func write(_ one: DayReport.Availability, to writer: inout JSONWriter) {
        writer.field("name", one.name)
        writer.field("connections", one.connections)
        writer.field("watched_us", one.watchedMicroseconds)
        writer.field("missing_us", one.missingMicroseconds)
        writer.field("available", one.share)
        writer.field("losses", one.losses)
    }

    private static func write(_ resync: DayReport.Resyncs, to writer: inout JSONWriter) {
        writer.field("cause", resync.cause)
        writer.field("entries", resync.entries)
        writer.field("books", resync.books)
        writer.field("void_us", resync.voidMicroseconds)
        writer.field("longest_us", resync.longestMicroseconds)
        writer.field("lasting", resync.lasting)
    }
}
