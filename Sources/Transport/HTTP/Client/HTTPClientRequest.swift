/// One request without a body.
package struct HTTPClientRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
    }

    /// How long each part may take; every one of them ends in `.timedOut` with its phase.
    package struct Deadlines: Sendable {
        /// From the call to the last byte, waiting for a connection included; nil for as long as bytes come.
        package var total: Duration? = .seconds(30)
        /// From the call to a connection of its own.
        package var queue = Duration.seconds(30)
        /// Name resolution and TCP, through the proxy if there is one.
        package var connect = Duration.seconds(5)
        package var tls = Duration.seconds(5)
        /// From the request sent to the first byte of the answer.
        package var firstByte = Duration.seconds(10)
        /// The longest pause between two pieces of the answer.
        package var progress = Duration.seconds(10)

        package init() {}
    }

    package var method = Method.get
    package var isSecure: Bool
    package var host: String
    package var port: Int
    /// Path and query, already percent-encoded: `/api/v3/depth?symbol=BTCUSDT`.
    package var target: String
    package var headers: [(name: String, value: String)]
    package var deadlines = Deadlines()
    /// A larger answer ends in `.tooLarge`.
    package var maxBodyBytes = 64 * 1024 * 1024

    package init(
        isSecure: Bool, host: String, port: Int, target: String, headers: [(name: String, value: String)] = []
    ) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.target = target
        self.headers = headers
    }

    /// Takes a URL apart: `https://host[:port]/path?query`; a fragment is dropped. Nil for anything else.
    package init?(url: String) {
        let isSecure: Bool
        var rest: Substring
        if url.hasPrefix("https://") {
            (isSecure, rest) = (true, url.dropFirst(8))
        } else if url.hasPrefix("http://") {
            (isSecure, rest) = (false, url.dropFirst(7))
        } else {
            return nil
        }
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var target = String(rest[end...])
        if !target.hasPrefix("/") { target = "/" + target }
        guard let (host, port) = Self.splitAuthority(rest[..<end], defaultPort: isSecure ? 443 : 80) else { return nil }
        self.init(isSecure: isSecure, host: host, port: port, target: target)
    }

    /// Splits `host`, `host:port` or `[::1]:port`; nil for an empty host, a bad port, or user information.
    static func splitAuthority(_ text: Substring, defaultPort: Int) -> (host: String, port: Int)? {
        let host: Substring
        var rest: Substring
        if text.first == "[" {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<close]
            rest = text[text.index(after: close)...]
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            (host, rest) = (text[..<colon], text[colon...])
        }
        guard !host.isEmpty, !host.contains("@") else { return nil }
        if rest.isEmpty { return (String(host), defaultPort) }
        guard rest.popFirst() == ":", rest.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = Int(rest),
            (1...65535).contains(port)
        else { return nil }
        return (String(host), port)
    }

    /// Whether the pieces can be put on the wire without breaking the head.
    var isWellFormed: Bool {
        let isGraphic: (UInt8) -> Bool = { $0 > 0x20 && $0 < 0x7F }
        return self.target.hasPrefix("/") && self.target.utf8.allSatisfy(isGraphic)
            && !self.host.isEmpty && self.host.utf8.allSatisfy(isGraphic) && (1...65535).contains(self.port)
            && self.headers.allSatisfy { isToken(Array($0.name.utf8)) && isSafeFieldValue($0.value) }
    }

    /// Host and port for the `Host` header and for CONNECT.
    func authority(alwaysWithPort: Bool = false) -> String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        let isDefault = self.port == (self.isSecure ? 443 : 80)
        return isDefault && !alwaysWithPort ? host : "\(host):\(self.port)"
    }

    /// The whole request on the wire.
    func encoded(absoluteTarget: Bool) -> [UInt8] {
        let target = absoluteTarget ? "http://\(self.authority())\(self.target)" : self.target
        var head = "\(self.method.rawValue) \(target) HTTP/1.1\r\nHost: \(self.authority())\r\n"
        for (name, value) in self.headers {
            head += "\(name): \(value)\r\n"
        }
        if self.method == .post { head += "Content-Length: 0\r\n" }
        head += "Connection: keep-alive\r\n\r\n"
        return Array(head.utf8)
    }
}

/// A whole answer.
package struct HTTPClientResponse: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? { firstValue(name, in: self.headers) }
}
