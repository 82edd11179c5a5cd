/// Status and headers of an answer.
package struct HTTPResponseHead: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? { firstValue(name, in: self.headers) }
}

/// Takes one HTTP/1.1 answer apart, however its bytes are cut into reads.
///
/// Pure: bytes in, head and body pieces out. Interim answers (1xx) are skipped. Nothing in the input can trap;
/// `fuzzHTTPResponseDecoder` feeds it arbitrary bytes.
package struct HTTPResponseDecoder {
    package enum Event {
        case head(HTTPResponseHead)
        /// A piece of the body, valid only during the call.
        case body(UnsafeRawBufferPointer)
    }

    private enum State {
        case head
        case sized(left: Int)
        case chunked(ChunkedDecoder)
        case untilClose
        case done
    }

    private var state = State.head
    private var headBytes: [UInt8] = []
    private var bodyCount = 0
    private var keepAlive = false
    private let isAnswerToHEAD: Bool
    private let headLimit: Int
    private let bodyLimit: Int

    /// - Parameters:
    ///   - isAnswerToHEAD: An answer to HEAD has no body, whatever its headers say.
    ///   - headLimit: Bytes of first line and headers, at most.
    ///   - bodyLimit: Bytes of body, at most.
    package init(isAnswerToHEAD: Bool = false, headLimit: Int = 65_536, bodyLimit: Int = .max) {
        self.isAnswerToHEAD = isAnswerToHEAD
        self.headLimit = headLimit
        self.bodyLimit = bodyLimit
    }

    /// Whether the answer is whole.
    package var isDone: Bool {
        if case .done = self.state { return true }
        return false
    }

    /// Whether the connection can carry another request after this answer.
    package var canReuseConnection: Bool { self.isDone && self.keepAlive }

    /// Whether the body ends only with the connection.
    private var endsWithConnection: Bool {
        if case .untilClose = self.state { return true }
        return false
    }

    /// Decodes the next bytes and answers how many of them belonged to this answer.
    ///
    /// - Throws: `.bodyTooLarge` before a body past the limit is handed over, `.headTooLarge`, `.malformed`.
    package mutating func decode(
        _ bytes: UnsafeRawBufferPointer, event: (Event) -> Void
    ) throws(HTTPParseError) -> Int {
        var used = 0
        while used < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
            switch self.state {
            case .head:
                used += try self.decodeHead(rest, event: event)
            case .sized(let left):
                let count = min(left, rest.count)
                try self.deliver(UnsafeRawBufferPointer(rebasing: rest[..<count]), event: event)
                self.state = count == left ? .done : .sized(left: left - count)
                used += count
            case .chunked(var decoder):
                var total = self.bodyCount
                let limit = self.bodyLimit
                used += try decoder.decode(
                    rest,
                    body: { (piece) throws(HTTPParseError) in
                        guard piece.count <= limit - total else { throw .bodyTooLarge }
                        total += piece.count
                        event(.body(piece))
                    }, malformed: { $0 })
                self.bodyCount = total
                self.state = decoder.isDone ? .done : .chunked(decoder)
            case .untilClose:
                try self.deliver(rest, event: event)
                used = bytes.count
            case .done:
                return used
            }
        }
        return used
    }

    /// Takes note that the other side ended the connection.
    ///
    /// - Throws: `.endedEarly` unless the answer is whole, or had no length of its own.
    package mutating func connectionEnded() throws(HTTPParseError) {
        guard self.isDone || self.endsWithConnection else { throw .endedEarly }
        self.state = .done
        self.keepAlive = false
    }

    private mutating func deliver(_ piece: UnsafeRawBufferPointer, event: (Event) -> Void) throws(HTTPParseError) {
        guard piece.count <= self.bodyLimit - self.bodyCount else { throw .bodyTooLarge }
        self.bodyCount += piece.count
        event(.body(piece))
    }

    private mutating func decodeHead(
        _ bytes: UnsafeRawBufferPointer, event: (Event) -> Void
    ) throws(HTTPParseError) -> Int {
        let before = self.headBytes.count
        self.headBytes.append(contentsOf: bytes.prefix(self.headLimit - before + 1))
        let end = self.headBytes.withUnsafeBytes { HTTPHead.end(in: $0, from: before) }
        guard let end, end <= self.headLimit else {
            guard self.headBytes.count <= self.headLimit else { throw .headTooLarge }
            return bytes.count
        }
        let result = self.headBytes.withUnsafeBytes { all in
            Result { () throws(HTTPParseError) in
                try HTTPHead(parsing: UnsafeRawBufferPointer(rebasing: all[..<end]))
            }
        }
        self.headBytes = []
        try self.headParsed(try result.get(), event: event)
        return end - before
    }

    private mutating func headParsed(_ head: HTTPHead, event: (Event) -> Void) throws(HTTPParseError) {
        let (minorVersion, status) = try Self.parseStatusLine(head.firstLine)
        if status == 101 { throw .malformed("unasked upgrade") }
        // Interim answers end with their head, and the real one follows (RFC 9110 section 15.2).
        guard status >= 200 else { return }
        let connection = head.header("connection")
        self.keepAlive =
            minorVersion >= 1 ? !listContains("close", in: connection) : listContains("keep-alive", in: connection)
        let length = try head.contentLength()
        let chunked = try head.isChunked()
        // Both at once is how answers are smuggled (RFC 9112 section 6.3, rule 3).
        if chunked, length != nil { throw .malformed("content-length beside transfer-encoding") }
        if self.isAnswerToHEAD || status == 204 || status == 304 {
            self.state = .done
        } else if chunked {
            self.state = .chunked(ChunkedDecoder())
        } else if let length {
            guard length <= self.bodyLimit else { throw .bodyTooLarge }
            self.state = length == 0 ? .done : .sized(left: length)
        } else {
            self.keepAlive = false
            self.state = .untilClose
        }
        event(.head(HTTPResponseHead(status: status, headers: head.headers)))
    }

    /// Parses `HTTP/1.x SSS reason`.
    private static func parseStatusLine(_ line: [UInt8]) throws(HTTPParseError) -> (minorVersion: Int, status: Int) {
        guard line.starts(with: "HTTP/1.".utf8), line.count >= 12,
            line[7] == UInt8(ascii: "0") || line[7] == UInt8(ascii: "1"), line[8] == UInt8(ascii: " "),
            line[9..<12].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            line.count == 12 || line[12] == UInt8(ascii: " ")
        else { throw .malformed("status line") }
        let status = line[9..<12].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard status >= 100 else { throw .malformed("status line") }
        return (Int(line[7] - 0x30), status)
    }
}

