import Backfill
import Logging
import MarketModel
import Publishing
import Resilience
import Synchronization
import Transport
import Venues

/// Looks for the trades that the ledger misses: in the streams, where another collector may have stored them, then at the
/// venue.
///
/// What the venue gives goes the way of all trades, through the loop of its instrument, and is published once. Nothing
/// waits for it: requests have their own priority, and a queue that fills ends the search until there is room again. The
/// ledger counts a trade as repaired when it is safe.
final class GapRepairer: Sendable {
    /// What became of the searches.
    struct Counts: Sendable, Equatable {
        var requests: UInt64 = 0
        var failures: UInt64 = 0
        /// Trades published, and trades found in the streams.
        var published: UInt64 = 0
        var stored: UInt64 = 0
        /// Trades that the venue does not have.
        var givenUp: UInt64 = 0
        /// Entries that are open, and the trades that they miss.
        var openEntries = 0
        var openTrades: UInt64 = 0
        /// Places that are searched now.
        var searching = 0
    }

    /// How often the ledger is looked at.
    private static let tick = Duration.milliseconds(500)
    /// Trades that are published in one go, and the pause until the next of all searches: live data stands behind no more
    /// of them than a server takes within a few milliseconds.
    private static let portion: UInt64 = 20
    private static let pause: Int64 = 10_000
    /// Answers in a row without a wanted trade after which a search ends: an id that was none may have left a hole of any
    /// size.
    static let emptyPagesMost = 50

    private unowned let service: CollectorService
    private let storedTrades: StoredTrades
    private let counted = Mutex(Counts())
    private let schedule = Mutex(RepairSchedule())
    private let stored: StoredAnswers
    /// When the next portion may be published, microseconds of the monotonic clock.
    private let nextPortion = Mutex(Int64(0))

    init(_ service: CollectorService, storedTrades: StoredTrades) {
        self.service = service
        self.storedTrades = storedTrades
        self.stored = StoredAnswers(
            duplicateWindow: service.configuration.nats.streams.marketData.duplicateWindow.microseconds)
    }

    var counts: Counts { self.counted.withLock { $0 } }

