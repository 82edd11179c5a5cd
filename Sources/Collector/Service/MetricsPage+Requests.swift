import MarketModel
import Observability
import Publishing
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
        var share = MetricFamily(
            "sluice_budget_share", help: "The part of a scope's limits that is this process's now, 0 to 1.",
            kind: .gauge)
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
            share.add(
                ["scope": scope], .decimal(Double(budget.share ?? RateShare.whole) / Double(RateShare.whole)))
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
        return [closed, closures, used, limit, held, disagreements, share, waiting, requests, waits, snapshots]
            + Self.sharedBudget(report.sharedBudget)
    }

    /// The others on this address; zeros where the limits are not shared.
    private static func sharedBudget(_ counts: SharedBudget.Counts?) -> [MetricFamily] {
        let counts = counts ?? SharedBudget.Counts()
        var turns = MetricFamily(
            "sluice_budget_turns_total", help: "Turns at the shared budget, by what became of them.", kind: .counter)
        for (outcome, count) in [
            ("written", counts.written), ("failed", counts.failed), ("overtaken", counts.overtaken),
            ("unreadable", counts.unreadable),
        ] {
            turns.add(["outcome": outcome], .count(count))
        }
        return [
            turns,
            MetricFamily(
                "sluice_budget_members", help: "Processes heard that share the limits, this one among them.",
                kind: .gauge, value: .integer(counts.members)),
            MetricFamily(
                "sluice_budget_crowded", help: "1 while more processes are heard than the limits are divided for.",
                kind: .gauge, value: .flag(counts.isCrowded)),
        ]
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
