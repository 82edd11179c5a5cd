extension BinanceMessages {
    private var pairKey: String { self.segment == .coinm ? "pair" : "symbol" }
    private var pairName: String { self.segment == .coinm ? self.symbol.pair : self.symbol.symbol }

    /// A bar of the mark price as REST answers it: a list of twelve like that of a traded one.
    func markRow(_ bar: PriceBar, end: Int64, into text: inout [UInt8]) {
        text.write("[\(bar.start)")
        for price in [bar.open, bar.high, bar.low, bar.close] {
            text.write(",")
            text.write(units: price, decimals: self.symbol.priceDecimals + 2, width: 8)
        }
        text.write(",\"0\",\(end - 1),\"0\",\((end - bar.start) / 1_000),\"0\",\"0\",\"0\"]")
    }

    func ratioRow(_ endpoint: BinanceEndpoint, _ past: PastMarket, at time: Int64, into text: inout [UInt8]) {
        let share = past.longShare(endpoint == .accountRatio ? 0 : endpoint == .topAccountRatio ? 1 : 2, at: time)
        let noun = self.segment == .coinm && endpoint == .topPositionRatio ? "Position" : "Account"
        text.write("{\"\(self.pairKey)\":")
        text.write(quoted: self.pairName)
        text.write(",\"long\(noun)\":")
        text.write(units: share, decimals: 4)
        text.write(",\"longShortRatio\":")
        text.write(units: Self.ratio(share), decimals: 4)
        text.write(",\"short\(noun)\":")
        text.write(units: 10_000 - share, decimals: 4)
        text.write(",\"timestamp\":\(time)}")
    }

    func interestRow(_ past: PastMarket, at time: Int64, into text: inout [UInt8]) {
        text.write("{\"\(self.pairKey)\":")
        text.write(quoted: self.pairName)
        if self.segment == .coinm { text.write(",\"contractType\":\"PERPETUAL\"") }
        let (amount, worth) = self.interest(past, at: time)
        text.write(",\"sumOpenInterest\":")
        text.write(units: amount, decimals: self.symbol.sizeDecimals, width: 8)
        text.write(",\"sumOpenInterestValue\":")
        text.write(units: worth.units, decimals: worth.decimals, width: 8)
        if self.segment == .usdm { text.write(",\"CMCCirculatingSupply\":\"19700000.00000000\"") }
        text.write(",\"timestamp\":\(time)}")
    }

    /// Longs by shorts in ten-thousandths, of the share of longs.
    static func ratio(_ share: Int64) -> Int64 { share * 10_000 / (10_000 - share) }

    /// Open interest in size units, and what it is worth: quote money, base coins on COIN-M.
    func interest(
        _ past: PastMarket, at time: Int64
    ) -> (amount: Int64, worth: (units: Int64, decimals: Int)) {
        let amount = past.openInterest(at: time)
        let mark = past.mark(at: time)
        guard let contract = self.symbol.contractSize else {
            // Six digits behind the point are enough, and keep within the width.
            var (units, decimals) = (amount &* mark, self.symbol.sizeDecimals + self.symbol.priceDecimals + 2)
            while decimals > 6 {
                units /= 10
                decimals -= 1
            }
            return (amount, (units, decimals))
        }
        var units = amount &* Int64(contract) &* 1_000_000
        for _ in 0..<self.symbol.priceDecimals + 2 { units = units &* 10 }
        return (amount, (units / max(mark, 1), 6))
    }
}
