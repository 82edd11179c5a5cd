import CNATS
import Glibc
import Synchronization
import Testing

@testable import Publishing

@Suite("What keeps JetStream from taking a message", .serialized, .timeLimit(.minutes(1)))
struct PublishProblemTests {
    private static let trade = "md.trade.binance.spot.BTC-USDT"

    /// Makes a stream of trades with settings that ours do not have.
    private static func makeStream(
        _ server: EmbeddedNATSServer, _ configure: (inout jsStreamConfig) -> Void = { _ in }
    ) throws {
        let connection = try StreamRig.connect(server)
        let context = try Self.context(connection)
        defer { jsCtx_Destroy(context) }
        let status = withCStrings(["md.trade.>"]) { subjects in
            var config = jsStreamConfig()
            jsStreamConfig_Init(&config)
            config.Subjects = subjects.baseAddress
            config.SubjectsLen = 1
            configure(&config)
            return "S".withCString { name in
                config.Name = name
                return js_AddStream(nil, context, &config, nil, nil)
            }
        }
        try check(status, "making the stream")
    }

    private static func context(_ connection: NATSConnection) throws -> OpaquePointer {
        var context: OpaquePointer?
        try check(natsConnection_JetStream(&context, connection.handle, nil), "JetStream")
        return try #require(context)
    }

