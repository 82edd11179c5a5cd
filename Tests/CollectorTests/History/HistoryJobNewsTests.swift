import Testing

@testable import Backfill
@testable import Collector

@Suite("What is logged of the jobs of history")
struct HistoryJobNewsTests {
    private static func job(
        _ name: String, _ state: HistoryJob.State, reason: String? = nil, failed: Int64 = 0
    ) -> HistoryJob {
        HistoryJob(
            id: 1, name: name, output: "nats", priority: 0, state: state, reason: reason, rangeMilliseconds: 0..<10,
            untilMilliseconds: 0...10, createdMilliseconds: 0, endedMilliseconds: nil, series: 2,
            counts: HistoryCounts(written: 9), piecesDone: 3, piecesRunning: 0, piecesWaiting: 0, piecesFailed: failed,
            failures: 0, coveredMilliseconds: 0, totalMilliseconds: 10)
    }

    @Test("Each change is told once; a job that had to rest, and one that is not whole, are warnings")
    func changes() {
        var news = HistoryJobNews()
        #expect(
            news.taken([Self.job("b", .running), Self.job("old", .ended), Self.job("gone", .cancelled)]).map(\.text)
                == [
                    "runs: 2 series"
                ])
        #expect(news.taken([Self.job("b", .running), Self.job("old", .ended)]).isEmpty)
        #expect(
            news.taken([Self.job("c", .running), Self.job("b", .paused, reason: "nats: full")]) == [
                .init(job: "b", text: "rests: nats: full", isWarning: true),
                .init(job: "c", text: "runs: 2 series", isWarning: false),
            ])
        #expect(
            news.taken([Self.job("c", .ended, failed: 1), Self.job("b", .cancelled)]) == [
                .init(job: "b", text: "is cancelled", isWarning: false),
                .init(
                    job: "c", text: "has ended: 3 pieces, 9 rows, 1 failed for good", isWarning: true),
            ])
        // By hand: nobody has to be told to look.
        #expect(news.taken([Self.job("d", .paused)]) == [.init(job: "d", text: "rests", isWarning: false)])
    }
}
