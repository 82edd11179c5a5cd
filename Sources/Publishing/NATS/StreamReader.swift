import CNATS
import Glibc

/// A message of a stream while it is handed out: nothing of it may be kept, its bytes are the library's.
package struct StoredMessageView {
    package let streamSequence: UInt64
    /// When the server stored it, microseconds since the epoch.
    package let timestampMicroseconds: Int64
    package let subject: UnsafeRawBufferPointer
    /// Its `Nats-Msg-Id`; empty when it has none.
    package let messageID: UnsafeRawBufferPointer
    /// Empty when only headers were asked for.
    package let payload: UnsafeRawBufferPointer
}

/// A message of a stream, copied.
package struct StoredMessage: Sendable, Equatable {
    package let subject: String
    package let streamSequence: UInt64
    package let messageID: String?
    /// When the server stored it, microseconds since the epoch.
    package let timestampMicroseconds: Int64
    package let payload: [UInt8]

    package init(_ view: StoredMessageView) {
        self.subject = String(decoding: view.subject, as: UTF8.self)
        self.streamSequence = view.streamSequence
        self.messageID = view.messageID.isEmpty ? nil : String(decoding: view.messageID, as: UTF8.self)
        self.timestampMicroseconds = view.timestampMicroseconds
        self.payload = Array(view.payload)
    }
}

