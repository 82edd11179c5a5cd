import Testing

@testable import Publishing

@Suite("Stream setup, on a real server", .serialized)
struct StreamSetupTests {
    private static func connect(_ server: EmbeddedNATSServer) throws -> NATSConnection {
        try NATSConnection(
            NATSConnectionOptions(addresses: [server.url]), signals: ConnectionSignals(waker: PublisherWaker()),
            pendingAnswers: 10)
    }

    @Test("Streams are created once, then found as expected")
    func created() async throws {
        let server = try PublishFixture.makeServer(jetStream: true)
        try await server.start()
        let setup = try StreamSetup(Self.connect(server))
        #expect(setup.hasJetStream())
        let streams = StreamSpecification.standard(Subjects()) {
            $0.maxBytes = 10 << 20
            $0.maxAge = .seconds(3600)
        }
        #expect(streams.map { setup.ensure($0, adopt: false).outcome } == [.created, .created, .created])
        #expect(streams.map { setup.ensure($0, adopt: false).outcome } == [.asExpected, .asExpected, .asExpected])
        #expect(try setup.owners(of: "md.orderbook.>") == ["LAST"])
        await server.stop()
    }

    @Test("Other settings are reported, and changed only when asked")
    func differs() async throws {
        let server = try PublishFixture.makeServer(jetStream: true)
        try await server.start()
        let setup = try StreamSetup(Self.connect(server))
        var stream = StreamSpecification(name: "S", subjects: ["md.trade.>"])
        #expect(setup.ensure(stream, adopt: false).outcome == .created)
        stream.maxBytes = 1 << 20
        let differences = [StreamReport.Difference(setting: "max_bytes", expected: "1048576", found: "unlimited")]
        #expect(setup.ensure(stream, adopt: false).outcome == .differs(differences))
        #expect(setup.ensure(stream, adopt: false).outcome == .differs(differences))
        #expect(setup.ensure(stream, adopt: true).outcome == .adopted(differences))
        #expect(setup.ensure(stream, adopt: false).outcome == .asExpected)
        await server.stop()
    }

    @Test("A stream of another name keeps its subjects and is named")
    func otherOwner() async throws {
        let server = try PublishFixture.makeServer(jetStream: true)
        try await server.start()
        let setup = try StreamSetup(Self.connect(server))
        _ = setup.ensure(StreamSpecification(name: "THEIRS", subjects: ["md.trade.>"]), adopt: false)
        let report = setup.ensure(
            StreamSpecification(name: "OURS", subjects: ["md.trade.>", "md.kline.>"]), adopt: false)
        #expect(report.outcome == .created)
        #expect(report.otherOwners == ["md.trade.>": "THEIRS"])
        #expect(try setup.owners(of: "md.kline.>") == ["OURS"])
        await server.stop()
    }

    @Test("A server without JetStream says so")
    func without() async throws {
        let server = try PublishFixture.makeServer(jetStream: false)
        try await server.start()
        #expect(!(try StreamSetup(Self.connect(server)).hasJetStream()))
        await server.stop()
    }
}
