import Glibc
import Testing

@testable import Transport

@Suite("HTTP server", .serialized, .timeLimit(.minutes(1)))
struct HTTPServerTests {
    /// Sends messages back, and does on command what the message names.
    private final class Echo: WebSocketSessionHandler {
        func opened(_ session: ServerSession) {}

        func received(_ bytes: UnsafeRawBufferPointer, isText: Bool, on session: ServerSession) {
            switch String(decoding: bytes, as: UTF8.self) {
            case "abort": session.abort()
            case "raw": session.sendRaw([0x81, 0x05, 0x61])
            case "close": session.close(code: 4001, reason: "bye")
            case "fragments": _ = session.send(fragments: [Array("ab".utf8), Array("cd".utf8)])
            case "stall":
                session.stall()
                _ = session.send(text: "later".utf8)
                session.schedule(after: .milliseconds(50)) { $0.resume() }
            case "many":
                let message = [UInt8](repeating: 0x61, count: 100)
                for _ in 0..<100_000 { _ = session.send(text: message) }
            default: _ = session.send(text: bytes)
            }
        }

        func closed(_ session: ServerSession, code: Int?) {}
    }

    private func withSocket(_ body: (PlainSocket) throws -> Void) async throws {
        try await withServer(onWebSocket: { $0.path == "/ws" ? Echo() : nil }) { _, _, port in
            let socket = try #require(PlainSocket(port: port))
            let head = socket.upgrade(path: "/ws")
            #expect(head.contains(" 101 ") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            try body(socket)
        }
    }

    @Test("A port in use is a clear error, and a stopped server gives it back")
    func portInUse() async throws {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "port-test"))
        try loop.start()
        defer { loop.stop() }
        let first = HTTPServer(loop: loop, onRequest: answer)
        var configuration = HTTPServerConfiguration()
        configuration.port = try await first.start()
        let second = HTTPServer(loop: loop, configuration: configuration, onRequest: answer)
        let error = await #expect(throws: TransportError.self) { try await second.start() }
        #expect(error?.kind == .addressInUse)
        await first.stop()
        let third = HTTPServer(loop: loop, configuration: configuration, onRequest: answer)
        #expect(try await third.start() == configuration.port)
        await third.stop()
    }

    @Test("Requests in one write are answered in turn, and nonsense with 400")
    func pipelined() async throws {
        try await withServer { _, _, port in
            let socket = try #require(PlainSocket(port: port))
            socket.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\nGET /404 HTTP/1.1\r\n\r\n")
            #expect(socket.readHead().hasPrefix("HTTP/1.1 200 OK"))
            #expect(socket.read(5) == Array("hello".utf8))
            #expect(socket.readHead().hasPrefix("HTTP/1.1 404"))
            #expect(socket.read(2) == Array("no".utf8))
            socket.send("nonsense\r\n\r\n")
            #expect(socket.readHead().hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test("A thousand connections are served at a time")
    func thousand() async throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try #require(limit.rlim_cur >= 4096)
        try await withServer { server, _, port in
            let sockets = (0..<1000).compactMap { _ in PlainSocket(port: port) }
            #expect(sockets.count == 1000)
            for socket in sockets { socket.send("GET / HTTP/1.1\r\n\r\n") }
            #expect(sockets.allSatisfy { $0.readHead().hasPrefix("HTTP/1.1 200") && $0.read(5).count == 5 })
            #expect(await server.statistics()?.connections == 1000)
        }
    }

    @Test("A WebSocket is refused where no handler is")
    func refused() async throws {
        try await withServer(onWebSocket: { _ in nil }) { _, _, port in
            let socket = try #require(PlainSocket(port: port))
            #expect(socket.upgrade(path: "/ws").hasPrefix("HTTP/1.1 404"))
        }
    }

    @Test("Messages come back, whole ones and those in pieces, pings as pongs, a close as a close")
    func echo() async throws {
        try await self.withSocket { socket in
            socket.sendFrame(1, Array("hi".utf8))
            #expect(socket.read(4) == [0x81, 2] + Array("hi".utf8))
            socket.sendFrame(1, Array("a".utf8), isFinal: false)
            socket.sendFrame(9, [5])
            socket.sendFrame(0, Array("b".utf8))
            #expect(socket.read(7) == [0x8A, 1, 5, 0x81, 2] + Array("ab".utf8))
            socket.sendFrame(1, Array("fragments".utf8))
            #expect(socket.read(8) == [0x01, 2] + Array("ab".utf8) + [0x80, 2] + Array("cd".utf8))
            socket.sendFrame(8, [0x03, 0xE8])
            #expect(socket.read(4) == [0x88, 2, 0x03, 0xE8])
            #expect(socket.readError() == 0)
        }
    }

    @Test("Faults: raw bytes, a stall that ends, a close, a reset")
    func faults() async throws {
        try await self.withSocket { socket in
            socket.sendFrame(1, Array("raw".utf8))
            #expect(socket.read(3) == [0x81, 0x05, 0x61])
            let before = ContinuousClock.now
            socket.sendFrame(1, Array("stall".utf8))
            // What is sent before the stall ends is neither read nor answered until then.
            socket.sendFrame(1, Array("x".utf8))
            #expect(socket.read(7) == [0x81, 5] + Array("later".utf8))
            #expect(socket.read(3) == [0x81, 1, UInt8(ascii: "x")])
            #expect(ContinuousClock.now - before >= .milliseconds(45))
            socket.sendFrame(1, Array("abort".utf8))
            #expect(socket.readError() == ECONNRESET)
        }
        try await self.withSocket { socket in
            socket.sendFrame(1, Array("close".utf8))
            #expect(socket.read(7) == [0x88, 5, 0x0F, 0xA1] + Array("bye".utf8))
        }
    }

    @Test("An unmasked frame is answered with 1002")
    func unmasked() async throws {
        try await self.withSocket { socket in
            socket.send([0x81, 1, 0x61])
            #expect(socket.read(4) == [0x88, 2, 0x03, 0xEA])
        }
    }

    @Test("A hundred thousand messages queued in one turn all arrive")
    func many() async throws {
        try await self.withSocket { socket in
            socket.sendFrame(1, Array("many".utf8))
            #expect(socket.read(102 * 100_000).count == 102 * 100_000)
        }
    }
}
