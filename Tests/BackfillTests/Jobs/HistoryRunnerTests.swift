import Foundation
import MarketModel
import Synchronization
import Testing
import Venues

@testable import Backfill

@Suite("Working on the jobs of history", .timeLimit(.minutes(2)))
struct HistoryRunnerTests {
    static let day: Int64 = 86_400_000
    static let start: Int64 = 1_767_225_600_000
    static let segment = SegmentID(VenueID("binance"), "usdm")

    /// An output in memory: what is finished, by piece; a piece that is done again replaces its own.
    final class Memory: HistoryOutput {
        let name: String
        let done = Mutex<[Range<Int64>: [Int64]]>([:])
        /// Ends of pieces that fail, from now on.
        let failingEnds = Atomic<Int>(0)
        let open = Atomic<Int>(0)
        let failure: HistoryOutputError.Kind

        init(_ name: String = "memory", failing failure: HistoryOutputError.Kind = .unavailable) {
            self.name = name
            self.failure = failure
        }

        func begin(_ piece: HistoryPiece) async throws(HistoryOutputError) -> any HistoryPieceOutput {
            self.open.add(1, ordering: .relaxed)
            return Piece(self, piece.rangeMilliseconds)
        }

        var rows: [Int64] { self.done.withLock { $0.values.flatMap { $0 } }.sorted() }
    }

    final class Piece: HistoryPieceOutput {
        private let memory: Memory
        private let range: Range<Int64>
        private let rows = Mutex<[Int64]>([])

        init(_ memory: Memory, _ range: Range<Int64>) {
            self.memory = memory
            self.range = range
        }

        func write(_ page: HistoryPage) async throws(HistoryOutputError) {
            self.rows.withLock { $0 += page.rows.compactMap(\.milliseconds) }
        }

        func finish() async throws(HistoryOutputError) -> HistoryCounts {
            if self.memory.failingEnds.load(ordering: .relaxed) > 0 {
                self.memory.failingEnds.subtract(1, ordering: .relaxed)
                throw HistoryOutputError("the disk is full", self.memory.failure)
            }
            let rows = self.rows.withLock { $0 }
            self.memory.done.withLock { $0[self.range] = rows }
            self.memory.open.subtract(1, ordering: .relaxed)
            return HistoryCounts(written: UInt64(rows.count))
        }

        func abandon() async { self.memory.open.subtract(1, ordering: .relaxed) }
    }

    /// A page with a bar each hour.
    static func page(_ piece: HistoryPiece) -> HistoryPage {
        let rows = stride(
            from: piece.rangeMilliseconds.lowerBound, to: piece.rangeMilliseconds.upperBound, by: 3_600_000
        )
        .map { time in
            HistoryRow.kline(
                Kline(
                    instrument: InstrumentID(0), interval: .hour1, openTime: Timestamp(milliseconds: time),
                    receivedMicroseconds: 0))
        }
        return HistoryPage(bytes: [], rows: rows, scales: DecimalScales(), receivedMicroseconds: 0)
    }

    /// Hands on all rows of a piece.
    static func give(_ piece: HistoryPiece, _ take: HistoryRunner.Take) async throws(PieceFailure) {
        do throws(HistoryOutputError) {
            try await take(Self.page(piece))
        } catch {
            throw PieceFailure(error)
        }
    }

    static func instrument(_ series: HistorySeries) -> Instrument {
        Instrument(
            venue: series.segment.venue, segment: series.segment.name, market: .perpetual, symbol: series.symbol,
            venueSymbol: series.symbol, base: series.symbol, quote: "USDT", contract: .linear, unit: .base)
    }

    static func order(
        symbols: Int, days: Int64, name: String = "job", output: String = "memory"
    ) -> HistoryJobOrder {
        HistoryJobOrder(
            name: name,
            series: (0..<symbols).map { HistorySeries(Self.segment, symbol: "S\($0)", kind: .kline(.hour1)) },
            rangeMilliseconds: Self.start..<Self.start + days * Self.day, output: output)
    }

    static func runner(
        _ store: HistoryStore, _ outputs: Memory..., parallel: Int = 4, attempts: Int = 5, now: Int64? = nil,
        archives: Bool = false,
        fetch: @escaping HistoryRunner.Fetch
    ) -> HistoryRunner {
        var settings = HistoryRunner.Settings()
        settings.parallel = parallel
        settings.attempts = attempts
        settings.tick = .milliseconds(5)
        let clock = Atomic64()
        return HistoryRunner(
            store, planner: HistoryPlanner(usesArchives: archives), settings: settings,
            HistoryRunner.Surroundings(
                instrument: { (series) async throws(PieceFailure) in Self.instrument(series) },
                wanted: { _ in Wanted(types: [.trade]) }, fetch: fetch,
                output: { (name) throws(PieceFailure) in
                    guard let output = outputs.first(where: { $0.name == name }) else {
                        throw PieceFailure(.permanent, "no output \(name)")
                    }
                    return output
                },
                // Where no time is given, it passes by the looks at it, so that no pause is slept.
                nowMilliseconds: { now ?? clock.next(from: Self.start + 400 * Self.day, by: 60_000) },
                random: { $0 / 2 }))
    }

