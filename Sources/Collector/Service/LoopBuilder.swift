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
                booksLive: { [service] in service.liveBooks.load(ordering: .relaxed) },
                audits: { [service] in service.auditCounts.total }) : nil
        return LoopWorker(
            index: self.index, context: context,
            pipeline: Pipeline(books: configuration.bookSettings, publisher: publisher),
            requests: self.service.requests, listChanges: self.service.listChanges,
            seriesOrders: self.service.seriesOrders, heartbeat: beat)
    }

    /// Makes a connection with its streams, as far as their instruments are known, and opens it.
    func open(
        _ connection: ConnectionRoster.Connection, _ settings: SegmentSettings, _ listed: [String: Instrument],
        in worker: LoopWorker
    ) {
        let configuration = self.service.configuration
        guard let venue = VenueCatalog.venue(connection.segment.venue),
            let segment = VenueCatalog.segment(connection.segment)
        else { return }
        let transport = configuration.transport
        let feed = FeedConnection(
            name: connection.name, slotNumber: connection.number, segment: segment,
            number: worker.pipeline.publisher.addConnection(connection.name, venue: venue.id), worker: worker,
            decoder: venue.makeDecoder(for: segment, wanted: settings.wanted),
            dialect: venue.dialect(for: segment, limits: configuration.limits[venue.id]),
            klineIntervals: settings.klineIntervals, acknowledgeTimeout: transport.subscribeTimeout,
            deadlines: FeedConnection.Deadlines(
                firstData: transport.firstDataTimeout.microseconds, stale: transport.staleAfter.microseconds,
                rotateAfter: RotationAge.microseconds(of: connection.number, limit: transport.rotateAfter.microseconds),
                overlap: min(Self.rotationSettle.microseconds, transport.rotateOverlap.microseconds / 4)),
            awaySince: self.service.life.takeLastSeen(connection.name, now: LoopClock.wallMicroseconds()))
        let plan = CollectionPlan.Connection(connection, settings)
        self.add(plan.streams, to: feed, segment, settings, listed, in: worker)
        guard feed.streams.count > 0 else { return }
        var options = configuration.slotOptions(plan, number: connection.number)
        if let connects = self.service.connects[venue.id] {
            options.acquirePermit = { connects.acquire($0, $1) }
        }
        feed.attach(
            ConnectionSlot(
                context: worker.context, options: options, resolver: self.service.resolver, consumer: .passing(to: feed)
            ))
        worker.open(feed)
    }

    /// Takes further streams up on a connection that is open.
    func add(
        _ streams: [VenueStream], to connection: ConnectionRoster.Connection, _ settings: SegmentSettings,
        _ listed: [String: Instrument], in worker: LoopWorker
    ) {
        guard let feed = worker.feed(connection.number) else {
            // Nothing of it was listed when it was to be opened.
            return self.open(connection, settings, listed, in: worker)
        }
        self.add(streams, to: feed, feed.segment, settings, listed, in: worker)
    }

    private func add(
        _ streams: [VenueStream], to feed: FeedConnection, _ segment: VenueSegment, _ settings: SegmentSettings,
        _ listed: [String: Instrument], in worker: LoopWorker
    ) {
        for stream in streams {
            guard let symbol = stream.symbol else {
                _ = feed.add(stream, of: nil)
                continue
            }
            guard let id = self.instrument(symbol, segment, settings, worker, listed) else { continue }
            _ = feed.add(stream, of: id)
        }
    }

    private func instrument(
        _ symbol: String, _ segment: VenueSegment, _ settings: SegmentSettings, _ worker: LoopWorker,
        _ listed: [String: Instrument]
    ) -> InstrumentID? {
        if let id = worker.instrument(symbol, in: segment.id) {
            worker.reopen(id, settings)
            return id
        }
        guard let instrument = listed[symbol] else { return nil }
        let subject = Subjects(prefix: self.service.configuration.nats.prefix).subject(
            .trade, venue: instrument.venue.name, market: instrument.market.rawValue, symbol: instrument.symbol)
        let lastTrade = self.service.publisher.rememberedTrade(subject: subject)
        return worker.add(instrument, segment, settings, lastTrade: lastTrade)
    }
}
