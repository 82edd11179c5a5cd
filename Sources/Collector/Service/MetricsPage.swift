import MarketModel
import Observability
import Publishing
import Venues

/// The figures as Prometheus takes them. Label values come from the configuration and closed sets only.
enum MetricsPage {
    static func families(_ report: ServiceReport, _ verdict: HealthReport) -> [MetricFamily] {
        Self.process(report, verdict) + Self.connections(report) + Self.frames(report)
            + Self.books(report.books, of: report.segments) + Self.audits(report.audits, at: report.steady)
            + Self.trades(report) + Self.messages(report) + Self.accounting(report) + Self.nats(report)
            + Self.spool(report) + Self.resumes(report) + Self.ledger(report) + Self.repair(report)
            + Self.history(report)
            + Self.latencies(report)
            + Self.requests(report) + Self.hosts(report) + Self.connects(report) + Self.sections(report)
    }

    /// The most series that the page can have: so many for each thing that a label names, and for closed sets of labels.
    static func seriesMost(_ report: ServiceReport) -> Int {
        let histogram = LatencyHistogram.bounds.count + 3
        let asked = 41 * report.requests.scopes.count + 70 * report.requests.hosts.count + 20 * report.connects.count
        let things = 24 * report.planned.count + 10 * report.mailboxes.count + asked
        return 500 + 2 * histogram + things + report.segments.count * (4 * histogram + 88)
    }

    // MARK: - The process

    private static func process(_ report: ServiceReport, _ verdict: HealthReport) -> [MetricFamily] {
        let process = report.background.process
        var families = [
            MetricFamily("sluice_up", help: "1 while the process serves this page.", kind: .gauge, value: .integer(1)),
            MetricFamily(
                "sluice_healthy", help: "1 while /healthz says so.", kind: .gauge, value: .flag(verdict.healthy)),
            MetricFamily("sluice_ready", help: "1 while /readyz says so.", kind: .gauge, value: .flag(verdict.ready)),
            MetricFamily(
                "sluice_build_info", help: "Always 1; the label says what runs.", kind: .gauge,
                samples: [MetricSample(["version": BuildInfo.version], value: .integer(1))]),
            MetricFamily(
                "sluice_start_time_seconds", help: "When the process started, since the epoch.", kind: .gauge,
                value: Self.seconds(report.startMicroseconds)),
        ]
        if let bytes = report.residentBytes {
            families.append(
                MetricFamily(
                    "sluice_resident_bytes", help: "Resident set of the process.", kind: .gauge, value: .integer(bytes))
            )
        }
        if let bytes = process.virtualBytes {
            families.append(
                MetricFamily(
                    "sluice_virtual_bytes", help: "Address space of the process.", kind: .gauge, value: .integer(bytes))
            )
        }
        if let count = process.openDescriptors {
            families.append(
                MetricFamily(
                    "sluice_open_descriptors", help: "Descriptors that the process holds.", kind: .gauge,
                    value: .integer(count)))
        }
        var sockets = MetricFamily("sluice_tcp_sockets", help: "Own TCP sockets by state.", kind: .gauge)
        for state in TCPState.allCases { sockets.add(["state": state.name], .integer(process.sockets[state] ?? 0)) }
        families.append(sockets)
        return families + Self.log(report) + Self.loops(report)
    }

    private static func log(_ report: ServiceReport) -> [MetricFamily] {
        var lines = MetricFamily(
            "sluice_log_lines_total", help: "Lines of the log, by what became of them.", kind: .counter)
        if let writer = report.log.writer {
            lines.add(["outcome": "written"], .count(writer.written))
            lines.add(["outcome": "dropped"], .count(writer.dropped))
        }
        lines.add(["outcome": "suppressed"], .count(report.log.suppressed))
        return [lines]
    }

    private static func loops(_ report: ServiceReport) -> [MetricFamily] {
        var family = MetricFamily(
            "sluice_loop_answer_age_seconds", help: "Time since an event loop last answered.", kind: .gauge)
        for (index, answered) in report.loopsAnswered.enumerated() {
            family.add(["loop": "\(index)"], Self.seconds(max(0, report.steady - answered)))
        }
        var waiting = MetricFamily(
            "sluice_loop_commands_waiting", help: "Commands in the mailbox of an event loop.", kind: .gauge)
        var refused = MetricFamily(
            "sluice_loop_commands_refused_total",
            help: "Commands that found the mailbox full, or the loop not running.",
            kind: .counter)
        for (index, mailbox) in report.mailboxes.enumerated() {
            waiting.add(["loop": "\(index)"], .integer(mailbox.waiting))
            refused.add(["loop": "\(index)"], .integer(mailbox.refused))
        }
        return [family, waiting, refused]
    }

    // MARK: - Latencies

    private static func latencies(_ report: ServiceReport) -> [MetricFamily] {
        var venue = MetricFamily(
            "sluice_venue_latency_seconds", help: "From the venue's time of an event to the receipt of its frame.",
            kind: .histogram)
        var early = MetricFamily(
            "sluice_venue_latency_below_zero_total", help: "Frames received before the venue's time of their event.",
            kind: .counter)
        var queue = MetricFamily(
            "sluice_queue_latency_seconds",
            help: "From the receipt of a frame to its last message in the queue, of one frame in sixteen.",
            kind: .histogram)
        var confirm = MetricFamily(
            "sluice_confirm_latency_seconds",
            help: "From the queue to the server's confirmation; a frame's messages count from its receipt.",
            kind: .histogram)
        var offset = MetricFamily(
            "sluice_clock_offset_seconds",
            help: "Middle of the latest times from the venue's stamp to us; below zero our clock is behind.",
            kind: .gauge)
        for latency in report.latencies {
            venue.add(
                ["venue": latency.segment.venue.name, "segment": latency.segment.name], .histogram(latency.venue.sample)
            )
            early.add(
                ["venue": latency.segment.venue.name, "segment": latency.segment.name], .count(latency.venue.belowZero))
            queue.add(
                ["venue": latency.segment.venue.name, "segment": latency.segment.name], .histogram(latency.queue.sample)
            )
            guard let microseconds = latency.offsetMicroseconds else { continue }
            offset.add(
                ["venue": latency.segment.venue.name, "segment": latency.segment.name], Self.seconds(microseconds))
        }
        // What belongs to no segment, as heartbeats do, has the token that does not apply.
        let segments = VenueCatalog.segments.map(\.id)
        for latency in report.publisher.latencies where latency.source <= segments.count {
            let segment = latency.source == 0 ? nil : segments[latency.source - 1]
            confirm.add(
                [
                    "mode": latency.mode == .core ? "core" : "jetstream", "venue": segment?.venue.name ?? "_",
                    "segment": segment?.name ?? "_",
                ],
                .histogram(latency.histogram.sample))
        }
        return [venue, early, queue, confirm, offset]
    }

    static func seconds(_ microseconds: Int64) -> MetricValue { .decimal(Double(microseconds) / 1_000_000) }
}
