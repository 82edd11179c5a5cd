import MarketModel

extension Binance {
    /// USD-M serves books and quotes under `/public`, the rest under `/market`, and mixes them on no connection
    /// (change of 2026-04-23). No such change was published for COIN-M, yet clients of 2026-09 use the split paths
    /// there: both are tried, and the one that delivers is kept. The same goes for USD-M's trades one by one, which are
    /// not documented and so have a connection of their own: beside streams that deliver, their silence would not show.
    static func route(of type: DataType, in segment: BinanceSegment, options: [String: String]) -> VenueRoute {
        let isBook = type == .orderbook || type == .bbo
        switch segment {
        case .spot:
            return VenueRoute("", paths: ["/stream"])
        case .usdm where isBook:
            return VenueRoute("-public", paths: ["/public/stream"])
        case .usdm where type == .trade && options["trade_stream"] == "trade":
            return VenueRoute("-trade", paths: ["/market/stream", "/public/stream"])
        case .usdm:
            return VenueRoute("-market", paths: ["/market/stream"])
        case .coinm where isBook:
            return VenueRoute("-public", paths: ["/stream", "/public/stream"])
        case .coinm:
            return VenueRoute("-market", paths: ["/stream", "/market/stream"])
        }
    }

    package func streams(of symbol: String, in segment: VenueSegment, wanted: Wanted) -> [VenueStream] {
        let section = BinanceSegment(of: segment)
        let prefix = BinanceStream.lowercased(symbol)
        func stream(_ channel: String, _ types: [DataType], isSparse: Bool = false) -> VenueStream {
            VenueStream(
                "\(prefix)@\(channel)", symbol: symbol, types: types,
                route: Self.route(of: types[0], in: section, options: wanted.options), isSparse: isSparse)
        }
        func isWanted(_ type: DataType) -> Bool { wanted.types.contains(type) && segment.offer(of: type).isOffered }
        var streams: [VenueStream] = []
        // Books and quotes first: they share a route on futures.
        if isWanted(.orderbook) { streams.append(stream(Self.depthChannel(wanted.options), [.orderbook])) }
        if isWanted(.bbo) { streams.append(stream("bookTicker", [.bbo])) }
        if isWanted(.trade) { streams.append(stream(wanted.options["trade_stream"] ?? "trade", [.trade])) }
        // One stream brings both.
        let marks = [DataType.markPrice, .fundingRate].filter(isWanted)
        if !marks.isEmpty { streams.append(stream("markPrice@1s", marks)) }
        if isWanted(.liquidation) { streams.append(stream("forceOrder", [.liquidation], isSparse: true)) }
        if isWanted(.kline) {
            for interval in wanted.klineIntervals where segment.klineIntervals.contains(interval) {
                streams.append(stream("\(BinanceStream.klinePrefix)\(interval.rawValue)", [.kline]))
            }
        }
        return streams
    }

    /// Futures push changes of their list of contracts, spot has no such stream.
    package func segmentStreams(in segment: VenueSegment, route: VenueRoute, wanted: Wanted) -> [VenueStream] {
        let section = BinanceSegment(of: segment)
        guard section != .spot, wanted.types.contains(.instrument),
            route == Self.route(of: .instrument, in: section, options: wanted.options)
        else { return [] }
        return [
            VenueStream(BinanceStream.contractInfo, symbol: nil, types: [.instrument], route: route, isSparse: true)
        ]
    }

    /// A second is spot's stream without a suffix, 250 ms the futures'.
    private static func depthChannel(_ options: [String: String]) -> String {
        switch options["depth_stream"] ?? "100ms" {
        case "1000ms", "250ms": "depth"
        case let pace: "depth@\(pace)"
        }
    }
}
