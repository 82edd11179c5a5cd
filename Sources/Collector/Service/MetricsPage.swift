import MarketModel
import OrderBook
import Publishing
import Resilience
import Transport
import Venues

/// The figures in Prometheus' text format. Label values come from the configuration and closed sets only.
enum MetricsPage {
    static func text(_ report: ServiceReport) -> String {
        var page = Page()
        page.family("sluice_up", "gauge", "1 while the process serves this page.")
        page.sample("sluice_up", [], "1")
        Self.connections(report, &page)
        Self.books(report, &page)
        Self.messages(report, &page)
        page.family("sluice_nats_connected", "gauge", "1 while the publisher is connected.")
        page.sample("sluice_nats_connected", [], report.publisher.isConnected ? "1" : "0")
        Self.limits(report, &page)
        page.family("sluice_resident_bytes", "gauge", "Resident set of the process.")
        page.sample("sluice_resident_bytes", [], "\(report.residentBytes)")
        return page.text
    }

    private static func connections(_ report: ServiceReport, _ page: inout Page) {
        page.family("sluice_feed_data_age_seconds", "gauge", "Time since a connection's last frame.")
        for connection in report.connections {
            guard let last = connection.lastDataMicroseconds else { continue }
            let labels = Self.labels(connection) + [("segment", connection.segment)]
            page.sample("sluice_feed_data_age_seconds", labels, Self.seconds(report.microseconds - last))
        }
        page.family("sluice_connection_live", "gauge", "1 while the connection has a socket that is open.")
        for connection in report.connections {
            let isLive = connection.counters.socketsLive > 0 && connection.lastDataMicroseconds != nil
            page.sample("sluice_connection_live", Self.labels(connection), isLive ? "1" : "0")
        }
        page.family("sluice_connects_total", "counter", "Attempts to connect, and sockets that opened.")
        for connection in report.connections {
            let labels = Self.labels(connection)
            page.sample(
                "sluice_connects_total", labels + [("outcome", "tried")], "\(connection.counters.connects)")
            page.sample("sluice_connects_total", labels + [("outcome", "opened")], "\(connection.counters.opened)")
        }
        page.family("sluice_frames_total", "counter", "Frames taken by a loop.")
        for loop in report.loops { page.sample("sluice_frames_total", [("loop", "\(loop.loop)")], "\(loop.frames)") }
        page.family("sluice_frames_refused_total", "counter", "Frames that were not taken, by reason.")
        for (index, label) in FrameRefusal.labels.enumerated() {
            let count = report.loops.reduce(UInt64(0)) { $0 + $1.refusals[index] }
            page.sample("sluice_frames_refused_total", [("reason", label)], "\(count)")
        }
    }

    private static func books(_ report: ServiceReport, _ page: inout Page) {
        page.family("sluice_books", "gauge", "Books by state.")
        for segment in BinanceSegment.allCases {
            for state in BookState.allCases {
                let count = report.books.filter {
                    $0.state == state && $0.instrument.segment == segment.rawValue
                }.count
                page.sample(
                    "sluice_books",
                    [("venue", "binance"), ("segment", segment.rawValue), ("state", state.rawValue)], "\(count)")
            }
        }
        page.family("sluice_book_resyncs_total", "counter", "Books that broke, by cause.")
        for segment in BinanceSegment.allCases {
            let books = report.books.filter { $0.instrument.segment == segment.rawValue }
            let labels = [("venue", "binance"), ("segment", segment.rawValue)]
            let gaps = books.reduce(UInt64(0)) { $0 + $1.counts.gaps }
            let mismatches = books.reduce(UInt64(0)) { $0 + $1.counts.mismatches }
            page.sample("sluice_book_resyncs_total", labels + [("cause", "gap")], "\(gaps)")
            page.sample("sluice_book_resyncs_total", labels + [("cause", "mismatch")], "\(mismatches)")
        }
    }

