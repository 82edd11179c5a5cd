import Foundation
import GRDB
import MarketModel
import Testing
import Venues

@testable import Backfill

@Suite("The jobs of history on disk", .timeLimit(.minutes(1)))
struct HistoryStoreTests {
    private static let series = HistorySeries(
        SegmentID(VenueID("binance"), "spot"), symbol: "BTCUSDT", kind: .kline(.minute1))
    private static let day: Int64 = 86_400_000

    /// A store in a folder of its own, which goes with the test.
    private static func with(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "history-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.appending(path: "jobs.sqlite").path)
    }

    private static func order(
        _ name: String, days: Int64 = 3, output: String = "nats", priority: Int = 0
    ) -> HistoryJobOrder {
        HistoryJobOrder(
            name: name, series: [Self.series], rangeMilliseconds: 0..<days * Self.day, output: output,
            priority: priority)
    }

    /// Cuts the whole of what is not cut into days, of which none is taken.
    private static func cutDays(_ store: HistoryStore) async throws {
        while let uncut = try await store.uncut(limit: 1).first {
            let (start, end) = (uncut.rangeMilliseconds.lowerBound, uncut.rangeMilliseconds.upperBound)
            let days = stride(from: start, to: end, by: Int(Self.day)).map { (first: Int64) in
                (range: first..<(first + Self.day), source: PieceSource.rest)
            }
            let claim = try await store.cut(
                uncut, pieces: days, next: end, skipped: 0, unavailable: [], nowMilliseconds: .min)
            #expect(claim == nil)
        }
    }

