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
            "sluice_rest_weight_used", help: "Spent within the running window of a scope.", kind: .gauge)
        var limit = MetricFamily(
            "sluice_rest_weight_limit", help: "What a window of a scope allows.", kind: .gauge)
        var held = MetricFamily(
            "sluice_rest_held_requests", help: "Requests that have their budget and are not sent yet.", kind: .gauge)
        var disagreements = MetricFamily(
            "sluice_rest_disagreements_total",
            help: "Times that a scope was asked for with limits that differ; the tighter hold.", kind: .counter)
        var waiting = MetricFamily(
            "sluice_rest_waiting_requests", help: "Requests that wait for budget.", kind: .gauge)
        var requests = MetricFamily(
            "sluice_rest_requests_total", help: "Requests that the limiter let go, refused, or that were given up.",
            kind: .counter)
        var waits = MetricFamily(
            "sluice_rest_wait_seconds", help: "How long requests waited for budget before they went.", kind: .histogram)
        for (scope, budget) in report.requests.scopes {
            waits.add(["scope": scope], .histogram(budget.waits.sample))
            closed.add(["scope": scope], .flag(budget.closedFor != nil))
            closures.add(["scope": scope], .integer(budget.closures))
            for window in budget.windows {
                let (meter, length) = (window.window.meter.rawValue, window.window.label)
                used.add(["scope": scope, "meter": meter, "window": length], .integer(window.used))
                limit.add(["scope": scope, "meter": meter, "window": length], .integer(window.window.limit))
            }
            held.add(["scope": scope], .integer(budget.held))
            disagreements.add(["scope": scope], .integer(budget.disagreements))
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
        return [closed, closures, used, limit, held, disagreements, waiting, requests, waits, snapshots]
    }
}

extension MetricsPage {
    /// New connections, whose budgets are counted apart from those of requests.
    static func connects(_ report: ServiceReport) -> [MetricFamily] {
        var permits = MetricFamily(
            "sluice_connect_permits_total", help: "Permits to connect, by what became of them.", kind: .counter)
        var waiting = MetricFamily(
            "sluice_connect_waiting_slots", help: "Connections that wait for a permit to connect.", kind: .gauge)
        var used = MetricFamily(
            "sluice_connect_used", help: "Connections opened within the running window of a venue.", kind: .gauge)
        var limit = MetricFamily(
            "sluice_connect_limit", help: "Connections that a window of a venue allows.", kind: .gauge)
        var closed = MetricFamily(
            "sluice_connect_closed", help: "1 while nobody connects since the venue refused one for its rate.",
            kind: .gauge)
        var closures = MetricFamily(
            "sluice_connect_closures_total", help: "Times that a venue refused connections for their rate.",
            kind: .counter)
        for (id, counters, budget) in report.connects {
            let venue = id.name
            for (outcome, count) in [
                ("asked", counters.asked), ("repeated", counters.repeated), ("granted", counters.granted),
                ("given_back", counters.givenBack), ("refused", counters.refused),
            ] {
                permits.add(["venue": venue, "outcome": outcome], .count(count))
            }
            waiting.add(["venue": venue], .integer(counters.waiting))
            for window in budget.windows {
                used.add(["venue": venue, "window": window.window.label], .integer(window.used))
                limit.add(["venue": venue, "window": window.window.label], .integer(window.window.limit))
            }
            closed.add(["venue": venue], .flag(budget.closedFor != nil))
            closures.add(["venue": venue], .integer(budget.closures))
        }
        return [permits, waiting, used, limit, closed, closures]
    }
}

extension RateWindow {
    /// Its length as labels and pages have it: "60s", "2500ms".
    var label: String {
        let milliseconds = self.length / .milliseconds(1)
        let isWhole = milliseconds.truncatingRemainder(dividingBy: 1_000) == 0
        return isWhole ? "\(Int(milliseconds / 1_000))s" : "\(Int(milliseconds.rounded()))ms"
    }
}

extension RatePriority {
    var label: String {
        switch self {
        case .resync: "resync"
        case .gapRepair: "gap_repair"
        case .polls: "polls"
        case .history: "history"
        }
    }
}