/// Reads what a stream holds, once, from a start to what was its end when the reading began.
///
/// A pull consumer that acknowledges nothing, lives in the server's memory and is deleted afterwards; if the link is
/// lost, the server forgets it after `Self.forgottenAfter`. At most two batches are on their way at a time. Blocks;
/// may share a connection with the publisher thread, the library's calls on a connection are safe from any thread.
package final class StreamReader {
    package enum Start: Sendable, Equatable {
        case first
        case sequence(UInt64)
        /// Messages stored at that time or later, microseconds since the epoch.
        case time(microseconds: Int64)
    }

    package struct Request: Sendable {
        package var stream: String
        package var start: Start
        /// A subject with wildcards; nil for every subject of the stream.
        package var filter: String?
        /// Leaves the payloads on the server.
        package var headersOnly = false
        package var deadline: ContinuousClock.Instant

        package init(
            _ stream: String, from start: Start, filter: String? = nil, headersOnly: Bool = false,
            deadline: ContinuousClock.Instant
        ) {
            self.stream = stream
            self.start = start
            self.filter = filter
            self.headersOnly = headersOnly
            self.deadline = deadline
        }
    }

    package enum Outcome: Sendable, Equatable {
        case streamMissing
        /// Everything up to the stream's sequence `through` was handed out.
        case finished(messages: UInt64, through: UInt64)
        /// The receiver wanted no more; `through` is the last that it got.
        case stopped(messages: UInt64, through: UInt64)
    }

    private static let forgottenAfter = Duration.seconds(30)
    /// Without a message for so long, the server is asked whether there are any.
    private static let patience = Duration.milliseconds(500)
    private static let requestWait = Duration.seconds(2)

    private let connection: NATSConnection
    private let context: OpaquePointer

    init(_ connection: NATSConnection) throws(NATSError) {
        var context: OpaquePointer?
        try check(natsConnection_JetStream(&context, connection.handle, nil), "JetStream")
        guard let context else { throw NATSError(NATS_NO_MEMORY, "JetStream") }
        self.context = context
        self.connection = connection
    }

    /// Reads through a connection of its own.
    package convenience init(connecting options: NATSConnectionOptions) throws(NATSError) {
        try self.init(
            NATSConnection(options, signals: ConnectionSignals(waker: PublisherWaker()), pendingAnswers: 1))
    }

    deinit { jsCtx_Destroy(self.context) }

    /// When the last message on `subject` was stored, microseconds since the epoch by the server's clock; nil when the
    /// stream holds none.
    package func lastTime(of stream: String, subject: String) throws(NATSError) -> Int64? {
        var message: OpaquePointer?
        defer { natsMsg_Destroy(message) }
        var code = jsErrCode(rawValue: 0)
        let status = js_GetLastMsg(&message, self.context, stream, subject, nil, &code)
        if status == NATS_NOT_FOUND || code == JSNoMessageFoundErr || code == JSStreamNotFoundErr { return nil }
        try check(status, "looking for the last message on \(subject)")
        return message.map { natsMsg_GetTime($0) / 1_000 }
    }

    /// The names of the streams that own `subject`.
    package func owners(of subject: String) throws(NATSError) -> [String] {
        try StreamSetup(self.connection).owners(of: subject)
    }

    /// The sequence of the last message that `stream` took, 0 before the first; nil when there is no such stream.
    package func lastSequence(
        of stream: String, deadline: ContinuousClock.Instant = .now + .seconds(2)
    ) throws(NATSError) -> UInt64? {
        try self.state(of: stream, until: deadline)?.last
    }

    /// Hands out the messages in order until the end, the deadline, or a `false` of the receiver.
    ///
    /// - Throws: `.unreachable` at the deadline and when the link broke; what was handed out until then stands.
    package func read(
        _ request: Request, _ receive: (StoredMessageView) -> Bool
    ) throws(NATSError) -> Outcome {
        guard let state = try self.state(of: request.stream, until: request.deadline) else { return .streamMissing }
        if case .sequence(let first) = request.start, first > state.last {
            return .finished(messages: 0, through: state.last)
        }
        guard state.messages > 0 else { return .finished(messages: 0, through: state.last) }
        guard let consumer = try self.makeConsumer(request) else { return .streamMissing }
        defer { self.delete(consumer, of: request.stream) }
        guard consumer.pending > 0 else { return .finished(messages: 0, through: state.last) }
        let inbox = try PullInbox(self.connection, stream: request.stream, consumer: consumer.name)
        return try self.drain(inbox, request, last: state.last, receive)
    }

    // MARK: - Reading

    private func drain(
        _ inbox: PullInbox, _ request: Request, last: UInt64, _ receive: (StoredMessageView) -> Bool
    ) throws(NATSError) -> Outcome {
        let batch = request.headersOnly ? 1000 : 64
        var wanted = 0
        var messages: UInt64 = 0
        var through: UInt64 = 0
        while true {
            // The next batch is asked for while the last is on its way.
            if wanted <= batch {
                try inbox.pull(batch)
                wanted += batch
            }
            let left = try self.left(until: request.deadline, request.stream)
            guard let message = try inbox.next(within: min(left, Self.patience)) else {
                let pending = try self.pending(inbox.consumer, of: request.stream, until: request.deadline)
                if pending.messages == 0, pending.delivered == messages {
                    return .finished(messages: messages, through: last)
                }
                continue
            }
            defer { natsMsg_Destroy(message) }
            guard let place = DeliveryPlace(natsMsg_GetReply(message)) else {
                // The server ended a request early: nothing is on its way any more, the rest is asked for anew.
                wanted = 0
                try inbox.requireAlive(message)
                continue
            }
            wanted -= 1
            guard place.consumerSequence == messages + 1 else {
                throw NATSError(kind: .unreachable, context: request.stream, text: "a message was lost on the way")
            }
            messages += 1
            guard place.streamSequence <= last else { return .finished(messages: messages - 1, through: last) }
            through = place.streamSequence
            guard receive(Self.view(message, place)) else { return .stopped(messages: messages, through: through) }
            if place.pending == 0 || through == last { return .finished(messages: messages, through: last) }
        }
    }

    private static func view(_ message: OpaquePointer, _ place: DeliveryPlace) -> StoredMessageView {
        let subject = natsMsg_GetSubject(message)
        var id: UnsafePointer<CChar>?
        if natsMsgHeader_Get(message, "Nats-Msg-Id", &id) != NATS_OK { id = nil }
        return StoredMessageView(
            streamSequence: place.streamSequence, timestampMicroseconds: place.timestampNanoseconds / 1000,
            subject: UnsafeRawBufferPointer(start: subject, count: subject.map { strlen($0) } ?? 0),
            messageID: UnsafeRawBufferPointer(start: id, count: id.map { strlen($0) } ?? 0),
            payload: UnsafeRawBufferPointer(
                start: natsMsg_GetData(message), count: max(0, Int(natsMsg_GetDataLength(message)))))
    }

    // MARK: - Requests

    private func left(until deadline: ContinuousClock.Instant, _ stream: String) throws(NATSError) -> Duration {
        let left = deadline - .now
        guard left > .zero else {
            throw NATSError(kind: .unreachable, context: "reading stream \(stream)", text: "not done at the deadline")
        }
        return left
    }

    private func options(until deadline: ContinuousClock.Instant, _ stream: String) throws(NATSError) -> jsOptions {
        var options = jsOptions()
        jsOptions_Init(&options)
        options.Wait = max(1, min(try self.left(until: deadline, stream), Self.requestWait).wholeMilliseconds)
        return options
    }

    private func state(
        of stream: String, until deadline: ContinuousClock.Instant
    ) throws(NATSError) -> (messages: UInt64, last: UInt64)? {
        var options = try self.options(until: deadline, stream)
        var info: UnsafeMutablePointer<jsStreamInfo>?
        defer { jsStreamInfo_Destroy(info) }
        var code = jsErrCode(rawValue: 0)
        let status = js_GetStreamInfo(&info, self.context, stream, &options, &code)
        if status == NATS_NOT_FOUND || code == JSStreamNotFoundErr { return nil }
        try check(status, "looking into stream \(stream)")
        guard let state = info?.pointee.State else { return nil }
        return (state.Msgs, state.LastSeq)
    }

    /// Makes the consumer; nil when the stream is gone meanwhile.
    private func makeConsumer(_ request: Request) throws(NATSError) -> (name: String, pending: UInt64)? {
        var options = try self.options(until: request.deadline, request.stream)
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        defer { jsConsumerInfo_Destroy(info) }
        var code = jsErrCode(rawValue: 0)
        let filters = request.filter.map { [$0] } ?? []
        let status = withCStrings(filters) { filter in
            var config = jsConsumerConfig()
            jsConsumerConfig_Init(&config)
            switch request.start {
            case .first: config.DeliverPolicy = js_DeliverAll
            case .sequence(let first):
                config.DeliverPolicy = js_DeliverByStartSequence
                config.OptStartSeq = max(1, first)
            case .time(let microseconds):
                config.DeliverPolicy = js_DeliverByStartTime
                config.OptStartTime = min(max(1, microseconds), .max / 1000) * 1000
            }
            config.AckPolicy = js_AckNone
            config.FilterSubject = filter.first ?? nil
            config.HeadersOnly = request.headersOnly
            config.InactiveThreshold = Self.forgottenAfter.wholeNanoseconds
            config.Replicas = 1
            config.MemoryStorage = true
            return js_AddConsumer(&info, self.context, request.stream, &config, &options, &code)
        }
        if code == JSStreamNotFoundErr { return nil }
        try check(status, "reading stream \(request.stream)")
        guard let found = info?.pointee, let name = found.Name else {
            throw NATSError(NATS_NO_MEMORY, "reading stream \(request.stream)")
        }
        return (String(cString: name), found.NumPending)
    }

    private func pending(
        _ consumer: String, of stream: String, until deadline: ContinuousClock.Instant
    ) throws(NATSError) -> (messages: UInt64, delivered: UInt64) {
        var options = try self.options(until: deadline, stream)
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        defer { jsConsumerInfo_Destroy(info) }
        try check(
            js_GetConsumerInfo(&info, self.context, stream, consumer, &options, nil), "reading stream \(stream)")
        guard let found = info?.pointee else { throw NATSError(NATS_NO_MEMORY, "reading stream \(stream)") }
        return (found.NumPending, found.Delivered.Consumer)
    }

    /// Asks for the end of the consumer without waiting for the answer: the server forgets it by itself as well.
    private func delete(_ consumer: (name: String, pending: UInt64), of stream: String) {
        natsConnection_PublishString(
            self.connection.handle, "$JS.API.CONSUMER.DELETE.\(stream).\(consumer.name)", "")
    }
}

