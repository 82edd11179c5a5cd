import Venues

/// The kinds of data that venues have, by the name that stands in subjects.
package enum DataType: String, Hashable, Sendable, CaseIterable {
    case trade, orderbook, bbo, instrument
    case markPrice = "mark_price"
    case fundingRate = "funding_rate"
    case openInterest = "open_interest"
    case liquidation
    case topPositionRatio = "lsr_top_position"
    case topAccountRatio = "lsr_top_account"
    case allAccountRatio = "lsr_all_account"
    case volatilityIndex = "volatility_index"
    case kline

    /// What can be collected, in the order in which it is documented.
    package static let collected: [DataType] = [.trade, .orderbook, .bbo, .instrument]

    /// Why a segment does not offer this type; nil where it does.
    func refusal(in segment: BinanceSegment) -> String? {
        switch self {
        case .trade, .orderbook, .bbo, .instrument:
            nil
        case .markPrice, .fundingRate, .openInterest, .liquidation, .topPositionRatio, .topAccountRatio,
            .allAccountRatio:
            segment == .spot
                ? "a spot market has none: it belongs to contracts" : "the venue offers it, but it is not collected yet"
        case .volatilityIndex:
            "Binance publishes none"
        case .kline:
            "the venue offers it, but it is not collected yet"
        }
    }
}
