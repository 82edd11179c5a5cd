package import MarketModel

/// The part of a venue's socket addresses that serves some kinds of data and not others.
package struct VenueRoute: Hashable, Sendable {
    /// Names its connections: `-public`, or nothing where there is one route.
    package let suffix: String
    /// Behind the base address, in the order in which they are tried until one delivers.
    package let paths: [String]

    package init(_ suffix: String, paths: [String]) {
        self.suffix = suffix
        self.paths = paths
    }
}

/// One subscription of a connection.
package struct VenueStream: Hashable, Sendable {
    /// The venue's text for it, unique on a connection: `btcusdt@trade`, `books:BTC-USDT`, `quote.BTC-PERPETUAL`.
    package let name: String
    /// The venue's symbol; nil for a stream of the whole section, which serves the symbols of its own connection.
    package let symbol: String?
    /// What it brings of what was asked for.
    package let types: [DataType]
    package let route: VenueRoute
    /// Whether data may stay away for hours although all is well: liquidations, an option's trades, changes of the list.
    package let isSparse: Bool

    package init(_ name: String, symbol: String?, types: [DataType], route: VenueRoute, isSparse: Bool = false) {
        self.name = name
        self.symbol = symbol
        self.types = types
        self.route = route
        self.isSparse = isSparse
    }
}

/// What is to be collected of the instruments of a section.
package struct Wanted: Hashable, Sendable {
    package var types: Set<DataType>
    package var klineIntervals: [KlineInterval]
    package var ratioPeriod: KlineInterval
    /// The section's options by key.
    package var options: [String: String]

    package init(
        types: Set<DataType>, klineIntervals: [KlineInterval] = [.minute1], ratioPeriod: KlineInterval = .minute5,
        options: [String: String] = [:]
    ) {
        self.types = types
        self.klineIntervals = klineIntervals
        self.ratioPeriod = ratioPeriod
        self.options = options
    }
}
