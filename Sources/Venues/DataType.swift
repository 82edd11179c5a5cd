/// The kinds of data that venues have, by the name that stands in subjects and in the configuration.
package enum DataType: String, Hashable, Sendable, CaseIterable, Comparable {
    case trade, orderbook, bbo
    case markPrice = "mark_price"
    case fundingRate = "funding_rate"
    case openInterest = "open_interest"
    case liquidation
    case topPositionRatio = "lsr_top_position"
    case topAccountRatio = "lsr_top_account"
    case allAccountRatio = "lsr_all_account"
    case volatilityIndex = "volatility_index"
    case kline
    case instrument

    /// In the order of the documentation.
    package static func < (lhs: DataType, rhs: DataType) -> Bool {
        guard let left = Self.allCases.firstIndex(of: lhs), let right = Self.allCases.firstIndex(of: rhs) else {
            return false
        }
        return left < right
    }
}

/// How a section of a venue offers a kind of data.
package enum Offer: Hashable, Sendable {
    /// It is pushed.
    case stream
    /// It is asked for at intervals.
    case poll
    /// It is pushed, and asked for beside for what the push leaves out.
    case streamAndPoll
    /// It is not offered, with the reason: `a spot market has none`.
    case refused(String)

    package var isOffered: Bool {
        if case .refused = self { false } else { true }
    }

    package var isPolled: Bool {
        switch self {
        case .poll, .streamAndPoll: true
        case .stream, .refused: false
        }
    }
}
