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
    package let coldStart: [ColdStart]
    package let connects: [Connects]
    /// Books kept, all segments together.
    package let books: Int

    package var streams: Int { self.connections.reduce(0) { $0 + $1.streams.count } }

    package init(_ configuration: Configuration) {
        var connections: [Connection] = []
        var books = 0
        for (segment, settings) in configuration.venues.segments {
            connections += Self.connections(of: segment, settings)
            books += settings.types.contains(.orderbook) ? settings.symbols.count : 0
        }
        self.connections = connections
        self.books = books
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

    /// Gives each connection its loop, 0..<`loops`.
    ///
    /// Connections that share a symbol share a loop: its book, its subjects and their counts live on one thread. Groups of
    /// connections go to the loop with the fewest streams, the largest group first.
    package func placement(loops: Int) -> [Int] {
        var group = Array(self.connections.indices)
        var owners: [String: Int] = [:]
        for (index, connection) in self.connections.enumerated() {
            for stream in connection.streams {
                guard let symbol = stream.symbol else { continue }
                let key = "\(connection.segment) \(symbol)"
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

    /// Splits a segment's streams over connections; a symbol's streams of one route stay together.
    ///
    /// Connections that share a symbol share a loop: a symbol on two of them would chain all to one loop. Only a symbol
    /// with more streams than a connection may carry is split.
    private static func connections(of segment: VenueSegment, _ settings: SegmentSettings) -> [Connection] {
        guard let venue = VenueCatalog.venue(segment.id.venue) else { return [] }
        let wanted = settings.wanted
        var routes: [VenueRoute] = []
        var slots: [VenueRoute: [[VenueStream]]] = [:]
        for symbol in settings.symbols {
            let streams = venue.streams(of: symbol, in: segment, wanted: wanted)
            for route in streams.map(\.route) where !routes.contains(route) { routes.append(route) }
            for route in routes {
                Self.place(streams.filter { $0.route == route }, in: &slots[route, default: []], settings)
            }
        }
        return routes.flatMap { route -> [Connection] in
            let endpoints = route.paths.map { path in
                Endpoint(
                    scheme: settings.websocket.scheme, address: settings.websocket.address,
                    path: settings.websocket.path + path)
            }
            let shared = venue.segmentStreams(in: segment, route: route, wanted: wanted)
            return (slots[route] ?? []).enumerated().map { index, streams in
                Connection(
                    name: "\(segment.id.venue)-\(segment.id.name)\(route.suffix)-\(index)", segment: segment.id,
                    endpoints: endpoints, streams: streams + shared)
            }
        }
    }

    private static func place(
        _ streams: [VenueStream], in slots: inout [[VenueStream]], _ settings: SegmentSettings
    ) {
        guard !streams.isEmpty else { return }
        let room = slots.last.map { settings.streamsPerConnection - $0.count } ?? 0
        if streams.count <= room {
            slots[slots.count - 1] += streams
            return
        }
        for start in stride(from: 0, to: streams.count, by: settings.streamsPerConnection) {
            slots.append(Array(streams[start...].prefix(settings.streamsPerConnection)))
        }
    }
}
