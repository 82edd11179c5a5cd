extension Deribit {
    static let route = VenueRoute("", paths: [Self.webSocketPath])

    package func streams(of symbol: String, in segment: VenueSegment, wanted: Wanted) -> [VenueStream] {
        let section = DeribitSegment(of: segment)
        let pace = wanted.options["pace"] ?? "100ms"
        var streams: [VenueStream] = []
        func add(_ name: String, _ types: [DataType], isSparse: Bool = false) {
            let types = types.filter { wanted.types.contains($0) && segment.offer(of: $0).isOffered }
            guard !types.isEmpty else { return }
            streams.append(
                VenueStream(name, symbol: symbol, types: types, route: Self.route, isSparse: isSparse))
        }
        // An option may be neither traded nor quoted for hours.
        let isQuiet = section == .option
        add("book.\(symbol).\(pace)", [.orderbook])
        add("quote.\(symbol)", [.bbo], isSparse: isQuiet)
        // Liquidations are a flag on trades.
        add("trades.\(symbol).\(pace)", [.trade, .liquidation], isSparse: isQuiet)
        add("ticker.\(symbol).\(pace)", [.markPrice, .fundingRate, .openInterest])
        for interval in wanted.klineIntervals {
            guard let resolution = DeribitStream.resolution(of: interval) else { continue }
            add("chart.trades.\(symbol).\(resolution)", [.kline], isSparse: isQuiet)
        }
        add("deribit_volatility_index.\(symbol)", [.volatilityIndex])
        return streams
    }

    /// Locks of a currency are told on `platform_state` alone.
    package func segmentStreams(in segment: VenueSegment, route: VenueRoute, wanted: Wanted) -> [VenueStream] {
        guard wanted.types.contains(.instrument), segment.offer(of: .instrument).isOffered else { return [] }
        return ["instrument.state.any.any", "instrument.creation.any.any", "platform_state"].map {
            VenueStream($0, symbol: nil, types: [.instrument], route: Self.route, isSparse: true)
        }
    }
}
