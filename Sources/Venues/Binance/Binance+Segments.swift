import MarketModel

extension Binance {
    static let descriptions: [VenueSegment] = BinanceSegment.allCases.map(Self.description)

    private static func description(_ segment: BinanceSegment) -> VenueSegment {
        switch segment {
        case .spot:
            VenueSegment(
                id: segment.id, title: "spot", meaning: "The spot market.", exampleSymbol: "BTCUSDT",
                webSocket: "wss://stream.binance.com", rest: "https://api.binance.com", offers: Self.offers(segment),
                standardTypes: [.trade, .orderbook, .bbo, .instrument],
                klineIntervals: Self.futuresIntervals + [.second1],
                options: [
                    VenueSegment.Option(
                        "depth_stream", choices: ["100ms", "1000ms"], standard: "100ms", "Pace of book updates."),
                    Self.tradeStream("trade"),
                ], streamsPerConnection: 200, streamsPerConnectionMost: 1_024,
                snapshot: VenueSegment.Snapshot(standard: 1_000, most: 5_000), sequenceRule: .covering,
                depth: .snapshotLimited)
        case .usdm, .coinm:
            VenueSegment(
                id: segment.id, title: segment == .usdm ? "USD-M futures" : "COIN-M futures",
                meaning: "\(segment == .usdm ? "USD-M" : "COIN-M") futures: perpetuals and dated contracts settled in "
                    + "the \(segment == .usdm ? "quote" : "base") currency.",
                exampleSymbol: segment == .usdm ? "BTCUSDT" : "BTCUSD_PERP",
                webSocket: segment == .usdm ? "wss://fstream.binance.com" : "wss://dstream.binance.com",
                rest: segment == .usdm ? "https://fapi.binance.com" : "https://dapi.binance.com",
                offers: Self.offers(segment), standardTypes: [.trade, .orderbook, .bbo, .instrument],
                klineIntervals: Self.futuresIntervals, ratioPeriods: Self.ratioPeriods,
                options: [
                    VenueSegment.Option(
                        "depth_stream", choices: ["100ms", "250ms", "500ms", "0ms"], standard: "100ms",
                        "Pace of book updates; 0ms is every change at once, which Binance does not document."),
                    Self.tradeStream("aggTrade"),
                ], streamsPerConnection: 200, streamsPerConnectionMost: 1_024,
                snapshot: VenueSegment.Snapshot(
                    standard: 1_000, most: 1_000, served: [5, 10, 20, 50, 100, 500, 1_000]),
                sequenceRule: .covering, depth: .snapshotLimited)
        }
    }

    private static func tradeStream(_ standard: String) -> VenueSegment.Option {
        VenueSegment.Option(
            "trade_stream", choices: ["trade", "aggTrade"], standard: standard,
            "Single trades (trade) or those of one order and price put together (aggTrade).")
    }

    private static let futuresIntervals: [KlineInterval] = [
        .minute1, .minute3, .minute5, .minute15, .minute30, .hour1, .hour2, .hour4, .hour6, .hour8, .hour12, .day1,
        .day3, .week1, .month1,
    ]

    /// `period` of `/futures/data/…`.
    private static let ratioPeriods: [KlineInterval] = [
        .minute5, .minute15, .minute30, .hour1, .hour2, .hour4, .hour6, .hour12, .day1,
    ]

    private static func offers(_ segment: BinanceSegment) -> [DataType: Offer] {
        var offers: [DataType: Offer] = [.volatilityIndex: .refused("Binance publishes none")]
        for type in [DataType.trade, .orderbook, .bbo, .kline] { offers[type] = .stream }
        // Futures push `!contractInfo` beside.
        offers[.instrument] = segment == .spot ? .poll : .streamAndPoll
        let contracts: [DataType: Offer] = [
            .markPrice: .stream, .fundingRate: .streamAndPoll, .openInterest: .poll, .liquidation: .stream,
            .topPositionRatio: .poll, .topAccountRatio: .poll, .allAccountRatio: .poll,
        ]
        for (type, offer) in contracts {
            offers[type] = segment == .spot ? .refused("a spot market has none: it belongs to contracts") : offer
        }
        return offers
    }
}
