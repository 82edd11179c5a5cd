/// What of a channel's content was asked for: trades carry liquidations, a ticker three kinds of data.
struct DeribitWanted: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let trades = DeribitWanted(rawValue: 1)
    static let liquidations = DeribitWanted(rawValue: 2)
    static let mark = DeribitWanted(rawValue: 4)
    static let funding = DeribitWanted(rawValue: 8)
    static let openInterest = DeribitWanted(rawValue: 16)

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(_ types: [DataType]) {
        self = []
        for type in types {
            switch type {
            case .trade: self.insert(.trades)
            case .liquidation: self.insert(.liquidations)
            case .markPrice: self.insert(.mark)
            case .fundingRate: self.insert(.funding)
            case .openInterest: self.insert(.openInterest)
            case .orderbook, .bbo, .kline, .volatilityIndex, .instrument, .topPositionRatio, .topAccountRatio,
                .allAccountRatio:
                continue
            }
        }
    }
}
