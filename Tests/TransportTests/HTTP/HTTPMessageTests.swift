import Testing

@testable import Transport

@Suite("HTTP messages")
struct HTTPMessageTests {
    private func decode(
        _ text: String, pieceSize: Int = .max, limit: Int = .max, isHEAD: Bool = false
    ) throws(HTTPParseError) -> (status: Int?, body: String, canReuse: Bool) {
        var decoder = HTTPResponseDecoder(isAnswerToHEAD: isHEAD, bodyLimit: limit)
        var status: Int?
        var body: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieceSize))
            rest = rest.dropFirst(pieceSize == .max ? rest.count : pieceSize)
            let result = piece.withUnsafeBytes { bytes in
                Result { () throws(HTTPParseError) in
                    try decoder.decode(bytes) { event in
                        switch event {
                        case .head(let head): status = head.status
                        case .body(let piece): body.append(contentsOf: piece)
                        }
                    }
                }
            }
            _ = try result.get()
        }
        let canReuse = decoder.canReuseConnection
        try decoder.connectionEnded()
        return (status, String(decoding: body, as: UTF8.self), canReuse)
    }

    @Test("A chunked answer is the same however its bytes are cut", arguments: [1, 2, 3, 7, Int.max])
    func chunked(pieceSize: Int) throws {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5;x=y\r\nhello\r\nA\r\n wonderful\r\n0\r\nTrailer: 1\r\n\r\n"
        let answer = try self.decode(text, pieceSize: pieceSize)
        #expect(answer.status == 200)
        #expect(answer.body == "hello wonderful")
        #expect(answer.canReuse)
    }

    @Test("An answer without a length ends with the connection, which is not used again")
    func untilClose() throws {
        let answer = try self.decode("HTTP/1.1 200 OK\r\n\r\nall of it")
        #expect(answer.body == "all of it")
        #expect(!answer.canReuse)
    }

    @Test(
        "An answer that breaks a rule is refused",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", HTTPParseError.endedEarly),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", .malformed("content-length")),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .malformed("content-length")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", .malformed("content-length")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n", .bodyTooLarge),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", .malformed("chunked body")),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .malformed("transfer-encoding")),
            ("HTTP/2 200 OK\r\n\r\n", .malformed("status line")),
            ("HTTP/1.1 200 OK\r\nName : x\r\n\r\n", .malformed("header name")),
        ])
    func refused(text: String, expected: HTTPParseError) {
        #expect(throws: expected) { try self.decode(text, limit: 1000) }
    }

    @Test("Arbitrary changes to an answer never trap, and cutting it does not matter")
    func mutated() {
        let seed = UInt64.random(in: 1 ... .max)
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let base = Array(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n".utf8)
        for _ in 0..<5000 {
            var bytes = base
            for _ in 0...next(4) { bytes[next(bytes.count)] = UInt8(next(256)) }
            let agrees = bytes.withUnsafeBytes { fuzzHTTPResponseDecoder($0) }
            #expect(agrees, "seed \(seed)")
            _ = bytes.withUnsafeBytes { fuzzWebSocketFrames($0) }
        }
    }

    @Test("Percent-encoding keeps every byte")
    func percent() {
        #expect(PercentEncoding.encode("币/ a~") == "%E5%B8%81%2F%20a~")
        #expect(PercentEncoding.decode("%E5%B8%81%2F+%zz%".utf8) == "币/+%zz%")
        let query = PercentEncoding.decodeQuery("a=1&b=x+y%26&&c".utf8)
        #expect(query.map(\.name) == ["a", "b", "c"])
        #expect(query.map(\.value) == ["1", "x y&", ""])
    }

    @Test("A URL is taken apart, a bad one refused")
    func url() throws {
        let request = try #require(HTTPClientRequest(url: "https://api.example.test:8443/a?b=1#c"))
        #expect(request.isSecure && request.host == "api.example.test" && request.port == 8443)
        #expect(request.target == "/a?b=1")
        #expect(HTTPClientRequest(url: "http://[::1]")?.host == "::1")
        for bad in ["ftp://x/", "http://", "http://u@h/", "http://h:0/", "http://h:x/"] {
            #expect(HTTPClientRequest(url: bad) == nil, "\(bad)")
        }
    }

    @Test("The pool serves first come first, reuses the newest, and refuses past its limit")
    func pool() {
        let key = HTTPConnectionPool.Key(isSecure: false, host: "h", port: 1)
        var pool = HTTPConnectionPool(limits: .init(connectionsPerHost: 2, maxWaiting: 2, maxHosts: 1))
        #expect(pool.requested(1, for: key) == .open)
        #expect(pool.requested(2, for: key) == .open)
        #expect(pool.requested(3, for: key) == .wait)
        #expect(pool.requested(4, for: key) == .wait)
        #expect(pool.requested(5, for: key) == .refuse)
        #expect(pool.requested(6, for: .init(isSecure: true, host: "h", port: 1)) == .refuse)
        #expect(pool.released(key, reusable: 10) == .init(request: 3, place: .reuse(connection: 10)))
        #expect(pool.abandoned(4, for: key) == true)
        #expect(pool.released(key, reusable: 11) == nil)
        #expect(pool.released(key, reusable: 10) == nil)
        #expect(pool.requested(7, for: key) == .reuse(connection: 10))
        #expect(pool.idleClosed(11, for: key) == true)
        #expect(pool.released(key, reusable: nil) == nil)
        #expect(pool.hostCount == 0)
    }
}
