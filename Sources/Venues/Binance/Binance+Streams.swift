extension Binance {
    /// USD-M serves books and quotes under `/public`, the rest under `/market`, and mixes them on no connection
    /// (change of 2026-04-23). No such change was published for COIN-M, yet clients of 2026-09 use the split paths
    /// there: both are tried, and the one that delivers is kept. The same goes for USD-M's trades one by one, which are
    /// not documented.
    static func route(of type: DataType, in segment: BinanceSegment, options: [String: String]) -> VenueRoute {
        let isBook = type == .orderbook || type == .bbo
        switch segment {
        case .spot:
            return VenueRoute("", paths: ["/stream"])
        case .usdm where isBook:
            return VenueRoute("-public", paths: ["/public/stream"])
        case .usdm:
            let isRaw = options["trade_stream"] == "trade"
            return VenueRoute("-market", paths: isRaw ? ["/market/stream", "/public/stream"] : ["/market/stream"])
        case .coinm where isBook:
            return VenueRoute("-public", paths: ["/stream", "/public/stream"])
        case .coinm:
            return VenueRoute("-market", paths: ["/stream", "/market/stream"])
        }
    }

    package func streams(of symbol: String, in segment: VenueSegment, wanted: Wanted) -> [VenueStream] {
        let section = BinanceSegment(of: segment)
        let prefix = BinanceStream.lowercased(symbol)
        // Books and quotes first: they share a route on futures.
        let order: [DataType] = [.orderbook, .bbo, .trade]
        return order.filter { wanted.types.contains($0) }.map { type in
            VenueStream(
                "\(prefix)@\(Self.channel(of: type, options: wanted.options))", symbol: symbol, types: [type],
                route: Self.route(of: type, in: section, options: wanted.options))
        }
    }

    package func segmentStreams(in segment: VenueSegment, route: VenueRoute, wanted: Wanted) -> [VenueStream] { [] }

    private static func channel(of type: DataType, options: [String: String]) -> String {
        switch type {
        case .trade: options["trade_stream"] ?? "trade"
        case .orderbook:
            // A second is spot's stream without a suffix, 250 ms the futures'.
            switch options["depth_stream"] ?? "100ms" {
            case "1000ms", "250ms": "depth"
            case let pace: "depth@\(pace)"
            }
        case .bbo: "bookTicker"
        case .markPrice, .fundingRate, .openInterest, .liquidation, .topPositionRatio, .topAccountRatio,
            .allAccountRatio, .volatilityIndex, .kline, .instrument:
            preconditionFailure("no stream of its own")
        }
    }
}
