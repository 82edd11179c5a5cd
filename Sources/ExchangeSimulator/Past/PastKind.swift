package import MarketModel

/// A series of the past, by the name that jobs give it: `trade`, `kline:1m`, `lsr_top_account:5m`.
package enum PastKind: Hashable, Sendable, LosslessStringConvertible {
    case trade
    case bbo
    case kline(KlineInterval)
    case fundingRate
    case openInterest(KlineInterval)
    /// All accounts, the top ones by accounts, and those by positions.
    case ratio(Ratio, KlineInterval)
    case markPrice(KlineInterval)
    case volatilityIndex(KlineInterval)

    package enum Ratio: Int, Sendable {
        case allAccount, topAccount, topPosition
    }

    package init?(_ description: String) {
        let parts = description.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            switch description {
            case "trade": self = .trade
            case "bbo": self = .bbo
            case "funding_rate": self = .fundingRate
            default: return nil
            }
            return
        }
        guard let interval = KlineInterval(rawValue: parts[1]) else { return nil }
        switch parts[0] {
        case "kline": self = .kline(interval)
        case "open_interest": self = .openInterest(interval)
        case "lsr_all_account": self = .ratio(.allAccount, interval)
        case "lsr_top_account": self = .ratio(.topAccount, interval)
        case "lsr_top_position": self = .ratio(.topPosition, interval)
        case "mark_price": self = .markPrice(interval)
        case "volatility_index": self = .volatilityIndex(interval)
        default: return nil
        }
    }

    package var description: String {
        switch self {
        case .trade: "trade"
        case .bbo: "bbo"
        case .kline(let interval): "kline:\(interval.rawValue)"
        case .fundingRate: "funding_rate"
        case .openInterest(let interval): "open_interest:\(interval.rawValue)"
        case .ratio(.allAccount, let interval): "lsr_all_account:\(interval.rawValue)"
        case .ratio(.topAccount, let interval): "lsr_top_account:\(interval.rawValue)"
        case .ratio(.topPosition, let interval): "lsr_top_position:\(interval.rawValue)"
        case .markPrice(let interval): "mark_price:\(interval.rawValue)"
        case .volatilityIndex(let interval): "volatility_index:\(interval.rawValue)"
        }
    }
}

/// A row as the exchange has it, whatever an answer or an archive makes of it.
package struct PastRow: Hashable, Sendable {
    /// The time of a trade or quote, a bar's opening, a settlement, the end of a period; milliseconds.
    package let milliseconds: Int64
    /// Of a trade or quote, as the venue counts it: matches on OKX, sequences on Deribit.
    package let id: UInt64?
    /// Decimal texts without zeros at their ends, by name: `price`, `size` and `side` of trades; `bid`,
    /// `bid_size`, `ask` and `ask_size` of quotes; `open`, `high`, `low`, `close`
    /// of bars, `volume` and `turnover` of traded ones as the venue gives them first and last, `trades` on Binance;
    /// `rate`; `amount` and `value`; `ratio`, and `long` on Binance.
    package let values: [String: String]

    /// The row as a JSON object of its time, its id and its values.
    func write(into text: inout [UInt8]) {
        text.write("{\"time\":\(self.milliseconds)")
        if let id { text.write(",\"id\":\(id)") }
        for (name, value) in self.values.sorted(by: { $0.key < $1.key }) {
            text.write(",\"\(name)\":")
            text.write(quoted: value)
        }
        text.write("}")
    }
}
