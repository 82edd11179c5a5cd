import Backfill
import MarketModel
import Synchronization
import Venues

/// The venues' lists, each loaded once when it is first asked for, and again when it lacks a symbol; as many as there are
/// sections.
final class HistoryInstruments: Sendable {
    private struct List {
        let task: Task<Void, Never>
        var outcome: Result<[Instrument], PieceFailure>?
        var endedAt = ContinuousClock.now
    }

    /// How often a list is asked for.
    private static let tries = 4
    /// How old a list may be that lacks a symbol, which may have been listed since.
    private static let ageMost = Duration.seconds(300)
    /// For how long a failure stands for the next ones who ask.
    private static let failurePause = Duration.seconds(5)
    private static let look = Duration.milliseconds(20)

    private let rest: VenueRequests
    private let lists = Mutex<[SegmentID: List]>([:])

    init(_ rest: VenueRequests) {
        self.rest = rest
    }

    /// What a section lists.
    func list(_ segment: VenueSegment) async throws(PieceFailure) -> [Instrument] {
        try await self.listed(segment, within: nil)
    }

    /// The instrument of a series.
    ///
    /// - Parameter patience: How long its list may take; nil for as long as it takes.
    func instrument(of series: HistorySeries, within patience: Duration? = nil) async throws(PieceFailure) -> Instrument
    {
        guard let segment = VenueCatalog.segment(series.segment) else {
            throw PieceFailure(.permanent, "there is no section \(series.segment)")
        }
        if let found = try await self.find(series.symbol, segment, patience) { return found }
        self.forget(segment.id)
        if let found = try await self.find(series.symbol, segment, patience) { return found }
        throw PieceFailure(.permanent, "\(series.segment) does not list \(series.symbol)")
    }

    /// Ends the loading that is under way.
    func close() {
        self.lists.withLock { lists in for list in lists.values { list.task.cancel() } }
    }

    // MARK: - Private

    private func find(
        _ symbol: String, _ segment: VenueSegment, _ patience: Duration?
    ) async throws(PieceFailure) -> Instrument? {
        try await self.listed(segment, within: patience).first { $0.venueSymbol == symbol }
    }

    /// Waits for a list, no longer than that; loading goes on whoever gives up.
    private func listed(
        _ segment: VenueSegment, within patience: Duration?
    ) async throws(PieceFailure) -> [Instrument] {
        let end = patience.map { ContinuousClock.now + $0 }
        while true {
            if let outcome = self.load(segment) { return try outcome.get() }
            if let end, ContinuousClock.now >= end {
                throw PieceFailure(.temporary, "the list of \(segment.id) is not there yet")
            }
            do {
                try await Task.sleep(for: Self.look)
            } catch {
                throw PieceFailure(.cancelled, "stopped while the list of \(segment.id) was waited for")
            }
        }
    }

    /// What loading gave; it is begun where there is none, or where a failure is old enough.
    private func load(_ segment: VenueSegment) -> Result<[Instrument], PieceFailure>? {
        self.lists.withLock { lists in
            if let list = lists[segment.id] {
                guard case .failure = list.outcome, ContinuousClock.now - list.endedAt > Self.failurePause else {
                    return list.outcome
                }
            }
            let task = Task { [rest] in
                let outcome = await Self.load(segment, rest)
                self.lists.withLock { lists in
                    lists[segment.id]?.outcome = outcome
                    lists[segment.id]?.endedAt = ContinuousClock.now
                }
            }
            lists[segment.id] = List(task: task)
            return nil
        }
    }

    /// Lets a list be loaded anew that is not young.
    private func forget(_ id: SegmentID) {
        self.lists.withLock { lists in
            guard let list = lists[id], list.outcome != nil, ContinuousClock.now - list.endedAt > Self.ageMost else {
                return
            }
            lists[id] = nil
        }
    }

    /// An answer that cannot be read is asked for again: the next one may be whole.
    private static func load(
        _ segment: VenueSegment, _ rest: VenueRequests
    ) async -> Result<[Instrument], PieceFailure> {
        var tries = 1
        while true {
            do {
                return .success(try await rest.list(segment).instruments)
            } catch {
                guard tries < Self.tries, Self.mayPass(error) else {
                    let isPermanent = (error as? RequestFailure)?.isPermanent ?? false
                    return .failure(
                        PieceFailure(isPermanent ? .permanent : .temporary, "the list of \(segment.id): \(error)"))
                }
                tries += 1
            }
        }
    }

    /// Whether the venue answered with what may pass; of no answer the core has tried long enough.
    private static func mayPass(_ error: any Error) -> Bool {
        if error is UnreadableAnswer { return true }
        guard let failure = error as? RequestFailure, case .refused = failure.kind else { return false }
        return [.temporary, .unreadable].contains(PieceFailure(failure).kind)
    }
}
