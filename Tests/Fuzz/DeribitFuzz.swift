import MarketModel

@testable import Venues

/// The Deribit decoder over arbitrary frames and answers; the first byte chooses section, scales and question.
///
/// What it gives names only bytes of the frame, and white space behind brackets and commas changes nothing.
enum DeribitFuzz {
    private static let names = [
        "book.BTC-PERPETUAL.raw", "trades.BTC-PERPETUAL.100ms", "quote.BTC-PERPETUAL", "ticker.BTC-PERPETUAL.100ms",
        "chart.trades.BTC-PERPETUAL.1", "book.BTC-24SEP21-8000-P.raw", "trades.BTC-24SEP21-8000-P.raw",
        "ticker.BTC-24SEP21-8000-P.raw", "deribit_volatility_index.btc_usd", "instrument.state.any.any",
        "platform_state",
    ]

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let choice = input.first else { return }
        let bytes = Array(input[1...])
        let plain = Self.decode(bytes, choice)
        let spaced = Self.decode(Self.spaced(bytes), choice)
        require(plain == spaced, "\(plain) is not \(spaced)")
    }

    /// Puts a space behind every bracket and comma outside strings.
    private static func spaced(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            out.append(byte)
            if isEscaped {
                isEscaped = false
            } else if isInString, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString.toggle()
            } else if !isInString, "[,".utf8.contains(byte) {
                out.append(UInt8(ascii: " "))
            }
        }
        return out
    }

    private static func decoder(_ choice: UInt8) -> DeribitDecoder {
        let sections = DeribitSegment.allCases
        var decoder = DeribitDecoder(segment: sections[Int(choice & 3) % sections.count])
        for (index, name) in Self.names.enumerated() {
            guard let parsed = DeribitStream(name: name) else { fatalError("a name that is none: \(name)") }
            let id = InstrumentID(index)
            let stream = VenueStream(
                name, symbol: parsed.symbol, types: DataType.allCases, route: VenueRoute("", paths: []))
            let place = decoder.addStream(stream, of: parsed.symbol == nil ? nil : id)
            require(place == index, "no stream: \(name)")
            decoder.setScales(DecimalScales(price: (choice >> 2) & 7, size: choice >> 6), of: id)
        }
        return decoder
    }

    /// Decodes as the pipeline does, widening scales; gives all that came of it as text.
    private static func decode(_ bytes: [UInt8], _ choice: UInt8) -> String {
        bytes.withUnsafeBytes { bytes in
            withExactCopy(bytes) { copy in Self.decode(UnsafeRawBufferPointer(copy), choice) }
        }
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer, _ choice: UInt8) -> String {
        var decoder = Self.decoder(choice)
        let frame = Frame(bytes: bytes, receivedMicroseconds: 1_900_000_000_000_000)
        var batch = EventBatch()
        // Each refusal widens a scale, and a scale has 18 digits.
        for _ in 0...40 {
            batch.removeAll()
            do throws(FrameRefusal) {
                guard choice & 32 != 0 else {
                    let control = try decoder.decode(frame, into: &batch)
                    return Self.describe(batch, bytes) + String(describing: control)
                }
                let question: VenueQuestion =
                    switch choice & 88 {
                    case 0: .klines(.minute1, missed: 1_785_000_000_000_000...1_785_000_100_000_000)
                    case 8: .trades
                    case 16: .volatilityIndex(.minute1)
                    case 24: .fundingHistory
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
                out += "\(update.kind) \(update.before) \(update.last) \(update.eventTime)"
                for run in [update.bids, update.asks] {
                    let levels = batch.levels.withLevels(run) { Array($0) }
                    require(levels.allSatisfy { $0.size >= 0 }, "a size below zero")
                    out += " \(levels.map { "\($0.price) \($0.size)" })"
                }
            case .trade(let trade):
                let id = Self.text(trade.id, bytes)
                require(!id.isEmpty && trade.size >= 0, "a trade without an id")
                out += "\(id) \(trade.sequence) \(trade.price) \(trade.size) \(trade.aggressor) \(trade.eventTime)"
            case .bestBidOffer(let offer):
                require(offer.bid.size >= 0 && offer.ask.size >= 0, "a size below zero")
                out += "\(offer.bid) \(offer.ask) \(offer.sequence) \(offer.eventTime)"
            case .kline(let bar):
                for run in [bar.open, bar.high, bar.low, bar.close, bar.baseVolume, bar.quoteVolume] {
                    let number = Self.text(run, bytes)
                    require(number.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }, "a number that is none")
                    out += number + " "
                }
                out += "\(bar.openTime) \(bar.isClosed)"
            case .liquidation(let event):
                require(event.size.signum >= 0, "a size below zero")
                let id = Self.text(event.id, bytes)
                out += "\(id) \(event.ordinal) \(event.position) \(event.price) \(event.size) \(event.eventTime)"
            case .markPrice(let event): out += "\(event)"
            case .fundingRate(let event): out += "\(event)"
            case .openInterest(let event): out += "\(event)"
            case .volatilityIndex(let event): out += "\(event)"
            case .longShortRatio, .orderBook, .orderBookDelta, .instrument, .status, .heartbeat:
                fatalError("the decoder makes no such event")
            }
        }
        return out
    }
}