    static func with(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "history-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.appending(path: "jobs.sqlite").path)
    }

    static func expected(days: Int64, symbols: Int) -> [Int64] {
        (0..<symbols).flatMap { _ in (0..<days * 24).map { Self.start + $0 * 3_600_000 } }.sorted()
    }

    @Test("Every row comes once, never more pieces at a time than allowed, also where each third try fails")
    func failing() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order(symbols: 1, days: 300), nowMilliseconds: Self.start)
            let memory = Memory()
            let running = Atomic<Int>(0)
            let most = Atomic<Int>(0)
            let tries = Atomic<Int>(0)
            let runner = Self.runner(store, memory) { (piece, take) async throws(PieceFailure) in
                most.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
                defer { running.subtract(1, ordering: .relaxed) }
                await Task.yield()
                try await Self.give(piece, take)
                if tries.add(1, ordering: .relaxed).newValue % 3 == 0 { throw PieceFailure(.temporary, "by chance") }
                return 0
            }
            try await runner.run(untilDone: true)
            #expect(memory.rows == Self.expected(days: 300, symbols: 1))
            #expect(most.load(ordering: .relaxed) <= 4)
            #expect(memory.open.load(ordering: .relaxed) == 0)
            let job = try #require(try await store.jobs().first)
            #expect(job.state == .ended && job.piecesFailed == 0 && job.failures > 0)
            #expect(runner.activity.failures == UInt64(job.failures))
            #expect(
                try await store.coverage(of: "memory").map(\.ranges.ranges) == [
                    [Self.start..<Self.start + 300 * Self.day]
                ])
        }
    }

    @Test("What fails always is tried so often, is failed for good, and is never counted as done")
    func alwaysFailing() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order(symbols: 1, days: 3), nowMilliseconds: Self.start)
            let memory = Memory()
            let tries = Atomic<Int>(0)
            let runner = Self.runner(store, memory, attempts: 4) { (_, _) async throws(PieceFailure) in
                tries.add(1, ordering: .relaxed)
                throw PieceFailure(.temporary, "never")
            }
            try await runner.run(untilDone: true)
            let job = try #require(try await store.jobs().first)
            #expect(job.state == .ended)
            #expect(job.piecesFailed == 1 && job.piecesDone == 0 && job.coveredMilliseconds == 0)
            #expect(tries.load(ordering: .relaxed) == 4)
            #expect(memory.rows.isEmpty && memory.open.load(ordering: .relaxed) == 0)
        }
    }

    @Test(
        "Where REST stands in for no archive, a day without one has failed for good, with the reason, and is not asked for"
    )
    func archivesAlone() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            let quotes = HistorySeries(Self.segment, symbol: "S", kind: .bbo)
            let order = HistoryJobOrder(
                name: "job", series: [quotes], rangeMilliseconds: Self.start..<Self.start + 31 * Self.day,
                output: "memory")
            _ = try await store.add(order, nowMilliseconds: Self.start)
            let tries = Mutex<[PieceSource: Int]>([:])
            let runner = Self.runner(store, Memory(), attempts: 4, archives: true) {
                (piece, _) async throws(PieceFailure) in
                tries.withLock { $0[piece.source.kind, default: 0] += 1 }
                // The first day is there, and always damaged.
                let isDamaged = piece.source.kind == .day && piece.rangeMilliseconds.lowerBound == Self.start
                throw PieceFailure(isDamaged ? .temporary : .missing, isDamaged ? "it is damaged" : "it is not there")
            }
            try await runner.run(untilDone: true)
            #expect(tries.withLock { $0 } == [.month: 1, .day: 30 + 4])
            let job = try #require(try await store.jobs().first)
            #expect(job.state == .ended && job.piecesFailed == 31 && job.coveredMilliseconds == 0)
            let errors = try await store.failures(limit: 100).map(\.error)
            let reason = "Binance serves no bbo of USD-M futures over REST"
            #expect(errors.count { $0 == "it is not there; \(reason)" } == 30)
            #expect(errors.contains("it is damaged; \(reason)"))
            // What failed is tried as it was: a file may have come.
            #expect(try await store.retryFailed(of: "job") == 31)
            try await runner.run(untilDone: true)
            #expect(tries.withLock { $0[.rest] } == nil && tries.withLock { $0[.day] } == 2 * 34)
        }
    }

    @Test("Cancelled at any point and begun again, it gives what an undisturbed run gives")
    func cancelled() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order(symbols: 3, days: 200), nowMilliseconds: Self.start)
            let memory = Memory()
            for round in 0..<20 {
                let fetched = Atomic<Int>(0)
                let task = Mutex<Task<Void, any Error>?>(nil)
                let runner = Self.runner(store, memory) { (piece, take) async throws(PieceFailure) in
                    try await Self.give(piece, take)
                    if fetched.add(1, ordering: .relaxed).newValue > round % 5 { task.withLock { $0?.cancel() } }
                    return 0
                }
                let work = Task { try await runner.run(untilDone: true) }
                task.withLock { $0 = work }
                _ = await work.result
                #expect(memory.open.load(ordering: .relaxed) == 0)
            }
            let runner = Self.runner(store, memory) { (piece, take) async throws(PieceFailure) in
                try await Self.give(piece, take)
                return 0
            }
            try await runner.run(untilDone: true)
            let coverage = try await store.coverage(of: "memory")
            #expect(coverage.count == 3)
            #expect(coverage.allSatisfy { $0.ranges.ranges == [Self.start..<Self.start + 200 * Self.day] })
            #expect(try await store.jobs().first?.failures == 0)
        }
    }

    @Test("What is not final yet is not asked for, and does not count as complete")
    func unfinished() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            // The clock stands some minutes behind this time: the last bar of an hour grows.
            var order = Self.order(symbols: 1, days: 1)
            order.rangeMilliseconds = Self.start + 399 * Self.day..<Self.start + 401 * Self.day
            _ = try await store.add(order, nowMilliseconds: Self.start)
            let memory = Memory()
            let runner = Self.runner(store, memory) { (piece, take) async throws(PieceFailure) in
                try await Self.give(piece, take)
                return 0
            }
            try await runner.run(untilDone: true)
            let job = try #require(try await store.jobs().first)
            #expect(job.state == .ended && job.piecesFailed == 0)
            let end = try #require(try await store.coverage(of: "memory").first?.ranges.ranges.last?.upperBound)
            let hour: Int64 = 3_600_000
            #expect(end > Self.start + 400 * Self.day - 2 * hour && end < Self.start + 400 * Self.day + hour)
        }
    }

    @Test("What is not final is no part of a job: it ends whole, where its coverage ends, and knows until when it went")
    func unfinishedTotal() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            let from = Self.start + 399 * Self.day
            let kinds: [HistoryKind] = [.kline(.hour1), .kline(.day1), .fundingRate]
            _ = try await store.add(
                HistoryJobOrder(
                    name: "job", series: kinds.map { HistorySeries(Self.segment, symbol: "S", kind: $0) },
                    rangeMilliseconds: from..<Self.start + 500 * Self.day, output: "memory"), nowMilliseconds: from)
            let memory = Memory()
            // 12:34:56 and a half.
            let now = Self.start + 400 * Self.day + 45_296_500
            let runner = Self.runner(store, memory, now: now) { (piece, take) async throws(PieceFailure) in
                try await Self.give(piece, take)
                return 0
            }
            try await runner.run(untilDone: true)
            let job = try #require(try await store.jobs().first)
            #expect(job.state == .ended && job.piecesFailed == 0)
            // Up to 12:33 for what has no length, 11:33 for hours, 12:33 of the day before for days.
            let (minute, hour): (Int64, Int64) = (60_000, 3_600_000)
            let final = Self.start + 400 * Self.day + 12 * hour + 33 * minute
            let ends = [final, final - hour, final - Self.day]
            #expect(job.untilMilliseconds == final - Self.day...final)
            #expect(job.totalMilliseconds == ends.reduce(0) { $0 + $1 - from })
            #expect(job.coveredMilliseconds == job.totalMilliseconds)
            let coverage = try await store.coverage(of: "memory")
            #expect(coverage.flatMap(\.ranges.ranges).map(\.upperBound).sorted() == ends.sorted())
        }
    }

    @Test("A job of which nothing is final ends without a piece, and whole")
    func nothingFinal() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            _ = try await store.add(Self.order(symbols: 2, days: 3), nowMilliseconds: Self.start)
            let runner = Self.runner(store, Memory(), now: Self.start + 3_000_000) {
                (_, _) async throws(PieceFailure) in
                throw PieceFailure(.permanent, "nothing is to be fetched")
            }
            try await runner.run(untilDone: true)
            let job = try #require(try await store.jobs().first)
            #expect(job.state == .ended && job.piecesFailed == 0 && job.totalMilliseconds == 0)
            #expect(job.untilMilliseconds == Self.start...Self.start)
        }
    }

    @Test("A job that is cancelled by another process loses what is in work, within a look at the jobs")
    func cancelledJob() async throws {
        try await Self.with { path in
            let store = try HistoryStore(path: path)
            let other = try HistoryStore(path: path)
            _ = try await store.add(Self.order(symbols: 1, days: 30), nowMilliseconds: Self.start)
            let memory = Memory()
            let runner = Self.runner(store, memory) { (_, _) async throws(PieceFailure) in
                do {
                    _ = try await other.set(.cancelled, of: "job", from: [.running])
                    try await Task.sleep(for: .seconds(60))
                } catch {
                    throw PieceFailure(.cancelled, "cancelled")
                }
                return 0
            }
            try await runner.run(untilDone: true)
            #expect(try await store.jobs().first?.state == .cancelled)
            #expect(memory.open.load(ordering: .relaxed) == 0)
        }
    }
}

/// A counter that goes forward with each look.
private final class Atomic64: Sendable {
    private let count = Atomic<Int64>(0)

    func next(from start: Int64, by step: Int64) -> Int64 {
        start + self.count.add(1, ordering: .relaxed).newValue * step
    }
}
