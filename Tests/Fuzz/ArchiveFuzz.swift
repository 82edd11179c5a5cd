import MarketModel
import Venues

/// Tables of archives, line by line; the first byte chooses venue and table.
///
/// What a line gives names only its own bytes, and a line that is read twice gives the same twice. The lists of OKX's
/// archives are read of the same bytes.
enum ArchiveFuzz {
    private static let tables: [(segment: SegmentID, symbol: String, kind: HistoryKind, path: String)] = [
        (BinanceSegment.spot.id, "BTCUSDT", .trade, "/aggTrades/"),
        (BinanceSegment.usdm.id, "BTCUSDT", .trade, "/trades/"),
        (BinanceSegment.coinm.id, "BTCUSD_PERP", .kline(.minute1), "/klines/"),
        (BinanceSegment.usdm.id, "BTCUSDT", .markPrice(.minute1), "/markPriceKlines/"),
        (BinanceSegment.usdm.id, "BTCUSDT", .fundingRate, "/fundingRate/"),
        (BinanceSegment.usdm.id, "BTCUSDT", .openInterest(.minute5), "/metrics/"),
        (BinanceSegment.usdm.id, "BTCUSDT", .ratio(.topAccount, period: .minute5), "/metrics/"),
        (OKXSegment.swap.id, "BTC-USDT-SWAP", .trade, ""), (OKXSegment.spot.id, "BTC-USDT", .kline(.minute1), ""),
        (OKXSegment.swap.id, "BTC-USDT-SWAP", .fundingRate, ""),
        (BinanceSegment.usdm.id, "BTCUSDT", .bbo, "/bookTicker/"),
    ]

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let choice = input.first else { return }
        let table = Self.tables[Int(choice) % Self.tables.count]
        let archive = VenueArchive(
            segment: table.segment, symbol: table.symbol, kind: table.kind, span: .day,
            rangeMilliseconds: 1_790_812_800_000..<1_790_899_200_000, path: table.path, checksumPath: nil)
        let bytes = Array(input.dropFirst())
        guard let venue = VenueCatalog.venue(table.segment.venue),
            var decoder = venue.makeArchiveDecoder(for: archive, instrument: InstrumentID(0))
        else { fatalError("an archive that nobody reads: \(table)") }
        if let address = (try? venue.archiveAddress(bytes, of: archive)) ?? nil {
            require(address.hasPrefix("http"), "no address: \(address.debugDescription)")
        }
        var isFirst = true
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).prefix(64) {
            let texts = (0..<2).map { _ in
                line.withUnsafeBytes { raw in
                    withExactCopy(raw) { Self.decode(UnsafeRawBufferPointer($0), isFirst, &decoder) }
                }
            }
            require(texts[0] == texts[1], "\(texts[0]) is not \(texts[1])")
            isFirst = false
        }
    }

    /// Reads as a download does, widening scales; gives all that came of it as text.
    private static func decode(
        _ line: UnsafeRawBufferPointer, _ isFirst: Bool, _ decoder: inout any ArchiveDecoder
    ) -> String {
        let frame = Frame(bytes: line, receivedMicroseconds: 1_900_000_000_000_000)
        var batch = EventBatch()
        // Each refusal widens a scale, and a scale has 18 digits.
        for _ in 0...40 {
            batch.removeAll()
            do throws(FrameRefusal) {
                try decoder.decode(frame, isFirst: isFirst, into: &batch)
                require(batch.eventCount <= 1, "more events than lines")
                return batch.events.map { Self.describe($0, line) }.joined()
            } catch {
                guard case .needsScale(_, let scales) = error else { return error.label }
                decoder.setScales(scales)
            }
        }
        fatalError("a scale was asked for that does not help")
    }

    private static func text(_ run: FrameText, _ line: UnsafeRawBufferPointer) -> String {
        let start = Int(run.offset)
        return String(decoding: line[start..<(start + Int(run.count))], as: UTF8.self)
    }

    private static func describe(_ event: MarketEvent, _ line: UnsafeRawBufferPointer) -> String {
        switch event {
        case .trade(let trade):
            let id = Self.text(trade.id, line)
            require(UInt64(id) == trade.sequence && trade.size >= 0 && trade.isBackfilled, "an id that is none")
            return "\(id) \(trade.price) \(trade.size) \(trade.aggressor) \(trade.eventTime)"
        case .kline(let bar):
            let texts = [bar.open, bar.high, bar.low, bar.close, bar.baseVolume].map { Self.text($0, line) }
            for text in texts.map({ Array($0.utf8) }) {
                require(DecimalParts(text.span, 0..<text.count) != nil, "a number that is none")
            }
            return "\(texts) \(bar.openTime) \(bar.tradeCount)"
        case .fundingRate(let rate): return "\(rate)"
        case .openInterest(let interest): return "\(interest)"
        case .longShortRatio(let ratio): return "\(ratio)"
        case .markPrice(let price): return "\(price)"
        case .bestBidOffer(let offer):
            require(offer.bid.size >= 0 && offer.ask.size >= 0, "a size below zero")
            require(offer.sequence > 0 && offer.isBackfilled, "a quote without a place")
            return "\(offer.bid) \(offer.ask) \(offer.sequence) \(offer.eventTime) \(offer.sentTime)"
        case .depth, .orderBook, .orderBookDelta, .liquidation, .instrument, .status, .heartbeat,
            .volatilityIndex:
            fatalError("an archive holds no such event")
        }
    }
}
