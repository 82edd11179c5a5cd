internal import Synchronization

/// An HTTP/1.1 client for REST on a service loop: keep-alive, bounded pool, a deadline for every phase.
///
/// The library's own HTTP client is not used: it keeps one connection per host at most, hands its socket from one
/// request's object to the next, follows redirects by itself, and has no way to list the headers of an answer
/// (libwebsockets 4.1.6, `lws_vhost_active_conns`, `_lws_generic_transaction_completed_active_conn`). The loop is the
/// library's, and so is the TLS library.
///
/// Whatever happens to an exchange, its connection is afterwards either idle with nothing left to read, or closed.
package final class HTTPClient: Sendable {
    private let loop: ServiceLoop
    private let configuration: HTTPClientConfiguration
    private let core: LoopBound<HTTPClientCore?>
    private let tls: LoopBound<TLSContext>
    private let nextExchange = Atomic<UInt64>(1)

    /// - Throws: `.certificate` if the CA file cannot be used.
    package init(loop: ServiceLoop, configuration: HTTPClientConfiguration = HTTPClientConfiguration())
        throws(TransportError)
    {
        self.loop = loop
        self.configuration = configuration
        self.core = LoopBound(nil)
        self.tls = LoopBound(try TLSContext.client(caFile: configuration.caFile))
    }

    deinit {
        let core = self.core
        _ = self.loop.submit { _ in core.value?.close {} }
    }

    /// Gets a whole answer, whatever its status.
    package func get(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        let body = CollectedBody()
        let receiver = HTTPExchange.Receiver(
            head: { head in
                // The announced length is a hint from outside, so only some of it is believed.
                let announced = head.header("content-length").flatMap { Int($0) } ?? 0
                body.bytes.withLock { $0.reserveCapacity(min(max(announced, 0), 1 << 20)) }
            },
            piece: { piece in
                body.bytes.withLock { $0.append(contentsOf: piece) }
                return true
            })
        let head = try await self.exchange(request, receiver)
        return HTTPClientResponse(status: head.status, headers: head.headers, body: body.bytes.withLock { $0 })
    }

    /// Gets an answer piece by piece, without keeping it.
    ///
    /// - Parameters:
    ///   - onHead: Called once with status and headers, on the loop's thread.
    ///   - onChunk: Called with each piece of the body in order, on the loop's thread, which waits meanwhile: the
    ///     other side is slowed down through TCP. False ends the exchange with `.cancelled`.
    package func stream(
        _ request: HTTPClientRequest, onHead: @escaping @Sendable (HTTPResponseHead) -> Void = { _ in },
        onChunk: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws(HTTPClientError) -> HTTPResponseHead {
        try await self.exchange(request, HTTPExchange.Receiver(head: onHead, piece: { onChunk(Array($0)) }))
    }

    /// What the client has done so far; nil if the loop does not answer.
    package func statistics() async -> HTTPClientStatistics? {
        let core = self.core
        return await withCheckedContinuation { continuation in
            let taken = self.loop.submit { _ in
                continuation.resume(returning: core.value?.currentStatistics ?? HTTPClientStatistics())
            }
            if !taken { continuation.resume(returning: nil) }
        }
    }

    /// Ends all exchanges with `.refused` and closes every connection; returns when the last descriptor is closed.
    package func close() async {
        let core = self.core
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let taken = self.loop.submit { _ in
                guard let core = core.value else { return continuation.resume() }
                core.close { continuation.resume() }
            }
            if !taken { continuation.resume() }
        }
    }

    private func exchange(
        _ request: HTTPClientRequest, _ receiver: HTTPExchange.Receiver
    ) async throws(HTTPClientError) -> HTTPResponseHead {
        guard request.isWellFormed else { throw HTTPClientError(.refused, request, "the request cannot be sent") }
        let started = ContinuousClock.now
        let addresses = try await self.addresses(for: request)
        if Task.isCancelled { throw HTTPClientError(.cancelled, request, "cancelled before it began") }
        let left = request.deadlines.total.map { $0 - (ContinuousClock.now - started) }
        if let left, left <= .zero { throw HTTPClientError(.timedOut(.total), request, "resolving took it all") }
        let id = self.nextExchange.wrappingAdd(1, ordering: .relaxed).oldValue
        let cancellation = HTTPCancellation()
        let core = self.core
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<HTTPExchange.Outcome, Never>) in
                let exchange = HTTPExchange(
                    id: id, request: request, addresses: addresses, receiver: receiver,
                    cancellation: cancellation, completion: { continuation.resume(returning: $0) })
                self.start(exchange, total: left)
            }
        } onCancel: {
            cancellation.cancel()
            _ = self.loop.submit { _ in core.value?.abort(id, .cancelled, "the task was cancelled") }
        }
        return try outcome.get()
    }

    private func start(_ exchange: HTTPExchange, total: Duration?) {
        let (core, tls, configuration) = (self.core, self.tls, self.configuration)
        let taken = self.loop.submit { context in
            do throws(TransportError) {
                if core.value == nil {
                    core.value = try HTTPClientCore(context: context, configuration: configuration, tls: tls.value)
                }
                core.value?.begin(exchange, total: total)
            } catch {
                _ = exchange.finish(.failure(exchange.error(.refused, error.description)))
            }
        }
        if !taken { _ = exchange.finish(.failure(exchange.error(.refused, "the loop takes no command"))) }
    }

    /// Literal addresses of the host, or of the proxy that stands before it.
    private func addresses(for request: HTTPClientRequest) async throws(HTTPClientError) -> [SocketAddress] {
        let (host, port) = self.configuration.proxy.map { ($0.host, $0.port) } ?? (request.host, request.port)
        if let literal = SocketAddress(literal: host, port: port) { return [literal] }
        guard let resolver = self.configuration.resolver else {
            throw HTTPClientError(.refused, request, "\(host) is a name and there is no resolver")
        }
        let deadlines = request.deadlines
        switch await self.lookUp(
            host, resolver, patience: min(deadlines.connect, deadlines.total ?? deadlines.connect))
        {
        case .success(let texts):
            let addresses = texts.compactMap { SocketAddress(literal: $0, port: port) }
            guard !addresses.isEmpty else { throw HTTPClientError(.unreachable, request, "\(host) has no address") }
            return addresses
        case .failure(.timedOut):
            throw HTTPClientError(.timedOut(.connect), request, "\(host): not resolved in time")
        case .failure(let error):
            throw HTTPClientError(.unreachable, request, "\(host): \(error)")
        }
    }

    /// Asks the resolver, for `patience` at most: a look-up under way may take longer.
    private func lookUp(
        _ host: String, _ resolver: Resolver, patience: Duration
    ) async -> Result<[String], ResolveError> {
        await withCheckedContinuation { continuation in
            let pending = PendingLookup(continuation)
            _ = self.loop.submit { context in
                context.schedule(after: patience) { pending.finish(.failure(.timedOut)) }
            }
            resolver.resolve(host: host, patience: patience) { pending.finish($0) }
        }
    }
}

/// A look-up that ends once, by its answer or by its deadline.
private final class PendingLookup: Sendable {
    typealias Outcome = Result<[String], ResolveError>

    private let continuation: Mutex<CheckedContinuation<Outcome, Never>?>

    init(_ continuation: CheckedContinuation<Outcome, Never>) {
        self.continuation = Mutex(continuation)
    }

    func finish(_ outcome: Outcome) {
        let continuation = self.continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        continuation?.resume(returning: outcome)
    }
}

/// A body in the making: written on the loop's thread, read by whoever waits for the answer.
private final class CollectedBody: Sendable {
    let bytes = Mutex<[UInt8]>([])
}
