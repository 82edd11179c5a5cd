import Collector
import MarketModel
import OrderBook
@testable import Publishing
import Venues

/// Lines of frames through decoder, books and encoder; a line's first byte chooses segment, stream or answer, and time.
///
/// What comes out can be read by subscribers, whatever came in.
enum PipelineFuzz {
    private static let streams: [(name: String, symbol: String)] = [
        ("btcusdt@depth@100ms", "BTCUSDT"), ("btcusdt@depth@0ms", "BTCUSDT"),
        ("btcusd_perp@depth@0ms", "BTCUSD_PERP"), ("btcusdt@trade", "BTCUSDT"),
        ("btcusd_perp@trade", "BTCUSD_PERP"), ("btcusdt@bookTicker", "BTCUSDT"),
    ]

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let choice = input.first else { return }
        let limits = QueueLimits(bytes: 64 << 10, messages: choice & 8 == 0 ? 4_096 : 16)
        let queue = PublishQueue(limits: limits, waker: PublisherWaker())
        queue.setDeliveryState(.up)
        let depth: Int? = [1, 3, 100, nil][Int(choice & 3)]
        let publisher = EventPublisher(
            encoder: JSONMessageEncoder(), queue: queue, subjects: Subjects(), instance: "fuzz", boot: "0",
            depth: depth ?? Int.max)
        var settings = BookSettings(depth: depth, retain: choice & 4 == 0 ? 5 : 1_000)
        settings.crossedForMicroseconds = 100_000
        settings.refreshSpacingMicroseconds = 100_000
        var pipeline = Pipeline(books: settings, publisher: publisher)
        var spot = Self.decoder(.spot, &pipeline)
        var usdm = Self.decoder(.usdm, &pipeline)
        var coinm = Self.decoder(.coinm, &pipeline)
        var now: Int64 = 1_700_000_000_000_000
        for line in input[1...].split(separator: 0x0A, maxSplits: 63, omittingEmptySubsequences: true) {
            guard let kind = line.first else { continue }
            now += Int64(kind >> 5) * 60_000
            withExactCopy(UnsafeRawBufferPointer(rebasing: line.dropFirst())) { bytes in
                let frame = Frame(bytes: UnsafeRawBufferPointer(bytes), receivedMicroseconds: now)
                switch kind & 3 {
                case 0: Self.take(frame, kind, &spot, &pipeline)
                case 1: Self.take(frame, kind, &usdm, &pipeline)
                default: Self.take(frame, kind, &coinm, &pipeline)
                }
            }
            _ = pipeline.keeper.takeRequests()
            pipeline.tick(at: now)
            // Every other time the queue fills up, and messages are held or dropped.
            if choice & 16 == 0 { PublishedMessages.check(queue) }
        }
        PublishedMessages.check(queue)
    }

    private static func decoder(
        _ segment: BinanceSegment, _ pipeline: inout Pipeline<JSONMessageEncoder>
    ) -> BinanceDecoder {
        var decoder = BinanceDecoder(segment: segment)
        var ids: [String: InstrumentID] = [:]
        for (name, symbol) in Self.streams {
            let id =
                ids[symbol]
                ?? pipeline.add(
                    Instrument(
                        venue: Binance.id, segment: segment.rawValue,
                        market: segment == .spot ? .spot : .perpetual, symbol: "X-\(segment)-\(symbol)",
                        venueSymbol: symbol, base: "BTC", quote: "USDT",
                        contract: segment == .spot ? .spot : .linear, unit: segment.sizeUnit))
            ids[symbol] = id
            let stream = VenueStream(name, symbol: symbol, types: DataType.allCases, route: VenueRoute("", paths: []))
            require(decoder.addStream(stream, of: id) != nil, "a stream too many")
        }
        return decoder
    }

    private static func take(
        _ frame: Frame, _ kind: UInt8, _ decoder: inout BinanceDecoder,
        _ pipeline: inout Pipeline<JSONMessageEncoder>
    ) {
        do throws(FrameRefusal) {
            if kind & 4 == 0 {
                _ = try pipeline.take(frame, &decoder)
            } else {
                // Each segment has two instruments, in the order of the segments.
                let id = InstrumentID(Int(min(kind & 3, 2)) * 2 + Int(kind >> 3 & 1))
                try pipeline.takeAnswer(frame, to: .depthSnapshot, of: id, &decoder)
            }
        } catch {
            return  // counted by the pipeline
        }
    }
}
