import Backfill
import Observability

/// What is fetched of the past.
extension MetricsPage {
    /// Zeros where no history is worked on.
    static func history(_ report: ServiceReport) -> [MetricFamily] {
        let activity = report.backfill ?? HistoryRunner.Activity()
        var pieces = MetricFamily(
            "sluice_history_pieces_total", help: "Tries of pieces of the past.", kind: .counter)
        pieces.add(["outcome": "done"], .count(activity.piecesDone))
        pieces.add(["outcome": "failed"], .count(activity.failures))
        return [
            MetricFamily(
                "sluice_history_working", help: "Pieces of the past that are fetched now.", kind: .gauge,
                value: .integer(activity.series.count)),
            pieces,
            MetricFamily(
                "sluice_history_rows_total", help: "Rows of the past that were read.", kind: .counter,
                value: .count(activity.rows)),
        ]
    }
}
