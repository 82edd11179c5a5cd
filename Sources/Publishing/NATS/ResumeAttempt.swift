import CNATS
import Synchronization

/// One reading of what the streams hold behind their floors, on a thread of its own.
final class ResumeAttempt: Sendable {
    struct Outcome: Sendable {
        var ids = StoredIDs()
        /// The trades among them, by subject.
        var trades: [[UInt8]: TradeRuns] = [:]
        /// Messages read.
        var read = 0
        /// Why it ended early; nil when every stream was read to its end.
        var problem: String?
        /// Another try may read on: the server did not answer in time.
        var mayRetry = false
    }

    private let outcome = Mutex<Outcome?>(nil)

    /// Starts to read each stream from behind its floor.
    ///
    /// - Parameters:
    ///   - tradePrefix: What the subjects of trades begin with; empty where nobody wants to know them.
    ///   - limit: Messages of all streams that are read at most.
    ///   - deadline: How long all of it may take.
    init(
        _ connection: NATSConnection, floors: [(stream: String, sequence: UInt64)], tradePrefix: String, limit: Int,
        deadline: Duration, waker: PublisherWaker
    ) {
        let end = ContinuousClock.now + deadline
        let thread = NativeThread(name: "nats-resume") { [self] in
            let outcome = Self.read(connection, floors, Array(tradePrefix.utf8), limit, until: end)
            self.outcome.withLock { $0 = outcome }
            nats_ReleaseThreadMemory()
            waker.wake()
        }
        if let thread {
            thread.detach()
        } else {
            self.outcome.withLock { $0 = Outcome(problem: "no thread left") }
        }
    }

    /// Takes the outcome, once, when there is one.
    func take() -> Outcome? {
        self.outcome.withLock { outcome in
            defer { outcome = nil }
            return outcome
        }
    }

    private static func read(
        _ connection: NATSConnection, _ floors: [(stream: String, sequence: UInt64)], _ tradePrefix: [UInt8],
        _ limit: Int, until deadline: ContinuousClock.Instant
    ) -> Outcome {
        var outcome = Outcome()
        do throws(NATSError) {
            let reader = try StreamReader(connection)
            for (stream, floor) in floors {
                // A stream that was made anew counts from 1 again.
                let isAnew = try reader.lastSequence(of: stream, deadline: deadline).map { $0 < floor } ?? false
                let request = StreamReader.Request(
                    stream, from: isAnew ? .first : .sequence(floor &+ 1), headersOnly: true, deadline: deadline)
                let result = try reader.read(request) { message in
                    outcome.read += 1
                    if !message.messageID.isEmpty { outcome.ids.insert(message.messageID) }
                    if !tradePrefix.isEmpty, message.subject.starts(with: tradePrefix) { outcome.takeTrade(message) }
                    return outcome.read < limit
                }
                if case .stopped = result {
                    outcome.problem = "limit of \(limit) messages"
                    break
                }
            }
        } catch {
            outcome.problem = error.description
            outcome.mayRetry = true
        }
        return outcome
    }
}

extension ResumeAttempt.Outcome {
    /// Notes a trade by the id behind its subject and a colon.
    fileprivate mutating func takeTrade(_ message: StoredMessageView) {
        let text = message.messageID.dropFirst(message.subject.count + 1)
        guard let ids = TradeSpan.ids(UnsafeRawBufferPointer(rebasing: text)) else { return }
        self.trades[Array(message.subject), default: TradeRuns()].insert(ids)
    }
}
