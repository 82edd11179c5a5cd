import Backfill
import MarketModel
import Synchronization
import Venues

/// The venues' lists, each loaded once when it is first asked for; as many as there are sections.
final class HistoryInstruments: Sendable {
    /// How often a list is asked for.
    private static let tries = 4

    private let rest: VenueRequests
    private let lists = Mutex<[SegmentID: Task<[Instrument], any Error>]>([:])

    init(_ rest: VenueRequests) {
        self.rest = rest
    }

    /// What a section lists.
    func list(_ segment: VenueSegment) async throws(PieceFailure) -> [Instrument] {
        let task = self.lists.withLock { lists in
            if let task = lists[segment.id] { return task }
            let task = Task { [rest] in try await Self.load(segment, rest) }
            lists[segment.id] = task
            return task
        }
        do {
            return try await task.value
        } catch {
            // The next who asks tries again.
            self.lists.withLock { lists in if lists[segment.id] == task { lists[segment.id] = nil } }
            let isPermanent = (error as? RequestFailure)?.isPermanent ?? false
            throw PieceFailure(isPermanent ? .permanent : .temporary, "the list of \(segment.id): \(error)")
        }
    }

    /// An answer that cannot be read is asked for again: the next one may be whole.
    private static func load(_ segment: VenueSegment, _ rest: VenueRequests) async throws -> [Instrument] {
        for _ in 1..<Self.tries {
            do {
                return try await rest.list(segment).instruments
            } catch is UnreadableAnswer {
                continue
            } catch let error as RequestFailure where Self.mayPass(error) {
                continue
            }
        }
        return try await rest.list(segment).instruments
    }

    /// Whether the venue answered with what may pass; of no answer the core has tried long enough.
    private static func mayPass(_ error: RequestFailure) -> Bool {
        guard case .refused = error.kind else { return false }
        return [.temporary, .unreadable].contains(PieceFailure(error).kind)
    }

    func instrument(of series: HistorySeries) async throws(PieceFailure) -> Instrument {
        guard let segment = VenueCatalog.segment(series.segment) else {
            throw PieceFailure(.permanent, "there is no section \(series.segment)")
        }
        guard let found = try await self.list(segment).first(where: { $0.venueSymbol == series.symbol }) else {
            throw PieceFailure(.permanent, "\(series.segment) does not list \(series.symbol)")
        }
        return found
    }
}
