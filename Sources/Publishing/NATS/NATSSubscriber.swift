import CNATS
import Synchronization

/// A message as a subscriber got it.
package struct ReceivedMessage: Sendable {
    package let subject: String
    package let payload: [UInt8]
    /// The stream's id of the message, if it has one.
    package let messageID: String?
}

/// Subscribes to subjects, for the command line and for tests; the library reconnects it.
package final class NATSSubscriber: Sendable {
    private final class Sink: Sendable {
        let continuation: AsyncStream<ReceivedMessage>.Continuation
        let dropped = Atomic<UInt64>(0)

        init(_ continuation: AsyncStream<ReceivedMessage>.Continuation) { self.continuation = continuation }

        func take(_ message: ReceivedMessage) {
            if case .dropped = self.continuation.yield(message) { self.dropped.add(1, ordering: .relaxed) }
        }
    }

    private struct Handles: @unchecked Sendable {
        // Safe: the library's handles may be used from any thread; `close` takes them out under the lock.
        var connection: OpaquePointer?
        var subscriptions: [OpaquePointer] = []
    }

    /// What arrives; at most `limit` messages wait, newer ones are dropped and counted.
    package let messages: AsyncStream<ReceivedMessage>
    private let sink: Sink
    private let handles = Mutex(Handles())

    /// Connects and subscribes; blocks up to the connect timeout, and until the server has the subscriptions.
    package init(_ options: NATSConnectionOptions, subjects: [String], limit: Int = 65536) throws(NATSError) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ReceivedMessage.self, bufferingPolicy: .bufferingOldest(limit))
        self.messages = stream
        self.sink = Sink(continuation)
        let settings = try options.makeLibraryOptions()
        defer { natsOptions_Destroy(settings) }
        try check(natsOptions_SetMaxReconnect(settings, -1), "reconnect")
        try check(natsOptions_SetReconnectWait(settings, 250), "reconnect")
        try check(natsOptions_SetErrorHandler(settings, { _, _, _, _ in }, nil), "error callback")
        var connection: OpaquePointer?
        try check(natsConnection_Connect(&connection, settings), "connecting to NATS")
        self.handles.withLock { $0.connection = connection }
        do throws(NATSError) {
            for subject in subjects { try self.subscribe(connection, subject) }
            try check(natsConnection_FlushTimeout(connection, 5000), "subscribing")
        } catch {
            self.close()
            throw error
        }
    }

    deinit { self.close() }

    /// Messages that found the stream full.
    package var dropped: UInt64 { self.sink.dropped.load(ordering: .relaxed) }

    /// Ends the subscriptions, the connection and the stream; a second call does nothing.
    package func close() {
        let taken = self.handles.withLock { handles in
            defer { handles = Handles() }
            return handles
        }
        // What is subscribed may be in use as long as the connection is read; see `NATSConnection.end`.
        if let connection = taken.connection { natsConnection_Close(connection) }
        for subscription in taken.subscriptions { natsSubscription_Destroy(subscription) }
        if let connection = taken.connection { natsConnection_Destroy(connection) }
        self.sink.continuation.finish()
    }

    /// Reads the last message on `subject` from a stream; `nil` when there is none. Blocks up to two seconds.
    package func fetchLast(subject: String, stream: String = "LAST") throws(NATSError) -> ReceivedMessage? {
        guard let connection = self.handles.withLock({ Handle($0.connection) }).pointer else { return nil }
        var options = jsOptions()
        jsOptions_Init(&options)
        options.Wait = 2000
        var context: OpaquePointer?
        try check(natsConnection_JetStream(&context, connection, &options), "JetStream")
        defer { jsCtx_Destroy(context) }
        var message: OpaquePointer?
        var code = jsErrCode(rawValue: 0)
        let status = js_GetLastMsg(&message, context, stream, subject, nil, &code)
        if status == NATS_NOT_FOUND { return nil }
        try check(status, "reading the last message on \(subject)")
        guard let message else { return nil }
        defer { natsMsg_Destroy(message) }
        return ReceivedMessage(message)
    }

    private struct Handle: @unchecked Sendable {
        // Safe: see `Handles`.
        let pointer: OpaquePointer?
        init(_ pointer: OpaquePointer?) { self.pointer = pointer }
    }

    private func subscribe(_ connection: OpaquePointer?, _ subject: String) throws(NATSError) {
        var made: OpaquePointer?
        // Balanced by `subscriptionEnded`, the last call for a subscription, or here when there is none.
        let retained = Unmanaged.passRetained(self.sink)
        let status = natsConnection_Subscribe(&made, connection, subject, subscriptionReceived, retained.toOpaque())
        guard status == NATS_OK, let subscription = made else {
            retained.release()
            throw NATSError(status, "subscribing to \(subject)")
        }
        natsSubscription_SetOnCompleteCB(subscription, subscriptionEnded, retained.toOpaque())
        natsSubscription_SetPendingLimits(subscription, 1 << 20, 256 << 20)
        let handle = Handle(subscription)
        self.handles.withLock { if let pointer = handle.pointer { $0.subscriptions.append(pointer) } }
    }

    fileprivate static func received(_ message: OpaquePointer, _ closure: UnsafeMutableRawPointer) {
        Unmanaged<Sink>.fromOpaque(closure).takeUnretainedValue().take(ReceivedMessage(message))
    }

    fileprivate static func ended(_ closure: UnsafeMutableRawPointer) {
        Unmanaged<Sink>.fromOpaque(closure).release()
    }
}

private nonisolated func subscriptionReceived(
    _ connection: OpaquePointer?, _ subscription: OpaquePointer?, _ message: OpaquePointer?,
    _ closure: UnsafeMutableRawPointer?
) {
    guard let message else { return }
    if let closure { NATSSubscriber.received(message, closure) }
    natsMsg_Destroy(message)
}

private nonisolated func subscriptionEnded(_ closure: UnsafeMutableRawPointer?) {
    if let closure { NATSSubscriber.ended(closure) }
}

extension ReceivedMessage {
    fileprivate init(_ message: OpaquePointer) {
        self.subject = natsMsg_GetSubject(message).map { String(cString: $0) } ?? ""
        self.payload = Array(
            UnsafeRawBufferPointer(
                start: natsMsg_GetData(message), count: max(0, Int(natsMsg_GetDataLength(message)))))
        var id: UnsafePointer<CChar>?
        self.messageID =
            natsMsgHeader_Get(message, "Nats-Msg-Id", &id) == NATS_OK ? id.map { String(cString: $0) } : nil
    }
}
