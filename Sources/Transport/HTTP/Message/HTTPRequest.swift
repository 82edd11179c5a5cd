/// One request that a server received.
package struct HTTPRequest: Sendable {
    package let method: String
    /// The path, percent-decoded; never empty.
    package let path: String
    /// The request target as sent: path and query, still encoded.
    package let rawTarget: String
    /// The query's pairs, decoded, in the order sent.
    package let query: [(name: String, value: String)]
    package let headers: [(name: String, value: String)]
    /// The body; empty for most requests, at most `HTTPServerConfiguration.maxRequestBytes`.
    package let body: [UInt8]
    /// The client's address without its port, `127.0.0.1`.
    package let remoteAddress: String

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? { firstValue(name, in: self.headers) }

    /// The first value of a query key.
    package func query(_ name: String) -> String? { self.query.first { $0.name == name }?.value }
}

/// The head of a request as the server needs it to find the body and the answer's framing.
struct HTTPRequestHead {
    let method: String
    let target: [UInt8]
    let headers: [(name: String, value: String)]
    /// Whether the client takes further answers on the same connection.
    let keepAlive: Bool
    let contentLength: Int

    /// Parses a whole head; chunked requests are refused, since nothing here is sent that way.
    init(parsing bytes: UnsafeRawBufferPointer) throws(HTTPParseError) {
        let head = try HTTPHead(parsing: bytes)
        let parts = head.firstLine.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, isToken(parts[0]), let first = parts[1].first,
            first == UInt8(ascii: "/") || parts[1].elementsEqual("*".utf8)
        else { throw .malformed("request line") }
        let isVersion11 = parts[2].elementsEqual("HTTP/1.1".utf8)
        guard isVersion11 || parts[2].elementsEqual("HTTP/1.0".utf8) else { throw .malformed("version") }
        if try head.isChunked() { throw .malformed("transfer-encoding") }
        self.method = String(decoding: parts[0], as: UTF8.self)
        self.target = Array(parts[1])
        self.headers = head.headers
        self.contentLength = try head.contentLength() ?? 0
        let connection = head.header("connection")
        self.keepAlive =
            isVersion11 ? !listContains("close", in: connection) : listContains("keep-alive", in: connection)
    }

    func header(_ name: String) -> String? { firstValue(name, in: self.headers) }

    /// Whether the client asks for a WebSocket (RFC 6455 section 4.2.1).
    var asksForWebSocket: Bool {
        self.method == "GET" && listContains("upgrade", in: self.header("connection"))
            && listContains("websocket", in: self.header("upgrade"))
    }

    func request(body: [UInt8], remoteAddress: String) -> HTTPRequest {
        let mark = self.target.firstIndex(of: UInt8(ascii: "?")) ?? self.target.endIndex
        return HTTPRequest(
            method: self.method, path: PercentEncoding.decode(self.target[..<mark]),
            rawTarget: String(decoding: self.target, as: UTF8.self),
            query: PercentEncoding.decodeQuery(self.target[mark...].dropFirst()), headers: self.headers, body: body,
            remoteAddress: remoteAddress)
    }
}
