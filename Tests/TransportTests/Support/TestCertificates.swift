import Foundation

/// A CA, and a server certificate of it for `localhost`, made by the `openssl` command in a folder of their own.
struct TestCertificates {
    let folder: URL

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "transport-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        for name in ["ca", "other"] {
            try self.run(
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-keyout",
                self.path("\(name).key"), "-out", self.path("\(name).pem"))
        }
        try self.run(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", self.path("server.key"),
            "-out",
            self.path("server.csr"))
        try "subjectAltName=DNS:localhost\n".write(toFile: self.path("ext"), atomically: true, encoding: .utf8)
        try self.run(
            "x509", "-req", "-in", self.path("server.csr"), "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"),
            "-CAcreateserial", "-days", "2", "-extfile", self.path("ext"), "-out", self.path("server.pem"))
    }

    func path(_ name: String) -> String { self.folder.appending(path: name).path }

    func remove() { try? FileManager.default.removeItem(at: self.folder) }

    private struct Failure: Error { let arguments: [String] }

    private func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(arguments: arguments) }
    }
}

/// `openssl s_server` on a port of its own, relaying between TLS and its standard streams.
///
/// What it is written comes out decrypted, and the other way round.
final class TLSRelay: @unchecked Sendable {
    // Safe: made, used and ended by one test's thread; the pipes' own reads and writes are one thread each.
    let port: UInt16
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(certificates: TestCertificates) throws {
        let probe = RawSocket.listening()
        self.port = probe.port
        withExtendedLifetime(probe) {}
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        self.process.arguments = [
            "s_server", "-quiet", "-accept", "127.0.0.1:\(self.port)", "-cert", certificates.path("server.pem"), "-key",
            certificates.path("server.key"), "-naccept", "1", "-alpn", "http/1.1",
        ]
        self.process.standardInput = self.input
        self.process.standardOutput = self.output
        self.process.standardError = FileHandle.nullDevice
    }

    /// Starts listening and answers the one upgrade with a text.
    func serve(text: String) throws {
        try self.process.run()
        ScriptedServer.thread { [self] in
            var head = Data()
            while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
                let more = self.output.fileHandleForReading.availableData
                if more.isEmpty { return }
                head.append(more)
            }
            guard let key = ServerWebSocket.header("Sec-WebSocket-Key", in: String(decoding: head, as: UTF8.self))
            else {
                return
            }
            var answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            answer += "Sec-WebSocket-Accept: \(SHA1.webSocketAccept(key: key))\r\n\r\n"
            let bytes = Data(answer.utf8) + Data(ServerWebSocket.frame(1, Array(text.utf8)))
            try? self.input.fileHandleForWriting.write(contentsOf: bytes)
        }
    }

    func stop() {
        if self.process.isRunning { self.process.terminate() }
        self.process.waitUntilExit()
    }
}
