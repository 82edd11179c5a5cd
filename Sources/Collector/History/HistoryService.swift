package import Backfill
import Glibc
import Logging
import MarketModel
import Publishing
import Resilience
import Synchronization
import Transport
import Venues

/// Everything that works on what came before: the jobs' store, the venues' lists, requests, archives, outputs.
package final class HistoryService: Sendable {
    /// For how long a venue's list may hold up the series of others.
    private static let listPatience = Duration.seconds(2)

    package let store: HistoryStore
    private let configuration: Configuration
    private let rest: VenueRequests
    private let instruments: HistoryInstruments
    private let outputs: HistoryOutputs
    private let archives: HistoryArchives
    private let runner: HistoryRunner
    private let planner: HistoryPlanner

    /// - Parameter natsURL: The address of the server that runs as our child, if one does.
    init(
        _ configuration: Configuration, store: HistoryStore, rest: VenueRequests, resolver: Resolver, natsURL: String?,
        log: Logger
    ) throws(HistorySession.Unavailable) {
        self.configuration = configuration
        self.store = store
        self.rest = rest
        let instruments = HistoryInstruments(rest)
        self.instruments = instruments
        let outputs = HistoryOutputs(configuration, natsURL: natsURL, log: log)
        self.outputs = outputs
        let archives = try HistoryArchives(configuration, rest: rest, resolver: resolver)
        self.archives = archives
        self.planner = HistoryPlanner(usesArchives: configuration.history.archives)
        for segment in VenueCatalog.segments where configuration.venues[segment.id] == nil {
            rest.serve(segment.id, SegmentSettings(segment))
        }
        let settings = configuration.history
        var runner = HistoryRunner.Settings()
        runner.parallel = settings.parallel
        runner.attempts = settings.attempts
        runner.retryBase = settings.retryBase
        runner.retryMost = settings.retryCap
        let fetcher = RESTPieceFetcher { (request) async throws(RequestFailure) in
            try await rest.get(request, priority: .history)
        }
        let wanted = Self.wanted(configuration)
        self.runner = HistoryRunner(
            store, planner: self.planner, settings: runner,
            HistoryRunner.Surroundings(
                instrument: { (series) async throws(PieceFailure) in try await instruments.instrument(of: series) },
                instrumentSoon: { (series) async throws(PieceFailure) in
                    try await instruments.instrument(of: series, within: Self.listPatience)
                },
                wanted: wanted,
                fetch: { (piece, take) async throws(PieceFailure) in
                    guard let venue = VenueCatalog.venue(piece.series.segment.venue),
                        let segment = VenueCatalog.segment(piece.series.segment)
                    else { throw PieceFailure(.permanent, "there is no section \(piece.series.segment)") }
                    switch piece.source {
                    case .rest:
                        try await fetcher.fetch(piece, venue, segment, wanted(segment.id), take)
                        return 0
                    case .archive(let location): return try await archives.fetch(piece, location, take)
                    }
                },
                output: { (name) throws(PieceFailure) in try outputs.output(name) },
                nowMilliseconds: { LoopClock.wallMicroseconds() / 1_000 }))
    }

    /// What is asked for of a section, as configured or as usual.
    private static func wanted(_ configuration: Configuration) -> @Sendable (SegmentID) -> Wanted {
        { id in
            guard let segment = VenueCatalog.segment(id) else { return Wanted(types: []) }
            var wanted = (configuration.venues[id] ?? SegmentSettings(segment)).wanted
            wanted.types = [.trade]
            return wanted
        }
    }

    package var activity: HistoryRunner.Activity { self.runner.activity }

    /// The budgets as they stand, by scope.
    package func budgets() -> [(scope: String, used: Int, limit: Int)] {
        self.rest.budgets().flatMap { budget in
            budget.snapshot.windows.map { (budget.scope, $0.used, $0.window.limit) }
        }
    }

    /// Works until the task is cancelled, or until all jobs are done.
    package func run(untilDone: Bool) async throws(HistoryStoreError) {
        try await self.runner.run(untilDone: untilDone)
    }

    /// Ends what the outputs hold open.
    package func close() async {
        self.instruments.close()
        await self.archives.close()
        await self.outputs.close()
        self.store.close()
    }

    // MARK: - Orders

    /// The series that an order means now, and what it says in vain.
    package func resolve(
        _ order: HistoryOrder
    ) async throws -> (series: [HistorySeries], idle: [String]) {
        var series: [HistorySeries] = []
        // What means something in one section at least is not in vain.
        var (idleKinds, idleSymbols, known) = (Set(order.kinds), [String: Int](), [String]())
        let wanted = Self.wanted(self.configuration)
        let segments = try order.segments()
        for segment in segments {
            let kinds = order.kinds.filter { HistoryOrder.serves($0, segment, wanted(segment.id)) }
            idleKinds.subtract(kinds)
            let listed = try await self.instruments.list(segment)
            let needsTurnovers = order.symbols.contains { rule in
                if case .filter(let filter) = rule { filter.top != nil } else { false }
            }
            let resolution = Universe.resolve(
                order.symbols, listed: listed, turnovers: needsTurnovers ? try await self.rest.turnovers(segment) : [:],
                nowMicroseconds: LoopClock.wallMicroseconds(), limit: SegmentSettings.symbolsMost)
            known += listed.map(\.venueSymbol)
            for text in resolution.missing + resolution.idle { idleSymbols[text, default: 0] += 1 }
            for symbol in resolution.symbols {
                for kind in kinds { series.append(HistorySeries(segment.id, symbol: symbol, kind: kind)) }
            }
        }
        let idle =
            idleKinds.map { "none of the sections serves \($0)" }.sorted()
            + idleSymbols.filter { $0.value == segments.count }.map { text, _ in
                let nearest = NearestName.find(text, among: known).map { "; did you mean \($0)?" } ?? ""
                return "none of the sections lists \(text)\(nearest)"
            }.sorted()
        return (series, idle)
    }

    /// What fetching series will take.
    package func plan(
        _ series: [HistorySeries], _ rangeMilliseconds: Range<Int64>, output: String
    ) async throws -> HistoryPlan {
        let now = LoopClock.wallMicroseconds() / 1_000
        var covered: [HistorySeries: TimeRanges] = [:]
        for (series, ranges) in try await self.store.coverage(of: output) { covered[series] = ranges }
        var plan = HistoryPlan()
        for series in series {
            guard let venue = VenueCatalog.venue(series.segment.venue),
                let segment = VenueCatalog.segment(series.segment)
            else { continue }
            let instrument = try await self.instruments.instrument(of: series)
            let wanted = Self.wanted(self.configuration)(segment.id)
            var steps: [HistoryPlanner.Step] = []
            var next = rangeMilliseconds.lowerBound
            let end = min(rangeMilliseconds.upperBound, HistoryPlanner.end(of: series.kind, nowMilliseconds: now))
            while next < end {
                let step = self.planner.step(
                    series, of: instrument, in: next..<end, covered: covered[series] ?? TimeRanges(),
                    nowMilliseconds: now, venue, segment, wanted)
                steps.append(step)
                guard step.nextMilliseconds > next else { break }
                next = step.nextMilliseconds
            }
            plan.add(series, steps, venue.historyOffer(of: series.kind, in: segment, wanted: wanted))
        }
        plan.time { id in VenueCatalog.venue(id)?.scopes(limits: self.configuration.limits[id]) ?? [:] }
        return plan
    }

    /// Adds a job.
    package func add(_ order: HistoryJobOrder) async throws(HistoryStoreError) {
        _ = try await self.store.add(order, nowMilliseconds: LoopClock.wallMicroseconds() / 1_000)
    }
}