/// The subscription on which a pull consumer's messages arrive.
private final class PullInbox {
    let consumer: String
    private let connection: NATSConnection
    private let subscription: OpaquePointer
    private let inbox: String
    private let requests: String

    init(_ connection: NATSConnection, stream: String, consumer: String) throws(NATSError) {
        var name: UnsafeMutablePointer<natsInbox>?
        try check(natsInbox_Create(&name), "inbox")
        defer { natsInbox_Destroy(name) }
        guard let name else { throw NATSError(NATS_NO_MEMORY, "inbox") }
        var subscription: OpaquePointer?
        try check(natsConnection_SubscribeSync(&subscription, connection.handle, name), "reading stream \(stream)")
        guard let subscription else { throw NATSError(NATS_NO_MEMORY, "reading stream \(stream)") }
        // What may arrive is what was asked for, whatever its size.
        natsSubscription_SetPendingLimits(subscription, -1, -1)
        self.subscription = subscription
        self.connection = connection
        self.consumer = consumer
        self.inbox = String(cString: name)
        self.requests = "$JS.API.CONSUMER.MSG.NEXT.\(stream).\(consumer)"
    }

    deinit { self.connection.end(self.subscription) }

    func pull(_ count: Int) throws(NATSError) {
        try check(
            natsConnection_PublishRequestString(
                self.connection.handle, self.requests, self.inbox, "{\"batch\":\(count)}"), "asking for messages")
    }

