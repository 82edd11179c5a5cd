import MarketModel
import Venues

/// Makes the instrument of a recorded symbol, for which no metadata was recorded.
enum RecordedInstrument {
    private static let quotes = ["USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "EUR", "TRY", "BTC", "ETH", "BNB"]

    static func make(_ segment: BinanceSegment, symbol: String) -> Instrument {
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
