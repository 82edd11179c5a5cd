package import Venues

/// What a configuration means: connections, streams, and the cost of a cold start. Computed without any network.
package struct CollectionPlan: Hashable, Sendable {
    /// One WebSocket connection.
    package struct Connection: Hashable, Sendable {
        /// Stands in statuses and subjects: `binance-usdm-public-0`.
        package let name: String
        package let segment: BinanceSegment
        /// Where to connect, the path included, in the order in which they are tried until one delivers.
        package let endpoints: [Endpoint]
        /// Stream names in the venue's form: `btcusdt@depth@100ms`.
        package let streams: [String]
    }

    /// Request weight that a cold start takes from one budget.
    package struct ColdStart: Hashable, Sendable {
        /// The budget's name: `spot`, `futures`.
        package let budget: String
        package let requests: Int
        package let weight: Int
        /// What may be used in a minute.
        package let weightPerMinute: Int

        /// How long the budget makes the last request wait: whole minutes after the first.
        package var wait: Duration {
            .seconds(60 * (max(0, self.weight - 1) / self.weightPerMinute))
        }
    }

    package let connections: [Connection]
    package let coldStart: [ColdStart]
    /// Books kept, all segments together.
    package let books: Int
    /// New connections that may be opened in five minutes.
    package let connectsPer5Minutes: Int

    package var streams: Int { self.connections.reduce(0) { $0 + $1.streams.count } }

    package init(_ configuration: Configuration) {
        let limits = configuration.limits.binance
        var connections: [Connection] = []
        var spot = (requests: 0, weight: 0)
        var futures = (requests: 0, weight: 0)
        var books = 0
        for (segment, settings) in configuration.venues.binance.segments {
            connections += Self.connections(of: segment, settings)
            let snapshots = settings.types.contains(.orderbook) ? settings.symbols.count : 0
            let (snapshotWeight, overflow) = snapshots.multipliedReportingOverflow(
                by: Venues.BinanceLimits.depthWeight(segment, limit: settings.snapshotLimit))
            let weight = Venues.BinanceLimits.instrumentsWeight(segment) + (overflow ? 0 : snapshotWeight)
            books += snapshots
            switch segment {
            case .spot: spot = (spot.requests + 1 + snapshots, spot.weight + weight)
            case .usdm, .coinm: futures = (futures.requests + 1 + snapshots, futures.weight + weight)
            }
        }
        self.connections = connections
        self.books = books
        self.connectsPer5Minutes = limits.usable(limits.connectsPer5Minutes)
        self.coldStart = [
            ColdStart(
                budget: "spot", requests: spot.requests, weight: spot.weight,
                weightPerMinute: limits.weightPerMinute(of: .spot)),
            ColdStart(
                budget: "futures", requests: futures.requests, weight: futures.weight,
                weightPerMinute: limits.weightPerMinute(of: .usdm)),
        ].filter { $0.requests > 0 }
    }

    /// Gives each connection its loop, 0..<`loops`.
    ///
    /// Connections that share a symbol share a loop: its book, its subjects and their counts live on one thread. Groups of
    /// connections go to the loop with the fewest streams, the largest group first.
    package func placement(loops: Int) -> [Int] {
        var group = Array(self.connections.indices)
        var owners: [String: Int] = [:]
        for (index, connection) in self.connections.enumerated() {
            for stream in connection.streams {
                let key = "\(connection.segment.rawValue):\(stream.prefix { $0 != "@" })"
                guard let other = owners[key], group[other] != group[index] else {
                    owners[key] = owners[key] ?? index
                    continue
                }
                let (kept, given) = (group[other], group[index])
                for place in group.indices where group[place] == given { group[place] = kept }
            }
        }
        let members = Dictionary(grouping: self.connections.indices, by: { group[$0] })
        let sizes = members.mapValues { $0.reduce(0) { $0 + self.connections[$1].streams.count } }
        var load = [Int](repeating: 0, count: max(1, loops))
        var result = [Int](repeating: 0, count: self.connections.count)
        for (name, places) in members.sorted(by: { (sizes[$0.key] ?? 0, $1.key) > (sizes[$1.key] ?? 0, $0.key) }) {
            let loop = load.indices.min { load[$0] < load[$1] } ?? 0
            load[loop] += sizes[name] ?? 0
            for place in places { result[place] = loop }
        }
        return result
    }

    /// Streams that belong together, and the paths that may serve them.
    private struct StreamGroup {
        var suffix: String
        var paths: [String]
        var types: [DataType]
    }

    /// USD-M serves books and quotes under `/public`, the rest under `/market`, and mixes them on no connection
    /// (Binance, change of 2026-04-23). No such change was published for COIN-M, yet clients of 2026-09 use the split
    /// paths there: both are tried, and the one that delivers is kept. The same goes for USD-M's trades one by one,
    /// which are not documented.
    private static func groups(of segment: BinanceSegment, _ settings: SegmentSettings) -> [StreamGroup] {
        let groups: [StreamGroup] =
            switch segment {
            case .spot:
                [StreamGroup(suffix: "", paths: ["/stream"], types: [.orderbook, .bbo, .trade])]
            case .usdm:
                [
                    StreamGroup(suffix: "-public", paths: ["/public/stream"], types: [.orderbook, .bbo]),
                    StreamGroup(
                        suffix: "-market",
                        paths: settings.tradeStream == .trade
                            ? ["/market/stream", "/public/stream"] : ["/market/stream"],
                        types: [.trade]),
                ]
            case .coinm:
                [
                    StreamGroup(suffix: "-public", paths: ["/stream", "/public/stream"], types: [.orderbook, .bbo]),
                    StreamGroup(suffix: "-market", paths: ["/stream", "/market/stream"], types: [.trade]),
                ]
            }
        return groups.map { group in
            var group = group
            group.types.removeAll { !settings.types.contains($0) }
            return group
        }
    }

    /// Splits a segment's streams over connections; a symbol's streams of one path stay together.
    ///
    /// Connections that share a symbol share a loop: a symbol on two of them would chain all to one loop. Only a symbol
    /// with more streams than a connection may carry is split.
    private static func connections(of segment: BinanceSegment, _ settings: SegmentSettings) -> [Connection] {
        var result: [Connection] = []
        for group in Self.groups(of: segment, settings) {
            let endpoints = group.paths.map { path in
                Endpoint(
                    scheme: settings.websocket.scheme, address: settings.websocket.address,
                    path: settings.websocket.path + path)
            }
            var slots: [[String]] = []
            for symbol in settings.symbols {
                let streams = group.types.compactMap { Self.stream(of: $0, symbol: symbol, settings) }
                guard !streams.isEmpty else { continue }
                let room = slots.last.map { settings.streamsPerConnection - $0.count } ?? 0
                if streams.count <= room {
                    slots[slots.count - 1] += streams
                    continue
                }
                for start in stride(from: 0, to: streams.count, by: settings.streamsPerConnection) {
                    slots.append(Array(streams[start...].prefix(settings.streamsPerConnection)))
                }
            }
            for (index, streams) in slots.enumerated() {
                result.append(
                    Connection(
                        name: "binance-\(segment.rawValue)\(group.suffix)-\(index)", segment: segment,
                        endpoints: endpoints, streams: streams))
            }
        }
        return result
    }

    private static func stream(of type: DataType, symbol: String, _ settings: SegmentSettings) -> String? {
        let symbol = BinanceStream.lowercased(symbol)
        switch type {
        case .trade:
            return "\(symbol)@\(settings.tradeStream.rawValue)"
        case .orderbook:
            let pace = settings.depthStream == .everySecond ? "" : "@\(settings.depthStream.rawValue)"
            // 250 ms is the futures' stream without a suffix.
            return "\(symbol)@depth\(settings.depthStream == .every250Milliseconds ? "" : pace)"
        case .bbo:
            return "\(symbol)@bookTicker"
        case .instrument, .markPrice, .fundingRate, .openInterest, .liquidation, .topPositionRatio, .topAccountRatio,
            .allAccountRatio, .volatilityIndex, .kline:
            return nil
        }
    }
}
