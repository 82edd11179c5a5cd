import Foundation
import Glibc
import Testing

@testable import Publishing

@Suite("Connecting, to a real server", .serialized)
struct ConnectionTests {
    private static func connect(_ options: NATSConnectionOptions) throws -> NATSConnection {
        try NATSConnection(options, signals: ConnectionSignals(waker: PublisherWaker()), pendingAnswers: 10)
    }

    @Test("The right password or token gets in, a wrong one is refused as unauthorized")
    func credentials() async throws {
        let server = try PublishFixture.makeServer(jetStream: false, arguments: ["--user", "ann", "--pass", "s3cret"])
        try await server.start()
        var options = NATSConnectionOptions(addresses: [server.url])
        options.credentials = .user("ann", password: "s3cret")
        #expect(!(try Self.connect(options).isClosed))
        options.credentials = .user("ann", password: "wrong")
        let error = #expect(throws: NATSError.self) { try Self.connect(options) }
        #expect(error?.kind == .unauthorized)
        await server.stop()

        let other = try PublishFixture.makeServer(jetStream: false, arguments: ["--auth", "t0ken"])
        try await other.start()
        var environment = NATSConnectionOptions(addresses: [])
        environment.apply(environment: ["SLUICE_NATS_URL": other.url, "SLUICE_NATS_TOKEN": "t0ken"])
        #expect(!(try Self.connect(environment).isClosed))
        await other.stop()
    }

    @Test("Of several addresses one that answers is enough")
    func severalAddresses() async throws {
        let server = try PublishFixture.makeServer(jetStream: false)
        try await server.start()
        let connection = try Self.connect(NATSConnectionOptions(addresses: ["nats://127.0.0.1:1", server.url]))
        #expect(connection.url == server.url)
        await server.stop()
    }

    @Test("TLS needs the authority, and our certificate where the server asks for one")
    func tls() async throws {
        let folder = try PublishFixture.temporaryDirectory()
        try Self.makeCertificates(in: folder)
        let server = try PublishFixture.makeServer(
            jetStream: false,
            arguments: [
                "--tlsverify", "--tlscacert", "\(folder)/ca.pem", "--tlscert", "\(folder)/cert.pem", "--tlskey",
                "\(folder)/key.pem",
            ])
        try await server.start()
        var options = NATSConnectionOptions(addresses: [server.url])
        options.tls = .init()
        options.tls?.certificateFile = folder + "/cert.pem"
        options.tls?.keyFile = folder + "/key.pem"
        #expect(throws: NATSError.self) { try Self.connect(options) }
        options.tls?.authorityFile = folder + "/ca.pem"
        #expect(!(try Self.connect(options).isClosed))
        options.tls?.certificateFile = nil
        #expect(throws: NATSError.self) { try Self.connect(options) }
        await server.stop()
    }

    /// An authority and one certificate for 127.0.0.1, for server and client.
    private static func makeCertificates(in folder: String) throws {
        let script = """
            set -e; cd \(folder)
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority
            openssl req -newkey rsa:2048 -nodes -keyout key.pem -out req.pem -subj /CN=127.0.0.1
            printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' > ext
            openssl x509 -req -in req.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile ext
            """
        var child: pid_t = 0
        var argv: [UnsafeMutablePointer<CChar>?] =
            []
        for argument in ["sh", "-c", "exec 2>/dev/null; " + script] { argv.append(strdup(argument)) }
        argv.append(nil)
        defer { for pointer in argv { free(pointer) } }
        #expect(posix_spawn(&child, "/bin/sh", nil, nil, &argv, environ) == 0)
        var status: Int32 = 0
        waitpid(child, &status, 0)
        try #require(status == 0)
    }

    @Test("A missing binary is named")
    func missingBinary() throws {
        var configuration = EmbeddedNATSServer.Configuration(directory: try PublishFixture.temporaryDirectory())
        configuration.binary = "no-such-nats-server"
        let failure = #expect(throws: EmbeddedNATSServer.Failure.self) { try EmbeddedNATSServer(configuration) }
        #expect(failure?.kind == .missingBinary)
        #expect(failure?.description.contains("no-such-nats-server") == true)
    }

    @Test("The server is started with the limits of its streams, in memory and on disk")
    func embeddedLimits() async throws {
        var configuration = EmbeddedNATSServer.Configuration(directory: try PublishFixture.temporaryDirectory())
        configuration.maxMemoryBytes = 48 << 20
        configuration.maxFileBytes = 80 << 20
        let server = try EmbeddedNATSServer(configuration)
        try await server.start()
        await server.stop()
        let log = try String(contentsOfFile: configuration.directory + "/nats-server.log", encoding: .utf8)
        let words = log.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("Max Memory: 48.00 MB"))
        #expect(words.contains("Max Storage: 80.00 MB"))
    }

    @Test("The last message on a subject is read from its stream")
    func fetchLast() async throws {
        let fixture = try await PublishFixture()
        #expect(try await fixture.waitUntilConnected())
        fixture.produce(.instrument, symbol: "BTC-USDT", numbers: 0..<5)
        #expect(try await PublishFixture.wait { fixture.publisher.cut().confirmed == 5 })
        let subscriber = try fixture.subscribe()
        let last = try subscriber.fetchLast(subject: "md.instrument.binance.spot.BTC-USDT")
        #expect(last?.payload == Array("4".utf8))
        #expect(last?.messageID == "md.instrument.binance.spot.BTC-USDT:4")
        #expect(try subscriber.fetchLast(subject: "md.instrument.binance.spot.NONE") == nil)
        subscriber.close()
        _ = await fixture.finish()
    }
}
