/// What a server answers.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var contentType: String
    /// Further headers; those with bytes that would break the head are left out.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// How long the answer is held back; nil for none.
    package var delay: Duration?
    /// How fast the body is sent; nil for as fast as the client reads.
    package var bodyBytesPerSecond: Int?
    /// Ends the connection after so many bytes of a body announced as longer: a fault.
    package var truncateBodyAt: Int?

    package init(
        status: Int = 200, contentType: String = "text/plain; charset=utf-8",
        headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    package init(
        status: Int = 200, contentType: String = "text/plain; charset=utf-8",
        headers: [(name: String, value: String)] = [], text: String
    ) {
        self.init(status: status, contentType: contentType, headers: headers, body: Array(text.utf8))
    }

    /// The status line and headers on the wire, with the empty line.
    func encodedHead(keepAlive: Bool) -> [UInt8] {
        // 1xx would be read as an interim answer, and three digits are all that fits.
        let status = (200...599).contains(self.status) ? self.status : 500
        var head = "HTTP/1.1 \(status) \(Self.reason(status))\r\n"
        if isSafeFieldValue(self.contentType), !self.contentType.isEmpty {
            head += "Content-Type: \(self.contentType)\r\n"
        }
        if status != 204, status != 304 {
            head += "Content-Length: \(self.body.count)\r\n"
        }
        for (name, value) in self.headers where isToken(Array(name.utf8)) && isSafeFieldValue(value) {
            head += "\(name): \(value)\r\n"
        }
        head += keepAlive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n"
        return Array(head.utf8)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 416: "Range Not Satisfiable"
        case 418: "I'm a teapot"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Status"
        }
    }
}
