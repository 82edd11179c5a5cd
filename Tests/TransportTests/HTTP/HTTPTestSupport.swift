import Glibc
import Synchronization

@testable import Transport

/// A loop, a server on it and a client of it, all ended when `body` returns.
func withServer(
    configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
    client clientConfiguration: HTTPClientConfiguration = HTTPClientConfiguration(),
    onWebSocket: (@Sendable (HTTPRequest) -> (any WebSocketSessionHandler)?)? = nil,
    _ body: (HTTPServer, HTTPClient, Int) async throws -> Void
) async throws {
    let loop = ServiceLoop(options: ServiceLoopOptions(name: "http-test"))
    try loop.start()
    defer { loop.stop() }
    let server = HTTPServer(loop: loop, configuration: configuration, onRequest: answer, onWebSocket: onWebSocket)
    let client = try HTTPClient(loop: loop, configuration: clientConfiguration)
    let port = try await server.start()
    let outcome: Result<Void, any Error>
    do {
        outcome = .success(try await body(server, client, port))
    } catch {
        outcome = .failure(error)
    }
    await client.close()
    await server.stop()
    try outcome.get()
}

/// What the test server answers.
@Sendable func answer(_ request: HTTPRequest) -> HTTPResponse {
    var response = HTTPResponse(text: "hello")
    switch request.path {
    case "/echo":
        response = HTTPResponse(
            headers: [("X-Test", request.header("x-test") ?? "-")],
            text: "\(request.method) \(request.rawTarget) \(request.query("q") ?? "-")")
    case "/404": response = HTTPResponse(status: 404, text: "no")
    case "/500": response = HTTPResponse(status: 500, text: "broken")
    case "/large": response = HTTPResponse(body: [UInt8](repeating: 7, count: 5_000_000))
    case "/slow":
        response = HTTPResponse(body: [UInt8](repeating: 1, count: 400))
        response.bodyBytesPerSecond = 2000
    case "/truncated":
        response = HTTPResponse(body: [UInt8](repeating: 1, count: 1000))
        response.truncateBodyAt = 10
    case "/late": response.delay = .milliseconds(20)
    case "/never": response.delay = .seconds(3600)
    default: break
    }
    return response
}

func request(_ port: Int, _ target: String = "/") -> HTTPClientRequest {
    HTTPClientRequest(isSecure: false, host: "127.0.0.1", port: port, target: target)
}

/// The kind of error that an exchange ends with; nil if it succeeds.
func failure(of client: HTTPClient, _ request: HTTPClientRequest) async -> HTTPClientError.Kind? {
    do throws(HTTPClientError) {
        _ = try await client.get(request)
        return nil
    } catch {
        return error.kind
    }
}

/// A blocking socket of a test, written by hand; ten seconds at most for each read.
final class PlainSocket {
    let descriptor: Int32

    init?(port: Int) {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let address = SocketAddress(literal: "127.0.0.1", port: port)
        guard address?.withSystemAddress({ connect(self.descriptor, $0, $1) }) == 0 else { return nil }
    }

    deinit {
        _ = Glibc.close(self.descriptor)
    }

    func send(_ bytes: [UInt8]) {
        _ = Glibc.send(self.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func send(_ text: String) { self.send(Array(text.utf8)) }

    /// Reads exactly `count` bytes; fewer when the connection ends or fails.
    func read(_ count: Int) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while all.count < count {
            let got = recv(self.descriptor, &buffer, min(buffer.count, count - all.count), 0)
            guard got > 0 else { break }
            all.append(contentsOf: buffer[..<got])
        }
        return all
    }

    /// Reads up to and with the empty line after a head.
    func readHead() -> String {
        var all: [UInt8] = []
        while !all.suffix(4).elementsEqual("\r\n\r\n".utf8), let byte = self.read(1).first { all.append(byte) }
        return String(decoding: all, as: UTF8.self)
    }

    /// The error number of the next read: 0 for a polite end.
    func readError() -> Int32 {
        var byte: UInt8 = 0
        return recv(self.descriptor, &byte, 1, 0) < 0 ? errno : 0
    }

    func upgrade(path: String) -> String {
        self.send(
            "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        return self.readHead()
    }

    /// Sends a masked frame of less than 126 bytes.
    func sendFrame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true) {
        let mask: [UInt8] = [1, 2, 3, 4]
        let masked = payload.enumerated().map { $0.element ^ mask[$0.offset % 4] }
        self.send([opcode | (isFinal ? 0x80 : 0), 0x80 | UInt8(payload.count)] + mask + masked)
    }
}

/// Sockets on either end of a connection to `port` that are not wholly closed, as the system counts them.
func liveSockets(port: Int) -> Int {
    guard let file = fopen("/proc/self/net/tcp", "r") else { return -1 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    var count = 0
    while fgets(&line, Int32(line.count), file) != nil {
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        guard fields.count > 3 else { continue }
        let ports = fields[1...2].compactMap { $0.split(separator: ":").last.flatMap { Int($0, radix: 16) } }
        // 06 is TIME_WAIT, which no process holds, and 0A the listening socket.
        if ports.contains(port), fields[3] != "06", fields[3] != "0A" { count += 1 }
    }
    return count
}
