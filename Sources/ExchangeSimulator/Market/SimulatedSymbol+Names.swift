extension SimulatedSymbol {
    /// An instrument that a venue would give this name; `nil` where it gives no such names.
    package static func named(_ name: String, _ segment: MarketSegment) -> Self? {
        switch segment {
        case .spot, .usdm: Self.ending("USDT", name, segment)
        case .coinm: Self.ending("USD_PERP", name, segment)
        case .okxSpot: Self.ending("-USDT", name, segment)
        case .okxSwap: Self.ending("-USDT-SWAP", name, segment)
        case .deribitPerpetual: Self.ending("-PERPETUAL", name, segment)
        case .deribitOption: Self.optionNamed(name)
        }
    }

    private static func ending(_ suffix: String, _ name: String, _ segment: MarketSegment) -> Self? {
        guard name.hasSuffix(suffix), name.count > suffix.count, name.utf8.count <= 60 else { return nil }
        return Self.invented(String(name.dropLast(suffix.count)), segment)
    }

    /// `BTC-25DEC26-100000-C`.
    private static func optionNamed(_ name: String) -> Self? {
        let parts = name.split(separator: "-").map(String.init)
        guard parts.count == 4, name.utf8.count <= 60, let expiresAt = ExpiryDate.time(parts[1]),
            let strike = Int64(parts[2]), (1...100_000_000).contains(strike), ["C", "P"].contains(parts[3])
        else { return nil }
        let underlying = Self.options(at: expiresAt).first { $0.base == parts[0] }?.option?.underlying ?? strike
        return Self.option(
            parts[0], strike: strike, isCall: parts[3] == "C", expiresAt: expiresAt, underlying: underlying)
    }
}
