import MarketModel
import OrderBook
import Publishing
import Testing
import Transport
import Venues

@testable import Collector

@Suite("Answers among connections")
struct AnswerRoutingTests {
    private static let symbols = ["BTC-USDT-SWAP", "ETH-USDT-SWAP"]

    private static func answer(_ symbol: String) -> [UInt8] {
        Array(
            #"{"code":"0","msg":"","data":[{"instId":"\#(symbol)","fundingRate":"0.1","realizedRate":"0.2","fundingTime":"1784995200000"}]}"#
                .utf8)
    }

    /// A worker with a connection for each symbol, and how many rates it published after `body`.
    private static func published(_ body: @escaping @Sendable (LoopWorker) -> Void) async throws -> UInt64? {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "answers"))
        try loop.start()
        defer { loop.stop() }
        return await withCheckedContinuation { continuation in
            let isTaken = loop.submit { context in
                let queue = PublishQueue(
                    limits: QueueLimits(bytes: 1 << 20, messages: 1_000), waker: PublisherWaker())
                let publisher = EventPublisher(
                    encoder: JSONMessageEncoder(), queue: queue, subjects: Subjects(), instance: "test", boot: "0",
                    depth: 100, ledger: GapLedger(instance: "test", boot: "0"))
                let worker = LoopWorker(
                    index: 0, context: context, pipeline: Pipeline(books: BookSettings(), publisher: publisher),
                    requests: SnapshotRequests(limit: 1), listChanges: ListChanges(), seriesOrders: SeriesOrders(),
                    heartbeat: nil)
                for symbol in Self.symbols { Self.connect(symbol, worker) }
                // The connections have told their state.
                let before = queue.lane(for: .fundingRate).cut().produced
                body(worker)
                continuation.resume(returning: queue.lane(for: .fundingRate).cut().produced - before)
            }
            if !isTaken { continuation.resume(returning: nil) }
        }
    }

    private static func connect(_ symbol: String, _ worker: LoopWorker) {
        let venue = OKX()
        guard let segment = VenueCatalog.segment(OKXSegment.swap.id) else { return }
        let instrument = Instrument(
            venue: OKX.id, segment: segment.id.name, market: .perpetual, symbol: symbol, venueSymbol: symbol,
            base: "X", quote: "USDT", contract: .linear, unit: .contracts)
        let id = worker.add(instrument, segment, SegmentSettings(segment), lastTrade: nil)
        let wanted = Wanted(types: [.fundingRate])
        let feed = FeedConnection(
            name: symbol, slotNumber: UInt32(id.index), segment: segment,
            number: worker.pipeline.publisher.addConnection(symbol, venue: OKX.id), worker: worker,
            decoder: venue.makeDecoder(for: segment, wanted: wanted),
            dialect: venue.dialect(for: segment, limits: VenueLimits(venue.limits)), acknowledgeTimeout: .seconds(1),
            deadlines: FeedConnection.Deadlines(firstData: 1, stale: 1, rotateAfter: 1, overlap: 1))
        for stream in venue.streams(of: symbol, in: segment, wanted: wanted) { _ = feed.add(stream, of: id) }
        worker.open(feed)
    }

    @Test("The connection that carries a symbol reads the answer about it, whichever that is", arguments: symbols)
    func carried(_ symbol: String) async throws {
        let count = try await Self.published { worker in
            worker.answerArrived(
                Self.answer(symbol), to: .fundingHistory, of: symbol, in: OKXSegment.swap.id, receivedMicroseconds: 1)
        }
        #expect(count == 1)
    }

    @Test("An answer that speaks of another symbol than was asked for is read by none")
    func other() async throws {
        let count = try await Self.published { worker in
            worker.answerArrived(
                Self.answer(Self.symbols[0]), to: .fundingHistory, of: Self.symbols[1], in: OKXSegment.swap.id,
                receivedMicroseconds: 1)
        }
        #expect(count == 0)
    }
}
