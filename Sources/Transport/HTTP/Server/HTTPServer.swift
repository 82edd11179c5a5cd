internal import Synchronization

/// What a server has done so far; a consistent copy.
package struct HTTPServerStatistics: Sendable, Equatable {
    /// Connections at the moment, WebSockets included.
    package internal(set) var connections = 0
    package internal(set) var connectionsAccepted = 0
    /// Connections that are no WebSockets, at the moment and at most at a time.
    package internal(set) var plainConnections = 0
    package internal(set) var plainConnectionsMax = 0
    /// Connections closed at once because of the limit.
    package internal(set) var connectionsRefused = 0
    /// Times the system had no descriptor or memory for a new connection.
    package internal(set) var acceptsFailed = 0
    package internal(set) var handshakesFailed = 0
    package internal(set) var requests = 0
    package internal(set) var malformedRequests = 0
    package internal(set) var webSockets = 0
    /// Connections ended because nothing came or went for too long.
    package internal(set) var timedOut = 0
}

/// An HTTP/1.1 and WebSocket server on a service loop, for health pages and simulated venues.
///
/// The library's own server is not used: version 4.1.6 cannot tell a request's target as it was sent nor list its
/// headers, makes a system call for each WebSocket message, and cannot put bytes under its framing. The loop is the
/// library's, and so is the TLS library.
package final class HTTPServer: Sendable {
    private enum Life {
        case new, started, stopped
    }

    private let loop: ServiceLoop
    private let configuration: HTTPServerConfiguration
    private let onRequest: @Sendable (HTTPRequest) -> HTTPResponse
    private let onWebSocket: (@Sendable (HTTPRequest) -> (any WebSocketSessionHandler)?)?
    private let core = LoopBound<HTTPServerCore?>(nil)
    private let life = Mutex(Life.new)

    /// - Parameters:
    ///   - onRequest: Answers a request, on the loop's thread.
    ///   - onWebSocket: Makes the handler of a WebSocket, on the loop's thread; nil refuses it with 404. Without it
    ///     upgrade requests are answered like others.
    package init(
        loop: ServiceLoop, configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
        onRequest: @escaping @Sendable (HTTPRequest) -> HTTPResponse,
        onWebSocket: (@Sendable (HTTPRequest) -> (any WebSocketSessionHandler)?)? = nil
    ) {
        self.loop = loop
        self.configuration = configuration
        self.onRequest = onRequest
        self.onWebSocket = onWebSocket
    }

    deinit {
        let core = self.core
        _ = self.loop.submit { _ in core.value?.stop {} }
    }

    /// Starts to listen and returns the port.
    ///
    /// - Throws: `.addressInUse`, `.addressRefused`, `.certificate`, `.loopUnavailable`; `.misused` the second time.
    package func start() async throws(TransportError) -> Int {
        let isFirst = self.life.withLock { life in
            guard case .new = life else { return false }
            life = .started
            return true
        }
        guard isFirst else { throw TransportError(.misused, "the server was started before") }
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Int, TransportError>, Never>) in
            let (core, configuration) = (self.core, self.configuration)
            let (onRequest, onWebSocket) = (self.onRequest, self.onWebSocket)
            let taken = self.loop.submit { context in
                do throws(TransportError) {
                    var tls: TLSContext?
                    if let files = configuration.tls {
                        tls = try .server(certificateFile: files.certificateFile, keyFile: files.keyFile)
                    }
                    let running = try HTTPServerCore(
                        context: context, configuration: configuration, tls: tls, onRequest: onRequest,
                        onWebSocket: onWebSocket)
                    core.value = running
                    continuation.resume(returning: .success(running.port))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !taken {
                continuation.resume(returning: .failure(TransportError(.loopUnavailable, "the loop takes no command")))
            }
        }
        return try outcome.get()
    }

    /// Closes the listening socket and every connection; returns when the last descriptor is closed.
    package func stop() async {
        self.life.withLock { $0 = .stopped }
        let core = self.core
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let taken = self.loop.submit { _ in
                guard let core = core.value else { return continuation.resume() }
                core.stop { continuation.resume() }
            }
            if !taken { continuation.resume() }
        }
    }

    /// What the server has done so far; for callers on the loop's thread alone.
    package var statisticsOnLoop: HTTPServerStatistics? { self.core.value?.currentStatistics }

    /// What the server has done so far; nil if the loop does not answer.
    package func statistics() async -> HTTPServerStatistics? {
        let core = self.core
        return await withCheckedContinuation { continuation in
            let taken = self.loop.submit { _ in
                continuation.resume(returning: core.value?.currentStatistics ?? HTTPServerStatistics())
            }
            if !taken { continuation.resume(returning: nil) }
        }
    }
}
