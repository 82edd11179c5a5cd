import Observability
import Publishing
import Resilience
import Transport
import Venues

/// What the process holds of the machine, and every bounded structure with its limit, as JSON.
enum MemoryPage {
    /// One structure: how much of it there is and how much there may be; nil where the limit lies elsewhere.
    struct Structure {
        var name: String
        var count: UInt64
        var bytes: Int?
        var limitCount: Int?
        var limitBytes: Int?

        var isOverLimit: Bool {
            (self.limitCount.map { self.count > UInt64(max($0, 0)) } ?? false)
                || (self.limitBytes.map { (self.bytes ?? 0) > $0 } ?? false)
        }
    }

    /// Growth within an hour from which on it is suspect, beside half of what was there.
    private static let suspectGrowthBytes = 64 << 20

    /// - Parameter series: How many the page of metrics has.
    static func json(_ report: ServiceReport, series: Int) -> [UInt8] {
        let structures = Self.structures(report, series: series)
        let process = report.background.process
        var writer = JSONWriter(capacity: 8 << 10)
        writer.object { writer in
            writer.object("process") { writer in
                writer.field("resident_bytes", report.residentBytes)
                writer.field("virtual_bytes", process.virtualBytes)
                writer.field("open_descriptors", process.openDescriptors)
                writer.object("sockets") { writer in
                    for state in TCPState.allCases { writer.field(state.name, process.sockets[state] ?? 0) }
                }
                writer.field("sockets_truncated", process.truncated)
            }
            writer.object("growth") { writer in
                let history = report.background.history
                writer.field("since_start_bytes", report.residentBytes.map { history.sinceStart($0) })
                writer.field("last_hour_bytes", report.residentBytes.map { history.sinceHour($0) })
                writer.field("minutes_bytes", history.samples)
            }
            writer.field("structures_bytes", structures.reduce(0) { $0 + ($1.bytes ?? 0) })
            writer.array("structures") { writer in
                for structure in structures { Self.write(structure, to: &writer) }
            }
            writer.field("suspects", Self.suspects(report, structures))
        }
        return writer.bytes
    }

