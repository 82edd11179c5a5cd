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
            segments: BinanceSegment.allCases.map(\.rawValue), ledger: self.service.ledger)
        let beat =
            self.index == 0
            ? HeartbeatSource(
                publisher: self.service.publisher, periodMicroseconds: configuration.heartbeat.interval.microseconds,
                residentBytes: { UInt64(ProcessMemory.residentBytes() ?? 0) },
                booksLive: { [service] in service.liveBooks.load(ordering: .relaxed) }) : nil
        return LoopWorker(
            index: self.index, context: context,
            pipeline: Pipeline(books: configuration.bookSettings, publisher: publisher),
            requests: self.service.requests, heartbeat: beat)
    }

    /// Makes all connections of one segment that this loop has, and opens them.
    func open(
        _ connections: [(number: UInt32, plan: CollectionPlan.Connection)], _ instruments: [Instrument],
        in worker: LoopWorker
    ) {
        let listed = Dictionary(instruments.map { ($0.venueSymbol, $0) }, uniquingKeysWith: { first, _ in first })
        var known: [String: InstrumentID] = [:]
        for (number, plan) in connections {
            guard let feed = self.make(plan, number, for: worker, listed, &known) else { continue }
            worker.open(feed)
        }
    }

    /// Makes a connection of what is listed of its plan; nil when that is nothing.
    private func make(
        _ plan: CollectionPlan.Connection, _ number: UInt32, for worker: LoopWorker,
        _ listed: [String: Instrument], _ known: inout [String: InstrumentID]
    ) -> FeedConnection? {
        let configuration = self.service.configuration
        var decoder = BinanceDecoder(segment: plan.segment)
        var depth: [InstrumentID] = []
        var instruments: [InstrumentID] = []
        var streams: [String] = []
        for name in plan.streams {
            guard let parsed = BinanceStream.parse(name: name),
                let id = self.instrument(parsed.symbol, plan.segment, worker, listed, &known)
            else { continue }
            let stream = BinanceStream(instrument: id, kind: parsed.kind, symbol: parsed.symbol)
            guard decoder.addStream(named: name, stream) else { continue }
            decoder.setScales(worker.pipeline.instruments.scales(of: id), of: id)
            if parsed.kind == .depth { depth.append(id) }
            if !instruments.contains(id) { instruments.append(id) }
            streams.append(name)
        }
        guard !streams.isEmpty else { return nil }
        let transport = configuration.transport
        let feed = FeedConnection(
            name: plan.name, segment: plan.segment,
            number: worker.pipeline.publisher.addConnection(plan.name, venue: BinanceSegment.venue), worker: worker,
            decoder: decoder, streams: streams, instruments: instruments, depthInstruments: depth,
            subscriptions: BinanceSubscriptions(
                streams: streams, batchSize: 100,
                spacing: configuration.limits.binance.messageSpacing(of: plan.segment),
                acknowledgeTimeout: transport.subscribeTimeout),
            deadlines: FeedConnection.Deadlines(
                firstData: transport.firstDataTimeout.microseconds, stale: transport.staleAfter.microseconds,
                rotateAfter: transport.rotateAfter.microseconds,
                overlap: min(Self.rotationSettle.microseconds, transport.rotateOverlap.microseconds / 4)))
        var options = configuration.slotOptions(plan, number: number)
        options.acquirePermit = { [connects = self.service.connects] in connects.acquire($0, $1) }
        feed.attach(
            ConnectionSlot(
                context: worker.context, options: options, resolver: self.service.resolver, consumer: .passing(to: feed)
            ))
        return feed
    }

    private func instrument(
        _ symbol: String, _ segment: BinanceSegment, _ worker: LoopWorker, _ listed: [String: Instrument],
        _ known: inout [String: InstrumentID]
    ) -> InstrumentID? {
        if let id = known[symbol] { return id }
        guard let instrument = listed[symbol] else { return nil }
        guard let settings = self.service.configuration.venues.binance[segment] else { return nil }
        let subject = Subjects(prefix: self.service.configuration.nats.prefix).subject(
            .trade, venue: instrument.venue.name, market: instrument.market.rawValue, symbol: instrument.symbol)
        let lastTrade = self.service.publisher.rememberedTrade(subject: subject)
        let id = worker.add(instrument, settings, lastTrade: lastTrade)
        known[symbol] = id
        return id
    }
}