    /// Waits for the next message, which the caller destroys; nil when none came.
    func next(within time: Duration) throws(NATSError) -> OpaquePointer? {
        var message: OpaquePointer?
        let status = natsSubscription_NextMsg(&message, self.subscription, max(1, time.wholeMilliseconds))
        if status == NATS_TIMEOUT { return nil }
        try check(status, "waiting for messages")
        return message
    }

    /// Throws unless the server's word says that the consumer goes on: no messages, or a request that expired.
    func requireAlive(_ message: OpaquePointer) throws(NATSError) {
        var status: UnsafePointer<CChar>?
        _ = natsMsgHeader_Get(message, "Status", &status)
        let code = status.map { String(cString: $0) } ?? "no status"
        guard code == "404" || code == "408" else {
            throw NATSError(kind: .unreachable, context: "reading a stream", text: "the server ended it: \(code)")
        }
    }
}

/// What the reply subject of a delivered message says.
///
/// `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<pending>`, with a domain and an
/// account's hash before the stream in newer servers: NATS ADR-15,
/// https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-15.md.
struct DeliveryPlace: Equatable {
    let streamSequence: UInt64
    let consumerSequence: UInt64
    let timestampNanoseconds: Int64
    let pending: UInt64

    /// Reads it; nil when it is none.
    init?(_ text: UnsafePointer<CChar>?) {
        guard let text, strncmp(text, "$JS.ACK.", 8) == 0 else { return nil }
        let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
        let points = bytes.reduce(0) { $0 + ($1 == UInt8(ascii: ".") ? 1 : 0) }
        guard points == 8 || points >= 10 else { return nil }
        let first = points == 8 ? 5 : 7
        var values: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var token = 0
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                token += 1
                continue
            }
            guard token >= first, token < first + 4 else { continue }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let digit = UInt64(byte - UInt8(ascii: "0"))
            switch token - first {
            case 0: values.0 = values.0 &* 10 &+ digit
            case 1: values.1 = values.1 &* 10 &+ digit
            case 2: values.2 = values.2 &* 10 &+ digit
            default: values.3 = values.3 &* 10 &+ digit
            }
        }
        self.streamSequence = values.0
        self.consumerSequence = values.1
        self.timestampNanoseconds = Int64(clamping: values.2)
        self.pending = values.3
    }
}
