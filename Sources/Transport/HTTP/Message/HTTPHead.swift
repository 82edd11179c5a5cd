/// The first line and the headers of a message, as bytes split and checked but not interpreted.
struct HTTPHead {
    /// The first line without its line end, ASCII or Latin-1.
    let firstLine: [UInt8]
    let headers: [(name: String, value: String)]

    /// More headers than this are refused.
    static let headerCountLimit = 128

    /// Finds where a head ends: the offset just after the empty line, or nil as long as it is not there.
    ///
    /// - Parameter from: Bytes before this offset were looked at in an earlier call.
    static func end(in bytes: UnsafeRawBufferPointer, from: Int = 0) -> Int? {
        var index = max(from - 3, 0)
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\n") else {
                index += 1
                continue
            }
            if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\n") { return index + 2 }
            if index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "\r"), bytes[index + 2] == UInt8(ascii: "\n") {
                return index + 3
            }
            index += 1
        }
        return nil
    }

    /// Parses a whole head, with or without the empty line at its end.
    ///
    /// Folded lines are refused (RFC 9112 section 5.2), as are names that are no token and values with control bytes.
    init(parsing bytes: UnsafeRawBufferPointer) throws(HTTPParseError) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }[...]
        guard let first = lines.popFirst(), !first.isEmpty else { throw .malformed("first line") }
        guard first.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .malformed("first line") }
        self.firstLine = Array(first)
        var headers: [(name: String, value: String)] = []
        while let line = lines.popFirst(), !line.isEmpty {
            guard headers.count < Self.headerCountLimit else { throw .headTooLarge }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .malformed("header line") }
            let name = line[..<colon]
            guard isToken(name) else { throw .malformed("header name") }
            let value = trimmed(String(decoding: line[(colon + 1)...], as: UTF8.self)[...])
            guard isSafeFieldValue(value) else { throw .malformed("header value") }
            headers.append((String(decoding: name, as: UTF8.self), value))
        }
        self.headers = headers
    }

    func header(_ name: String) -> String? { firstValue(name, in: self.headers) }

    /// The declared length of the body in bytes; nil if none is declared.
    ///
    /// Several lengths that differ, or one that is no plain number, are refused (RFC 9112 section 6.3).
    func contentLength() throws(HTTPParseError) -> Int? {
        var length: Int?
        for header in self.headers where equalsIgnoringCase(header.name, "content-length") {
            for part in header.value.split(separator: ",", omittingEmptySubsequences: false) {
                let text = trimmed(part)
                guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let value = Int(text) else {
                    throw .malformed("content-length")
                }
                guard length == nil || length == value else { throw .malformed("content-length") }
                length = value
            }
        }
        return length
    }

    /// Whether the body is chunked; any other transfer coding is refused, since none was asked for.
    func isChunked() throws(HTTPParseError) -> Bool {
        let codings = self.headers.filter { equalsIgnoringCase($0.name, "transfer-encoding") }.map(\.value)
        guard !codings.isEmpty else { return false }
        guard codings.count == 1, equalsIgnoringCase(codings[0], "chunked") else {
            throw .malformed("transfer-encoding")
        }
        return true
    }
}