    private static func write(_ structure: Structure, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", structure.name)
            writer.field("count", structure.count)
            writer.field("bytes", structure.bytes)
            writer.field("limit_count", structure.limitCount)
            writer.field("limit_bytes", structure.limitBytes)
        }
    }

    private static func structures(_ report: ServiceReport, series: Int) -> [Structure] {
        let histograms = 2 * report.connections.count + report.publisher.latencies.count
        var result = [
            Structure(
                name: "books", count: UInt64(report.books.count), bytes: report.books.reduce(0) { $0 + $1.bytes },
                limitCount: report.bounds.books),
            Structure(
                name: "book_levels", count: UInt64(report.books.reduce(0) { $0 + $1.levels }),
                limitCount: report.bounds.bookLevels),
            Structure(
                name: "book_kept_updates", count: UInt64(report.books.reduce(0) { $0 + $1.kept }),
                limitCount: report.bounds.keptFrames),
            Structure(
                name: "subjects", count: UInt64(report.loops.reduce(0) { $0 + $1.subjects }),
                bytes: report.loops.reduce(0) { $0 + $1.subjectBytes }, limitCount: Self.subjectsMost(report)),
            Structure(name: "metric_series", count: UInt64(series), limitCount: MetricsPage.seriesMost(report)),
            Structure(
                name: "snapshot_requests", count: UInt64(report.loops.reduce(0) { $0 + $1.snapshotsAsked }),
                limitCount: report.bounds.books),
            Structure(
                name: "loop_commands", count: UInt64(report.mailboxes.reduce(0) { $0 + $1.waiting }),
                limitCount: report.mailboxes.reduce(0) { $0 + $1.limit }),
            Structure(
                name: "resident_history", count: UInt64(report.background.history.samples.count),
                limitCount: ResidentHistory.minutes),
            Structure(
                name: "latency_histograms", count: UInt64(histograms), bytes: histograms * LatencyRecorder.byteCount,
                limitCount: 2 * report.planned.count + 2 * (VenueCatalog.segments.count + 1)),
            Structure(
                name: "connection_sockets",
                count: UInt64(report.connections.reduce(0) { $0 + max(0, $1.counters.socketsLive) }),
                limitCount: 2 * report.planned.count),
            Structure(
                name: "rotation_frames", count: UInt64(report.connections.reduce(0) { $0 + $1.rotationFrames }),
                bytes: report.connections.reduce(0) { $0 + $1.rotationBytes },
                limitBytes: report.planned.count * KeptFrames.bytesMost),
            Structure(
                name: "nats_window", count: UInt64(max(0, report.publisher.window)),
                limitCount: report.bounds.windowMessages),
            Structure(
                name: "log_sampler_keys", count: UInt64(report.log.keys), limitCount: report.log.keysMaximum),
        ]
        result += Self.requests(report) + Self.universe(report)
        for (kind, cut) in report.lanes {
            result.append(
                Structure(
                    name: "ring_\(kind.name)", count: cut.queued &+ cut.inFlight, bytes: Int(clamping: cut.bytes),
                    limitCount: report.bounds.queueMessages, limitBytes: report.bounds.queueBytes))
        }
        result.append(
            Structure(
                name: "ledger_entries", count: UInt64(max(0, report.ledger.waiting)),
                limitCount: 2 * GapLedger.Limits().entries))
        if let spool = report.publisher.spool {
            result.append(
                Structure(name: "spool", count: spool.records, bytes: spool.bytes, limitBytes: spool.limitBytes))
            result.append(
                Structure(name: "trade_marks", count: UInt64(spool.marks), limitCount: TradeMarks.maximumSlots))
        }
        if let writer = report.log.writer {
            result.append(
                Structure(
                    name: "log_buffer", count: UInt64(max(0, writer.queuedLines)), bytes: writer.queuedBytes,
                    limitBytes: writer.capacityBytes))
        }
        return result
    }

    /// A few subjects stand for each instrument, one for each connection, and three for each loop.
    private static func subjectsMost(_ report: ServiceReport) -> Int {
        let instruments = max(report.bounds.instruments, report.loops.reduce(0) { $0 + $1.instruments })
        return MessageType.allCases.count * instruments + report.planned.count + 3 * report.mailboxes.count
    }

    /// What the core holds for the requests to venues, and the lines for new connections.
    private static func requests(_ report: ServiceReport) -> [Structure] {
        let (scopes, hosts) = (report.requests.scopes, report.requests.hosts)
        return [
            Structure(
                name: "rest_waiting", count: UInt64(scopes.reduce(0) { $0 + max(0, $1.snapshot.waiting.total) }),
                limitCount: scopes.reduce(0) { $0 + $1.snapshot.waitingMost }),
            Structure(name: "rest_scopes", count: UInt64(scopes.count), limitCount: report.requests.scopesMost),
            Structure(name: "rest_hosts", count: UInt64(hosts.count), limitCount: report.requests.hostsMost),
            Structure(
                name: "rest_gate_waiting", count: UInt64(hosts.reduce(0) { $0 + max(0, $1.gate.waiting.total) }),
                limitCount: hosts.reduce(0) { $0 + $1.gate.waitingMost }),
            Structure(
                name: "rest_failure_records", count: UInt64(hosts.reduce(0) { $0 + $1.recent.count }),
                limitCount: hosts.reduce(0) { $0 + $1.recentMost }),
            Structure(
                name: "connect_waiting", count: UInt64(report.connects.reduce(0) { $0 + max(0, $1.counters.waiting) }),
                limitCount: CollectorService.slotsMost * report.connects.count),
        ]
    }

    /// What is kept of sections: who is in the loops' tables, who has a connection, what is asked at intervals.
    private static func universe(_ report: ServiceReport) -> [Structure] {
        [
            Structure(
                name: "instruments", count: UInt64(report.loops.reduce(0) { $0 + $1.instruments }),
                limitCount: report.bounds.instrumentsKnown),
            Structure(
                name: "roster_symbols", count: UInt64(report.roster.symbols),
                limitCount: report.bounds.instrumentsKnown),
            Structure(
                name: "roster_connections", count: UInt64(report.roster.connections),
                limitCount: CollectorService.slotsMost * report.connects.count),
            Structure(
                name: "polls", count: UInt64(report.sections.reduce(0) { $0 + $1.polls.planned }),
                limitCount: report.bounds.polls),
            Structure(
                name: "polls_under_way", count: UInt64(report.sections.reduce(0) { $0 + max(0, $1.polls.underWay) }),
                limitCount: Poller.concurrencyMost * Poller.budgetsMost * report.sections.count),
        ]
    }

    /// What would be the first look of somebody who searches a leak.
    private static func suspects(_ report: ServiceReport, _ structures: [Structure]) -> [String] {
        var suspects = structures.filter(\.isOverLimit).map { "\($0.name) is over its limit" }
        for connection in report.connections where connection.counters.socketsLive > 2 {
            suspects.append("\(connection.name) holds \(connection.counters.socketsLive) sockets")
        }
        let forgotten = report.background.process.sockets[.closeWait] ?? 0
        if forgotten > 0 { suspects.append("\(forgotten) sockets in close_wait") }
        if let before = report.background.history.anHourAgo, let now = report.residentBytes {
            let growth = now - before
            if growth > Self.suspectGrowthBytes, growth > before / 2 {
                suspects.append("the resident set grew by \(growth) bytes in an hour")
            }
        }
        return suspects
    }
}
