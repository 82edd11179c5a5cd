package import Backfill
import Foundation
import MarketModel
import Venues

extension HistoryTable {
    /// Jobs and failures for programs; times are milliseconds since 1970.
    package static func json(_ jobs: [HistoryJob], _ failures: [HistoryFailureRecord]) -> String {
        Self.text([
            "jobs": jobs.map(Self.object),
            "failures": failures.map { failure in
                Self.object(failure.series).merging(
                    Self.object(failure.rangeMilliseconds).merging([
                        "job": failure.job, "at_ms": failure.atMilliseconds, "error": failure.error,
                    ]) { $1 }
                ) { $1 }
            },
        ])
    }

    /// Coverage for programs, or under `missing` what is not covered.
    package static func json(_ coverage: [HistoryCoverage], gaps: Bool = false) -> String {
        Self.text([
            (gaps ? "missing" : "coverage"): coverage.map { entry in
                Self.object(entry.series).merging([
                    "output": entry.output, "ranges": entry.ranges.ranges.map(Self.object),
                ]) { $1 }
            }
        ])
    }

    private static func object(_ job: HistoryJob) -> [String: Any] {
        var object: [String: Any] = [
            "name": job.name, "state": job.state.rawValue, "output": job.output, "priority": job.priority,
            "created_ms": job.createdMilliseconds, "series": job.series, "pieces_done": job.piecesDone,
            "pieces_running": job.piecesRunning, "pieces_waiting": job.piecesWaiting,
            "pieces_failed": job.piecesFailed, "failures": job.failures, "rows_written": job.counts.written,
            "rows_skipped": job.counts.skipped, "rows_refused": job.counts.refused, "bytes_written": job.counts.bytes,
            "covered_ms": job.coveredMilliseconds, "total_ms": job.totalMilliseconds,
        ]
        object["until_ms"] = job.untilMilliseconds.lowerBound
        object["reason"] = job.reason
        object["ended_ms"] = job.endedMilliseconds
        return object.merging(Self.object(job.rangeMilliseconds)) { $1 }
    }

    private static func object(_ range: Range<Int64>) -> [String: Any] {
        ["from_ms": range.lowerBound, "to_ms": range.upperBound]
    }

    private static func object(_ series: HistorySeries) -> [String: Any] {
        [
            "venue": series.segment.venue.name, "section": series.segment.name, "symbol": series.symbol,
            "kind": series.kind.description,
        ]
    }

    private static func text(_ object: [String: Any]) -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: object, options: options) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
