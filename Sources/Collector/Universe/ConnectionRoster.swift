package import Venues

/// Which connection carries which streams, on which loop. Pure: it says what is to be done, and does nothing.
///
/// A symbol's streams stay on one loop, since its book, its subjects and their counts live on one thread; those of one
/// route stay on one connection unless they are more than it may carry. What comes later fills connections that have
/// room; what goes leaves its neighbours where they are.
package struct ConnectionRoster: Sendable {
    package struct Connection: Hashable, Sendable {
        /// Names its slot: never used again.
        package let number: UInt32
        /// Stands in statuses and subjects: `binance-usdm-public-0`.
        package let name: String
        package let segment: SegmentID
        package let route: VenueRoute
        package let loop: Int
        /// Those of symbols; the section's own are beside them on every connection of the route.
        package fileprivate(set) var streams: [VenueStream] = []
    }

    package enum Change: Hashable, Sendable {
        /// With all its streams.
        case open(Connection)
        case add([VenueStream], to: Connection)
        case remove([VenueStream], from: Connection)
        case close(Connection)
    }

    /// What is to be collected of one symbol.
    package struct Wish: Hashable, Sendable {
        package let symbol: String
        package let streams: [VenueStream]

        package init(symbol: String, streams: [VenueStream]) {
            self.symbol = symbol
            self.streams = streams
        }
    }

    package private(set) var connections: [Connection] = []
    private let loops: Int
    private var nextNumber: UInt32 = 0
    /// Names given so far, by what stands before their number.
    private var names: [String: Int] = [:]
    /// The loop of each symbol that has had a stream.
    private var homes: [SegmentID: [String: Int]] = [:]

    package init(loops: Int) {
        self.loops = max(1, loops)
    }

    /// The loop that a symbol belongs to; nil for one that has never had a stream.
    package func home(of symbol: String, in segment: SegmentID) -> Int? { self.homes[segment]?[symbol] }

    /// Symbols that have a loop, which they keep when they leave.
    package var symbolsKnown: Int { self.homes.values.reduce(0) { $0 + $1.count } }

    /// The loops that carry something of a section.
    package func loops(of segment: SegmentID) -> [Int] {
        Set(self.connections.filter { $0.segment == segment }.map(\.loop)).sorted()
    }

    /// Makes a section carry what is wished for and nothing else.
    ///
    /// - Parameter streamsPerConnection: The most streams of symbols that a connection carries.
    package mutating func update(
        _ segment: SegmentID, wishes: [Wish], streamsPerConnection: Int
    ) -> [Change] {
        var removed: [Int: [VenueStream]] = [:]
        let wanted = Set(wishes.flatMap(\.streams))
        var carried: Set<VenueStream> = []
        for index in self.connections.indices where self.connections[index].segment == segment {
            let gone = self.connections[index].streams.filter { !wanted.contains($0) }
            if !gone.isEmpty { removed[index] = gone }
            self.connections[index].streams.removeAll { gone.contains($0) }
            carried.formUnion(self.connections[index].streams)
        }
        var opened: Set<UInt32> = []
        var added: [UInt32: [VenueStream]] = [:]
        for wish in wishes {
            let fresh = wish.streams.filter { !carried.contains($0) }
            guard !fresh.isEmpty else { continue }
            self.place(fresh, of: wish.symbol, in: segment, most: max(1, streamsPerConnection), &opened, &added)
        }
        return self.changes(removed, opened, added)
    }

    /// Closes everything of a section.
    package mutating func remove(_ segment: SegmentID) -> [Change] {
        let gone = self.connections.filter { $0.segment == segment }
        self.connections.removeAll { $0.segment == segment }
        return gone.map { .close($0) }
    }

    private mutating func place(
        _ streams: [VenueStream], of symbol: String, in segment: SegmentID, most: Int, _ opened: inout Set<UInt32>,
        _ added: inout [UInt32: [VenueStream]]
    ) {
        var routes: [VenueRoute] = []
        for route in streams.map(\.route) where !routes.contains(route) { routes.append(route) }
        for route in routes {
            var rest = streams.filter { $0.route == route }[...]
            while !rest.isEmpty {
                let loop = self.homes[segment]?[symbol]
                let room = self.connections.firstIndex { connection in
                    connection.segment == segment && connection.route == route
                        && connection.streams.count + min(rest.count, most) <= most
                        && (loop == nil || loop == connection.loop)
                }
                let index = room ?? self.open(segment, route, loop: loop ?? self.leastLoaded)
                if room == nil { opened.insert(self.connections[index].number) }
                let part = Array(rest.prefix(most - self.connections[index].streams.count))
                rest = rest.dropFirst(part.count)
                self.connections[index].streams += part
                added[self.connections[index].number, default: []] += part
                self.homes[segment, default: [:]][symbol] = self.connections[index].loop
            }
        }
    }

    private mutating func open(_ segment: SegmentID, _ route: VenueRoute, loop: Int) -> Int {
        let prefix = "\(segment.venue)-\(segment.name)\(route.suffix)"
        let index = self.names[prefix, default: 0]
        self.names[prefix] = index + 1
        self.connections.append(
            Connection(number: self.nextNumber, name: "\(prefix)-\(index)", segment: segment, route: route, loop: loop))
        self.nextNumber += 1
        return self.connections.count - 1
    }

    /// The loop with the fewest streams.
    private var leastLoaded: Int {
        var load = [Int](repeating: 0, count: self.loops)
        for connection in self.connections { load[connection.loop] += connection.streams.count }
        return load.indices.min { load[$0] < load[$1] } ?? 0
    }

    /// What goes first: a connection without streams is closed, whatever is taken off it.
    private mutating func changes(
        _ removed: [Int: [VenueStream]], _ opened: Set<UInt32>, _ added: [UInt32: [VenueStream]]
    ) -> [Change] {
        var changes: [Change] = []
        for (index, streams) in removed.sorted(by: { $0.key < $1.key }) {
            let connection = self.connections[index]
            changes.append(connection.streams.isEmpty ? .close(connection) : .remove(streams, from: connection))
        }
        for connection in self.connections {
            guard let streams = added[connection.number] else { continue }
            changes.append(opened.contains(connection.number) ? .open(connection) : .add(streams, to: connection))
        }
        self.connections.removeAll { $0.streams.isEmpty }
        return changes
    }
}

extension ConnectionRoster.Change {
    /// The connection that it is about.
    package var connection: ConnectionRoster.Connection {
        switch self {
        case .open(let connection), .add(_, let connection), .remove(_, let connection), .close(let connection):
            connection
        }
    }
}
