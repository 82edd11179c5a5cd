import Collector
import ExchangeSimulator
import Foundation
import MarketModel
import Testing
import Transport
import Venues

@Suite("What is asked for later is what was sent", .serialized, .timeLimit(.minutes(3)))
struct HistoryTests {
    /// A section with an instrument and the stream of its trades.
    private struct Asked {
        let venue: any Venue
        let segment: VenueSegment
        let market: MarketSegment
        let symbol: String
        let wanted: Wanted
        let stream: VenueStream
    }

    /// What a trade says, as the venue's own texts.
    private struct Fact: Equatable {
        let id: String
        let ids: ClosedRange<UInt64>
        let price: Int64
        let size: Int64
        let aggressor: Trade.Side
        let time: Int64?
        let isBackfilled: Bool
    }

    private static let options: [(section: SegmentID, symbol: String, stream: String?)] = [
        (BinanceSegment.spot.id, "BTCUSDT", "trade"), (BinanceSegment.usdm.id, "BTCUSDT", "aggTrade"),
        (BinanceSegment.coinm.id, "BTCUSD_PERP", "aggTrade"), (OKXSegment.spot.id, "BTC-USDT", nil),
        (OKXSegment.swap.id, "ETH-USDT-SWAP", nil), (DeribitSegment.perpetual.id, "BTC-PERPETUAL", nil),
    ]

    @Test("Answers to pages of ids give every trade that was sent, oldest first, each id once")
    func trades() async throws {
        var simulator = SimulatorConfiguration(segments: MarketSegment.allCases)
        simulator.stepsPerSecond = 60
        simulator.bookLevels = 100
        simulator.sentKept = 20_000
        simulator.pace.liquidationTrades = 2
        var addresses: [SegmentID: String] = [:]
        let fixture = try await ServiceFixture(simulator: simulator, text: Self.text) { _ in
        } reroute: { configuration in
            for (segment, settings) in configuration.venues.segments {
                addresses[segment.id] = "http://\(settings.rest.address)"
            }
        }
        for option in Self.options {
            let asked = try Self.asked(option)
            let address = try #require(addresses[asked.segment.id])
            var sent: [Fact] = []
            // More than an answer of OKX holds.
            let deadline = ContinuousClock.now + .seconds(60)
            while (sent.last?.ids.upperBound ?? 0) - (sent.first?.ids.lowerBound ?? 0) < 150 {
                try #require(ContinuousClock.now < deadline, "\(asked.segment.id): \(sent.count) trades")
                try await Task.sleep(for: .milliseconds(200))
                sent = try await Self.sent(asked, by: fixture.exchange)
            }
            let first = try #require(sent.first?.ids.lowerBound)
            let last = try #require(sent.last?.ids.upperBound)
            let answered = try await Self.answered(asked, first...last, at: address)
            #expect(answered.allSatisfy(\.isBackfilled) && answered.allSatisfy { $0.ids.count == 1 })
            #expect(answered.map(\.ids.lowerBound) == Array(first...last), "\(asked.segment.id)")
            Self.expect(answered, toBe: sent, of: asked.segment.id)
        }
        try await fixture.stopService()
        await fixture.tearDown()
    }

