import Observability
import Resilience

/// What is known of each host that is asked: its breaker, its gate, how it answers.
extension MetricsPage {
    static func hosts(_ report: ServiceReport) -> [MetricFamily] {
        Self.breakers(report.requests.hosts) + Self.gates(report.requests.hosts) + Self.answers(report.requests.hosts)
    }

    private static func breakers(_ hosts: [HostSnapshot]) -> [MetricFamily] {
        var state = MetricFamily(
            "sluice_rest_breaker", help: "1 for the state that a host's breaker is in.", kind: .gauge)
        var openings = MetricFamily(
            "sluice_rest_breaker_openings_total", help: "Times that a host failed until it was asked no more.",
            kind: .counter)
        var refusals = MetricFamily(
            "sluice_rest_breaker_refusals_total", help: "Times that a request waited or ended at an open breaker.",
            kind: .counter)
        for host in hosts {
            for label in CircuitBreaker.State.labels {
                state.add(["host": host.host, "state": label], .flag(host.breaker.label == label))
            }
            openings.add(["host": host.host], .integer(host.openings))
            refusals.add(["host": host.host], .integer(host.breakerRefusals))
        }
        return [state, openings, refusals]
    }

    private static func gates(_ hosts: [HostSnapshot]) -> [MetricFamily] {
        var limit = MetricFamily(
            "sluice_rest_concurrency_limit", help: "Requests that may be on their way to a host now.", kind: .gauge)
        var inFlight = MetricFamily(
            "sluice_rest_in_flight_requests", help: "Requests that are on their way to a host.", kind: .gauge)
        var changes = MetricFamily(
            "sluice_rest_concurrency_changes_total", help: "Times that a host's limit grew by one or was halved.",
            kind: .counter)
        var waiting = MetricFamily(
            "sluice_rest_gate_waiting_requests", help: "Requests with budget that wait for their turn at a host.",
            kind: .gauge)
        var requests = MetricFamily(
            "sluice_rest_gate_requests_total", help: "Requests at a host's gate, by what became of them.",
            kind: .counter)
        var waits = MetricFamily(
            "sluice_rest_gate_wait_seconds", help: "How long requests waited for their turn at a host.",
            kind: .histogram)
        for host in hosts {
            let (name, gate) = (host.host, host.gate)
            limit.add(["host": name], .integer(gate.limit))
            inFlight.add(["host": name], .integer(gate.inFlight))
            changes.add(["host": name, "change": "growth"], .integer(gate.growths))
            changes.add(["host": name, "change": "halving"], .integer(gate.halvings))
            for priority in RatePriority.allCases {
                waiting.add(["host": name, "priority": priority.label], .integer(gate.waiting[priority]))
            }
            for (outcome, count) in [
                ("entered", gate.entered.total), ("refused", gate.refused), ("cancelled", gate.cancelled),
                ("timed_out", gate.timedOut),
            ] {
                requests.add(["host": name, "outcome": outcome], .integer(count))
            }
            waits.add(["host": name], .histogram(gate.waits.sample))
        }
        return [limit, inFlight, changes, waiting, requests, waits]
    }

    private static func answers(_ hosts: [HostSnapshot]) -> [MetricFamily] {
        var failures = MetricFamily(
            "sluice_rest_failures_total", help: "Attempts that failed and requests that were not let go, by class.",
            kind: .counter)
        var answers = MetricFamily(
            "sluice_rest_answer_seconds", help: "How long attempts took until their answer or their failure.",
            kind: .histogram)
        var attempts = MetricFamily(
            "sluice_rest_attempts", help: "How many attempts requests took; 0 when they were never sent.",
            kind: .histogram)
        for host in hosts {
            for failure in FailureClass.allCases {
                failures.add(
                    ["host": host.host, "class": failure.rawValue], .integer(host.failuresByClass[failure] ?? 0))
            }
            answers.add(["host": host.host], .histogram(host.answers.sample))
            attempts.add(["host": host.host], .histogram(host.attempts.sample))
        }
        return [failures, answers, attempts]
    }
}

extension CircuitBreaker.State {
    /// All that there are.
    static let labels = ["closed", "open", "half_open"]

    var label: String {
        switch self {
        case .closed: "closed"
        case .open: "open"
        case .halfOpen: "half_open"
        }
    }
}
