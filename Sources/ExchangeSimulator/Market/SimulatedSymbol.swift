/// An instrument of the simulated venue, with its units.
package struct SimulatedSymbol: Sendable, Hashable {
    /// As the venue writes it, `BTCUSDT` or `BTCUSD_PERP`.
    package var symbol: String
    package var base: String
    package var quote: String
    /// Fraction digits of a price; the tick is one unit of the last.
    package var priceDecimals: Int
    /// Fraction digits of a size; the lot is one unit of the last.
    package var sizeDecimals: Int
    /// Where the price starts, in ticks.
    package var startTicks: Int64
    /// Quote units of one contract, COIN-M only.
    package var contractSize: Int?
    package var status = "TRADING"

    package init(
        _ symbol: String, base: String, quote: String, priceDecimals: Int, sizeDecimals: Int, startTicks: Int64,
        contractSize: Int? = nil
    ) {
        self.symbol = symbol
        self.base = base
        self.quote = quote
        self.priceDecimals = priceDecimals
        self.sizeDecimals = sizeDecimals
        self.startTicks = startTicks
        self.contractSize = contractSize
    }

    /// The underlying pair: the symbol up to its `_`.
    var pair: String { self.symbol.split(separator: "_").first.map(String.init) ?? self.symbol }

    /// The symbol as stream names have it.
    var streamName: String { self.symbol.lowercased() }

    /// Bitcoin, ether and a name that is not ASCII (not on COIN-M).
    package static func standard(_ segment: MarketSegment) -> [Self] {
        switch segment {
        case .spot:
            [
                Self("BTCUSDT", base: "BTC", quote: "USDT", priceDecimals: 2, sizeDecimals: 5, startTicks: 6_173_763),
                Self("ETHUSDT", base: "ETH", quote: "USDT", priceDecimals: 2, sizeDecimals: 4, startTicks: 268_380),
                Self("币安人生USDT", base: "币安人生", quote: "USDT", priceDecimals: 4, sizeDecimals: 1, startTicks: 1_935),
            ]
        case .usdm:
            [
                Self("BTCUSDT", base: "BTC", quote: "USDT", priceDecimals: 1, sizeDecimals: 3, startTicks: 618_003),
                Self("ETHUSDT", base: "ETH", quote: "USDT", priceDecimals: 2, sizeDecimals: 3, startTicks: 268_162),
                Self("币安人生USDT", base: "币安人生", quote: "USDT", priceDecimals: 5, sizeDecimals: 0, startTicks: 19_350),
            ]
        case .coinm:
            [
                Self(
                    "BTCUSD_PERP", base: "BTC", quote: "USD", priceDecimals: 1, sizeDecimals: 0, startTicks: 618_047,
                    contractSize: 100),
                Self(
                    "ETHUSD_PERP", base: "ETH", quote: "USD", priceDecimals: 2, sizeDecimals: 0, startTicks: 268_217,
                    contractSize: 10),
            ]
        }
    }

    /// `count` instruments: the standard ones, then invented names.
    package static func many(_ count: Int, _ segment: MarketSegment) -> [Self] {
        let standard = Self.standard(segment)
        let invented = (standard.count..<max(count, standard.count)).map { number in
            let base = "SIM\(number)"
            return segment == .coinm
                ? Self(
                    "\(base)USD_PERP", base: base, quote: "USD", priceDecimals: 3, sizeDecimals: 0,
                    startTicks: 20_000 + Int64(number) * 37, contractSize: 10)
                : Self(
                    "\(base)USDT", base: base, quote: "USDT", priceDecimals: 3, sizeDecimals: 2,
                    startTicks: 20_000 + Int64(number) * 37)
        }
        return Array((standard + invented).prefix(count))
    }
}