    /// Each trade that was sent is made of those of its ids, one of them where the stream puts nothing together.
    private static func expect(_ answered: [Fact], toBe sent: [Fact], of section: SegmentID) {
        let byID = Dictionary(answered.map { ($0.ids.lowerBound, $0) }, uniquingKeysWith: { first, _ in first })
        for trade in sent {
            let parts = trade.ids.compactMap { byID[$0] }
            let isSame = parts.allSatisfy {
                $0.price == trade.price && $0.aggressor == trade.aggressor && $0.time == trade.time
            }
            #expect(
                isSame && parts.last?.id == trade.id && parts.reduce(0) { $0 + $1.size } == trade.size,
                "\(section): \(trade) is not \(parts)")
        }
    }

    @Test("Answers to questions for funding give what was charged in that time, oldest first")
    func funding() async throws {
        var simulator = SimulatorConfiguration(segments: MarketSegment.allCases)
        simulator.sentKept = 1_000
        simulator.pace.fundingPeriod = .seconds(3_600)
        var addresses: [SegmentID: String] = [:]
        let fixture = try await ServiceFixture(simulator: simulator, text: Self.text) { _ in
        } reroute: { configuration in
            for (segment, settings) in configuration.venues.segments {
                addresses[segment.id] = "http://\(settings.rest.address)"
            }
        }
        let hour: Int64 = 3_600_000
        let last = Int64(Date().timeIntervalSince1970 * 1_000) / hour * hour
        // What the venue calls the rate that was charged, or the one of the last eight hours.
        let keys: [(venue: VenueID, charged: String, settled: String)] = [
            (Binance.id, "fundingRate", "fundingRate"), (OKX.id, "realizedRate", "realizedRate"),
            (Deribit.id, "interest_1h", "interest_8h"),
        ]
        for option in Self.options where option.section.name != "spot" {
            let asked = try Self.asked(option)
            let (_, charged, settled) = try #require(keys.first { $0.venue == asked.segment.id.venue })
            let request = try #require(
                asked.venue.fundingRequest(
                    of: asked.symbol, fromMilliseconds: last - 4 * hour, toMilliseconds: last, in: asked.segment))
            let address = try #require(addresses[asked.segment.id])
            let answer = try await PageClient.get(address + request.path, timeout: .seconds(10))
            let rates = try Self.rates(answer.body, asked)
            #expect(rates.map(\.fundingTime.microseconds) == (0...4).map { (last - (4 - $0) * hour) * 1_000 })
            #expect(rates.allSatisfy { $0.isBackfilled })
            let tree = try #require(ExactJSON(answer.body))
            var rows = (tree["result"] ?? tree["data"] ?? tree).elements
            if asked.segment.id.venue == OKX.id { rows.reverse() }
            #expect(rates.map(\.rate.text) == rows.map { $0[charged]?.decimal }, "\(asked.segment.id)")
            #expect(rates.map(\.settledRate.text) == rows.map { $0[settled]?.decimal }, "\(asked.segment.id)")
        }
        try await fixture.stopService()
        await fixture.tearDown()
    }

    // MARK: - Parts

    private static func rates(_ bytes: [UInt8], _ asked: Asked) throws -> [FundingRate] {
        let decoder = Self.decoder(asked)
        return try bytes.withUnsafeBytes { raw in
            var batch = EventBatch()
            let frame = Frame(bytes: raw, receivedMicroseconds: 1)
            try decoder.decodeAnswer(frame, to: .fundingHistory, of: InstrumentID(0), into: &batch)
            return batch.events.compactMap { event in if case .fundingRate(let rate) = event { rate } else { nil } }
        }
    }

    private static func asked(_ option: (section: SegmentID, symbol: String, stream: String?)) throws -> Asked {
        let venue = try #require(VenueCatalog.venue(option.section.venue))
        let segment = try #require(VenueCatalog.segment(option.section))
        let wanted = Wanted(
            types: [.trade, .liquidation], options: option.stream.map { ["trade_stream": $0] } ?? [:])
        let stream = venue.streams(of: option.symbol, in: segment, wanted: wanted).first { $0.types.contains(.trade) }
        return Asked(
            venue: venue, segment: segment, market: try #require(MarketSegment(option.section)),
            symbol: option.symbol, wanted: wanted, stream: try #require(stream))
    }

    private static func decoder(_ asked: Asked) -> VenueDecoder {
        let decoder = asked.venue.makeDecoder(for: asked.segment, wanted: asked.wanted)
        decoder.addInstrument(asked.symbol, InstrumentID(0))
        _ = decoder.addStream(asked.stream, of: InstrumentID(0))
        // More digits than any of the simulator's instruments has.
        decoder.setScales(DecimalScales(price: 8, size: 8), of: InstrumentID(0))
        return decoder
    }

    /// The trades that the exchange sent on the stream.
    private static func sent(_ asked: Asked, by exchange: SimulatedExchange) async throws -> [Fact] {
        let decoder = Self.decoder(asked)
        return try await exchange.sent(asked.stream.name, in: asked.market).flatMap { payload in
            // Binance's are kept without what wraps them.
            let frame =
                asked.segment.id.venue == Binance.id
                ? #"{"stream":"\#(asked.stream.name)","data":\#(payload)}"# : payload
            return try Self.facts(Array(frame.utf8)) { frame, batch throws(FrameRefusal) in
                _ = try decoder.decode(frame, into: &batch)
            }
        }
    }

    /// The trades of as many pages as the ids take.
    private static func answered(_ asked: Asked, _ ids: ClosedRange<UInt64>, at address: String) async throws -> [Fact]
    {
        let decoder = Self.decoder(asked)
        var facts: [Fact] = []
        var next = ids.lowerBound
        while next <= ids.upperBound {
            let page = try #require(
                asked.venue.tradeRequest(
                    of: asked.symbol, ids: next...ids.upperBound, in: asked.segment, wanted: asked.wanted))
            #expect(page.ids.lowerBound == next && page.ids.upperBound <= ids.upperBound)
            let answer = try await PageClient.get(address + page.request.path, timeout: .seconds(10))
            #expect(answer.status == 200)
            facts += try Self.facts(answer.body) { frame, batch throws(FrameRefusal) in
                try decoder.decodeAnswer(frame, to: .trades, of: InstrumentID(0), into: &batch)
            }
            next = page.ids.upperBound + 1
        }
        return facts
    }

    private static func facts(
        _ bytes: [UInt8], _ decode: (Frame, inout EventBatch) throws(FrameRefusal) -> Void
    ) throws -> [Fact] {
        try bytes.withUnsafeBytes { raw in
            var batch = EventBatch()
            try decode(Frame(bytes: raw, receivedMicroseconds: 1), &batch)
            return batch.events.compactMap { event -> Fact? in
                guard case .trade(let trade) = event else { return nil }
                let id = bytes[Int(trade.id.offset)..<Int(trade.id.offset + trade.id.count)]
                return Fact(
                    id: String(decoding: id, as: UTF8.self), ids: trade.firstSequence...trade.sequence,
                    price: trade.price, size: trade.size, aggressor: trade.aggressor,
                    time: trade.eventTime.microseconds, isBackfilled: trade.isBackfilled)
            }
        }
    }

    private static let text = """
        instance: history
        http: {enabled: false}
        heartbeat: {interval: 1s}
        venues:
          binance:
            spot: {symbols: [BTCUSDT], types: [trade]}
            usdm: {symbols: [BTCUSDT], types: [trade]}
            coinm: {symbols: [BTCUSD_PERP], types: [trade]}
          okx:
            spot: {symbols: [BTC-USDT], types: [trade]}
            swap: {symbols: [ETH-USDT-SWAP], types: [trade]}
          deribit:
            perpetual: {symbols: [BTC-PERPETUAL], types: [trade]}
        """
}