    /// Searches until the task is cancelled.
    func run(_ rest: VenueRequests) async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let holes = self.service.ledger.holes()
                self.note(holes)
                // Without a server the streams cannot be asked, and what is published waits on disk.
                let publisher = self.service.publisher.snapshot()
                if publisher.isConnected {
                    if publisher.hasJetStream,
                        let questions = self.stored.ask(holes, at: LoopClock.monotonicMicroseconds())
                    {
                        group.addTask { await self.ask(questions) }
                    }
                    let isKnown =
                        publisher.hasJetStream ? self.stored.known(at: LoopClock.monotonicMicroseconds()) : nil
                    let ready = holes.filter { hole in isKnown?.contains(hole.subject.place) ?? true }
                    let searches = self.schedule.withLock { schedule in
                        schedule.begin(ready, of: holes, at: LoopClock.monotonicMicroseconds())
                    }
                    for search in searches { group.addTask { await self.search(search, rest) } }
                }
                do { try await Task.sleep(for: Self.tick) } catch { return }
            }
        }
    }

    private func note(_ holes: [TradeHole]) {
        let searching = self.schedule.withLock { $0.searching }
        self.counted.withLock { counts in
            counts.openEntries = holes.count
            counts.openTrades = holes.reduce(0) { $0 &+ $1.count }
            counts.searching = searching
        }
    }

    // MARK: - Searching

    /// Asks the streams for all places together.
    private func ask(_ questions: [StoredTrades.Question]) async {
        let asked = LoopClock.monotonicMicroseconds()
        let answers = await self.storedTrades.held(questions)
        self.stored.answered(questions.map(\.subject), answers, askedAt: asked)
    }

    private func search(_ search: RepairSchedule.Search, _ rest: VenueRequests) async {
        let missing = TradeRuns(search.holes.flatMap(\.ids))
        let stored = self.stored.runs(of: search.subject)
        let wanted = missing.without(stored)
        if wanted.total < missing.total {
            self.service.ledger.holds(search.subject, trades: stored)
            self.counted.withLock { $0.stored &+= missing.total &- wanted.total }
        }
        var end = RepairSchedule.End.failed
        if let place = self.service.tradePlace(of: search.subject) { end = await self.fetch(wanted, at: place, rest) }
        self.ended(search, as: end)
    }

    /// Asks the venue page by page, in ascending order.
    private func fetch(
        _ wanted: TradeRuns, at place: TradePlace, _ rest: VenueRequests
    ) async -> RepairSchedule.End {
        guard let venue = VenueCatalog.venue(place.segment.venue), let segment = VenueCatalog.segment(place.segment)
        else { return .impossible }
        guard let last = wanted.runs.last?.upperBound else { return .asked }
        var next = wanted.runs.first?.lowerBound
        var emptyPages = 0
        while let first = next, emptyPages < Self.emptyPagesMost {
            guard
                let page = venue.tradeRequest(
                    of: place.symbol, ids: first...last, in: segment, wanted: place.settings.wanted)
            else { return .impossible }
            do throws(RequestFailure) {
                self.counted.withLock { $0.requests &+= 1 }
                let body = try await rest.get(page.request, priority: .gapRepair)
                let (offered, end) = await self.publish(body, wanted, of: page.ids, at: place)
                if let end { return end }
                emptyPages = offered > 0 ? 0 : emptyPages + 1
            } catch {
                self.failed(error, place)
                return error.isPermanent ? .asked : .failed
            }
            let end = page.ids.upperBound
            next = wanted.runs.first { $0.upperBound > end }.map { max($0.lowerBound, end + 1) }
        }
        return .asked
    }

    /// What of an answer is published at a time, by ids; what it brings beyond its own goes with the first and the last.
    static func parts(of ids: ClosedRange<UInt64>) -> [ClosedRange<UInt64>] {
        stride(from: 0, through: ids.upperBound - ids.lowerBound, by: Int(Self.portion)).map { offset in
            let first = ids.lowerBound + offset
            let isLast = ids.upperBound - first < Self.portion
            return (offset == 0 ? 0 : first)...(isLast ? UInt64.max : first + Self.portion - 1)
        }
    }

    /// Publishes an answer portion by portion; gives how many wanted trades it has, and how the search ended where it ended
    /// by that.
    private func publish(
        _ body: [UInt8], _ wanted: TradeRuns, of ids: ClosedRange<UInt64>, at place: TradePlace
    ) async -> (offered: UInt64, end: RepairSchedule.End?) {
        var offered: UInt64 = 0
        for part in Self.parts(of: ids) {
            let portion = TradeRuns(wanted.runs.filter { $0.overlaps(part) }.map { $0.clamped(to: part) })
            guard portion.total > 0 else { continue }
            let now = LoopClock.monotonicMicroseconds()
            let turn = self.nextPortion.withLock { next in
                defer { next = max(now, next) &+ Self.pause }
                return max(now, next)
            }
            do { try await Task.sleep(for: .microseconds(turn &- now)) } catch { return (offered, .failed) }
            guard let result = await self.service.repair(body, portion, at: place) else { return (offered, .failed) }
            self.counted.withLock { $0.published &+= result.taken }
            offered &+= result.offered
            if result.isCutShort { return (offered, .crowded) }
        }
        return (offered, nil)
    }

    private func failed(_ error: RequestFailure, _ place: TradePlace) {
        self.counted.withLock { $0.failures &+= 1 }
        guard error.kind != .cancelled else { return }
        self.service.sampledLog.tell(
            "missed trades are not available", about: place.segment.description,
            metadata: ["segment": "\(place.segment)", "symbol": "\(place.symbol)", "error": "\(error)"])
    }

    private func ended(_ search: RepairSchedule.Search, as end: RepairSchedule.End) {
        guard !Task.isCancelled else { return }
        let over = self.schedule.withLock { $0.ended(search, as: end, at: LoopClock.monotonicMicroseconds()) }
        guard !over.isEmpty else { return }
        let left = self.service.ledger.holes().filter { over.contains($0.id) }
        self.counted.withLock { $0.givenUp &+= left.reduce(0) { $0 &+ $1.count } }
        for id in over { self.service.ledger.giveUp(id) }
        self.service.sampledLog.tell(
            "trades stay missing", about: search.subject.venue ?? "",
            metadata: [
                "venue": "\(search.subject.venue ?? "-")", "symbol": "\(search.subject.symbol ?? "-")",
                "trades": "\(left.reduce(0) { $0 &+ $1.count })",
            ])
    }
}

/// Where trades are collected.
struct TradePlace: Sendable {
    let segment: SegmentID
    /// The venue's.
    let symbol: String
    let settings: SegmentSettings
}

extension CollectorService {
    /// Where the trades of a place are collected now; nil where they are not.
    func tradePlace(of subject: GapSubject) -> TradePlace? {
        let supervisors = self.supervisors.withLock { $0 }
        for segment in self.sections where segment.venue.name == subject.venue {
            guard let place = supervisors[segment]?.tradePlace(of: subject) else { continue }
            return place
        }
        return nil
    }

    /// Brings an answer with missed trades to the loop of their instrument; nil when it could not be read there.
    func repair(_ body: [UInt8], _ wanted: TradeRuns, at place: TradePlace) async -> RepairedTrades? {
        let received = LoopClock.wallMicroseconds()
        guard let loop = self.roster.withLock({ $0.home(of: place.symbol, in: place.segment) }) else { return nil }
        let reply = Reply<RepairedTrades>()
        let isTaken = self.workers[loop].submitAlways { worker in
            reply.give(
                worker?.tradesArrived(
                    body, wanted: wanted, of: place.symbol, in: place.segment, receivedMicroseconds: received))
        }
        guard isTaken else { return nil }
        return await reply.wait()
    }
}
