internal import MarketModel
internal import Synchronization

/// Opens a WebSocket and closes it again, to see whether and how fast it can be opened.
package enum WebSocketProbe {
    /// Gives the time from the call to the answered upgrade; name, TCP, TLS and upgrade are in it.
    ///
    /// The socket is gone when this returns, by the deadlines of `limits` at the latest.
    package static func open(
        _ endpoint: WebSocketEndpoint, limits: WebSocketLimits, on loop: ServiceLoop, resolver: Resolver
    ) async -> Result<Duration, DisconnectReason> {
        let started = ContinuousClock.now
        var address = endpoint.host
        if endpoint.proxy == nil {
            let found = await withCheckedContinuation { continuation in
                resolver.resolve(host: endpoint.host, patience: limits.connectDeadline) {
                    continuation.resume(returning: $0)
                }
            }
            switch found {
            case .success(let addresses): address = addresses.first ?? address
            case .failure(let error): return .failure(DisconnectReason(.resolveFailed, detail: "\(error)"))
            }
        }
        return await withCheckedContinuation { [address] continuation in
            let isTaken = loop.submit { context in
                ProbedSocket(endpoint, limits, context, started) { continuation.resume(returning: $0) }
                    .open(address)
            }
            if !isTaken { continuation.resume(returning: .failure(DisconnectReason(.stopped))) }
        }
    }
}

/// One socket, kept alive by itself until it is gone.
private final class ProbedSocket: WebSocketHandler {
    private let started: ContinuousClock.Instant
    private let completion: @Sendable (Result<Duration, DisconnectReason>) -> Void
    private var connection: WebSocketConnection?
    private var openedAfter: Duration?
    private var keptAlive: ProbedSocket?

    init(
        _ endpoint: WebSocketEndpoint, _ limits: WebSocketLimits, _ context: LoopContext,
        _ started: ContinuousClock.Instant,
        _ completion: @escaping @Sendable (Result<Duration, DisconnectReason>) -> Void
    ) {
        self.started = started
        self.completion = completion
        super.init()
        self.connection = WebSocketConnection(
            id: SocketID(slot: 0, serial: 1), endpoint: endpoint, limits: limits, context: context, owner: self)
    }

    func open(_ address: String) {
        self.keptAlive = self
        self.connection?.open(address: address)
    }

    override func opened(_ connection: WebSocketConnection) {
        self.openedAfter = ContinuousClock.now - self.started
        connection.close(DisconnectReason(.stopped))
    }

    override func ended(_ connection: WebSocketConnection, reason: DisconnectReason) {
        self.completion(self.openedAfter.map { .success($0) } ?? .failure(reason))
        self.connection = nil
        self.keptAlive = nil
    }
}
