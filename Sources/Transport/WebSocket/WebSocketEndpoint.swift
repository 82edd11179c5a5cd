/// Where a WebSocket connection goes and how.
package struct WebSocketEndpoint: Hashable, Sendable {
    /// Whether TLS is spoken; the certificate is always checked against `host`.
    package var isSecure: Bool

    /// The server's name: looked up, sent as SNI and as `Host`, and checked in the certificate.
    package var host: String

    package var port: UInt16

    /// Path and query, from `/`.
    package var path: String

    /// Headers of the upgrade request beside the usual ones.
    package var headers: [Header] = []

    /// File of PEM certificates to trust instead of the loop's.
    package var caFile: String?

    /// HTTP CONNECT proxy instead of the loop's; the proxy then looks `host` up.
    package var proxy: String?

    /// Whether permessage-deflate is offered.
    package var offersDeflate = false

    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(isSecure: Bool, host: String, port: UInt16, path: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path.hasPrefix("/") ? path : "/" + path
    }

    /// Reads `ws://host[:port][/path]` or `wss://…`; `nil` for anything else.
    package init?(url: String) {
        let isSecure: Bool
        let rest: Substring
        if url.hasPrefix("wss://") {
            isSecure = true
            rest = url.dropFirst(6)
        } else if url.hasPrefix("ws://") {
            isSecure = false
            rest = url.dropFirst(5)
        } else {
            return nil
        }
        guard !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "#") }) else { return nil }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = Self.split(authority: rest[..<end]), rest[..<end].contains("@") == false else {
            return nil
        }
        self.init(isSecure: isSecure, host: host, port: port ?? (isSecure ? 443 : 80), path: String(rest[end...]))
    }

    private static func split(authority: Substring) -> (host: String, port: UInt16?)? {
        var host = authority
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<bracket]
            let after = authority[authority.index(after: bracket)...]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            portText = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, host.utf8.count <= 127 else { return nil }  // the library's buffer for the name
        guard let portText else { return (String(host), nil) }
        guard let port = UInt16(portText), port > 0 else { return nil }
        return (String(host), port)
    }

    /// What goes into the `Host` header; the library cuts the port off where it checks the name.
    var hostHeader: String {
        if self.host.contains(":") { return "[\(self.host)]" }
        return self.port == (self.isSecure ? 443 : 80) ? self.host : "\(self.host):\(self.port)"
    }
}

/// Limits and deadlines of one WebSocket connection.
package struct WebSocketLimits: Hashable, Sendable {
    /// Payload of one frame as sent, compressed or not.
    package var frameBytes = 16 << 20

    /// A whole message, fragments joined and inflated.
    package var messageBytes = 16 << 20

    /// Text messages waiting to be sent.
    package var sendQueueCount = 1024

    /// Bytes waiting to be sent.
    package var sendQueueBytes = 4 << 20

    /// The wait for the TCP connection.
    package var connectDeadline: Duration = .seconds(10)

    /// The wait for TLS and for a proxy's answer.
    package var tlsDeadline: Duration = .seconds(10)

    /// The wait for the answer to the upgrade.
    package var upgradeDeadline: Duration = .seconds(10)

    /// The wait for the end of a close handshake; after it the socket is ended by force.
    package var closeDeadline: Duration = .seconds(2)

    /// How often a ping of ours is sent; `nil` never, since some venues close for it.
    package var pingInterval: Duration?

    /// How long the answer to a ping of ours may take; any frame counts as one.
    package var pongDeadline: Duration = .seconds(10)

    package init() {}
}
