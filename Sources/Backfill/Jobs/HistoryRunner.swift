package import MarketModel
internal import Synchronization
package import Venues

/// Works on the jobs of a store until it is told to stop, or until nothing is left.
///
/// Bounded: so many pieces at a time, each a child task. A piece is done once its output says that it is safe; a failed one
/// is tried again later, with full jitter, a bounded number of times, and never counted as done.
package final class HistoryRunner: Sendable {
    /// How the work is bounded.
    package struct Settings: Hashable, Sendable {
        /// Pieces in work at a time.
        package var parallel = 8
        /// Tries of a piece before it has failed for good.
        package var attempts = 8
        /// The pause behind a first failure, which doubles up to the most; each is drawn between nothing and this.
        package var retryBase = Duration.seconds(5)
        package var retryMost = Duration.seconds(600)
        /// How often the states of jobs are looked at, which other processes may change.
        package var tick = Duration.seconds(1)

        package init() {}
    }

    /// What the runner needs of its surroundings.
    package struct Surroundings: Sendable {
        /// The instrument of a series as its venue lists it.
        package var instrument: @Sendable (HistorySeries) async throws(PieceFailure) -> Instrument
        /// The same, for series that are cut one by one: fails for now where a venue's list takes long.
        package var instrumentSoon: @Sendable (HistorySeries) async throws(PieceFailure) -> Instrument
        package var wanted: @Sendable (SegmentID) -> Wanted
        /// Fetches a piece and hands its rows over; throws `.missing` for an archive that is not there.
        package var fetch: Fetch
        package var output: @Sendable (String) throws(PieceFailure) -> any HistoryOutput
        package var nowMilliseconds: @Sendable () -> Int64
        /// Whole numbers below a bound.
        package var random: @Sendable (Int64) -> Int64

        package init(
            instrument: @escaping @Sendable (HistorySeries) async throws(PieceFailure) -> Instrument,
            instrumentSoon: (@Sendable (HistorySeries) async throws(PieceFailure) -> Instrument)? = nil,
            wanted: @escaping @Sendable (SegmentID) -> Wanted, fetch: @escaping Fetch,
            output: @escaping @Sendable (String) throws(PieceFailure) -> any HistoryOutput,
            nowMilliseconds: @escaping @Sendable () -> Int64,
            random: @escaping @Sendable (Int64) -> Int64 = { Int64.random(in: 0..<max(1, $0)) }
        ) {
            self.instrument = instrument
            self.instrumentSoon = instrumentSoon ?? instrument
            self.wanted = wanted
            self.fetch = fetch
            self.output = output
            self.nowMilliseconds = nowMilliseconds
            self.random = random
        }
    }

    package typealias Take = @Sendable (HistoryPage) async throws(HistoryOutputError) -> Void
    /// Gives the rows that could not be read.
    package typealias Fetch = @Sendable (HistoryPiece, @escaping Take) async throws(PieceFailure) -> UInt64

    /// What the runner does now.
    package struct Activity: Hashable, Sendable {
        /// Series of the pieces in work.
        package var series: [HistorySeries] = []
        package var piecesDone: UInt64 = 0
        package var failures: UInt64 = 0
        package var rows: UInt64 = 0
        package var lastFailure: String?

        package init() {}
    }

    /// What came of cutting a series.
    private struct Cut {
        /// The next piece that is due, of this or another series.
        let claim: HistoryStore.Claim?
    }

    /// Series that are looked at for one cut.
    private static let uncutMost = 4

    private let store: HistoryStore
    private let planner: HistoryPlanner
    private let settings: Settings
    private let surroundings: Surroundings
    private let working = Mutex(Activity())
    /// Outputs that take nothing now, and until when nobody asks them: as many as jobs name.
    private let held = Mutex<[String: Int64]>([:])

    package init(
        _ store: HistoryStore, planner: HistoryPlanner = HistoryPlanner(), settings: Settings,
        _ surroundings: Surroundings
    ) {
        self.store = store
        self.planner = planner
        self.settings = settings
        self.surroundings = surroundings
    }

    package var activity: Activity { self.working.withLock { $0 } }

    // MARK: - Running

    /// Works until the task is cancelled, or until nothing is left where `untilDone`; all pieces have ended then.
    package func run(untilDone: Bool) async throws(HistoryStoreError) {
        guard !Task.isCancelled else { return }
        try await self.store.begin()
        let ended = PieceEnds()
        do {
            try await withThrowingDiscardingTaskGroup { group in
                defer { group.cancelAll() }
                var tasks: [Int64: (job: Int64, stop: PieceStop)] = [:]
                while !Task.isCancelled {
                    for id in ended.take() { tasks[id] = nil }
                    let running = try await self.store.runningJobs()
                    for (job, stop) in tasks.values where !running.contains(job) { stop.stop() }
                    var isIdle = false
                    while tasks.count < self.settings.parallel, !Task.isCancelled {
                        guard let claim = try await self.next() else {
                            isIdle = true
                            break
                        }
                        let stop = PieceStop()
                        tasks[claim.id] = (claim.job, stop)
                        group.addTask {
                            await self.work(claim, stop)
                            ended.add(claim.id)
                        }
                    }
                    if isIdle, tasks.isEmpty {
                        // What the store did not take the end of.
                        try await self.store.begin()
                        _ = try await self.store.endJobs(nowMilliseconds: self.surroundings.nowMilliseconds())
                        if untilDone, try await self.isDone() { return }
                    }
                    await ended.wait(atMost: self.settings.tick)
                }
            }
        } catch {
            // A store that is asked in a cancelled task gives no answer.
            guard !Task.isCancelled else { return }
            throw error as? HistoryStoreError ?? HistoryStoreError(error)
        }
    }

    private func isDone() async throws(HistoryStoreError) -> Bool {
        try await self.store.runningJobs().isEmpty
    }

    /// Takes a piece that is due, or cuts one.
    private func next() async throws(HistoryStoreError) -> HistoryStore.Claim? {
        let now = self.surroundings.nowMilliseconds()
        let held = self.held.withLock { held in
            held = held.filter { $0.value > now }
            return Set(held.keys)
        }
        if let claim = try await self.store.claim(nowMilliseconds: now, held: held) { return claim }
        // Sections whose list is not there now, so that they hold up no other.
        var away: Set<SegmentID> = []
        while !Task.isCancelled {
            let found = try await self.store.uncut(limit: Self.uncutMost, held: held, away: away)
            guard !found.isEmpty else { return nil }
            for uncut in found where !away.contains(uncut.series.segment) {
                guard let cut = try await self.cut(uncut, held) else {
                    away.insert(uncut.series.segment)
                    continue
                }
                if let claim = cut.claim { return claim }
            }
        }
        return nil
    }

    /// Cuts the next stretch of a series; nil where that has to wait.
    private func cut(
        _ uncut: HistoryStore.Uncut, _ held: Set<String>
    ) async throws(HistoryStoreError) -> Cut? {
        let now = self.surroundings.nowMilliseconds()
        // What is not final yet is no part of the job.
        let (start, ordered) = (uncut.rangeMilliseconds.lowerBound, uncut.rangeMilliseconds.upperBound)
        let end = max(start, min(ordered, HistoryPlanner.end(of: uncut.series.kind, nowMilliseconds: now)))
        guard start < end else {
            return Cut(
                claim: try await self.store.cut(
                    uncut, pieces: [], next: end, isEnd: true, skipped: 0, unavailable: [], nowMilliseconds: now,
                    held: held))
        }
        guard let venue = VenueCatalog.venue(uncut.series.segment.venue),
            let segment = VenueCatalog.segment(uncut.series.segment)
        else {
            return try await self.giveUp(uncut, start..<end, "there is no section \(uncut.series.segment)", now, held)
        }
        let instrument: Instrument
        do {
            instrument = try await self.surroundings.instrumentSoon(uncut.series)
        } catch {
            guard error.kind == .permanent else { return nil }
            return try await self.giveUp(uncut, start..<end, error.description, now, held)
        }
        let step = self.planner.step(
            uncut.series, of: instrument, in: start..<end, covered: uncut.covered, nowMilliseconds: now, venue,
            segment, self.surroundings.wanted(uncut.series.segment))
        let claim = try await self.store.cut(
            uncut, pieces: step.piece.map { [($0.rangeMilliseconds, $0.source.kind)] } ?? [],
            next: step.nextMilliseconds, isEnd: step.nextMilliseconds == end, skipped: step.skippedMilliseconds,
            unavailable: step.unavailable.map { [($0.rangeMilliseconds, .rest, $0.reason)] } ?? [],
            nowMilliseconds: now, held: held)
        return Cut(claim: claim)
    }

    private func giveUp(
        _ uncut: HistoryStore.Uncut, _ rangeMilliseconds: Range<Int64>, _ reason: String, _ now: Int64,
        _ held: Set<String>
    ) async throws(HistoryStoreError) -> Cut {
        Cut(
            claim: try await self.store.cut(
                uncut, pieces: [], next: rangeMilliseconds.upperBound, isEnd: true, skipped: 0,
                unavailable: [(rangeMilliseconds, .uncut, reason)], nowMilliseconds: now, held: held))
    }

    // MARK: - A piece

    private func work(_ claim: HistoryStore.Claim, _ stop: PieceStop) async {
        self.working.withLock { $0.series.append(claim.series) }
        defer {
            self.working.withLock { working in
                if let index = working.series.firstIndex(of: claim.series) { working.series.remove(at: index) }
            }
        }
        do throws(PieceFailure) {
            let counts = try await stop.run { () async throws(PieceFailure) in try await self.fetch(claim) }
            do throws(HistoryStoreError) {
                try await self.store.finish(claim, counts)
            } catch {
                throw PieceFailure(.temporary, "\(error)")
            }
            self.working.withLock { $0.piecesDone &+= 1 }
        } catch {
            let failure = stop.isStopped || Task.isCancelled ? PieceFailure(.cancelled, "stopped") : error
            await self.failed(claim, failure)
        }
    }

    private func fetch(_ claim: HistoryStore.Claim) async throws(PieceFailure) -> HistoryCounts {
        let piece = try await self.piece(claim)
        let output = try self.surroundings.output(claim.output)
        let writer: any HistoryPieceOutput
        do throws(HistoryOutputError) {
            writer = try await output.begin(piece)
        } catch {
            throw PieceFailure(error)
        }
        let refused: UInt64
        do throws(PieceFailure) {
            refused = try await self.surroundings.fetch(piece) { (page) async throws(HistoryOutputError) in
                try await writer.write(page)
                self.working.withLock { $0.rows &+= UInt64(page.rows.count) }
            }
            if Task.isCancelled { throw PieceFailure(.cancelled, "cancelled") }
        } catch {
            await writer.abandon()
            throw error
        }
        do throws(HistoryOutputError) {
            var counts = try await writer.finish()
            counts.refused = refused
            return counts
        } catch {
            await writer.abandon()
            throw PieceFailure(error)
        }
    }

    /// The piece that a claim stands for, its archive found again.
    private func piece(_ claim: HistoryStore.Claim) async throws(PieceFailure) -> HistoryPiece {
        guard let venue = VenueCatalog.venue(claim.series.segment.venue),
            let segment = VenueCatalog.segment(claim.series.segment)
        else { throw PieceFailure(.permanent, "there is no section \(claim.series.segment)") }
        let instrument = try await self.surroundings.instrument(claim.series)
        let wanted = self.surroundings.wanted(claim.series.segment)
        let now = self.surroundings.nowMilliseconds()
        var source = HistoryPiece.Source.rest
        if claim.source == .rest {
            // Begun anew, or late: an answer about what is served no more would be empty, and taken for all that there is.
            let unserved = HistoryPlanner.unserved(claim.series, claim.rangeMilliseconds, now, venue, segment, wanted)
            if let unserved {
                let (range, whole) = (unserved.rangeMilliseconds, claim.rangeMilliseconds)
                if range.upperBound == whole.upperBound { throw PieceFailure(.permanent, unserved.reason) }
                // It is cut in two, of which one has failed for good.
                throw PieceFailure(.missing, unserved.reason)
            }
        } else {
            guard
                let archive = self.planner.archive(
                    claim.series, of: instrument, in: claim.rangeMilliseconds, span: claim.source,
                    nowMilliseconds: now, venue, segment, wanted)
            else { throw PieceFailure(.missing, "no archive has it") }
            source = .archive(archive)
        }
        var piece = HistoryPiece(
            claim.series, of: instrument, rangeMilliseconds: claim.rangeMilliseconds, source: source)
        piece.begunMicroseconds = claim.begunMilliseconds.map { $0 &* 1_000 }
        return piece
    }

    /// A store that does not take it leaves the piece in work: the next start takes it back.
    private func failed(_ claim: HistoryStore.Claim, _ failure: PieceFailure) async {
        let now = self.surroundings.nowMilliseconds()
        var failure = failure
        var isLast =
            failure.kind == .permanent || failure.kind == .outputRefused || claim.attempts + 1 >= self.settings.attempts
        switch failure.kind {
        case .cancelled:
            try? await self.store.release(claim)
            return
        case .outputUnavailable, .outputRefused:
            self.note(failure, of: claim)
            await self.waitForOutput(claim, failure, isLast: isLast, now)
            return
        case .missing, .temporary, .unreadable, .permanent:
            // An archive that is not there, or that nothing can be made of: others may have what it should have.
            guard failure.kind == .missing || isLast && claim.source != .rest,
                let instead = await self.instead(of: claim, now)
            else { break }
            guard !instead.isEmpty else {
                failure = self.alone(failure, claim.series)
                isLast = true
                break
            }
            if failure.kind != .missing { self.note(failure, of: claim) }
            try? await self.store.replace(claim, by: instead)
            return
        }
        self.note(failure, of: claim)
        let pause = self.surroundings.random(self.pauseMilliseconds(claim.attempts))
        try? await self.store.fail(
            claim, failure.description, retryAt: isLast ? nil : now + pause, nowMilliseconds: now)
    }

    /// An output that takes nothing stops the jobs that use it, not their pieces: first for a while, in the end until
    /// somebody lets them go on.
    private func waitForOutput(_ claim: HistoryStore.Claim, _ failure: PieceFailure, isLast: Bool, _ now: Int64) async {
        if isLast {
            try? await self.store.pause(claim, reason: "\(claim.output): \(failure)", nowMilliseconds: now)
            return
        }
        let retry = now + self.surroundings.random(self.pauseMilliseconds(claim.attempts))
        self.held.withLock { $0[claim.output] = max($0[claim.output] ?? 0, retry) }
        try? await self.store.fail(claim, failure.description, retryAt: retry, nowMilliseconds: now)
    }

    /// The same of an archive that REST does not stand in for.
    private func alone(_ failure: PieceFailure, _ series: HistorySeries) -> PieceFailure {
        guard let venue = VenueCatalog.venue(series.segment.venue), let segment = VenueCatalog.segment(series.segment)
        else { return failure }
        let reason = HistoryPlanner.notServed(series.kind, venue, segment)
        return PieceFailure(failure.kind, "\(failure.description); \(reason)")
    }

    private func note(_ failure: PieceFailure, of claim: HistoryStore.Claim) {
        self.working.withLock { working in
            working.failures &+= 1
            working.lastFailure = "\(claim.series.symbol) \(claim.series.kind): \(failure)"
        }
    }

    private func instead(
        of claim: HistoryStore.Claim, _ now: Int64
    ) async -> [(range: Range<Int64>, source: PieceSource)]? {
        guard let venue = VenueCatalog.venue(claim.series.segment.venue),
            let segment = VenueCatalog.segment(claim.series.segment),
            let instrument = try? await self.surroundings.instrument(claim.series)
        else { return nil }
        return self.planner.pieces(
            insteadOf: claim.source, claim.series, of: instrument, in: claim.rangeMilliseconds, nowMilliseconds: now,
            venue, segment, self.surroundings.wanted(claim.series.segment))
    }

    private func pauseMilliseconds(_ attempts: Int) -> Int64 {
        let doubled = self.settings.retryBase * (1 << min(attempts, 20))
        return Int64(min(doubled, self.settings.retryMost) / .milliseconds(1)) + 1
    }
}

extension HistoryPiece.Source {
    /// As it stands in the store.
    package var kind: PieceSource {
        switch self {
        case .rest: .rest
        case .archive(let location): location.archive.span == .month ? .month : .day
        }
    }
}
