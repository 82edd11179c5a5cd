import MarketModel
import Observability
import OrderBook
import Venues

/// What the comparisons of books with the venues' own came to.
extension MetricsPage {
    /// - Parameter steady: The clock that only goes forward, by which ages are told.
    static func audits(
        _ all: [(segment: SegmentID, counts: AuditCounts.Counts)], at steady: Int64
    ) -> [MetricFamily] {
        var audits = MetricFamily(
            "sluice_book_audits_total", help: "Comparisons of a live book with the venue's own, by what came of them.",
            kind: .counter)
        var levels = MetricFamily(
            "sluice_book_audit_levels_total", help: "Levels of books that were compared with the venue's.",
            kind: .counter)
        var age = MetricFamily(
            "sluice_book_audit_age_seconds", help: "Time since a book was last compared with the venue's own.",
            kind: .gauge)
        for (segment, counts) in all {
            let (venue, name) = (segment.venue.name, segment.name)
            for outcome in BookAuditResult.Outcome.allCases {
                audits.add(["venue": venue, "segment": name, "outcome": outcome.label], .count(counts[outcome]))
            }
            levels.add(["venue": venue, "segment": name], .count(counts.levels))
            guard let compared = counts.comparedSteady else { continue }
            age.add(["venue": venue, "segment": name], Self.seconds(max(0, steady - compared)))
        }
        return [audits, levels, age]
    }
}
