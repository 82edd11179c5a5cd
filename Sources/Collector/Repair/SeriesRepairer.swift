import Backfill
import Logging
import MarketModel
import Publishing
import Resilience
import Synchronization
import Transport
import Venues

/// Asks venues for bars and charged funding that were missed while a connection was away.
///
/// What comes is told with `backfilled`, and the ledger of how much it was. An order that fails is not repeated: its bars
/// are on the ledger as missing.
struct SeriesRepairer: Sendable {
    /// Orders under way at once: there is no hurry, and a mass reconnect asks for thousands.
    private static let ordersMost = 8
    /// Bars that are asked for in one request, as many as every venue gives, and requests for one order: a month of minutes.
    private static let barsMost: Int64 = 250
    private static let pagesMost = 180
    /// Rates are charged on whole hours.
    private static let hour: Int64 = 3_600_000_000

    let service: CollectorService
    let rest: VenueRequests

    /// Follows orders until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            var underWay = 0
            for await order in self.service.seriesOrders.orders {
                if underWay == Self.ordersMost {
                    await group.next()
                    underWay -= 1
                }
                underWay += 1
                group.addTask { await self.follow(order) }
            }
        }
    }

    private func follow(_ order: SeriesOrder) async {
        guard let venue = VenueCatalog.venue(order.segment.venue), let segment = VenueCatalog.segment(order.segment)
        else { return }
        switch order.series {
        case .klines(let interval): await self.bars(order, interval, venue, segment)
        case .funding: await self.funding(order, venue, segment)
        }
    }

    // MARK: - Bars

    private func bars(
        _ order: SeriesOrder, _ interval: KlineInterval, _ venue: any Venue, _ segment: VenueSegment
    ) async {
        let ended = Self.barsEnded(interval, in: order.missed)
        if ended > 0 { self.record(order, .kline, missing: ended) }
        var found: UInt64 = 0
        for page in Self.pages(interval, order.missed, now: LoopClock.wallMicroseconds()) {
            let request = venue.klineRequest(
                of: order.symbol, interval, fromMilliseconds: page.lowerBound / 1_000,
                toMilliseconds: page.upperBound / 1_000, in: segment)
            guard let request,
                let count = await self.ask(request, .kline, .klines(interval, missed: order.missed), order)
            else { break }
            found += count
        }
        if ended > 0 {
            self.service.ledger.answered(order.subject, .kline, cause: order.cause, found: min(found, ended), of: ended)
        }
    }

    /// How many bars ended in a stretch of time.
    static func barsEnded(_ interval: KlineInterval, in stretch: ClosedRange<Int64>) -> UInt64 {
        guard let length = interval.microseconds, stretch.lowerBound > 0 else { return 0 }
        return UInt64(stretch.upperBound / length - (stretch.lowerBound - 1) / length)
    }

    /// Times in which bars are asked for: from the bar on that was open when data last came, microseconds.
    static func pages(
        _ interval: KlineInterval, _ missed: ClosedRange<Int64>, now: Int64
    ) -> [ClosedRange<Int64>] {
        let length = interval.microseconds ?? 31 * 86_400_000_000
        let first = max(1, missed.lowerBound - length)
        let step = Self.barsMost * length
        let last = max(first, now)
        return stride(from: first, through: last, by: Int(step)).suffix(Self.pagesMost).map {
            $0...min($0 + step - 1, last)
        }
    }

    // MARK: - Funding

    private func funding(_ order: SeriesOrder, _ venue: any Venue, _ segment: VenueSegment) async {
        let missed = order.missed
        guard missed.lowerBound / Self.hour != missed.upperBound / Self.hour,
            let request = venue.fundingRequest(
                of: order.symbol, fromMilliseconds: missed.lowerBound / 1_000,
                toMilliseconds: missed.upperBound / 1_000, in: segment)
        else { return }
        guard let found = await self.ask(request, .fundingRate, .fundingHistory, order) else {
            return self.record(order, .fundingRate, missing: nil)
        }
        guard found > 0 else { return }
        self.record(order, .fundingRate, missing: found)
        self.service.ledger.answered(order.subject, .fundingRate, cause: order.cause, found: found, of: found)
    }

    // MARK: - Both

    private func record(_ order: SeriesOrder, _ type: MessageType, missing: UInt64?) {
        self.service.ledger.record(
            GapLoss(
                order.subject, of: .messages(type), cause: order.cause, from: order.missed.lowerBound,
                to: order.missed.upperBound, missing: missing))
    }

    /// Gives how many missed messages an answer brought; nil when none came.
    private func ask(
        _ request: VenueRequest, _ type: DataType, _ question: VenueQuestion, _ order: SeriesOrder
    ) async -> UInt64? {
        do throws(RequestFailure) {
            let body = try await self.rest.get(request, priority: .gapRepair)
            return await self.service.repair(body, question, of: order.symbol, in: order.segment)
        } catch {
            guard error.kind != .cancelled else { return nil }
            self.service.sampledLog.tell(
                "what was missed is not available", about: "\(order.segment) \(type.rawValue)",
                metadata: [
                    "segment": "\(order.segment)", "symbol": "\(order.symbol)", "type": "\(type.rawValue)",
                    "error": "\(error)",
                ])
            return nil
        }
    }
}

extension CollectorService {
    /// Brings an answer about a symbol to its loop, and gives how many missed messages it brought; nil when it could not
    /// be read there.
    fileprivate func repair(
        _ body: [UInt8], _ question: VenueQuestion, of symbol: String, in segment: SegmentID
    ) async -> UInt64? {
        let received = LoopClock.wallMicroseconds()
        guard let loop = self.roster.withLock({ $0.home(of: symbol, in: segment) }) else { return nil }
        let reply = Reply<UInt64>()
        let isTaken = self.workers[loop].submitAlways { worker in
            reply.give(
                worker?.seriesArrived(
                    body, to: question, of: symbol, in: segment, receivedMicroseconds: received))
        }
        guard isTaken else { return nil }
        return await reply.wait()
    }
}
