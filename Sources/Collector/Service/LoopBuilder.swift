import MarketModel
import Observability
import OrderBook
import Publishing
import Synchronization
import Transport
import Venues

/// Makes one loop's worker and the connections it is given, on that loop's thread.
struct LoopBuilder: Sendable {
    /// How long both sockets of a rotation carry the streams once all are acknowledged.
    private static let rotationSettle = Duration.seconds(2)

    let service: CollectorService
    let index: Int

    /// Makes the worker, without connections.
    func make(_ context: LoopContext, _ queue: PublishQueue) -> LoopWorker {
        let configuration = self.service.configuration
        let publisher = EventPublisher(
            encoder: JSONMessageEncoder(), queue: queue, subjects: Subjects(prefix: configuration.nats.prefix),
            instance: configuration.instance, boot: self.service.boot, depth: configuration.books.depth,
            segments: VenueCatalog.segments.map(\.id.description), ledger: self.service.ledger)
        let beat =
            self.index == 0
            ? HeartbeatSource(
                publisher: self.service.publisher, periodMicroseconds: configuration.heartbeat.interval.microseconds,
                residentBytes: { UInt64(ProcessMemory.residentBytes() ?? 0) },
                booksLive: { [service] in service.liveBooks.load(ordering: .relaxed) }) : nil
        return LoopWorker(
            index: self.index, context: context,
            pipeline: Pipeline(books: configuration.bookSettings, publisher: publisher),
            requests: self.service.requests, listChanges: self.service.listChanges, heartbeat: beat)
    }

    /// Makes all connections of one segment that this loop has, and opens them.
    func open(
        _ connections: [(number: UInt32, plan: CollectionPlan.Connection)], _ instruments: [Instrument],
        in worker: LoopWorker
    ) {
        let listed = Dictionary(instruments.map { ($0.venueSymbol, $0) }, uniquingKeysWith: { first, _ in first })
        for (number, plan) in connections {
            guard let feed = self.make(plan, number, for: worker, listed) else { continue }
            worker.open(feed)
        }
    }

    /// Makes a connection of what is listed of its plan; nil when that is nothing.
    private func make(
        _ plan: CollectionPlan.Connection, _ number: UInt32, for worker: LoopWorker, _ listed: [String: Instrument]
    ) -> FeedConnection? {
        let configuration = self.service.configuration
        guard let venue = VenueCatalog.venue(plan.segment.venue), let segment = VenueCatalog.segment(plan.segment),
            let settings = configuration.venues[plan.segment]
        else { return nil }
        let transport = configuration.transport
        let feed = FeedConnection(
            name: plan.name, segment: segment,
            number: worker.pipeline.publisher.addConnection(plan.name, venue: venue.id), worker: worker,
            decoder: venue.makeDecoder(for: segment, wanted: settings.wanted),
            dialect: venue.dialect(for: segment, limits: configuration.limits[venue.id]),
            acknowledgeTimeout: transport.subscribeTimeout,
            deadlines: FeedConnection.Deadlines(
                firstData: transport.firstDataTimeout.microseconds, stale: transport.staleAfter.microseconds,
                rotateAfter: transport.rotateAfter.microseconds,
                overlap: min(Self.rotationSettle.microseconds, transport.rotateOverlap.microseconds / 4)))
        for stream in plan.streams {
            guard let symbol = stream.symbol else { continue }
            guard let id = self.instrument(symbol, segment, settings, worker, listed) else { continue }
            _ = feed.add(stream, of: id)
        }
        guard feed.streams.count > 0 else { return nil }
        for stream in plan.streams where stream.symbol == nil { _ = feed.add(stream, of: nil) }
        var options = configuration.slotOptions(plan, number: number)
        if let connects = self.service.connects[venue.id] {
            options.acquirePermit = { connects.acquire($0, $1) }
        }
        feed.attach(
            ConnectionSlot(
                context: worker.context, options: options, resolver: self.service.resolver, consumer: .passing(to: feed)
            ))
        return feed
    }

    private func instrument(
        _ symbol: String, _ segment: VenueSegment, _ settings: SegmentSettings, _ worker: LoopWorker,
        _ listed: [String: Instrument]
    ) -> InstrumentID? {
        if let id = worker.instrument(symbol, in: segment.id) { return id }
        guard let instrument = listed[symbol] else { return nil }
        let subject = Subjects(prefix: self.service.configuration.nats.prefix).subject(
            .trade, venue: instrument.venue.name, market: instrument.market.rawValue, symbol: instrument.symbol)
        let lastTrade = self.service.publisher.rememberedTrade(subject: subject)
        return worker.add(instrument, segment, settings, lastTrade: lastTrade)
    }
}
