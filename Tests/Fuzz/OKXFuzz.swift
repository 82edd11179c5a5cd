import MarketModel

@testable import Venues

/// The OKX decoder over arbitrary frames and answers; the first byte chooses section, scales and question.
///
/// What it gives names only bytes of the frame, and a frame that is decoded twice gives the same twice.
enum OKXFuzz {
    private static let channels: [OKXChannel] = [
        .books, .bestOffer, .trades, .markPrice, .fundingRate, .openInterest, .candle(.minute1), .candle(.day1),
    ]
    private static let symbols = ["BTC-USDT", "UNI-USD-SWAP", "SOL-USDT-SWAP"]

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let choice = input.first else { return }
        var decoder = Self.decoder(choice)
        let bytes = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        _ = OKXRefusal.code(of: Array(bytes))
        let texts = (0..<2).map { _ in
            withExactCopy(bytes) { Self.decode(UnsafeRawBufferPointer($0), choice, &decoder) }
        }
        // Frames without ids are counted, so that only their ids differ.
        require(texts[0] == texts[1], "\(texts[0]) is not \(texts[1])")
    }

    private static func decoder(_ choice: UInt8) -> OKXDecoder {
        let segment: OKXSegment = choice & 1 == 0 ? .spot : .swap
        var decoder = OKXDecoder(segment: segment)
        let route = VenueRoute("", paths: [])
        var place = 0
        func add(_ decoder: inout OKXDecoder, _ name: String, _ symbol: String?, _ id: InstrumentID?) {
            let taken = decoder.addStream(VenueStream(name, symbol: symbol, types: [], route: route), of: id)
            require(taken == place, "no stream: \(name)")
            place += 1
        }
        for (index, symbol) in Self.symbols.enumerated() {
            let id = InstrumentID(index)
            for channel in Self.channels { add(&decoder, channel.name(of: symbol), symbol, id) }
            decoder.addInstrument(symbol, id)
            decoder.setScales(DecimalScales(price: (choice >> 2) & 7, size: choice >> 5), of: id)
        }
        add(&decoder, "index-tickers:SOL-USDT", "SOL-USDT-SWAP", InstrumentID(2))
        add(&decoder, "liquidation-orders:\(segment.instrumentType)", nil, nil)
        add(&decoder, "instruments:\(segment.instrumentType)", nil, nil)
        return decoder
    }

    /// Decodes as the pipeline does, widening scales; gives all that came of it as text.
    private static func decode(_ bytes: UnsafeRawBufferPointer, _ choice: UInt8, _ decoder: inout OKXDecoder) -> String
    {
        let frame = Frame(bytes: bytes, receivedMicroseconds: 1)
        var batch = EventBatch()
        // Each refusal widens a scale, and a scale has 18 digits.
        for _ in 0...120 {
            batch.removeAll()
            do throws(FrameRefusal) {
                guard choice & 2 != 0 else {
                    let control = try decoder.decode(frame, into: &batch)
                    return Self.describe(batch, bytes) + String(describing: control)
                }
                let question: VenueQuestion =
                    switch choice & 28 {
                    case 0: .klines(.minute1, missed: 1_597_026_000_000_000...1_597_026_500_000_000)
                    case 4: .ratio(.topAccount, period: .minute5)
                    case 8: .trades
                    case 12: .fundingHistory
                    case 20: .openInterestHistory(.minute5)
                    case 24: .markPriceBars(.minute1)
                    default: .bookAudit
                    }
                try decoder.decodeAnswer(frame, to: question, of: InstrumentID(0), into: &batch)
                return Self.describe(batch, bytes)
            } catch {
                guard case .needsScale(let id, let scales) = error else { return error.label }
                decoder.setScales(scales, of: id)
            }
        }
        fatalError("a scale was asked for that does not help")
    }

    private static func text(_ run: FrameText, _ bytes: UnsafeRawBufferPointer) -> String {
        let start = Int(run.offset)
        return String(decoding: bytes[start..<(start + Int(run.count))], as: UTF8.self)
    }

    private static func describe(_ batch: borrowing EventBatch, _ bytes: UnsafeRawBufferPointer) -> String {
        var out = ""
        for index in 0..<batch.eventCount {
            switch batch.event(index) {
            case .depth(let update):
                out += "\(update.kind) \(update.eventTime)"
                for run in [update.bids, update.asks] {
                    let levels = batch.levels.withLevels(run) { Array($0) }
                    require(levels.allSatisfy { $0.size >= 0 }, "a size below zero")
                    out += " \(levels.map { "\($0.price) \($0.size)" })"
                }
            case .trade(let trade):
                let id = Self.text(trade.id, bytes)
                require(UInt64(id) == trade.sequence && trade.size >= 0, "an id that is none")
                require(trade.firstSequence > 0 || trade.sequence == 0, "more trades than ids")
                require(trade.firstSequence <= trade.sequence, "an aggregate that ends before it starts")
                out += "\(id) \(trade.firstSequence) \(trade.price) \(trade.size) \(trade.aggressor) \(trade.eventTime)"
            case .bestBidOffer(let offer):
                require(offer.bid.size >= 0 && offer.ask.size >= 0, "a size below zero")
                out += "\(offer.bid) \(offer.ask) \(offer.sequence) \(offer.eventTime)"
            case .kline(let bar):
                for run in [bar.open, bar.high, bar.low, bar.close, bar.baseVolume, bar.quoteVolume] {
                    let text = Array(Self.text(run, bytes).utf8)
                    require(DecimalParts(text.span, 0..<text.count) != nil, "a number that is none")
                }
                out += "\(bar)"
            case .fundingRate(let rate):
                require(rate.intervalMicroseconds >= 0, "an interval below zero")
                out += "\(rate)"
            case .markPrice(let event): out += "\(event.mark) \(event.eventTime)"
            case .openInterest(let event): out += "\(event)"
            case .liquidation(let event): out += "\(event)"
            case .longShortRatio(let event): out += "\(event)"
            case .volatilityIndex, .orderBook, .orderBookDelta, .instrument, .status, .heartbeat:
                fatalError("the decoder makes no such event")
            }
        }
        return out
    }
}
