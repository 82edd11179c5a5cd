internal import Synchronization

/// Whether the caller gave up; set on any thread.
final class HTTPCancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    var isCancelled: Bool { self.flag.load(ordering: .acquiring) }

    func cancel() { self.flag.store(true, ordering: .releasing) }
}

/// One request on its way to its answer.
///
/// It lives until `finish`, which runs once whatever happens, and is retained by its connection while it is on one.
final class HTTPExchange: @unchecked Sendable {
    // Safe: made by one task, which hands it to the loop's thread and never touches it again.
    struct Receiver: Sendable {
        let head: @Sendable (HTTPResponseHead) -> Void
        /// Takes a piece of the body; false ends the exchange.
        let piece: @Sendable (UnsafeRawBufferPointer) -> Bool
    }

    typealias Outcome = Result<HTTPResponseHead, HTTPClientError>

    let id: UInt64
    let request: HTTPClientRequest
    let key: HTTPConnectionPool.Key
    /// Literal addresses to connect to, in order: the host's, or the proxy's.
    let addresses: [SocketAddress]
    let receiver: Receiver
    /// Set when the caller gives up, which may be before the loop knows of the exchange.
    let cancellation: HTTPCancellation

    var head: HTTPResponseHead?
    /// Whether it was sent a second time because an idle connection had died.
    var isSecondAttempt = false
    /// Whether bytes of the request were handed to the system.
    var mayHaveBeenSent = false
    var totalTimer: LoopTimer?
    var queueTimer: LoopTimer?
    private var completion: (@Sendable (Outcome) -> Void)?

    init(
        id: UInt64, request: HTTPClientRequest, addresses: [SocketAddress], receiver: Receiver,
        cancellation: HTTPCancellation, completion: @escaping @Sendable (Outcome) -> Void
    ) {
        self.id = id
        self.request = request
        self.key = HTTPConnectionPool.Key(isSecure: request.isSecure, host: request.host, port: request.port)
        self.addresses = addresses
        self.receiver = receiver
        self.cancellation = cancellation
        self.completion = completion
    }

    var isFinished: Bool { self.completion == nil }

    func error(_ kind: HTTPClientError.Kind, _ detail: String) -> HTTPClientError {
        HTTPClientError(kind, self.request, detail, mayHaveBeenSent: self.mayHaveBeenSent)
    }

    /// Reports the outcome; false if that was done before.
    func finish(_ outcome: Outcome) -> Bool {
        guard let completion = self.completion else { return false }
        self.completion = nil
        self.totalTimer?.cancel()
        self.queueTimer?.cancel()
        self.totalTimer = nil
        self.queueTimer = nil
        completion(outcome)
        return true
    }
}