    private static func messages(_ report: ServiceReport, _ page: inout Page) {
        page.family("sluice_messages_produced_total", "counter", "Messages made, by type.")
        for (type, counts) in zip(MessageType.allCases, report.counts) {
            page.sample("sluice_messages_produced_total", [("type", "\(type.token)")], "\(counts.produced)")
        }
        page.family("sluice_messages_conflated_total", "counter", "States that a later one replaced, by type.")
        for (type, counts) in zip(MessageType.allCases, report.counts) {
            page.sample("sluice_messages_conflated_total", [("type", "\(type.token)")], "\(counts.conflated)")
        }
        page.family("sluice_messages_dropped_total", "counter", "Messages given up, by type and reason.")
        for (type, counts) in zip(MessageType.allCases, report.counts) {
            for reason in DropReason.allCases {
                page.sample(
                    "sluice_messages_dropped_total", [("type", "\(type.token)"), ("reason", "\(reason.name)")],
                    "\(counts[reason])")
            }
        }
        let lanes = [("core", report.core), ("jetstream", report.jetstream)]
        let terms: [(String, String, (AccountingCut) -> UInt64)] = [
            ("sluice_messages_confirmed_total", "Messages that the server confirmed.", { $0.confirmed }),
            ("sluice_messages_unconfirmed_total", "Messages sent and never confirmed.", { $0.unconfirmed }),
        ]
        for (name, help, term) in terms {
            page.family(name, "counter", help)
            for (lane, cut) in lanes { page.sample(name, [("mode", lane)], "\(term(cut))") }
        }
        let gauges: [(String, String, (AccountingCut) -> UInt64)] = [
            ("sluice_queue_messages", "Messages that wait to be sent.", { $0.queued }),
            ("sluice_queue_in_flight_messages", "Messages sent and not confirmed yet.", { $0.inFlight }),
            ("sluice_queue_bytes", "Bytes in the rings.", { $0.bytes }),
            ("sluice_queue_limit_bytes", "What the rings may hold.", { _ in UInt64(report.queueLimitBytes) }),
            ("sluice_accounting_produced", "Messages made, of the same moment as the other terms.", { $0.produced }),
            ("sluice_accounting_balanced", "1 when every message made is accounted for.", { $0.isBalanced ? 1 : 0 }),
        ]
        for (name, help, term) in gauges {
            page.family(name, "gauge", help)
            for (lane, cut) in lanes { page.sample(name, [("lane", lane)], "\(term(cut))") }
        }
    }

    /// The venue's clock and budgets.
    private static func limits(_ report: ServiceReport, _ page: inout Page) {
        if let skew = report.clockSkewMicroseconds {
            page.family(
                "sluice_clock_skew_seconds", "gauge", "Our clock minus the venue's, the way of a frame included.")
            let text = FixedPoint.text(skew, scale: 6)
            page.sample("sluice_clock_skew_seconds", [("venue", "binance")], text)
        }
        page.family("sluice_rest_scope_closed", "gauge", "1 while the venue has closed a scope of requests.")
        for (scope, budget) in report.budgets {
            page.sample("sluice_rest_scope_closed", [("scope", scope)], budget.closedFor == nil ? "0" : "1")
        }
        page.family("sluice_rest_weight_used", "gauge", "Weight used in the running window of a scope.")
        for (scope, budget) in report.budgets {
            guard let window = budget.windows.first else { continue }
            page.sample("sluice_rest_weight_used", [("scope", scope)], "\(window.used)")
        }
        page.family("sluice_rest_weight_limit", "gauge", "Weight that a window of a scope allows.")
        for (scope, budget) in report.budgets {
            guard let window = budget.windows.first else { continue }
            page.sample("sluice_rest_weight_limit", [("scope", scope)], "\(window.window.limit)")
        }
    }

    private static func labels(_ connection: LoopSummary.Connection) -> [(String, String)] {
        [("venue", "binance"), ("connection", connection.name)]
    }

    private static func seconds(_ microseconds: Int64) -> String {
        FixedPoint.text(max(0, microseconds), scale: 6)
    }

    /// Text in the making.
    private struct Page {
        private(set) var text = ""

        mutating func family(_ name: String, _ kind: String, _ help: String) {
            self.text += "# HELP \(name) \(help)\n"
            self.text += "# TYPE \(name) \(kind)\n"
        }

        mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
            self.text += name
            if !labels.isEmpty {
                let pairs = labels.map { "\($0.0)=\"\($0.1)\"" }
                self.text += "{" + pairs.joined(separator: ",") + "}"
            }
            self.text += " \(value)\n"
        }
    }
}
