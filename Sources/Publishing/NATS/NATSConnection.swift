import CNATS
import Synchronization

/// What the library may say from threads of its own; kept for ever, since it calls back after a connection is gone.
final class ConnectionSignals: Sendable {
    /// Subjects kept at most until the publisher takes them.
    private static let mostSubjects = 256

    let notPermitted = Atomic<Int>(0)
    /// The subjects that were not permitted since the publisher last asked.
    private let subjects = Mutex<Set<String>>([])
    private let hasSubjects = Atomic<Bool>(false)
    /// The streams that acknowledged anything since the start.
    let streamNames = StreamNameBox()
    private let waker: PublisherWaker

    /// The pointer the library gets; the retain behind it is never balanced, one object for each publisher.
    nonisolated(unsafe) private(set) var pointer: UnsafeMutableRawPointer?

    init(waker: PublisherWaker) {
        self.waker = waker
        self.pointer = Unmanaged.passRetained(self).toOpaque()
    }

    fileprivate func closed() { self.waker.wake() }

    fileprivate func failed(_ status: natsStatus) {
        if status == NATS_NOT_PERMITTED {
            self.notPermitted.add(1, ordering: .relaxed)
            if let subject = Self.refusedSubject() {
                self.subjects.withLock { if $0.count < Self.mostSubjects { $0.insert(subject) } }
                self.hasSubjects.store(true, ordering: .releasing)
            }
        }
        self.waker.wake()
    }

    /// Takes the subjects that were not permitted; nil when there are none.
    func takeNotPermitted() -> Set<String>? {
        guard self.hasSubjects.exchange(false, ordering: .acquiring) else { return nil }
        return self.subjects.withLock { subjects in
            defer { subjects = [] }
            return subjects
        }
    }

    /// The subject in the server's words, `Permissions Violation for Publish to "a.b"`, in nats-server 2.9.10.
    private static func refusedSubject() -> String? {
        guard let text = nats_GetLastError(nil).map({ String(cString: $0) }), text.contains("Publish to") else {
            return nil
        }
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.count >= 3 ? String(parts[1]) : nil
    }
}

private nonisolated func connectionClosed(_ connection: OpaquePointer?, _ closure: UnsafeMutableRawPointer?) {
    guard let closure else { return }
    Unmanaged<ConnectionSignals>.fromOpaque(closure).takeUnretainedValue().closed()
}

private nonisolated func connectionFailed(
    _ connection: OpaquePointer?, _ subscription: OpaquePointer?, _ status: natsStatus,
    _ closure: UnsafeMutableRawPointer?
) {
    guard let closure else { return }
    Unmanaged<ConnectionSignals>.fromOpaque(closure).takeUnretainedValue().failed(status)
}

/// One connection to a server, without reconnecting: when it is lost a new one takes its place.
///
/// The library's own reconnect would keep what it had not written, in part, and say that it was published.
final class NATSConnection: @unchecked Sendable {
    private struct Ended: @unchecked Sendable {
        // Safe: nobody but the connection has it any more.
        let subscription: OpaquePointer
    }

    // Safe: handed from the thread that connects to the publisher thread, used by one at a time.
    let handle: OpaquePointer
    /// The acknowledgements and fences that came back.
    let answers: AnswerBox
    private let subscription: OpaquePointer
    /// Subscriptions that are over and may still be in use by the library.
    private let ended = Mutex<[Ended]>([])
    /// What their subjects begin with, its last point included.
    let inbox: String

    /// Connects; blocks for name look-up and up to the connect timeout.
    init(_ options: NATSConnectionOptions, signals: ConnectionSignals, pendingAnswers: Int) throws(NATSError) {
        let settings = try options.makeLibraryOptions()
        defer { natsOptions_Destroy(settings) }
        try check(natsOptions_SetAllowReconnect(settings, false), "reconnect")
        try check(natsOptions_SetReconnectBufSize(settings, 0), "reconnect buffer")
        try check(natsOptions_SetPingInterval(settings, 5000), "ping interval")
        try check(natsOptions_SetMaxPingsOut(settings, 2), "pings out")
        try check(natsOptions_SetClosedCB(settings, connectionClosed, signals.pointer), "closed callback")
        try check(natsOptions_SetErrorHandler(settings, connectionFailed, signals.pointer), "error callback")
        var connection: OpaquePointer?
        try check(natsConnection_Connect(&connection, settings), "connecting to NATS")
        guard let connection else { throw NATSError(NATS_NO_MEMORY, "connecting to NATS") }
        do throws(NATSError) {
            self.inbox = try Self.makeInbox()
            self.answers = AnswerBox(
                limit: pendingAnswers, inboxLength: self.inbox.utf8.count, names: signals.streamNames)
            self.subscription = try self.answers.subscribe(connection, inbox: self.inbox)
        } catch {
            natsConnection_Destroy(connection)
            throw error
        }
        self.handle = connection
    }

    deinit {
        // Subscriptions are freed when nobody reads any more; see `end`.
        natsConnection_Close(self.handle)
        natsSubscription_Destroy(self.subscription)
        for ended in self.ended.withLock({ $0 }) { natsSubscription_Destroy(ended.subscription) }
        natsConnection_Destroy(self.handle)
    }

    /// Ends a subscription whose messages may still come, from any thread; blocks up to a quarter of a second.
    ///
    /// The library's reading thread finds a subscription and uses it without holding it, so that one which is freed
    /// meanwhile ends the process (libnats before 3.6, <https://github.com/nats-io/nats.c/issues/637>; of three hundred
    /// readings that stop in the middle one does). It finds it no more after this, and lets go of it before it reads the
    /// answer to a ping behind its messages; where none comes, the subscription lives as long as the connection.
    func end(_ subscription: OpaquePointer) {
        natsSubscription_Unsubscribe(subscription)
        if natsConnection_FlushTimeout(self.handle, 250) == NATS_OK {
            natsSubscription_Destroy(subscription)
        } else {
            self.ended.withLock { [ended = Ended(subscription: subscription)] in $0.append(ended) }
        }
    }

    private static func makeInbox() throws(NATSError) -> String {
        var name: UnsafeMutablePointer<natsInbox>?
        try check(natsInbox_Create(&name), "inbox")
        defer { natsInbox_Destroy(name) }
        guard let name else { throw NATSError(NATS_NO_MEMORY, "inbox") }
        return String(cString: name) + "."
    }

    var isClosed: Bool { natsConnection_IsClosed(self.handle) }

    var url: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            guard let base = buffer.baseAddress, natsConnection_GetConnectedUrl(self.handle, base, 512) == NATS_OK
            else { return "" }
            return String(cString: base)
        }
    }

    var lastError: String {
        var text: UnsafePointer<CChar>?
        let status = natsConnection_GetLastError(self.handle, &text)
        let words = text.map { String(cString: $0) } ?? ""
        if !words.isEmpty { return words }
        return status == NATS_OK ? "closed by the server" : natsStatus_GetText(status).map { String(cString: $0) } ?? ""
    }
}
