import FoundationEssentials
package import MarketModel

/// Reads Binance's lists of instruments (`exchangeInfo`), off the frame path.
///
/// Tick and step come from the filters; `pricePrecision` and `quantityPrecision` are something else.
package enum BinanceInstruments {
    /// Why a list could not be read at all.
    package struct Unreadable: Error, CustomStringConvertible {
        package let description: String
    }

    /// Gives the instruments of a list, and how many entries were refused; one bad entry refuses only itself.
    package static func parse(
        _ json: [UInt8], segment: BinanceSegment
    ) throws(Unreadable) -> (instruments: [Instrument], refused: Int) {
        let list: List
        do {
            list = try JSONDecoder().decode(List.self, from: Data(json))
        } catch {
            throw Unreadable(description: "exchangeInfo of \(segment.rawValue): \(error)")
        }
        let instruments = list.symbols.compactMap { $0.entry.flatMap { Self.instrument($0, segment) } }
        return (instruments, list.symbols.count - instruments.count)
    }

    private struct List: Decodable {
        let symbols: [Lossy]
    }

    /// An entry that may be anything.
    private struct Lossy: Decodable {
        let entry: Entry?

        init(from decoder: any Decoder) {
            self.entry = try? Entry(from: decoder)
        }
    }

    private struct Entry: Decodable {
        let symbol: String
        let status: String?
        let contractStatus: String?
        let contractType: String?
        let contractSize: Int64?
        let baseAsset: String
        let quoteAsset: String
        let marginAsset: String?
        let deliveryDate: Int64?
        let onboardDate: Int64?
        let filters: [Filter]?
    }

    private struct Filter: Decodable {
        let filterType: String
        let tickSize: String?
        let stepSize: String?
        let minQty: String?
        let minNotional: String?
        let notional: String?
    }

    private static func instrument(_ entry: Entry, _ segment: BinanceSegment) -> Instrument? {
        guard !entry.symbol.isEmpty, !entry.baseAsset.isEmpty, !entry.quoteAsset.isEmpty else { return nil }
        // PERPETUAL, TRADIFI_PERPETUAL, PERPETUAL_DELIVERING; a dated contract carries its date behind a low line.
        let isNamedPerpetual = entry.contractType?.contains("PERPETUAL") ?? false
        let isPerpetual = isNamedPerpetual || !entry.symbol.contains("_")
        let expiry = isPerpetual || segment == .spot ? nil : entry.symbol.split(separator: "_").last.map(String.init)
        let market: Market = segment == .spot ? .spot : isPerpetual ? .perpetual : .future
        let pair = "\(entry.baseAsset)-\(entry.quoteAsset)"
        let venueStatus = entry.status ?? entry.contractStatus ?? ""
        var instrument = Instrument(
            venue: BinanceSegment.venue, segment: segment.rawValue, market: market,
            symbol: expiry.map { "\(pair)-\($0)" } ?? pair, venueSymbol: entry.symbol, base: entry.baseAsset,
            quote: entry.quoteAsset, settle: segment == .spot ? nil : entry.marginAsset,
            contract: segment == .spot ? .spot : segment == .usdm ? .linear : .inverse,
            status: Self.status(venueStatus), venueStatus: venueStatus, unit: segment.sizeUnit)
        for filter in entry.filters ?? [] {
            switch filter.filterType {
            case "PRICE_FILTER": instrument.tickSize = Self.canonical(filter.tickSize)
            case "LOT_SIZE":
                instrument.lotSize = Self.canonical(filter.stepSize)
                instrument.minSize = Self.canonical(filter.minQty)
            case "NOTIONAL", "MIN_NOTIONAL":
                instrument.minNotional = Self.canonical(filter.minNotional ?? filter.notional)
            default: continue
            }
        }
        if segment == .coinm {
            guard let size = entry.contractSize, size > 0 else { return nil }
            instrument.contractSize = String(size)
            instrument.contractSizeUnit = .quote
        }
        instrument.listedMicroseconds = entry.onboardDate.flatMap { Timestamp(milliseconds: $0).microseconds }
        if market == .future {
            instrument.expiresMicroseconds = entry.deliveryDate.flatMap { Timestamp(milliseconds: $0).microseconds }
        }
        return instrument
    }

    private static func status(_ word: String) -> Instrument.Status {
        switch word {
        case "TRADING": .trading
        case "PENDING_TRADING", "PRE_TRADING": .pending
        case "HALT", "BREAK", "CANCEL_ONLY", "AUCTION_MATCH": .halted
        case "PRE_DELIVERING", "DELIVERING", "PRE_SETTLE", "SETTLING": .settling
        case "DELIVERED", "CLOSE", "END_OF_DAY", "POST_TRADING": .closed
        default: .unknown
        }
    }

    /// Gives a decimal without trailing zeros; nil for text that is no decimal, or too long to be one.
    private static func canonical(_ text: String?) -> String? {
        guard let text, let scale = try? FixedPoint.scale(of: text),
            let mantissa = try? FixedPoint.parse(text, scale: scale)
        else { return nil }
        return FixedPoint.text(mantissa, scale: scale)
    }
}
