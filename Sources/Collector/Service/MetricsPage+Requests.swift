import MarketModel
import Observability
import Resilience
import Venues

extension MetricsPage {
    /// The venue's budgets, and the snapshots that were asked of it.
    static func requests(_ report: ServiceReport) -> [MetricFamily] {
        var closed = MetricFamily(
            "sluice_rest_scope_closed", help: "1 while the venue has closed a scope of requests.", kind: .gauge)
        var closures = MetricFamily(
            "sluice_rest_closures_total", help: "Times that the venue closed a scope.", kind: .counter)
        var used = MetricFamily(
            "sluice_rest_weight_used", help: "Weight used in the running window of a scope.", kind: .gauge)
        var limit = MetricFamily(
            "sluice_rest_weight_limit", help: "Weight that a window of a scope allows.", kind: .gauge)
        var waiting = MetricFamily(
            "sluice_rest_waiting_requests", help: "Requests that wait for budget.", kind: .gauge)
        var requests = MetricFamily(
            "sluice_rest_requests_total", help: "Requests that the limiter let go, refused, or that were given up.",
            kind: .counter)
        var waits = MetricFamily(
            "sluice_rest_wait_seconds", help: "How long requests waited for budget before they went.", kind: .histogram)
        for (scope, budget) in report.budgets {
            waits.add(["scope": scope], .histogram(budget.waits.sample))
            closed.add(["scope": scope], .flag(budget.closedFor != nil))
            closures.add(["scope": scope], .integer(budget.closures))
            if let window = budget.windows.first {
                used.add(["scope": scope], .integer(window.used))
                limit.add(["scope": scope], .integer(window.window.limit))
            }
            for priority in RatePriority.allCases {
                waiting.add(["scope": scope, "priority": priority.label], .integer(budget.waiting[priority]))
            }
            for (outcome, count) in [
                ("granted", budget.granted.total), ("refused", budget.refused), ("cancelled", budget.cancelled),
            ] {
                requests.add(["scope": scope, "outcome": outcome], .integer(count))
            }
        }
        var snapshots = MetricFamily(
            "sluice_snapshots_total", help: "Snapshots asked of the venue, by what became of them.", kind: .counter)
        for (segment, counts) in report.snapshots {
            snapshots.add(
                ["venue": segment.venue.name, "segment": segment.name, "outcome": "fetched"], .count(counts.fetched))
            snapshots.add(
                ["venue": segment.venue.name, "segment": segment.name, "outcome": "failed"], .count(counts.failed))
        }
        return [closed, closures, used, limit, waiting, requests, waits, snapshots]
    }
}

extension DurationHistogram {
    fileprivate var sample: HistogramSample {
        var cumulative: UInt64 = 0
        var buckets: [HistogramSample.Bucket] = []
        for (bound, count) in zip(self.bounds, self.counts) {
            cumulative &+= UInt64(max(0, count))
            buckets.append(HistogramSample.Bucket(upperBound: "\(bound / .seconds(1))", cumulative: cumulative))
        }
        let all = self.counts.reduce(UInt64(0)) { $0 &+ UInt64(max(0, $1)) }
        return HistogramSample(buckets: buckets, count: all, sum: self.total / .seconds(1))
    }
}

extension RatePriority {
    fileprivate var label: String {
        switch self {
        case .resync: "resync"
        case .gapRepair: "gap_repair"
        case .polls: "polls"
        case .history: "history"
        }
    }
}
