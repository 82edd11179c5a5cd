import MarketModel

extension OKX {
    /// Everything but bars.
    private static let publicRoute = VenueRoute("-public", paths: ["/ws/v5/public"])
    /// Bars, which the public path refuses.
    private static let businessRoute = VenueRoute("-business", paths: ["/ws/v5/business"])

    package func streams(of symbol: String, in segment: VenueSegment, wanted: Wanted) -> [VenueStream] {
        let isSwap = OKXSegment(of: segment) == .swap
        var streams: [VenueStream] = []
        func add(_ channel: OKXChannel, _ type: DataType, of subject: String, _ route: VenueRoute) {
            guard segment.offer(of: type).isOffered, wanted.types.contains(type) else { return }
            streams.append(VenueStream(channel.name(of: subject), symbol: symbol, types: [type], route: route))
        }
        add(.books, .orderbook, of: symbol, Self.publicRoute)
        add(.bestOffer, .bbo, of: symbol, Self.publicRoute)
        add(.trades, .trade, of: symbol, Self.publicRoute)
        if isSwap {
            add(.markPrice, .markPrice, of: symbol, Self.publicRoute)
            if let index = Self.index(of: symbol) { add(.indexTickers, .markPrice, of: index, Self.publicRoute) }
            add(.fundingRate, .fundingRate, of: symbol, Self.publicRoute)
            add(.openInterest, .openInterest, of: symbol, Self.publicRoute)
        }
        for interval in wanted.klineIntervals where OKXChannel.bar(of: interval) != nil {
            add(.candle(interval), .kline, of: symbol, Self.businessRoute)
        }
        return streams
    }

    package func segmentStreams(in segment: VenueSegment, route: VenueRoute, wanted: Wanted) -> [VenueStream] {
        guard route == Self.publicRoute else { return [] }
        let section = OKXSegment(of: segment).instrumentType
        var streams: [VenueStream] = []
        func add(_ channel: OKXChannel, _ type: DataType) {
            guard segment.offer(of: type).isOffered, wanted.types.contains(type) else { return }
            streams.append(
                VenueStream(
                    channel.name(of: section), symbol: nil, types: [type], route: Self.publicRoute, isSparse: true))
        }
        add(.liquidationOrders, .liquidation)
        add(.instruments, .instrument)
        return streams
    }

    /// The index of a swap that is named after it, which no other swap is: `BTC-USDT` of `BTC-USDT-SWAP`.
    static func index(of symbol: String) -> String? {
        let parts = symbol.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == "SWAP", !parts[0].isEmpty, !parts[1].isEmpty, !symbol.contains("_") else {
            return nil
        }
        return "\(parts[0])-\(parts[1])"
    }
}
