package import MarketModel
import Resilience
package import Venues

/// What a configuration means: connections, streams, and the cost of a cold start. Computed without any network.
package struct CollectionPlan: Hashable, Sendable {
    /// One WebSocket connection.
    package struct Connection: Hashable, Sendable {
        /// Stands in statuses and subjects: `binance-usdm-public-0`.
        package let name: String
        package let segment: SegmentID
        /// Where to connect, the path included, in the order in which they are tried until one delivers.
        package let endpoints: [Endpoint]
        package let streams: [VenueStream]
    }

    /// What a cold start takes from one budget.
    package struct ColdStart: Hashable, Sendable {
        package let venue: VenueID
        /// The budget's name: `spot`, `futures`.
        package let budget: String
        package let requests: Int
        package let weight: Int
        /// What may be used in a window of this length.
        package let limit: Int
        package let window: Duration

        /// How long the budget makes the last request wait: whole windows after the first.
        package var wait: Duration { self.window * (max(0, self.weight - 1) / self.limit) }
    }

    /// What opening all connections takes of a venue's budget for that.
    package struct Connects: Hashable, Sendable {
        package let venue: VenueID
        package let connections: Int
        package let limit: Int
        package let window: Duration
    }

    package let connections: [Connection]
    /// Rules that only the venue's list can say the symbols of, as "binance spot BTC*".
    package let openRules: [String]
    package let coldStart: [ColdStart]
    package let connects: [Connects]
    /// Books kept, all segments together.
    package let books: Int

    package var streams: Int { self.connections.reduce(0) { $0 + $1.streams.count } }

    package init(_ configuration: Configuration) {
        var roster = ConnectionRoster(loops: 1)
        var books = 0
        for (segment, settings) in configuration.venues.segments {
            _ = roster.update(
                segment.id, wishes: settings.wishes(for: settings.symbols, in: segment),
                streamsPerConnection: settings.streamsPerConnection)
            books += settings.types.contains(.orderbook) ? settings.symbols.count : 0
        }
        let connections = roster.connections.compactMap { connection in
            configuration.venues[connection.segment].map { Connection(connection, $0) }
        }
        self.connections = connections
        self.books = books
        self.openRules = configuration.venues.segments.flatMap { segment, settings in
            settings.rules.filter(\.isOpen).map { "\(segment.id) \($0)" }
        }
        self.coldStart = configuration.venues.venues.flatMap { Self.coldStart(of: $0, configuration) }
        self.connects = configuration.venues.venues.compactMap { venue in
            let count = connections.count { $0.segment.venue == venue.id }
            let scopes = venue.scopes(limits: configuration.limits[venue.id])
            guard let segment = venue.segments.first,
                let window = scopes[venue.connectScope(of: segment)]?.windows.first
            else { return nil }
            return Connects(venue: venue.id, connections: count, limit: window.limit, window: window.length)
        }
    }

    /// What lists and snapshots take of each budget of a venue.
    private static func coldStart(of venue: any Venue, _ configuration: Configuration) -> [ColdStart] {
        let scopes = venue.scopes(limits: configuration.limits[venue.id])
        var used: [(scope: String, requests: Int, weight: Int)] = []
        func add(_ request: VenueRequest, times: Int) {
            for cost in request.costs {
                let (weight, overflow) = cost.weight.multipliedReportingOverflow(by: times)
                if let index = used.firstIndex(where: { $0.scope == cost.scope }) {
                    used[index].requests += times
                    used[index].weight += overflow ? 0 : weight
                } else {
                    used.append((cost.scope, times, overflow ? 0 : weight))
                }
            }
        }
        for (segment, settings) in configuration.venues.segments where segment.id.venue == venue.id {
            for request in venue.instrumentRequests(in: segment) { add(request, times: 1) }
            guard settings.types.contains(.orderbook), let symbol = settings.symbols.first,
                let request = venue.snapshotRequest(of: symbol, levels: settings.snapshotLimit, in: segment)
            else { continue }
            add(request, times: settings.symbols.count)
        }
        return used.compactMap { entry in
            guard let window = scopes[entry.scope]?.windows.first else { return nil }
            return ColdStart(
                venue: venue.id, budget: entry.scope, requests: entry.requests,
                weight: window.meter == .requests ? entry.requests : entry.weight, limit: window.limit,
                window: window.length)
        }
    }
}

extension CollectionPlan.Connection {
    /// What a connection of the roster is with these settings, streams of the whole section included.
    init(_ connection: ConnectionRoster.Connection, _ settings: SegmentSettings) {
        self.name = connection.name
        self.segment = connection.segment
        self.endpoints = connection.route.paths.map { path in
            Endpoint(
                scheme: settings.websocket.scheme, address: settings.websocket.address,
                path: settings.websocket.path + path)
        }
        var streams = connection.streams
        if let venue = VenueCatalog.venue(connection.segment.venue),
            let segment = VenueCatalog.segment(connection.segment)
        {
            streams += venue.segmentStreams(in: segment, route: connection.route, wanted: settings.wanted)
        }
        self.streams = streams
    }
}

extension SegmentSettings {
    /// The streams that these symbols need.
    func wishes(for symbols: [String], in segment: VenueSegment) -> [ConnectionRoster.Wish] {
        guard let venue = VenueCatalog.venue(segment.id.venue) else { return [] }
        let wanted = self.wanted
        return symbols.map { symbol in
            ConnectionRoster.Wish(
                symbol: symbol, streams: venue.streams(of: symbol, in: segment, wanted: wanted))
        }
    }
    /// Whether a kind of data that is only pushed has a stream on the connections that the symbols open.
    func isCarried(_ type: DataType, in segment: VenueSegment) -> Bool {
        guard case .stream = segment.offer(of: type), let venue = VenueCatalog.venue(segment.id.venue) else {
            return true
        }
        let ofSymbol = self.wishes(for: [segment.exampleSymbol], in: segment).flatMap(\.streams)
        let ofSection = Set(ofSymbol.map(\.route)).flatMap {
            venue.segmentStreams(in: segment, route: $0, wanted: self.wanted)
        }
        // Without a length of bars there is none of them; that is told by itself.
        return type == .kline || (ofSymbol + ofSection).contains { $0.types.contains(type) }
    }
}
