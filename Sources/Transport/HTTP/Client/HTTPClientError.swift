/// Why an exchange gave no answer.
package struct HTTPClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What an exchange was waiting for.
    package enum Phase: String, Hashable, Sendable {
        case queue, connect, tls, firstByte, progress, total
    }

    package enum Kind: Hashable, Sendable {
        /// The name does not resolve, or nobody accepts the connection.
        case unreachable
        case timedOut(Phase)
        /// The other side's certificate or handshake was refused.
        case tls
        /// The answer passes the limit in bytes.
        case tooLarge
        /// The connection ended inside the answer, or before it.
        case closedEarly
        /// The task was cancelled, or the receiver of a stream asked for no more.
        case cancelled
        /// Too many requests wait, the request cannot be sent as it is, or the client is closed.
        case refused
        /// The answer is no HTTP/1.1.
        case malformed
    }

    package let kind: Kind
    /// Host, port and path, without the query, which may hold a key.
    package let context: String
    /// What the system or the other side said.
    package let detail: String
    /// Whether any of the request may have reached the other side; false only where that is certain.
    package let mayHaveBeenSent: Bool

    /// Whether the same request may do better later.
    package var isRetriable: Bool {
        switch self.kind {
        case .unreachable, .timedOut, .closedEarly: true
        case .refused, .tls, .tooLarge, .cancelled, .malformed: false
        }
    }

    package var description: String { "\(self.kind) \(self.context): \(self.detail)" }

    init(_ kind: Kind, _ request: HTTPClientRequest, _ detail: String, mayHaveBeenSent: Bool = false) {
        self.kind = kind
        self.detail = detail
        self.mayHaveBeenSent = mayHaveBeenSent
        self.context = "\(request.authority())\(request.target.prefix { $0 != "?" })"
    }

    init(_ error: HTTPParseError, _ request: HTTPClientRequest) {
        let (kind, detail): (Kind, String) =
            switch error {
            case .headTooLarge: (.tooLarge, "head too large")
            case .bodyTooLarge: (.tooLarge, "body larger than \(request.maxBodyBytes) bytes")
            case .malformed(let part): (.malformed, part)
            case .endedEarly: (.closedEarly, "the connection ended inside the answer")
            }
        self.init(kind, request, detail, mayHaveBeenSent: true)
    }
}
