import MarketModel
import Observability
import Venues

/// What is listed, collected and asked at intervals, and what became of configurations that were read again.
extension MetricsPage {
    static func sections(_ report: ServiceReport) -> [MetricFamily] {
        var instruments = MetricFamily(
            "sluice_instruments", help: "Instruments of a section: listed by the venue, collected, wanted and missing.",
            kind: .gauge)
        var loads = MetricFamily(
            "sluice_instrument_loads_total", help: "Loads of a section's list of instruments.", kind: .counter)
        var planned = MetricFamily("sluice_polls", help: "Questions that are asked at intervals.", kind: .gauge)
        var polls = MetricFamily(
            "sluice_polls_total", help: "Questions at intervals, by what became of them.", kind: .counter)
        for section in report.sections {
            let (venue, name) = (section.segment.venue.name, section.segment.name)
            for (state, count) in [
                ("listed", section.listed), ("collected", section.collected), ("missing", section.missing),
            ] {
                instruments.add(["venue": venue, "segment": name, "state": state], .integer(count))
            }
            for (outcome, count) in [("done", section.loads.done), ("failed", section.loads.failed)] {
                loads.add(["venue": venue, "segment": name, "outcome": outcome], .count(count))
            }
            planned.add(["venue": venue, "segment": name], .integer(section.polls.planned))
            for (outcome, count) in [("answered", section.polls.answered), ("failed", section.polls.failed)] {
                polls.add(["venue": venue, "segment": name, "outcome": outcome], .count(count))
            }
        }
        return [instruments, loads, planned, polls] + Self.reloads(report)
    }

    private static func reloads(_ report: ServiceReport) -> [MetricFamily] {
        var reloads = MetricFamily(
            "sluice_reloads_total", help: "Configurations read while the service runs; refused ones changed nothing.",
            kind: .counter)
        reloads.add(["outcome": "done"], .count(report.reloads.done))
        reloads.add(["outcome": "refused"], .count(report.reloads.refused))
        return [
            reloads,
            MetricFamily(
                "sluice_kline_confirmations_refused_total",
                help: "Bars that are not confirmed after a reconnect, since too many were waiting.", kind: .counter,
                value: .count(report.seriesOrdersRefused)),
        ]
    }
}
