import MarketModel

@testable import Venues

/// The Binance decoder over arbitrary frames and answers; the first byte chooses segment, scales and the question, if any.
///
/// A frame means the same with white space behind its brackets, which takes the careful path through lists of levels.
enum DecoderFuzz {
    private static let names = [
        "btcusdt@depth@100ms", "btcusdt@depth@0ms", "btcusd_perp@depth@0ms", "btcusdt@trade", "btcusd_perp@trade",
        "btcusdt@aggTrade", "btcusdt@bookTicker", "ethusdt@depth@100ms", "ethusdt@trade", "币安人生usdt@trade",
    ]

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let choice = input.first else { return }
        let bytes = Array(input[1...])
        let plain = Self.decode(bytes, choice)
        let spaced = Self.decode(Self.spaced(bytes), choice)
        require(plain == spaced, "\(plain) is not \(spaced)")
    }

    /// Puts a space behind every bracket outside strings.
    private static func spaced(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            out.append(byte)
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if byte == UInt8(ascii: "[") {
                out.append(UInt8(ascii: " "))
            }
        }
        return out
    }

    /// Decodes as the pipeline does, widening scales; gives all that came of it as text.
    private static func decode(_ bytes: [UInt8], _ choice: UInt8) -> String {
        let segments = BinanceSegment.allCases
        var decoder = BinanceDecoder(segment: segments[Int(choice) % segments.count])
        for (index, name) in Self.names.enumerated() {
            guard let symbol = BinanceStream.parse(name: name)?.symbol else {
                fatalError("a name that is none: \(name)")
            }
            let id = InstrumentID(index)
            let stream = VenueStream(name, symbol: symbol, types: DataType.allCases, route: VenueRoute("", paths: []))
            require(decoder.addStream(stream, of: id) == index, "a stream too many")
            decoder.setScales(DecimalScales(price: (choice >> 3) & 7, size: choice >> 6), of: id)
        }
        // Memory of just the frame's size, so that the address sanitizer sees a read behind it.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        let frame = Frame(bytes: UnsafeRawBufferPointer(copy), receivedMicroseconds: 1_900_000_000_000_000)
        _ = BinanceDecoder.streamName(of: frame)
        var batch = EventBatch()
        // Each refusal widens a scale, and a scale has 18 digits.
        for _ in 0...40 {
            batch.removeAll()
            do throws(FrameRefusal) {
                if choice & 4 != 0 {
                    let question: VenueQuestion =
                        switch choice & 56 {
                        case 0: .depthSnapshot
                        case 8, 40: .trades
                        case 16: .fundingHistory
                        case 32: .openInterestHistory(.minute5)
                        case 48: .ratio(.allAccount, period: .minute5)
                        case 56: .markPriceBars(.minute1)
                        default: .klines(.minute1, missed: 1_785_000_000_000_000...1_785_000_100_000_000)
                        }
                    try decoder.decodeAnswer(frame, to: question, of: InstrumentID(0), into: &batch)
                    return Self.describe(batch, bytes)
                }
                let control = try decoder.decode(frame, into: &batch)
                return Self.describe(batch, bytes) + String(describing: control)
            } catch {
                guard case .needsScale(let id, let scales) = error else { return error.label }
                decoder.setScales(scales, of: id)
            }
        }
        fatalError("a scale was asked for that does not help")
    }

    private static func describe(_ batch: borrowing EventBatch, _ bytes: [UInt8]) -> String {
        var out = ""
        for index in 0..<batch.eventCount {
            switch batch.event(index) {
            case .depth(let update):
                require(update.before <= update.last, "an update that ends before it starts")
                out += "\(update.kind) \(update.before) \(update.last) \(update.eventTime) \(update.sentTime)"
                for run in [update.bids, update.asks] {
                    let levels = batch.levels.withLevels(run) { Array($0) }
                    require(levels.allSatisfy { $0.size >= 0 }, "a size below zero")
                    out += " \(levels.map { "\($0.price) \($0.size)" })"
                }
            case .trade(let trade):
                let start = Int(trade.id.offset)
                let id = String(decoding: bytes[start..<(start + Int(trade.id.count))], as: UTF8.self)
                require(UInt64(id) == trade.sequence && trade.size >= 0, "an id that is none")
                out += "\(id) \(trade.price) \(trade.size) \(trade.aggressor) \(trade.isAggregate) \(trade.eventTime)"
            case .bestBidOffer(let offer):
                require(offer.bid.size >= 0 && offer.ask.size >= 0, "a size below zero")
                out += "\(offer.bid) \(offer.ask) \(offer.sequence) \(offer.eventTime)"
            case .fundingRate(let rate):
                require(rate.isBackfilled, "a rate that was not asked for")
                out += "\(rate)"
            case .kline(let bar):
                for run in [bar.open, bar.high, bar.low, bar.close] {
                    let start = Int(run.offset)
                    let text = Array(bytes[start..<(start + Int(run.count))])
                    require(DecimalParts(text.span, 0..<text.count) != nil, "a number that is none")
                    out += String(decoding: text, as: UTF8.self) + " "
                }
                out += "\(bar.openTime) \(bar.tradeCount) \(bar.isBackfilled)"
            case .markPrice(let price): out += "\(price)"
            case .openInterest(let interest): out += "\(interest)"
            case .longShortRatio(let ratio): out += "\(ratio)"
            case .liquidation, .volatilityIndex, .orderBook, .orderBookDelta, .instrument, .status, .heartbeat:
                fatalError("a decoder makes no such event")
            }
        }
        return out
    }
}
