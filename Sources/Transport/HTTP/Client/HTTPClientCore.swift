/// The part of a client that lives on the loop's thread: pool, connections, exchanges.
final class HTTPClientCore {
    let context: LoopContext
    let sockets: SocketSet
    let tls: TLSContext?
    let proxy: HTTPClientConfiguration.Proxy?
    let idleTimeout: Duration
    var statistics = HTTPClientStatistics()

    private var pool: HTTPConnectionPool
    private var connections: [UInt64: HTTPClientConnection] = [:]
    /// Exchanges under way with the connection they are on; nil while they wait.
    private var exchanges: [UInt64: (exchange: HTTPExchange, connection: HTTPClientConnection?)] = [:]
    private var nextConnection: UInt64 = 1
    private var isClosed = false
    private var closeWaiters: [@Sendable () -> Void] = []
    private let readBuffer = ReadBuffer()

    init(context: LoopContext, configuration: HTTPClientConfiguration, tls: TLSContext?) throws(TransportError) {
        self.context = context
        self.sockets = try SocketSet.make(on: context)
        self.tls = tls
        self.proxy = configuration.proxy
        self.idleTimeout = configuration.idleTimeout
        self.pool = HTTPConnectionPool(
            limits: HTTPConnectionPool.Limits(
                connectionsPerHost: max(1, configuration.connectionsPerHost), maxWaiting: configuration.maxWaiting,
                maxHosts: max(1, configuration.maxHosts)))
        // Strong, so that this outlives every connection; the set lets go of it when it ends.
        self.sockets.onTerminated = { self.socketsTerminated() }
    }

    /// Lends the buffer that all connections read into.
    func withReadBuffer<Result>(_ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
        body(self.readBuffer.bytes)
    }

    /// Statistics with the pool's present state.
    var currentStatistics: HTTPClientStatistics {
        var copy = self.statistics
        copy.connections = self.pool.connectionCount
        copy.idleConnections = self.pool.idleCount
        copy.waiting = self.pool.waitingCount
        return copy
    }

    // MARK: What callers ask

    /// - Parameter total: How long it may take; nil for as long as bytes come.
    func begin(_ exchange: HTTPExchange, total: Duration?) {
        self.statistics.requests += 1
        guard !self.isClosed else {
            return self.conclude(exchange, .failure(exchange.error(.refused, "client closed")))
        }
        guard !exchange.cancellation.isCancelled else {
            return self.conclude(exchange, .failure(exchange.error(.cancelled, "cancelled before it began")))
        }
        if let total {
            exchange.totalTimer = self.context.schedule(after: total) { [weak self, unowned exchange] in
                self?.abort(exchange.id, .timedOut(.total), "the whole took too long")
            }
        }
        let place = self.pool.requested(exchange.id, for: exchange.key)
        self.exchanges[exchange.id] = (exchange, nil)
        switch place {
        case .refuse:
            self.conclude(exchange, .failure(exchange.error(.refused, "too many requests wait")))
        case .wait:
            exchange.queueTimer = self.context.schedule(after: exchange.request.deadlines.queue) {
                [weak self, unowned exchange] in
                self?.abort(exchange.id, .timedOut(.queue), "no connection became free")
            }
        case .open, .reuse:
            self.place(exchange, place)
        }
    }

    /// Ends an exchange from outside; does nothing once it is finished.
    func abort(_ id: UInt64, _ kind: HTTPClientError.Kind, _ detail: String) {
        guard let (exchange, connection) = self.exchanges[id] else { return }
        if let connection {
            connection.abandon()
            self.connectionFinished(connection, exchange, .failure(exchange.error(kind, detail)))
        } else {
            _ = self.pool.abandoned(id, for: exchange.key)
            self.conclude(exchange, .failure(exchange.error(kind, detail)))
        }
    }

    /// Ends all exchanges and connections; `done` is called when the last descriptor is closed.
    func close(_ done: @escaping @Sendable () -> Void) {
        self.closeWaiters.append(done)
        guard !self.isClosed else {
            if self.sockets.wsi == nil { self.socketsTerminated() }
            return
        }
        self.isClosed = true
        self.endEverything("client closed")
        self.sockets.close()
    }

    // MARK: What connections report

    func connectionFinished(
        _ connection: HTTPClientConnection, _ exchange: HTTPExchange, _ outcome: HTTPExchange.Outcome
    ) {
        if !connection.isIdle { self.connections[connection.id] = nil }
        let next = self.pool.released(connection.key, reusable: connection.isIdle ? connection.id : nil)
        if let next, let waiting = self.exchanges[next.request]?.exchange {
            waiting.queueTimer?.cancel()
            self.place(waiting, next.place)
        }
        self.conclude(exchange, outcome)
    }

    /// A connection used before had died, and nothing of an answer had come: the exchange keeps its place and goes
    /// out once more on a new connection (RFC 9112 section 9.3.1).
    func connectionWasStale(_ connection: HTTPClientConnection, _ exchange: HTTPExchange) {
        self.connections[connection.id] = nil
        self.statistics.staleRetries += 1
        exchange.isSecondAttempt = true
        self.place(exchange, .open)
    }

    func idleConnectionEnded(_ connection: HTTPClientConnection) {
        self.connections[connection.id] = nil
        _ = self.pool.idleClosed(connection.id, for: connection.key)
    }

    // MARK: Inside

    private func place(_ exchange: HTTPExchange, _ place: HTTPConnectionPool.Place) {
        if case .reuse(let id) = place, let connection = self.connections[id] {
            self.exchanges[exchange.id] = (exchange, connection)
            self.statistics.connectionsReused += 1
            connection.reuse(for: exchange)
            return
        }
        let connection = HTTPClientConnection(id: self.nextConnection, key: exchange.key, core: self)
        self.nextConnection += 1
        self.connections[connection.id] = connection
        self.exchanges[exchange.id] = (exchange, connection)
        self.statistics.connectionsOpened += 1
        connection.open(for: exchange)
    }

    private func conclude(_ exchange: HTTPExchange, _ outcome: HTTPExchange.Outcome) {
        self.exchanges[exchange.id] = nil
        guard exchange.finish(outcome) else { return }
        switch outcome {
        case .success:
            self.statistics.succeeded += 1
        case .failure(let error):
            self.statistics.failed += 1
            switch error.kind {
            case .refused: self.statistics.refused += 1
            case .cancelled: self.statistics.cancelled += 1
            case .timedOut: self.statistics.timedOut += 1
            case .unreachable, .tls, .tooLarge, .closedEarly, .malformed: break
            }
        }
    }

    private func endEverything(_ reason: String) {
        let connections = Array(self.connections.values)
        let exchanges = self.exchanges.values.map(\.exchange)
        self.connections = [:]
        for connection in connections { connection.abandon() }
        self.pool = HTTPConnectionPool(
            limits: HTTPConnectionPool.Limits(connectionsPerHost: 1, maxWaiting: 0, maxHosts: 1))
        for exchange in exchanges { self.conclude(exchange, .failure(exchange.error(.refused, reason))) }
    }

    private func socketsTerminated() {
        self.isClosed = true
        self.endEverything("the loop ended")
        let waiters = self.closeWaiters
        self.closeWaiters = []
        for waiter in waiters { waiter() }
    }
}
