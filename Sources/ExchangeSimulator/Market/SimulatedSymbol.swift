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
    /// Quote units of one contract, COIN-M and inverse ones only.
    package var contractSize: Int?
    package var status = "TRADING"
    /// Units between two prices.
    package var priceStep: Int64 = 1
    /// Units between two sizes.
    package var sizeStep: Int64 = 1
    /// What one contract is worth, as OKX writes it; empty where sizes are in the base.
    package var contractValue = ""
    package var option: SimulatedOption?
    /// Wall time of its listing, milliseconds.
    package var listedAt: Int64 = 1_569_398_400_000
    /// Between two settlements of its funding, where it is not what the exchange's pace says.
    package var fundingPeriod: Duration?

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

    /// Whether it is paid for in its base.
    var isInverse: Bool { self.contractSize != nil || self.option != nil }

    /// Whether nobody can trade it any more.
    var isDelisted: Bool { self.status != "TRADING" }
}

/// What makes an instrument an option.
package struct SimulatedOption: Sendable, Hashable {
    package var strike: Int64
    package var isCall: Bool
    /// Wall time, milliseconds.
    package var expiresAt: Int64
    /// Price of the underlying at the start, in whole quote units.
    package var underlying: Int64
}
