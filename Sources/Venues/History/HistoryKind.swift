package import MarketModel

/// What a series of the past is made of: a kind of data, with the length of its bars or periods.
package enum HistoryKind: Hashable, Sendable {
    case trade
    /// The best bid and offer, at each of its changes.
    case bbo
    case kline(KlineInterval)
    /// Funding that was charged.
    case fundingRate
    /// Open interest at the end of each period.
    case openInterest(KlineInterval)
    case ratio(LongShortRatio.Kind, period: KlineInterval)
    /// Bars of the mark price.
    case markPrice(KlineInterval)
    /// Bars of the index.
    case volatilityIndex(KlineInterval)

    package var type: DataType {
        switch self {
        case .trade: .trade
        case .bbo: .bbo
        case .kline: .kline
        case .fundingRate: .fundingRate
        case .openInterest: .openInterest
        case .ratio(.topPosition, _): .topPositionRatio
        case .ratio(.topAccount, _): .topAccountRatio
        case .ratio(.allAccount, _): .allAccountRatio
        case .markPrice: .markPrice
        case .volatilityIndex: .volatilityIndex
        }
    }

    /// The length of a bar or period; nil where rows come as they happen.
    package var interval: KlineInterval? {
        switch self {
        case .trade, .bbo, .fundingRate: nil
        case .kline(let interval), .openInterest(let interval), .ratio(_, let interval), .markPrice(let interval),
            .volatilityIndex(let interval):
            interval
        }
    }

    /// - Parameter interval: Must be given for all kinds but trades, quotes and funding.
    package init?(_ type: DataType, interval: KlineInterval?) {
        switch (type, interval) {
        case (.trade, nil): self = .trade
        case (.bbo, nil): self = .bbo
        case (.fundingRate, nil): self = .fundingRate
        case (.kline, let interval?): self = .kline(interval)
        case (.openInterest, let interval?): self = .openInterest(interval)
        case (.topPositionRatio, let interval?): self = .ratio(.topPosition, period: interval)
        case (.topAccountRatio, let interval?): self = .ratio(.topAccount, period: interval)
        case (.allAccountRatio, let interval?): self = .ratio(.allAccount, period: interval)
        case (.markPrice, let interval?): self = .markPrice(interval)
        case (.volatilityIndex, let interval?): self = .volatilityIndex(interval)
        default: return nil
        }
    }
}

extension HistoryKind: LosslessStringConvertible {
    /// `trade`, `kline:1m`, `lsr_top_account:5m`.
    package var description: String {
        self.interval.map { "\(self.type.rawValue):\($0.rawValue)" } ?? self.type.rawValue
    }

    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let type = parts.first.flatMap({ DataType(rawValue: String($0)) }) else { return nil }
        guard parts.count == 2 else {
            self.init(type, interval: nil)
            return
        }
        guard let interval = KlineInterval(rawValue: String(parts[1])) else { return nil }
        self.init(type, interval: interval)
    }
}
