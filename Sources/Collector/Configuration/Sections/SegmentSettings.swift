package import Venues

/// What is collected from one segment of Binance, and where from.
package struct SegmentSettings: Hashable, Sendable {
    /// The diff stream's pace, the suffix of its name.
    package enum DepthStream: String, Hashable, Sendable, CaseIterable {
        case realTime = "0ms"
        case every100Milliseconds = "100ms"
        case every250Milliseconds = "250ms"
        case every500Milliseconds = "500ms"
        case everySecond = "1000ms"
    }

    package enum TradeStream: String, Hashable, Sendable, CaseIterable {
        /// One event a match.
        case trade
        /// Matches of one taker order at one price put together.
        case aggTrade
    }

    /// In the venue's spelling, none twice.
    package var symbols: [String] = []
    package var types: [DataType] = DataType.collected
    package var depthStream = DepthStream.every100Milliseconds
    package var tradeStream: TradeStream
    /// Base address of the streams, without `/stream`.
    package var websocket: Endpoint
    /// Base address of the requests, without `/api`.
    package var rest: Endpoint
    package var streamsPerConnection = 200
    package var snapshotLimit = 1_000

    package init(_ segment: BinanceSegment) {
        switch segment {
        case .spot:
            self.tradeStream = .trade
            self.websocket = Self.endpoint(.wss, "stream.binance.com")
            self.rest = Self.endpoint(.https, "api.binance.com")
        case .usdm:
            self.tradeStream = .aggTrade
            self.websocket = Self.endpoint(.wss, "fstream.binance.com")
            self.rest = Self.endpoint(.https, "fapi.binance.com")
        case .coinm:
            self.tradeStream = .aggTrade
            self.websocket = Self.endpoint(.wss, "dstream.binance.com")
            self.rest = Self.endpoint(.https, "dapi.binance.com")
        }
    }

    private static func endpoint(_ scheme: Endpoint.Scheme, _ host: String) -> Endpoint {
        Endpoint(scheme: scheme, address: HostPort(host: host, port: scheme.defaultPort))
    }

    static func fields(of segment: BinanceSegment) -> [SettingField<SegmentSettings>] {
        let standard = SegmentSettings(segment)
        let depthStreams: [DepthStream]
        let depthMeaning: String
        let symbol: String
        switch segment {
        case .spot:
            depthStreams = [.every100Milliseconds, .everySecond]
            depthMeaning = "Pace of book updates."
            symbol = "BTCUSDT"
        case .usdm, .coinm:
            depthStreams = [.every100Milliseconds, .every250Milliseconds, .every500Milliseconds, .realTime]
            depthMeaning = "Pace of book updates; 0ms is every change at once, which Binance does not document."
            symbol = segment == .usdm ? "BTCUSDT" : "BTCUSD_PERP"
        }
        let snapshotLimit: SettingParser<Int> =
            switch segment {
            case .spot: .integer(5...segment.snapshotLimitMax)
            case .usdm, .coinm: .integer(oneOf: [5, 10, 20, 50, 100, 500, 1_000])
            }
        return [
            .list(
                "symbols", \.symbols, .symbol(example: symbol), upTo: 2_000,
                "Instruments to collect, as the venue spells them; at least one."),
            .list(
                "types", \.types, .choice(DataType.allCases), upTo: DataType.allCases.count,
                "What to collect of each; the segment offers trade, orderbook, bbo, instrument."),
            .value("depth_stream", \.depthStream, .choice(depthStreams), depthMeaning),
            .value(
                "trade_stream", \.tradeStream, .choice(TradeStream.allCases),
                "Single trades (trade) or those of one order and price put together (aggTrade)."),
            .value(
                "websocket", \.websocket, .endpoint([.wss, .ws], example: standard.websocket.description),
                "Base address of the streams, for mirrors, test nets and the simulator."),
            .value(
                "rest", \.rest, .endpoint([.https, .http], example: standard.rest.description),
                "Base address of the requests."),
            .value(
                "streams_per_connection", \.streamsPerConnection, .integer(1...1_024),
                "A further connection is opened past this many streams; the venue takes 1024."),
            .value(
                "snapshot_limit", \.snapshotLimit, snapshotLimit,
                "Levels a side asked for in a book's snapshot; its weight grows with it."),
        ]
    }
}
