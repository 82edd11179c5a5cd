import FoundationEssentials
package import MarketModel

/// Recordings of Binance: combined frames, each with its stream's name.
package struct BinanceRecording: VenueRecording {
    private struct Request: Decodable {
        let method: String?
        let params: [String]?
    }

    private static let quotes = ["USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "EUR", "TRY", "BTC", "ETH", "BNB"]

    package init() {}

    package var venue: VenueID { Binance.id }

    package func streamsAsked(by request: [UInt8]) -> [String] {
        guard let request = try? JSONDecoder().decode(Request.self, from: Data(request)),
            request.method == "SUBSCRIBE"
        else { return [] }
        return request.params ?? []
    }

    package func streamName(of frame: Frame) -> String? { BinanceDecoder.streamName(of: frame) }

    package func stream(named name: String, in sections: [VenueSegment]) -> RecordedStream? {
        guard let parsed = BinanceStream.parse(name: name), let section = sections.first else { return nil }
        guard let symbol = parsed.symbol else { return RecordedStream(section: section, instrument: nil) }
        return RecordedStream(section: section, instrument: self.instrument(of: symbol, in: section))
    }

    package func instrument(of symbol: String, in section: VenueSegment) -> Instrument? {
        guard let segment = BinanceSegment(rawValue: section.id.name) else { return nil }
        let parts = symbol.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        let pair = String(parts[0])
        let suffix = parts.count > 1 ? String(parts[1]) : nil
        let quote = Self.quotes.first { pair.hasSuffix($0) && pair.count > $0.count } ?? ""
        let base = String(pair.dropLast(quote.count))
        let name = quote.isEmpty ? base : "\(base)-\(quote)"
        let isDated = suffix != nil && suffix != "PERP"
        let market: Market = segment == .spot ? .spot : isDated ? .future : .perpetual
        return Instrument(
            venue: Binance.id, segment: segment.rawValue, market: market,
            symbol: isDated ? "\(name)-\(suffix ?? "")" : name, venueSymbol: symbol, base: base, quote: quote,
            contract: segment == .spot ? .spot : segment == .usdm ? .linear : .inverse, unit: segment.sizeUnit)
    }
}
