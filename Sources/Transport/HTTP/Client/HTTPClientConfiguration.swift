/// What a client is made with.
package struct HTTPClientConfiguration: Sendable {
    /// An HTTP proxy: `CONNECT` for TLS, absolute targets without.
    package struct Proxy: Sendable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Connections for one host and port at a time.
    package var connectionsPerHost = 4
    /// How long an unused connection is kept; below the five minutes that home routers remember one.
    package var idleTimeout = Duration.seconds(30)
    /// Requests that wait for a connection, all hosts together; one more is refused and counted.
    package var maxWaiting = 256
    /// Hosts in use at a time; a request for one more is refused and counted.
    package var maxHosts = 64
    /// PEM certificates that replace the system's authorities; nil trusts the system's.
    package var caFile: String?
    package var proxy: Proxy?
    /// Looks names up; without it only literal addresses can be asked.
    package var resolver: Resolver?

    package init() {}
}

/// What a client has done so far; a consistent copy.
package struct HTTPClientStatistics: Sendable, Equatable {
    /// Exchanges handed in, those refused included.
    package internal(set) var requests = 0
    package internal(set) var succeeded = 0
    package internal(set) var failed = 0
    /// Of the failed: refused because of a limit, a request that cannot be sent, or a closed client.
    package internal(set) var refused = 0
    /// Of the failed: cancelled by the caller.
    package internal(set) var cancelled = 0
    /// Of the failed: past a deadline.
    package internal(set) var timedOut = 0
    package internal(set) var connectionsOpened = 0
    /// Exchanges that got a connection used before.
    package internal(set) var connectionsReused = 0
    /// Exchanges sent again because a connection used before had died.
    package internal(set) var staleRetries = 0
    package internal(set) var bodyBytesReceived = 0
    /// Connections at the moment, idle ones included.
    package internal(set) var connections = 0
    package internal(set) var idleConnections = 0
    package internal(set) var waiting = 0
}
