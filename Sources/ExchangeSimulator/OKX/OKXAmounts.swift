/// Turns sizes of an instrument of OKX into coins and money, and numbers its matches.
struct OKXAmounts {
    let symbol: SimulatedSymbol

    /// A number of units of so many fraction digits.
    struct Amount: Equatable {
        let units: Int64
        let decimals: Int
    }

    var size: Int { self.symbol.sizeDecimals }

    /// Base coins of a size at a price, which is in units with `priceDecimals` fraction digits.
    func base(_ size: Int64, price: Int64, priceDecimals: Int) -> Amount {
        guard let contract = self.symbol.contractSize else {
            let value = Self.parse(self.symbol.contractValue)
            return Amount(units: size &* value.units, decimals: self.size + value.decimals)
        }
        var units = size &* Int64(contract) &* 10_000
        for _ in 0..<priceDecimals { units = units &* 10 }
        return Amount(units: price > 0 ? units / price : 0, decimals: 4)
    }

    /// Quote money of a size at a price.
    func quote(_ size: Int64, price: Int64, priceDecimals: Int) -> Amount {
        if let contract = self.symbol.contractSize { return Amount(units: size &* Int64(contract), decimals: 0) }
        let base = self.base(size, price: price, priceDecimals: priceDecimals)
        // Six digits of the size are enough, and keep the product small.
        var (units, decimals) = (base.units, base.decimals)
        while decimals > 4 {
            units /= 10
            decimals -= 1
        }
        return Amount(units: units &* price, decimals: decimals + priceDecimals)
    }

    private static func parse(_ text: String) -> Amount {
        let parts = text.split(separator: ".")
        guard let units = Int64(parts.joined()) else { return Amount(units: 1, decimals: 0) }
        return Amount(units: units, decimals: parts.count > 1 ? parts[1].count : 0)
    }

    // MARK: Matches

    /// Of two trades one is made of two matches, so that ids and trades are not the same: 1, 2 and 3, 4, 5 and 6 …
    static func matches(of trade: UInt64) -> ClosedRange<UInt64> {
        let last = trade + (trade + 1) / 2
        return (trade % 2 == 1 ? last - 1 : last)...last
    }

    /// The trade that a match belongs to.
    static func trade(of match: UInt64) -> UInt64 { (2 * match + 1) / 3 }

    /// The size of a match.
    static func size(_ match: UInt64, of print: SimulatedMarket.Print) -> Int64 {
        let matches = Self.matches(of: print.id)
        guard matches.count == 2 else { return print.size }
        let first = (print.size + 1) / 2
        return match == matches.lowerBound ? first : print.size - first
    }
}
