import MarketModel

extension Deribit {
    static let descriptions: [VenueSegment] = DeribitSegment.allCases.map(Self.description)

    static let webSocketPath = "/ws/api/v2"

    private static func description(_ section: DeribitSegment) -> VenueSegment {
        VenueSegment(
            id: section.id, title: Self.title(section), meaning: Self.meaning(section),
            // A strike with a fraction has a `d` for its point; names of indices are in lower case.
            exampleSymbol: Self.exampleSymbol(section), symbolsAreUppercase: section == .perpetual,
            webSocket: "wss://www.deribit.com",
            rest: "https://www.deribit.com", offers: Self.offers(section),
            standardTypes: section == .index ? [.volatilityIndex] : [.trade, .orderbook, .bbo, .instrument],
            klineIntervals: section == .index ? [] : DeribitStream.resolutions.map(\.interval),
            options: section == .index ? [] : [Self.pace], streamsPerConnection: 500,
            streamsPerConnectionMost: 4_096, snapshot: nil, sequenceRule: .linked, depth: .full)
    }

    private static let pace = VenueSegment.Option(
        "pace", choices: ["100ms", "agg2"], standard: "100ms",
        "Pace of books, trades and tickers; agg2 puts a second or two together.")

    private static func title(_ section: DeribitSegment) -> String {
        switch section {
        case .perpetual: "perpetuals"
        case .option: "options"
        case .index: "volatility indices"
        }
    }

    private static func meaning(_ section: DeribitSegment) -> String {
        switch section {
        case .perpetual: "Perpetuals: inverse ones, whose sizes count US dollars, and linear ones in USDC or USDT."
        case .option: "Options: inverse ones, whose prices count the coin, and linear ones."
        case .index: "The volatility indices DVOL of BTC (btc_usd) and ETH (eth_usd)."
        }
    }

    private static func exampleSymbol(_ section: DeribitSegment) -> String {
        switch section {
        case .perpetual: "BTC-PERPETUAL"
        case .option: "BTC-25DEC26-100000-C"
        case .index: "btc_usd"
        }
    }

    private static func offers(_ section: DeribitSegment) -> [DataType: Offer] {
        var offers: [DataType: Offer] = [:]
        for type in DataType.allCases { offers[type] = Self.offer(of: type, section) }
        return offers
    }

    private static func offer(of type: DataType, _ section: DeribitSegment) -> Offer {
        switch (type, section) {
        case (.topPositionRatio, _), (.topAccountRatio, _), (.allAccountRatio, _): .refused("Deribit publishes none")
        case (.volatilityIndex, .index): .streamAndPoll
        case (_, .index): .refused("an index is not traded")
        case (.volatilityIndex, _): .refused("it belongs to indices, not to contracts")
        case (.fundingRate, .option): .refused("an option has none: it belongs to perpetuals")
        case (.kline, _), (.instrument, _): .streamAndPoll
        case (.trade, _), (.orderbook, _), (.bbo, _), (.markPrice, _), (.fundingRate, _), (.openInterest, _),
            (.liquidation, _):
            .stream
        }
    }
}
