/// Which connection serves which request: a pure machine, per host and port, first come first served.
///
/// A request gets a place: an idle connection, the right to open one, or a place in the queue. The place is given
/// back with `released`, which says who is next. At most `connectionsPerHost` connections exist for one key.
struct HTTPConnectionPool {
    struct Key: Hashable {
        let isSecure: Bool
        let host: String
        let port: Int
    }

    struct Limits {
        var connectionsPerHost: Int
        /// Requests that wait, all hosts together.
        var maxWaiting: Int
        /// Hosts with connections or waiting requests at a time.
        var maxHosts: Int
    }

    enum Place: Equatable {
        case reuse(connection: UInt64)
        case open
        case wait
        case refuse
    }

    struct Next: Equatable {
        let request: UInt64
        let place: Place
    }

    private struct Host {
        var busy = 0
        /// The one used last is at the end, and is used first: the others may grow old and close.
        var idle: [UInt64] = []
        var waiting: [UInt64] = []

        var isEmpty: Bool { self.busy == 0 && self.idle.isEmpty && self.waiting.isEmpty }
    }

    private let limits: Limits
    private var hosts: [Key: Host] = [:]
    private(set) var waitingCount = 0

    init(limits: Limits) {
        self.limits = limits
    }

    /// Connections that exist: busy, being opened, or idle.
    var connectionCount: Int { self.hosts.values.reduce(0) { $0 + $1.busy + $1.idle.count } }
    var idleCount: Int { self.hosts.values.reduce(0) { $0 + $1.idle.count } }
    var hostCount: Int { self.hosts.count }

    mutating func requested(_ request: UInt64, for key: Key) -> Place {
        guard self.hosts[key] != nil || self.hosts.count < self.limits.maxHosts else { return .refuse }
        var host = self.hosts[key] ?? Host()
        let place: Place
        if let connection = host.idle.popLast() {
            host.busy += 1
            place = .reuse(connection: connection)
        } else if host.busy < self.limits.connectionsPerHost {
            host.busy += 1
            place = .open
        } else if self.waitingCount < self.limits.maxWaiting {
            host.waiting.append(request)
            self.waitingCount += 1
            place = .wait
        } else {
            place = .refuse
        }
        self.store(host, for: key)
        return place
    }

    /// A place is given back, with its connection if that can be used again.
    ///
    /// - Returns: Who gets the place now, if anybody waits. Otherwise the connection is idle from now on.
    mutating func released(_ key: Key, reusable connection: UInt64?) -> Next? {
        guard var host = self.hosts[key] else { return nil }
        defer { self.store(host, for: key) }
        if !host.waiting.isEmpty {
            self.waitingCount -= 1
            let request = host.waiting.removeFirst()
            return Next(request: request, place: connection.map { .reuse(connection: $0) } ?? .open)
        }
        host.busy -= 1
        if let connection { host.idle.append(connection) }
        return nil
    }

    /// An idle connection is no more; false if it was not idle.
    mutating func idleClosed(_ connection: UInt64, for key: Key) -> Bool {
        guard var host = self.hosts[key], let index = host.idle.firstIndex(of: connection) else { return false }
        host.idle.remove(at: index)
        self.store(host, for: key)
        return true
    }

    /// A request waits no longer; false if it did not wait.
    mutating func abandoned(_ request: UInt64, for key: Key) -> Bool {
        guard var host = self.hosts[key], let index = host.waiting.firstIndex(of: request) else { return false }
        host.waiting.remove(at: index)
        self.waitingCount -= 1
        self.store(host, for: key)
        return true
    }

    private mutating func store(_ host: Host, for key: Key) {
        self.hosts[key] = host.isEmpty ? nil : host
    }
}