    @Test("Of a job of which a thousand pieces wait no more are cut, and of one whose output is held none are taken")
    func waiting() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a", days: 1_100), nowMilliseconds: 1)
            let uncut = try #require(try await store.uncut(limit: 1).first)
            func cut(_ days: Range<Int64>) async throws {
                _ = try await store.cut(
                    uncut, pieces: days.map { ($0 * Self.day..<($0 + 1) * Self.day, .rest) },
                    next: days.upperBound * Self.day, skipped: 0, unavailable: [], nowMilliseconds: .min)
            }
            try await cut(0..<999)
            #expect(try await store.uncut(limit: 1).count == 1)
            #expect(try await store.uncut(limit: 1, held: ["nats"]).isEmpty)
            #expect(try await store.claim(nowMilliseconds: 1, held: ["nats"]) == nil)
            try await cut(999..<1_000)
            #expect(try await store.uncut(limit: 1).isEmpty)
            _ = try #require(try await store.claim(nowMilliseconds: 1, held: ["files:csv:/x"]))
            #expect(try await store.uncut(limit: 1).count == 1)
        }
    }

    @Test("What a killed process had in work is taken up again, known to have been begun")
    func killed() async throws {
        try await Self.with { path in
            do {
                let store = try HistoryStore(path: path)
                _ = try await store.add(Self.order("a"), nowMilliseconds: 1)
                try await Self.cutDays(store)
                let claim = try #require(try await store.claim(nowMilliseconds: 77))
                #expect(claim.begunMilliseconds == nil)
                #expect(claim.rangeMilliseconds == 0..<Self.day)
                try await store.finish(
                    try #require(try await store.claim(nowMilliseconds: 78)), HistoryCounts(written: 5))
                // No end of any kind: the file is left as a kill leaves it.
            }
            let store = try HistoryStore(path: path)
            try await store.begin()
            let again = try #require(try await store.claim(nowMilliseconds: 99))
            #expect(again.begunMilliseconds == 77)
            #expect(again.rangeMilliseconds == 0..<Self.day)
            #expect(again.attempts == 0)
            let last = try #require(try await store.claim(nowMilliseconds: 99))
            #expect(last.rangeMilliseconds == 2 * Self.day..<3 * Self.day)
            #expect(try await store.claim(nowMilliseconds: 99) == nil)
            #expect(try await store.coverage(of: "nats").map(\.ranges.ranges) == [[Self.day..<2 * Self.day]])
        }
    }

    @Test("Finished pieces become one stretch, whatever their order, and leave no rows behind")
    func shrinks() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a", days: 200), nowMilliseconds: 1)
            try await Self.cutDays(store)
            var claims: [HistoryStore.Claim] = []
            while let claim = try await store.claim(nowMilliseconds: 2) { claims.append(claim) }
            #expect(claims.count == 200)
            for claim in claims.shuffled() {
                try await store.finish(claim, HistoryCounts(written: 2, skipped: 1, bytes: 9))
            }
            #expect(try await store.coverage(of: "nats").map(\.ranges.ranges) == [[0..<200 * Self.day]])
            #expect(try await store.endJobs(nowMilliseconds: 3) == ["a"])
            let job = try #require(try await store.jobs().first)
            #expect(job.state == .ended)
            #expect(job.counts == HistoryCounts(written: 400, skipped: 200, bytes: 1_800))
            #expect(job.piecesDone == 200)
            #expect(job.coveredMilliseconds == job.totalMilliseconds)
            let rows = try await store.read { database in
                try ["piece", "coverage"].map { try Int.fetchOne(database, sql: "SELECT count(*) FROM \($0)") }
            }
            #expect(rows == [0, 1])
        }
    }

    @Test("A failed piece waits for its time, and counts as failed for good only when it is told so")
    func failures() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a", days: 1), nowMilliseconds: 1)
            try await Self.cutDays(store)
            let first = try #require(try await store.claim(nowMilliseconds: 10))
            try await store.fail(first, "broken", retryAt: 500, nowMilliseconds: 10)
            #expect(try await store.claim(nowMilliseconds: 499) == nil)
            #expect(try await store.nextDue() == 500)
            #expect(try await store.endJobs(nowMilliseconds: 499).isEmpty)
            let second = try #require(try await store.claim(nowMilliseconds: 500))
            #expect(second.attempts == 1)
            try await store.fail(second, "gone", retryAt: nil, nowMilliseconds: 501)
            #expect(try await store.claim(nowMilliseconds: 9_999) == nil)
            #expect(try await store.endJobs(nowMilliseconds: 502) == ["a"])
            #expect(try await store.coverage(of: "nats").isEmpty)
            let job = try #require(try await store.jobs().first)
            #expect((job.piecesFailed, job.piecesDone, job.failures) == (1, 0, 2))
            #expect(try await store.failures(of: "a").map(\.error) == ["gone", "broken"])
            #expect(try await store.retryFailed(of: "a") == 1)
            #expect(try await store.claim(nowMilliseconds: 503)?.attempts == 0)
        }
    }

    @Test("A file of the first version is taken over: its series end with their jobs")
    func migrated() async throws {
        try await Self.with { path in
            let database = try DatabaseQueue(path: path)
            try HistorySchema.migrator.migrate(database, upTo: "1")
            try await database.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO output VALUES (1, 'nats');
                        INSERT INTO series VALUES (1, 'binance', 'spot', 'BTCUSDT', 'kline:1m');
                        INSERT INTO job (id, name, output, priority, state, from_ms, to_ms, created_ms, total_ms)
                        VALUES (1, 'old', 1, 0, 'running', 0, 172800000, 1, 172800000);
                        INSERT INTO job_series VALUES (1, 1, 86400000);
                        """)
            }
            try database.close()
            let store = try HistoryStore(path: path)
            let uncut = try #require(try await store.uncut(limit: 9).first)
            #expect(uncut.rangeMilliseconds == Self.day..<2 * Self.day)
            #expect(try await store.jobs().first?.untilMilliseconds == 2 * Self.day...2 * Self.day)
            #expect(try await store.endJobs(nowMilliseconds: 3).isEmpty)
        }
    }

    @Test("A series that is named twice counts once")
    func twice() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            var order = Self.order("a", days: 1)
            order.series += order.series
            _ = try await store.add(order, nowMilliseconds: 1)
            let job = try #require(try await store.jobs().first)
            #expect(job.series == 1 && job.totalMilliseconds == Self.day)
        }
    }

    @Test("Records of failures are bounded")
    func boundedFailures() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a", days: 1), nowMilliseconds: 1)
            try await Self.cutDays(store)
            for round in 0..<HistoryStore.failuresMost + 20 {
                let claim = try #require(try await store.claim(nowMilliseconds: Int64(round)))
                try await store.fail(claim, "no \(round)", retryAt: 0, nowMilliseconds: Int64(round))
            }
            let kept = try await store.failures(limit: 10_000)
            #expect(kept.count == HistoryStore.failuresMost)
            #expect(kept.first?.error == "no \(HistoryStore.failuresMost + 19)")
        }
    }

    @Test("A job that rests gives no pieces, a cancelled one loses its open ones and keeps what is complete")
    func states() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a"), nowMilliseconds: 1)
            try await Self.cutDays(store)
            let claim = try #require(try await store.claim(nowMilliseconds: 2))
            #expect(try await store.set(.paused, of: "a", from: [.running]))
            #expect(try await store.set(.paused, of: "a", from: [.running]) == false)
            #expect(try await store.claim(nowMilliseconds: 2) == nil)
            #expect(try await store.runningJobs().isEmpty)
            #expect(try await store.set(.running, of: "a", from: [.paused]))
            #expect(try await store.set(.cancelled, of: "a", from: [.running]))
            #expect(try await store.claim(nowMilliseconds: 2) == nil)
            // Its output was safe by then.
            try await store.finish(claim, HistoryCounts(written: 1))
            #expect(try await store.coverage(of: "nats").map(\.ranges.ranges) == [[0..<Self.day]])
            _ = try await store.add(Self.order("a"), nowMilliseconds: 3)
            #expect(try await store.uncut(limit: 9).map(\.covered.ranges) == [[0..<Self.day]])
        }
    }

    @Test("A second job of a name is refused while the first is not over, and pieces go by priority")
    func namesAndPriorities() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a", output: "nats"), nowMilliseconds: 1)
            await #expect(throws: HistoryStoreError.self) {
                _ = try await store.add(Self.order("a"), nowMilliseconds: 2)
            }
            _ = try await store.add(Self.order("b", output: "files:csv:/x", priority: 5), nowMilliseconds: 3)
            #expect(try await store.uncut(limit: 9).map(\.job).count == 2)
            try await Self.cutDays(store)
            #expect(try await store.claim(nowMilliseconds: 4)?.output == "files:csv:/x")
        }
    }

    @Test("Two jobs for the same series and output do not work on it at once")
    func sameSeries() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a", days: 1), nowMilliseconds: 1)
            try await Self.cutDays(store)
            _ = try await store.add(Self.order("b", days: 1), nowMilliseconds: 2)
            #expect(try await store.uncut(limit: 9).isEmpty)
            try await store.finish(try #require(try await store.claim(nowMilliseconds: 3)), HistoryCounts())
            let uncut = try #require(try await store.uncut(limit: 9).first)
            #expect(uncut.covered.missing(in: uncut.rangeMilliseconds).isEmpty)
        }
    }

    @Test("Who ends late ends nothing of another job: numbers are not used again")
    func numbers() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a"), nowMilliseconds: 1)
            try await Self.cutDays(store)
            let late = try #require(try await store.claim(nowMilliseconds: 2))
            #expect(try await store.set(.cancelled, of: "a", from: [.running]))
            let job = try await store.add(Self.order("a", output: "files:csv:/x"), nowMilliseconds: 3)
            try await Self.cutDays(store)
            let claim = try #require(try await store.claim(nowMilliseconds: 4))
            #expect(job != late.job && claim.id > late.id)
            try await store.release(late)
            try await store.fail(late, "late", retryAt: nil, nowMilliseconds: 5)
            try await store.finish(late, HistoryCounts(written: 9))
            let found = try #require(try await store.jobs().first)
            #expect(found.piecesRunning == 1 && found.piecesWaiting == 2 && found.counts.written == 0)
        }
    }

    @Test("What was begun is known until it is complete, whatever became of its piece and its job")
    func begun() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a", days: 2), nowMilliseconds: 1)
            try await Self.cutDays(store)
            let first = try #require(try await store.claim(nowMilliseconds: 70))
            let second = try #require(try await store.claim(nowMilliseconds: 71))
            #expect(first.begunMilliseconds == nil && second.begunMilliseconds == nil)
            try await store.replace(second, by: [(second.rangeMilliseconds, .rest)])
            #expect(try await store.claim(nowMilliseconds: 72)?.begunMilliseconds == 71)
            #expect(try await store.set(.cancelled, of: "a", from: [.running]))
            // A longer piece takes up both.
            _ = try await store.add(Self.order("a", days: 2), nowMilliseconds: 80)
            let uncut = try #require(try await store.uncut(limit: 1).first)
            let whole = try #require(
                try await store.cut(
                    uncut, pieces: [(0..<2 * Self.day, .rest)], next: 2 * Self.day, skipped: 0, unavailable: [],
                    nowMilliseconds: 81))
            #expect(whole.begunMilliseconds == 70)
            // Another output has nothing of it.
            _ = try await store.add(Self.order("b", days: 1, output: "files:csv:/x"), nowMilliseconds: 82)
            try await Self.cutDays(store)
            #expect(try #require(try await store.claim(nowMilliseconds: 83)).begunMilliseconds == nil)
            try await store.finish(whole, HistoryCounts())
            let left = try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM begun") }
            #expect(left == 1)
        }
    }

    @Test("What is forgotten of the coverage can be ordered again, and counts as begun")
    func forgotten() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a"), nowMilliseconds: 1)
            try await Self.cutDays(store)
            while let claim = try await store.claim(nowMilliseconds: 2) {
                try await store.finish(claim, HistoryCounts())
            }
            #expect(try await store.forget(Self.day..<2 * Self.day, in: "files:csv:/x") == 0)
            #expect(try await store.forget(Self.day..<2 * Self.day, in: "nats") == 1)
            #expect(
                try await store.coverage(of: "nats").map(\.ranges.ranges) == [
                    [0..<Self.day, 2 * Self.day..<3 * Self.day]
                ])
            _ = try await store.add(Self.order("b"), nowMilliseconds: 3)
            try await Self.cutDays(store)
            let claim = try #require(try await store.claim(nowMilliseconds: 4))
            #expect(claim.rangeMilliseconds == Self.day..<2 * Self.day && claim.begunMilliseconds == 0)
        }
    }

    @Test("A job that rests holds up no other, and fetches only what the other left of it")
    func restingJob() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a"), nowMilliseconds: 1)
            let uncut = try #require(try await store.uncut(limit: 1).first)
            _ = try await store.cut(
                uncut, pieces: [(0..<3 * Self.day, .month)], next: 3 * Self.day, skipped: 0, unavailable: [],
                nowMilliseconds: .min)
            #expect(try await store.set(.paused, of: "a", from: [.running]))
            _ = try await store.add(Self.order("b"), nowMilliseconds: 2)
            try await Self.cutDays(store)
            let first = try #require(try await store.claim(nowMilliseconds: 3))
            let middle = try #require(try await store.claim(nowMilliseconds: 3))
            try await store.finish(middle, HistoryCounts())
            #expect(try await store.set(.running, of: "a", from: [.paused]))
            #expect(try await store.set(.paused, of: "b", from: [.running]))
            // The first day is in the other's work.
            #expect(try await store.claim(nowMilliseconds: 4) == nil)
            try await store.finish(first, HistoryCounts())
            let rest = try #require(try await store.claim(nowMilliseconds: 5))
            #expect(rest.rangeMilliseconds == 2 * Self.day..<3 * Self.day && rest.source == .month)
            #expect(try await store.jobs().last?.coveredMilliseconds == 2 * Self.day)
            try await store.finish(rest, HistoryCounts())
            #expect(try await store.set(.running, of: "b", from: [.paused]))
            #expect(try await store.claim(nowMilliseconds: 6) == nil)
            #expect(try await store.endJobs(nowMilliseconds: 7) == ["a", "b"])
        }
    }

    @Test(
        "What was given up before it was cut is cut anew when it is tried again; sections that are away are passed over"
    )
    func givenUp() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order("a"), nowMilliseconds: 1)
            #expect(try await store.uncut(limit: 1, away: [Self.series.segment]).isEmpty)
            let uncut = try #require(try await store.uncut(limit: 1).first)
            _ = try await store.cut(
                uncut, pieces: [], next: 3 * Self.day, skipped: 0,
                unavailable: [(Self.day..<3 * Self.day, .uncut, "not listed")], nowMilliseconds: 2)
            #expect(try await store.uncut(limit: 1).isEmpty)
            #expect(try await store.jobs().first?.piecesFailed == 1)
            #expect(try await store.retryFailed(of: "a") == 1)
            #expect(try await store.uncut(limit: 1).first?.rangeMilliseconds == Self.day..<3 * Self.day)
            #expect(try await store.jobs().first?.piecesFailed == 0)
            #expect(try await store.claim(nowMilliseconds: 3) == nil)
        }
    }
}