    @Test("A stream that takes no more is tried until it has room; nothing is lost, doubled or out of order")
    func full() async throws {
        let fixture = try await PublishFixture { $0.streams = [] }
        #expect(try await fixture.waitUntilConnected())
        try Self.makeStream(fixture.server) {
            $0.MaxMsgs = 100
            $0.Discard = js_DiscardNew
        }
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<150)
        #expect(try await PublishFixture.wait { fixture.publisher.snapshot().problems[.full] > 2 })
        #expect(fixture.events.problems.contains(.refused(code: 503, error: 10077)))
        #expect(fixture.publisher.snapshot().streamProblem == .refused(code: 503, error: 10077))
        // The server's refusals may overtake its last acknowledgements.
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 100 })
        let connection = try StreamRig.connect(fixture.server)
        let context = try Self.context(connection)
        defer { jsCtx_Destroy(context) }
        #expect(js_PurgeStream(context, "S", nil, nil) == NATS_OK)
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 150 })
        #expect(try fixture.contents("S")[Self.trade] == Array(100..<150))
        #expect(try await PublishFixture.wait { fixture.publisher.snapshot().streamProblem == nil })
        _ = await fixture.finish()
    }

    @Test("With a spool a full stream costs memory nothing, and what waited goes in order")
    func fullWithSpool() async throws {
        try await PublisherSpoolTests.withDirectory { directory in
            let server = try PublishFixture.makeServer(jetStream: true)
            try await server.start()
            try Self.makeStream(server) {
                $0.MaxMsgs = 100
                $0.Discard = js_DiscardNew
                $0.Duplicates = 100_000_000
            }
            let fixture = try await PublisherSpoolTests.fixture(directory, server: server) { $0.streams = [] }
            #expect(try await fixture.waitUntilConnected())
            fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<5000)
            #expect(try await PublishFixture.wait { fixture.queue.log.cut().spooled == 4900 })
            #expect(fixture.queue.log.cut().bytes == 0)
            let connection = try StreamRig.connect(fixture.server)
            let context = try Self.context(connection)
            defer { jsCtx_Destroy(context) }
            var stored: [Int] = try #require(try fixture.contents("S")[Self.trade])
            for _ in 0..<3 {
                #expect(js_PurgeStream(context, "S", nil, nil) == NATS_OK)
                #expect(
                    try await PublishFixture.wait { (try? fixture.stored("S", subject: Self.trade)) == 100 })
                stored += try #require(try fixture.contents("S")[Self.trade])
                // One message is tried at a time from the second refusal on.
                let refused = fixture.publisher.snapshot().problems[.full]
                #expect(
                    try await PublishFixture.wait { fixture.publisher.snapshot().problems[.full] > refused + 1 })
            }
            #expect(Set(stored) == Set(0..<400) && stored.count == 400)
            _ = await fixture.finish(deadline: .seconds(2))
        }
    }

    @Test("A stream without a leader is tried until it has one")
    func unavailable() async throws {
        let fixture = try await PublishFixture { $0.streams = [] }
        #expect(try await fixture.waitUntilConnected())
        let connection = try StreamRig.connect(fixture.server)
        var subscription: OpaquePointer?
        let status = natsConnection_Subscribe(
            &subscription, connection.handle, "md.trade.>",
            { connection, _, message, _ in
                // As a cluster answers while no server leads.
                let text = "{\"error\":{\"code\":503,\"err_code\":10008,\"description\":\"unavailable\"}}"
                if let reply = natsMsg_GetReply(message) { natsConnection_PublishString(connection, reply, text) }
                natsMsg_Destroy(message)
            }, nil)
        #expect(status == NATS_OK)
        #expect(natsConnection_FlushTimeout(connection.handle, 2000) == NATS_OK)
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<100)
        #expect(try await PublishFixture.wait { fixture.publisher.snapshot().problems[.unavailable] > 2 })
        #expect(fixture.publisher.snapshot().streamProblem == .refused(code: 503, error: 10008))
        #expect(fixture.queue.log.cut().inFlight + fixture.queue.log.cut().queued == 100)
        natsSubscription_Destroy(subscription)
        try Self.makeStream(fixture.server)
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 100 })
        #expect(try fixture.contents("S")[Self.trade] == Array(0..<100))
        #expect(try await PublishFixture.wait { fixture.publisher.snapshot().streamProblem == nil })
        _ = await fixture.finish()
    }

    @Test("A stream that is deleted and made again gets what waited")
    func missing() async throws {
        let fixture = try await PublishFixture { $0.streams = [] }
        #expect(try await fixture.waitUntilConnected())
        try Self.makeStream(fixture.server)
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<10)
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 10 })
        let connection = try StreamRig.connect(fixture.server)
        let context = try Self.context(connection)
        defer { jsCtx_Destroy(context) }
        #expect(js_DeleteStream(context, "S", nil, nil) == NATS_OK)
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 10..<20)
        #expect(try await PublishFixture.wait { fixture.publisher.snapshot().problems[.noStream] > 1 })
        #expect(fixture.publisher.snapshot().streamProblem == .noStream(subject: Self.trade))
        try Self.makeStream(fixture.server)
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 20 })
        #expect(try fixture.contents("S")[Self.trade] == Array(10..<20))
        _ = await fixture.finish()
    }

    @Test("What is longer than the stream takes is given up at once, the rest goes on")
    func tooLarge() async throws {
        let fixture = try await PublishFixture { $0.streams = [] }
        #expect(try await fixture.waitUntilConnected())
        try Self.makeStream(fixture.server) { $0.MaxMsgSize = 1000 }
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<10)
        #expect(PublishFixture.put(fixture.queue.log, .trade, Self.trade, 10, filling: 2000))
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 11..<20)
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 19 })
        #expect(fixture.publisher.counts(of: .trade)[.tooLarge] == 1)
        #expect(fixture.publisher.snapshot().problems[.tooLarge] == 1)
        #expect(try fixture.contents("S")[Self.trade] == Array(0..<10) + Array(11..<20))
        // Nobody takes the loss.
        _ = await fixture.finish(deadline: .zero)
    }

    @Test("What we may not publish is given up and on the ledger; other subjects of the lane go on")
    func notPermitted() async throws {
        let path = try PublishFixture.temporaryDirectory() + "/permissions.conf"
        defer { unlink(path) }
        let file = try #require(fopen(path, "w"))
        let denied = "publish: { deny: [\"md.trade.binance.spot.BAD\"] }"
        let users = "{ user: all, password: x }, { user: some, password: y, permissions: { \(denied) } }"
        fputs("jetstream {}\nauthorization { users: [ \(users) ] }\nno_auth_user: all\n", file)
        fclose(file)
        let fixture = try await PublishFixture(arguments: ["-c", path]) {
            $0.connection.credentials = .user("some", password: "y")
        }
        #expect(try await fixture.waitUntilConnected())
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<100)
        fixture.produce(.trade, symbol: "BAD", numbers: 0..<10)
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 100..<200)
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 200 })
        #expect(fixture.publisher.counts(of: .trade)[.refused] == 10)
        let snapshot = fixture.publisher.snapshot()
        #expect(snapshot.problems[.notPermitted] == 10 && snapshot.publishesNotPermitted > 0)
        #expect(snapshot.problems[.late] == 0 && snapshot.streamProblem == nil)
        #expect(try fixture.contents() == [Self.trade: Array(0..<200)])
        #expect(try await PublishFixture.wait { (try? fixture.missing(.trade, .refused)) == 10 })
        _ = await fixture.finish()
    }
}
