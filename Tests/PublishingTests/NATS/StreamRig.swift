import CNATS
import Testing

@testable import Publishing

/// A real server with one stream, filled without waiting for acknowledgements.
final class StreamRig {
    let server: EmbeddedNATSServer
    let connection: NATSConnection
    private let context: OpaquePointer

    init(subjects: [String] = ["md.trade.>"]) async throws {
        self.server = try PublishFixture.makeServer(jetStream: true)
        try await self.server.start()
        self.connection = try Self.connect(self.server)
        let stream = StreamSpecification(name: "S", subjects: subjects)
        #expect(try StreamSetup(self.connection).ensure(stream, adopt: false).outcome == .created)
        var context: OpaquePointer?
        try check(natsConnection_JetStream(&context, self.connection.handle, nil), "JetStream")
        self.context = try #require(context)
    }

    deinit { jsCtx_Destroy(self.context) }

    static func connect(_ server: EmbeddedNATSServer) throws -> NATSConnection {
        try NATSConnection(
            NATSConnectionOptions(addresses: [server.url]), signals: ConnectionSignals(waker: PublisherWaker()),
            pendingAnswers: 10)
    }

    /// Publishes messages whose id and payload are their number, each number under one of `symbols` in turn, and
    /// waits until the stream holds them.
    func fill(_ numbers: ClosedRange<Int>, symbols: [String] = ["A"], payloadBytes: Int = 300) async throws {
        for number in numbers {
            let subject = "md.trade.binance.spot." + symbols[number % symbols.count]
            let text = "\(number)"
            let payload = text + String(repeating: " ", count: max(0, payloadBytes - text.utf8.count))
            var message: OpaquePointer?
            try check(natsMsg_Create(&message, subject, nil, payload, Int32(payload.utf8.count)), "message")
            defer { natsMsg_Destroy(message) }
            try check(natsMsgHeader_Set(message, "Nats-Msg-Id", "\(subject):\(number)"), "header")
            try check(natsConnection_PublishMsg(self.connection.handle, message), "publish")
            if number % 10_000 == 0 { try check(natsConnection_FlushTimeout(self.connection.handle, 20_000), "flush") }
        }
        let reader = try StreamReader(self.connection)
        let isThere = try await PublishFixture.wait(60) {
            (try? reader.lastSequence(of: "S")) == .some(UInt64(numbers.upperBound))
        }
        try #require(isThere)
    }

    func delete(_ sequences: ClosedRange<UInt64>) throws {
        for sequence in sequences { try check(js_DeleteMsg(self.context, "S", sequence, nil, nil), "delete") }
    }

    func purge() -> Bool { js_PurgeStream(self.context, "S", nil, nil) == NATS_OK }

    func drop() -> Bool { js_DeleteStream(self.context, "S", nil, nil) == NATS_OK }

    func consumers() throws -> Int {
        var info: UnsafeMutablePointer<jsStreamInfo>?
        defer { jsStreamInfo_Destroy(info) }
        try check(js_GetStreamInfo(&info, self.context, "S", nil, nil), "stream")
        return Int(try #require(info).pointee.State.Consumers)
    }
}
