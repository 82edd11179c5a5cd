import Collector
import MarketModel
import OrderBook
import Publishing
import Testing
import Venues

@Suite("Scales that grow")
struct PipelineScalesTests {
    /// Two connections of one instrument, as a USD-M symbol has: depth on one, trades on the other.
    private struct Fixture: ~Copyable {
        var pipeline: Pipeline<JSONMessageEncoder>
        var depth = BinanceDecoder(segment: .usdm)
        var trades = BinanceDecoder(segment: .usdm)
        let queue: PublishQueue

        init() {
            let limits = QueueLimits(bytes: 1 << 20, messages: 1_000)
            self.queue = PublishQueue(limits: limits, waker: PublisherWaker())
            let publisher = EventPublisher(
                encoder: JSONMessageEncoder(), queue: self.queue, subjects: Subjects(), instance: "test", boot: "0",
                depth: 100)
            self.pipeline = Pipeline(books: BookSettings(depth: 100), publisher: publisher)
            var instrument = Instrument(
                venue: Binance.id, segment: BinanceSegment.usdm.rawValue, market: .perpetual,
                symbol: "BTC-USDT",
                venueSymbol: "BTCUSDT", base: "BTC", quote: "USDT", contract: .linear, unit: .base)
            instrument.tickSize = "0.1"
            instrument.lotSize = "0.001"
            let id = self.pipeline.add(instrument, keepsBook: true)
            _ = self.depth.addStream(
                VenueStream("btcusdt@depth@100ms", symbol: "BTCUSDT", types: [], route: VenueRoute("", paths: [])),
                of: id)
            _ = self.trades.addStream(
                VenueStream("btcusdt@trade", symbol: "BTCUSDT", types: [], route: VenueRoute("", paths: [])), of: id)
            self.share()
        }

        /// What the service does before each frame: every decoder of the instrument takes the pipeline's scales.
        mutating func share() {
            let scales = self.pipeline.instruments.scales(of: InstrumentID(0))
            self.depth.setScales(scales, of: InstrumentID(0))
            self.trades.setScales(scales, of: InstrumentID(0))
        }
    }

    @Test("A finer price on one connection tells of itself, so that the other connection's prices stay right")
    func twoConnections() throws {
        var fixture = Fixture()
        fixture.pipeline.recordsTrades = true
        let versionBefore = fixture.pipeline.scalesVersion
        let depth =
            #"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[["100.125","1"]],"a":[]}}"#
        try Self.take(depth, &fixture.pipeline, &fixture.depth)
        #expect(fixture.pipeline.scalesVersion != versionBefore)
        fixture.share()
        let trade =
            #"{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":7,"p":"100.5","q":"0.002","X":"MARKET","m":true}}"#
        try Self.take(trade, &fixture.pipeline, &fixture.trades)
        let recorded = fixture.pipeline.takeRecordedTrades()
        #expect(recorded.map(\.price) == [100_500])
        #expect(recorded.map(\.size) == [2])
    }

    private static func take(
        _ text: String, _ pipeline: inout Pipeline<JSONMessageEncoder>, _ decoder: inout BinanceDecoder
    ) throws {
        let bytes = Array(text.utf8)
        try bytes.withUnsafeBytes { raw in
            _ = try pipeline.take(Frame(bytes: raw, receivedMicroseconds: 1), &decoder)
        }
    }
}
