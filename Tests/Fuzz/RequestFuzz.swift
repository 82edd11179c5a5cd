@testable import ExchangeSimulator
@testable import Transport

/// The server's side of HTTP: heads, targets, queries, and the simulator's stream addresses.
enum RequestFuzz {
    static func run(_ input: UnsafeRawBufferPointer) {
        Self.percent(input)
        guard let end = HTTPHead.end(in: input) else { return }
        require(end <= input.count, "a head that ends behind its bytes")
        // Looking again from anywhere before the end finds the same end.
        for start in [end / 2, max(0, end - 1)] {
            require(HTTPHead.end(in: input, from: start) == end, "another end from \(start)")
        }
        withExactCopy(UnsafeRawBufferPointer(rebasing: input[..<end])) { Self.head(UnsafeRawBufferPointer($0)) }
    }

    private static func head(_ bytes: UnsafeRawBufferPointer) {
        do throws(HTTPParseError) {
            let head = try HTTPRequestHead(parsing: bytes)
            require(head.contentLength >= 0, "a length below zero")
            let request = head.request(body: [], remoteAddress: "127.0.0.1")
            require(!request.path.isEmpty, "no path")
            _ = head.asksForWebSocket && head.header("sec-websocket-key").flatMap { webSocketAccept(key: $0) } != nil
            for segment in MarketSegment.binance {
                let path = StreamPath(segment: segment, path: request.path, streamsQuery: request.query("streams"))
                for name in path?.streams ?? [] { _ = path?.serves(StreamName(name).kind) }
                _ = DepthLimit(request.query("limit"), segment: segment)
            }
        } catch {
            return  // refused, as most of these should be
        }
    }

    /// What was encoded is decoded to the same text.
    private static func percent(_ bytes: UnsafeRawBufferPointer) {
        _ = PercentEncoding.decodeQuery(bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        let encoded = PercentEncoding.encode(text)
        require(PercentEncoding.decode(encoded.utf8, plusIsSpace: true) == text, "\(encoded) is another text")
    }
}
