import MarketModel
import Observability
import OrderBook
import Resilience
import Transport
import Venues

/// Sections, and what is asked of the venues.
extension StatusPage {
    static func write(_ section: CollectorService.Section, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("venue", section.segment.venue.name)
            writer.field("segment", section.segment.name)
            writer.field("instruments_listed", section.listed)
            writer.field("instruments_collected", section.collected)
            writer.field("list_loads", section.loads.done)
            writer.field("list_loads_failed", section.loads.failed)
            writer.field("polls", section.polls.planned)
            writer.field("polls_answered", section.polls.answered)
            writer.field("polls_failed", section.polls.failed)
        }
    }

    static func write(
        _ audits: AuditCounts.Counts, of segment: SegmentID, _ steady: Int64, to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.field("venue", segment.venue.name)
            writer.field("segment", segment.name)
            writer.field("compared", audits.compared)
            for outcome in BookAuditResult.Outcome.allCases { writer.field(outcome.label, audits[outcome]) }
            writer.field("levels", audits.levels)
            writer.field("age_us", audits.comparedSteady.map { max(0, steady - $0) })
        }
    }

    static func write(_ scope: String, _ budget: RateLimiterSnapshot, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("scope", scope)
            Self.write(budget, to: &writer)
            writer.field("held", budget.held)
            writer.field("granted", budget.granted.total)
            writer.field("refused", budget.refused)
            writer.field("cancelled", budget.cancelled)
            writer.field("disagreements", budget.disagreements)
        }
    }

    static func write(
        _ venue: VenueID, _ counters: ConnectBudget<ContinuousClock>.Counters, _ budget: RateLimiterSnapshot,
        to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.field("venue", venue.name)
            Self.write(budget, to: &writer)
            writer.field("slots_waiting", counters.waiting)
            writer.field("asked", counters.asked)
            writer.field("repeated", counters.repeated)
            writer.field("granted", counters.granted)
            writer.field("given_back", counters.givenBack)
            writer.field("refused", counters.refused)
        }
    }

    /// What every budget has.
    private static func write(_ budget: RateLimiterSnapshot, to writer: inout JSONWriter) {
        writer.array("windows") { writer in
            for window in budget.windows {
                writer.object { writer in
                    writer.field("window", window.window.label)
                    writer.field("meter", window.window.meter.rawValue)
                    writer.field("used", window.used)
                    writer.field("limit", window.window.limit)
                }
            }
        }
        writer.field("waiting", budget.waiting.total)
        writer.field("closures", budget.closures)
        writer.field("closed_us", budget.closedFor?.microseconds)
    }

    static func write(_ host: HostSnapshot, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("host", host.host)
            writer.field("breaker", host.breaker.label)
            writer.field("openings", host.openings)
            writer.field("breaker_refusals", host.breakerRefusals)
            writer.field("refused_us", host.refusedFor?.microseconds)
            writer.object("gate") { writer in
                writer.field("limit", host.gate.limit)
                writer.field("in_flight", host.gate.inFlight)
                writer.field("waiting", host.gate.waiting.total)
                writer.field("entered", host.gate.entered.total)
                writer.field("growths", host.gate.growths)
                writer.field("halvings", host.gate.halvings)
            }
            writer.field("failures", host.failures)
            writer.object("failures_by_class") { writer in
                for failure in FailureClass.allCases {
                    if let count = host.failuresByClass[failure] { writer.field(failure.rawValue, count) }
                }
            }
            writer.array("last_failures") { writer in
                for failure in host.recent {
                    writer.object { writer in
                        writer.field("age_us", failure.age.microseconds)
                        writer.field("class", failure.record.failureClass.rawValue)
                        writer.field("endpoint", failure.record.endpoint)
                        writer.field("detail", failure.record.detail)
                    }
                }
            }
        }
    }
}
