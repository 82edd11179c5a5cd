import CNATS
import Synchronization

/// One answer that came back to the publisher's inbox.
enum InboxAnswer {
    case fence(UInt64)
    /// A stream stored it under `streamSequence`; `stream` is its number among the box's names.
    case stored(stream: UInt8, streamSequence: UInt64, isDuplicate: Bool, lane: Int, sequence: UInt64)
    case failed(code: Int, error: Int, lane: Int, sequence: UInt64)
    case unreadable
    /// Nobody listens on the subject: no stream owns it.
    case nobody(lane: Int, sequence: UInt64)
}

/// The numbers of streams, the same for all connections of a publisher.
final class StreamNameBox: Sendable {
    private let names = Mutex(StreamNames())

    func number(of name: UnsafeRawBufferPointer) -> UInt8 { self.names.withLock { $0.number(of: name) } }

    var all: [[UInt8]] { self.names.withLock { $0.names } }
}

/// Collects answers on the library's delivery thread for the publisher thread.
///
/// A callback, not a polled subscription: `natsSubscription_NextMsg` of 3.4.1 swallows the "no responders" message
/// together with the subject that says whose it is (`natsSub_nextMsg`).
final class AnswerBox: Sendable {
    private let answers = Mutex<[InboxAnswer]>([])
    private let names: StreamNameBox
    private let limit: Int
    private let inboxLength: Int

    /// Keeps up to `limit` answers; what comes beyond is as if it had been lost on the way.
    init(limit: Int, inboxLength: Int, names: StreamNameBox) {
        self.names = names
        self.limit = limit
        self.inboxLength = inboxLength
    }

    /// Takes all answers, in the order they came, leaving `spare`'s memory for the next ones.
    func take(into spare: inout [InboxAnswer]) {
        spare.removeAll(keepingCapacity: true)
        self.answers.withLock { swap(&$0, &spare) }
    }

    fileprivate func received(_ message: OpaquePointer) {
        guard let subject = natsMsg_GetSubject(message),
            let (isFence, lane, number) = PublishWriter.answer(subject, inboxLength: self.inboxLength)
        else { return }
        let answer: InboxAnswer
        if isFence {
            answer = .fence(number)
        } else if natsMsg_IsNoResponders(message) {
            answer = .nobody(lane: lane, sequence: number)
        } else {
            let bytes = UnsafeRawBufferPointer(
                start: natsMsg_GetData(message), count: max(0, Int(natsMsg_GetDataLength(message))))
            switch StreamAnswer(bytes) {
            case .stored(let name, let sequence, let isDuplicate):
                answer = .stored(
                    stream: self.names.number(of: UnsafeRawBufferPointer(rebasing: bytes[name])),
                    streamSequence: sequence, isDuplicate: isDuplicate, lane: lane, sequence: number)
            case .failed(let code, let error):
                answer = .failed(code: code, error: error, lane: lane, sequence: number)
            case .unreadable: answer = .unreadable
            }
        }
        self.answers.withLock { if $0.count < self.limit { $0.append(answer) } }
    }

    /// Subscribes to everything below `inbox`, which ends in a point.
    func subscribe(_ connection: OpaquePointer, inbox: String) throws(NATSError) -> OpaquePointer {
        var made: OpaquePointer?
        // Balanced by `answersEnded`, the last call for a subscription, or here when there is none.
        let retained = Unmanaged.passRetained(self)
        let status = natsConnection_Subscribe(&made, connection, inbox + ">", answerReceived, retained.toOpaque())
        guard status == NATS_OK, let subscription = made else {
            retained.release()
            throw NATSError(status, "inbox")
        }
        natsSubscription_SetOnCompleteCB(subscription, answersEnded, retained.toOpaque())
        natsSubscription_SetPendingLimits(subscription, Int32(clamping: self.limit), 64 << 20)
        return subscription
    }
}

private nonisolated func answerReceived(
    _ connection: OpaquePointer?, _ subscription: OpaquePointer?, _ message: OpaquePointer?,
    _ closure: UnsafeMutableRawPointer?
) {
    guard let message else { return }
    if let closure { Unmanaged<AnswerBox>.fromOpaque(closure).takeUnretainedValue().received(message) }
    natsMsg_Destroy(message)
}

private nonisolated func answersEnded(_ closure: UnsafeMutableRawPointer?) {
    if let closure { Unmanaged<AnswerBox>.fromOpaque(closure).release() }
}
