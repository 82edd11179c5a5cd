import Observability
import Publishing

/// The spool, what was found of messages sent before, and the ledger of losses.
extension MetricsPage {
    /// Empty without a spool.
    static func spool(_ report: ServiceReport) -> [MetricFamily] {
        guard let spool = report.publisher.spool else { return [] }
        var failures = MetricFamily(
            "sluice_spool_failures_total", help: "Operations on the spool's files that failed.", kind: .counter)
        failures.add(["operation": "file"], .count(spool.failures))
        failures.add(["operation": "sync"], .count(spool.syncFailures))
        return [
            MetricFamily(
                "sluice_spool_messages", help: "Messages that wait on disk.", kind: .gauge, value: .count(spool.records)
            ),
            MetricFamily(
                "sluice_spool_bytes", help: "Bytes of the spool's files.", kind: .gauge, value: .integer(spool.bytes)),
            MetricFamily(
                "sluice_spool_limit_bytes", help: "What the spool's files may take.", kind: .gauge,
                value: .integer(spool.limitBytes)),
            MetricFamily(
                "sluice_spool_unsynced_messages", help: "Messages on disk that a power cut would take.", kind: .gauge,
                value: .count(spool.unsynced)),
            MetricFamily(
                "sluice_spool_working", help: "1 while the spool can be written and read.", kind: .gauge,
                value: .flag(spool.problem == nil)),
            MetricFamily(
                "sluice_spool_spooled_total", help: "Messages that went to disk.", kind: .counter,
                value: .count(report.publisher.spooled)),
            MetricFamily(
                "sluice_spool_recovered_messages", help: "Messages that an earlier process had left on disk.",
                kind: .gauge, value: .count(spool.recovery.records)),
            MetricFamily(
                "sluice_spool_unreadable_total", help: "Messages on disk that could not be read any more.",
                kind: .counter, value: .count(spool.unreadable &+ spool.recovery.lostRecords)),
            failures,
        ]
    }

    static func resumes(_ report: ServiceReport) -> [MetricFamily] {
        let publisher = report.publisher
        var resumes = MetricFamily(
            "sluice_nats_resumes_total", help: "Times that the streams were read for what they hold already.",
            kind: .counter)
        resumes.add(["outcome": "complete"], .count(publisher.resumes &- publisher.resumesIncomplete))
        resumes.add(["outcome": "incomplete"], .count(publisher.resumesIncomplete))
        return [
            resumes,
            MetricFamily(
                "sluice_nats_already_stored_total", help: "Messages not sent again, since a stream held them.",
                kind: .counter, value: .count(publisher.alreadyStored)),
        ]
    }

    static func repair(_ report: ServiceReport) -> [MetricFamily] {
        let repair = report.repair
        var requests = MetricFamily(
            "sluice_repair_requests_total", help: "Requests for missed trades.", kind: .counter)
        requests.add(["outcome": "answered"], .count(repair.requests &- min(repair.failures, repair.requests)))
        requests.add(["outcome": "failed"], .count(repair.failures))
        var trades = MetricFamily(
            "sluice_repair_trades_total", help: "Missed trades, by what became of them.", kind: .counter)
        trades.add(["outcome": "published"], .count(repair.published))
        trades.add(["outcome": "stored"], .count(repair.stored))
        trades.add(["outcome": "given_up"], .count(repair.givenUp))
        return [
            requests, trades,
            MetricFamily(
                "sluice_repair_open_entries", help: "Entries of the ledger whose trades are looked for.", kind: .gauge,
                value: .integer(repair.openEntries)),
            MetricFamily(
                "sluice_repair_open_trades", help: "Trades that are looked for.", kind: .gauge,
                value: .count(repair.openTrades)),
        ]
    }

    static func ledger(_ report: ServiceReport) -> [MetricFamily] {
        let ledger = report.ledger
        var missing = MetricFamily(
            "sluice_ledger_missing_total", help: "Messages and ids lost, of losses that can be counted, by cause.",
            kind: .counter)
        for (cause, count) in zip(GapCause.allCases, ledger.missing) {
            missing.add(["cause": cause.rawValue], .count(count))
        }
        return [
            missing,
            MetricFamily(
                "sluice_ledger_repaired_total", help: "Ids counted as missing that came late or were found.",
                kind: .counter, value: .count(ledger.repaired)),
            MetricFamily(
                "sluice_ledger_entries_total", help: "Entries of the ledger.", kind: .counter,
                value: .count(ledger.entries)),
            MetricFamily(
                "sluice_ledger_joined_total", help: "Losses told without their subject, because there were too many.",
                kind: .counter, value: .count(ledger.joined)),
            MetricFamily(
                "sluice_ledger_waiting_entries", help: "Entries that are still to be published.", kind: .gauge,
                value: .integer(ledger.waiting)),
        ]
    }
}
