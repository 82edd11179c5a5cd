import MarketModel

extension OKX {
    static let descriptions: [VenueSegment] = OKXSegment.allCases.map(Self.description)

    /// The venue advises fewer than 30 books of 400 levels on a connection; how many streams it takes is not published.
    private static let streamsPerConnection = 29
    private static let streamsPerConnectionMost = 240

    private static func description(_ segment: OKXSegment) -> VenueSegment {
        VenueSegment(
            id: segment.id, title: segment == .spot ? "spot" : "perpetual swaps",
            meaning: segment == .spot
                ? "The spot market." : "Perpetual swaps, linear and inverse; sizes are contracts.",
            exampleSymbol: segment == .spot ? "BTC-USDT" : "BTC-USDT-SWAP", webSocket: "wss://ws.okx.com",
            rest: "https://openapi.okx.com", offers: Self.offers(segment),
            standardTypes: [.trade, .orderbook, .bbo, .instrument],
            klineIntervals: KlineInterval.allCases.filter { OKXChannel.bar(of: $0) != nil },
            ratioPeriods: segment == .spot ? [] : Self.ratioPeriods, streamsPerConnection: Self.streamsPerConnection,
            streamsPerConnectionMost: Self.streamsPerConnectionMost, snapshot: nil, sequenceRule: .linked,
            depth: .window(400))
    }

    private static let ratioPeriods: [KlineInterval] = [
        .minute5, .minute15, .minute30, .hour1, .hour2, .hour4, .hour6, .hour12, .day1, .day3, .week1,
    ]

    private static func offers(_ segment: OKXSegment) -> [DataType: Offer] {
        var offers: [DataType: Offer] = [.volatilityIndex: .refused("OKX publishes none")]
        for type in [DataType.trade, .orderbook, .bbo, .kline] { offers[type] = .stream }
        offers[.instrument] = .streamAndPoll
        let contracts: [DataType: Offer] = [
            .markPrice: .stream, .fundingRate: .stream, .openInterest: .stream, .liquidation: .stream,
            .topPositionRatio: .poll, .topAccountRatio: .poll, .allAccountRatio: .poll,
        ]
        for (type, offer) in contracts {
            offers[type] = segment == .spot ? .refused("a spot market has none: it belongs to contracts") : offer
        }
        return offers
    }
}
