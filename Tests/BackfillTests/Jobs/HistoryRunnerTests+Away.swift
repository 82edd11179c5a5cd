import MarketModel
import Synchronization
import Testing
import Venues

@testable import Backfill

/// What becomes of a job where an output, a venue's list or the rows themselves are away.
extension HistoryRunnerTests {
    @Test("A piece whose output cannot be made safe is given up by it, and done again")
    func failingEnds() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order(symbols: 1, days: 40), nowMilliseconds: Self.start)
            let memory = Memory()
            memory.failingEnds.store(2, ordering: .relaxed)
            let runner = Self.runner(store, memory, parallel: 1) { (piece, take) async throws(PieceFailure) in
                try await Self.give(piece, take)
                return 0
            }
            try await runner.run(untilDone: true)
            #expect(memory.open.load(ordering: .relaxed) == 0)
            #expect(memory.rows == Self.expected(days: 40, symbols: 1))
            #expect(try await store.jobs().first?.failures == 2)
        }
    }

    @Test(
        "An output that takes nothing pauses the jobs that use it in the end, fails none of their pieces, holds up no other"
    )
    func fullOutput() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order(symbols: 1, days: 300), nowMilliseconds: Self.start)
            _ = try await store.add(
                Self.order(symbols: 1, days: 300, name: "other", output: "elsewhere"), nowMilliseconds: Self.start)
            let (full, other) = (Memory(), Memory("elsewhere"))
            full.failingEnds.store(.max, ordering: .relaxed)
            let fetch: HistoryRunner.Fetch = { (piece, take) async throws(PieceFailure) in
                try await Self.give(piece, take)
                return 0
            }
            try await Self.runner(store, full, other, fetch: fetch).run(untilDone: true)
            let jobs = try await store.jobs()
            let job = try #require(jobs.last)
            #expect(jobs.first?.state == .ended && other.rows == Self.expected(days: 300, symbols: 1))
            #expect(job.state == .paused && job.reason == "memory: the disk is full", "\(job)")
            // No more pieces were begun than work at a time.
            #expect(job.piecesFailed == 0 && job.piecesDone == 0 && (1...4).contains(job.piecesWaiting), "\(job)")
            full.failingEnds.store(0, ordering: .relaxed)
            _ = try await store.set(.running, of: "job", from: [.paused])
            try await Self.runner(store, full, other, fetch: fetch).run(untilDone: true)
            #expect(full.rows == Self.expected(days: 300, symbols: 1))
            #expect(full.open.load(ordering: .relaxed) == 0 && other.open.load(ordering: .relaxed) == 0)
        }
    }

    @Test("An output that somebody has to mend first pauses the job at once")
    func refusingOutput() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order(symbols: 1, days: 30), nowMilliseconds: Self.start)
            let memory = Memory(failing: .refused)
            memory.failingEnds.store(.max, ordering: .relaxed)
            try await Self.runner(store, memory, parallel: 1) { (piece, take) async throws(PieceFailure) in
                try await Self.give(piece, take)
                return 0
            }.run(untilDone: true)
            let job = try #require(try await store.jobs().first)
            #expect(job.state == .paused && job.failures == 1 && job.piecesFailed == 0, "\(job)")
        }
    }

    @Test("A venue whose list does not come holds up no other, and is gone on with when it comes")
    func listAway() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            var order = Self.order(symbols: 6, days: 40)
            let here = HistorySeries(SegmentID(VenueID("okx"), "swap"), symbol: "X", kind: .kline(.hour1))
            order.series.append(here)
            _ = try await store.add(order, nowMilliseconds: Self.start)
            let memory = Memory()
            let done = Mutex<[HistorySeries]>([])
            var settings = HistoryRunner.Settings()
            settings.tick = .milliseconds(5)
            let isThere = Atomic<Bool>(false)
            let runner = HistoryRunner(
                store, planner: HistoryPlanner(usesArchives: false), settings: settings,
                HistoryRunner.Surroundings(
                    instrument: { (series) async throws(PieceFailure) in Self.instrument(series) },
                    instrumentSoon: { (series) async throws(PieceFailure) in
                        guard series == here || isThere.load(ordering: .relaxed) else {
                            throw PieceFailure(.temporary, "the list is not there yet")
                        }
                        return Self.instrument(series)
                    },
                    wanted: { _ in Wanted(types: [.trade]) },
                    fetch: { (piece, take) async throws(PieceFailure) in
                        try await Self.give(piece, take)
                        done.withLock { $0.append(piece.series) }
                        let isLast = piece.rangeMilliseconds.upperBound == Self.start + 40 * Self.day
                        if piece.series == here, isLast { isThere.store(true, ordering: .relaxed) }
                        return 0
                    },
                    output: { (_) throws(PieceFailure) in memory },
                    nowMilliseconds: { Self.start + 60 * Self.day }))
            try await runner.run(untilDone: true)
            let worked = done.withLock { $0 }
            let pieces = worked.count { $0 == here }
            #expect(pieces > 1 && worked.prefix(pieces).allSatisfy { $0 == here })
            #expect(try await store.coverage(of: "memory").count == 7)
        }
    }

    @Test("What no source serves any more stays failed when it is tried again, and is not asked for")
    func unservedAgain() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            let now = Self.start + 400 * Self.day
            let offer = Binance().historyOffer(
                of: .openInterest(.hour1), in: try #require(VenueCatalog.segment(Self.segment)),
                wanted: Wanted(types: [.trade]))
            let oldest = now - (try #require(offer?.retentionMilliseconds))
            _ = try await store.add(
                HistoryJobOrder(
                    name: "job", series: [HistorySeries(Self.segment, symbol: "S", kind: .openInterest(.hour1))],
                    rangeMilliseconds: now - 40 * Self.day..<now - 20 * Self.day, output: "memory"),
                nowMilliseconds: now)
            let asked = Mutex<[Range<Int64>]>([])
            for round in 1...2 {
                let memory = Memory()
                let runner = Self.runner(store, memory, now: now) { (piece, take) async throws(PieceFailure) in
                    asked.withLock { $0.append(piece.rangeMilliseconds) }
                    try await Self.give(piece, take)
                    return 0
                }
                try await runner.run(untilDone: true)
                let job = try #require(try await store.jobs().first)
                #expect(job.state == .ended && job.piecesFailed == 1 && job.failures == Int64(round))
                #expect(try await store.retryFailed(of: "job") == 1)
            }
            #expect(asked.withLock { $0.allSatisfy { $0.lowerBound >= oldest } && !$0.isEmpty })
            let held = try await store.coverage(of: "memory").flatMap(\.ranges.ranges)
            #expect(held == [oldest..<now - 20 * Self.day])
        }
    }

    @Test("Of a piece that has grown too old to be served as a whole, the rest is fetched when it is tried again")
    func halfServedAgain() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            let now = Self.start + 400 * Self.day
            let range = now - 29 * Self.day..<now - 28 * Self.day
            let series = HistorySeries(Self.segment, symbol: "S", kind: .openInterest(.hour1))
            _ = try await store.add(
                HistoryJobOrder(name: "job", series: [series], rangeMilliseconds: range, output: "memory"),
                nowMilliseconds: now)
            let failing = Self.runner(store, Memory(), attempts: 1, now: now) { (_, _) async throws(PieceFailure) in
                throw PieceFailure(.temporary, "by chance")
            }
            try await failing.run(untilDone: true)
            #expect(try await store.retryFailed(of: "job") == 1)
            let later = now + 36 * 3_600_000
            let offer = Binance().historyOffer(
                of: series.kind, in: try #require(VenueCatalog.segment(Self.segment)), wanted: Wanted(types: [.trade]))
            let oldest = later - (try #require(offer?.retentionMilliseconds))
            let runner = Self.runner(store, Memory(), attempts: 1, now: later) {
                (piece, take) async throws(PieceFailure) in
                try await Self.give(piece, take)
                return 0
            }
            try await runner.run(untilDone: true)
            let job = try #require(try await store.jobs().first)
            #expect(job.state == .ended && job.piecesFailed == 1 && job.piecesDone == 1)
            #expect(try await store.coverage(of: "memory").flatMap(\.ranges.ranges) == [oldest..<range.upperBound])
            let failure = try #require(try await store.failures(limit: 1).first)
            #expect(failure.rangeMilliseconds == range.lowerBound..<oldest)
            #expect(failure.error.contains("of the last 29 days only"))
        }
    }
}
