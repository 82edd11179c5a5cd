package import Venues

/// What is collected, venue by venue.
package struct VenuesSettings: Hashable, Sendable {
    package var binance = BinanceSettings()

    package init() {}

    static var fields: [SettingField<VenuesSettings>] {
        [.section("binance", \.binance, BinanceSettings.fields, "Binance: the segments named here are collected.")]
    }
}

/// What is collected from Binance; a segment that is nil is left alone.
package struct BinanceSettings: Hashable, Sendable {
    package var spot: SegmentSettings?
    package var usdm: SegmentSettings?
    package var coinm: SegmentSettings?

    package init() {}

    /// The segments that are collected, in the order spot, USD-M, COIN-M.
    package var segments: [(segment: BinanceSegment, settings: SegmentSettings)] {
        BinanceSegment.allCases.compactMap { segment in self[segment].map { (segment, $0) } }
    }

    package subscript(segment: BinanceSegment) -> SegmentSettings? {
        get {
            switch segment {
            case .spot: self.spot
            case .usdm: self.usdm
            case .coinm: self.coinm
            }
        }
        set {
            switch segment {
            case .spot: self.spot = newValue
            case .usdm: self.usdm = newValue
            case .coinm: self.coinm = newValue
            }
        }
    }

    static var fields: [SettingField<BinanceSettings>] {
        [
            .optionalSection(
                "spot", \.spot, SegmentSettings(.spot), SegmentSettings.fields(of: .spot), "The spot market."),
            .optionalSection(
                "usdm", \.usdm, SegmentSettings(.usdm), SegmentSettings.fields(of: .usdm),
                "USD-M futures: perpetuals and dated contracts settled in the quote currency."),
            .optionalSection(
                "coinm", \.coinm, SegmentSettings(.coinm), SegmentSettings.fields(of: .coinm),
                "COIN-M futures: perpetuals and dated contracts settled in the base currency."),
        ]
    }
}