/// Feeds arbitrary bytes to the decoder, whole and cut in two, for libFuzzer and tests.
///
/// - Returns: Whether both ways agree on outcome and body.
package func fuzzHTTPResponseDecoder(_ bytes: UnsafeRawBufferPointer) -> Bool {
    func run(cuts: [UnsafeRawBufferPointer]) -> (error: HTTPParseError?, body: [UInt8], status: Int?) {
        var decoder = HTTPResponseDecoder(headLimit: 4096, bodyLimit: 100_000)
        var body: [UInt8] = []
        var status: Int?
        do throws(HTTPParseError) {
            for cut in cuts {
                _ = try decoder.decode(cut) { event in
                    switch event {
                    case .head(let head): status = head.status
                    case .body(let piece): body.append(contentsOf: piece)
                    }
                }
            }
            try decoder.connectionEnded()
            return (nil, body, status)
        } catch {
            return (error, body, status)
        }
    }
    let middle = bytes.count / 2
    let whole = run(cuts: [bytes])
    let halves = run(cuts: [
        UnsafeRawBufferPointer(rebasing: bytes[..<middle]), UnsafeRawBufferPointer(rebasing: bytes[middle...]),
    ])
    // A body past its limit is refused in whole pieces, so how much of it came before depends on the cut.
    if whole.error == .bodyTooLarge { return halves.error == .bodyTooLarge && halves.status == whole.status }
    return whole.error == halves.error && whole.body == halves.body && whole.status == halves.status
}
