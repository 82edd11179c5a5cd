/// What Binance counts and refuses.
///
/// Source: https://developers.binance.com/docs/ (spot 2026-07-21, derivatives 2026-07-01); the live values stand in
/// `rateLimits` of exchangeInfo and in the configuration.
package enum BinanceLimits {
    /// The header that says how much weight the address has used in the running minute.
    package static let usedWeightHeader = "X-MBX-USED-WEIGHT-1M"

    /// The scope that meters a segment: USD-M and COIN-M share one since 2026-06-30.
    package static func scope(of segment: BinanceSegment) -> String {
        switch segment {
        case .spot: "spot"
        case .usdm, .coinm: "futures"
        }
    }

    /// The weight of a depth request.
    package static func depthWeight(_ segment: BinanceSegment, limit: Int) -> Int {
        switch segment {
        case .spot: limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1_000 ? 50 : 250
        case .usdm, .coinm: limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20
        }
    }

    /// The weight of the list of instruments.
    package static func instrumentsWeight(_ segment: BinanceSegment) -> Int {
        segment == .spot ? 20 : 1
    }

    /// The limit to ask for: futures serve fixed ones, the next one up is taken.
    package static func depthLimit(_ segment: BinanceSegment, wanted: Int) -> Int {
        switch segment {
        case .spot: min(max(wanted, 1), 5_000)
        case .usdm, .coinm: [5, 10, 20, 50, 100, 500, 1_000].first { $0 >= wanted } ?? 1_000
        }
    }
}
