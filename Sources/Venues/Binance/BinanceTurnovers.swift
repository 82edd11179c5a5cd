import FoundationEssentials
package import MarketModel

/// Reads Binance's statistics of the last 24 hours (`ticker/24hr`), off the frame path.
///
/// Turnover is `quoteVolume`. COIN-M gives none: its `volume` counts contracts, of 100 dollars on one pair and 10 on
/// another, so that they do not compare; its turnover is `baseVolume` at the day's `weightedAvgPrice`, which is
/// contracts times their size but for the rounding of that price. Whole units of the quote asset: it is for an order.
package enum BinanceTurnovers {
    /// Gives turnover by symbol; an entry that cannot be read is left out.
    package static func parse(
        _ json: [UInt8], segment: BinanceSegment
    ) throws(UnreadableAnswer) -> [String: DecimalValue] {
        let list: [Lossy]
        do {
            list = try JSONDecoder().decode([Lossy].self, from: Data(json))
        } catch {
            throw UnreadableAnswer("ticker/24hr of \(segment.rawValue): \(error)")
        }
        var turnovers: [String: DecimalValue] = [:]
        for case let entry? in list.map(\.entry) {
            let turnover =
                switch segment {
                case .spot, .usdm: entry.quoteVolume.flatMap(Self.whole)
                case .coinm: Self.product(entry.baseVolume, entry.weightedAvgPrice)
                }
            if let turnover { turnovers[entry.symbol] = turnover }
        }
        return turnovers
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
        let quoteVolume: String?
        let baseVolume: String?
        let weightedAvgPrice: String?
    }

    /// The part in front of the point: a day's turnover in rupiah has more digits than 64 bits hold with its fraction.
    private static func whole(_ text: String) -> DecimalValue? {
        let digits = text.prefix { $0 != "." }
        guard let value = DecimalValue(digits), value.signum >= 0 else { return nil }
        return value
    }

    private static func product(_ base: String?, _ price: String?) -> DecimalValue? {
        guard let base = base.flatMap({ DecimalValue($0) }), let price = price.flatMap({ DecimalValue($0) }),
            base.signum >= 0, price.signum >= 0
        else { return nil }
        // Both mantissas lie within 10^18 and both scales within 18.
        var product = Int128(base.mantissa) * Int128(price.mantissa)
        for _ in 0..<(base.scale + price.scale) { product /= 10 }
        guard product <= Int128(FixedPoint.mantissaMax) else { return nil }
        return DecimalValue(Int64(product), scale: 0)
    }
}
