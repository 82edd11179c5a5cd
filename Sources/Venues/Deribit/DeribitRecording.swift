import FoundationEssentials
package import MarketModel

/// Recordings of Deribit: JSON-RPC, one connection for all kinds of instruments.
package struct DeribitRecording: VenueRecording {
    private struct Message: Decodable {
        struct Parameters: Decodable {
            let channel: String?
            let channels: [String]?
        }

        let method: String?
        let params: Parameters?
    }

    /// The venue's word for dated futures, which are no section of ours.
    private static let dated = "future"

    package init() {}

    package var venue: VenueID { Deribit.id }

    package func streamsAsked(by request: [UInt8]) -> [String] {
        guard let message = try? JSONDecoder().decode(Message.self, from: Data(request)),
            message.method == "public/subscribe" || message.method == "private/subscribe"
        else { return [] }
        return message.params?.channels ?? []
    }

    package func streamName(of frame: Frame) -> String? {
        (try? JSONDecoder().decode(Message.self, from: Data(frame.bytes)))?.params?.channel
    }

    package func stream(named name: String, in sections: [VenueSegment]) -> RecordedStream? {
        guard let parsed = DeribitStream(name: name) else { return nil }
        guard let symbol = parsed.symbol else {
            return sections.first.map { RecordedStream(section: $0, instrument: nil) }
        }
        let kind: DeribitSegment =
            parsed.kind == .volatility ? .index : DeribitOptionName(symbol) == nil ? .perpetual : .option
        guard let section = sections.first(where: { $0.id == kind.id }),
            let instrument = self.instrument(of: symbol, in: section)
        else { return nil }
        return RecordedStream(section: section, instrument: instrument)
    }

    /// A dated future is read as a perpetual is, and keeps the venue's word for its kind.
    package func instrument(of symbol: String, in section: VenueSegment) -> Instrument? {
        switch DeribitSegment(of: section) {
        case .index: return Deribit.indices.first { $0.venueSymbol == symbol }
        case .option: return Self.option(symbol)
        case .perpetual: return Self.contract(symbol)
        }
    }

    private static func option(_ symbol: String) -> Instrument? {
        guard let name = DeribitOptionName(symbol), let (base, quote) = Self.currencies(symbol) else { return nil }
        var option = Instrument(
            venue: Deribit.id, segment: DeribitSegment.option.rawValue, market: .option,
            symbol: name.symbol(base: base, quote: quote), venueSymbol: symbol, base: base, quote: quote ?? base,
            settle: quote ?? base, contract: quote == nil ? .inverse : .linear, unit: .base)
        option.strike = name.strike.replacing("d", with: ".")
        option.optionType = name.type
        return option
    }

    private static func contract(_ symbol: String) -> Instrument? {
        let parts = symbol.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let (base, quote) = Self.currencies(symbol) else { return nil }
        let pair = "\(base)-\(quote ?? "USD")"
        let isPerpetual = parts[1] == "PERPETUAL"
        guard isPerpetual || DeribitOptionName.date(parts[1]) != nil else { return nil }
        return Instrument(
            venue: Deribit.id, segment: isPerpetual ? DeribitSegment.perpetual.rawValue : Self.dated,
            market: isPerpetual ? .perpetual : .future,
            symbol: isPerpetual ? pair : "\(pair)-\(DeribitOptionName.date(parts[1]) ?? "")", venueSymbol: symbol,
            base: base, quote: quote ?? "USD", settle: quote ?? base, contract: quote == nil ? .inverse : .linear,
            unit: quote == nil ? .quote : .base)
    }

    /// `BTC-…` is inverse and names one currency, `SOL_USDC-…` is linear and names two.
    private static func currencies(_ symbol: String) -> (base: String, quote: String?)? {
        let names = symbol.prefix { $0 != "-" }.split(separator: "_", omittingEmptySubsequences: false)
        guard (1...2).contains(names.count), names.allSatisfy({ !$0.isEmpty }) else { return nil }
        return (String(names[0]), names.count == 2 ? String(names[1]) : nil)
    }
}
