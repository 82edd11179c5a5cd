import CNATS
import MarketModel
import Resilience
import Synchronization

/// Asks the streams which rows of a stretch they hold, over a connection of its own that is kept.
final class HistoryReader: Sendable {
    private let configuration: HistoryPublisherConfiguration
    private let signals: ConnectionSignals
    private let link = Mutex<NATSConnection?>(nil)

    /// What is looked for in one stream's subject.
    private struct Question: Sendable {
        let subject: String
        let isLive: Bool
        /// When messages that matter were stored, microseconds since 1970 by the server's clock.
        let fromMicroseconds: Int64
        let toMicroseconds: Int64
    }

    init(_ configuration: HistoryPublisherConfiguration, signals: ConnectionSignals) {
        self.configuration = configuration
        self.signals = signals
    }

    func close() { self.link.withLock { $0 = nil } }

    /// Reads on a thread of its own, headers only; a cancelled task does not wait for it.
    ///
    /// Live rows were stored when they happened, or when they were repaired. In the stream of the past only what an earlier
    /// try of the same stretch left is looked for, since it was begun.
    func held(
        _ instrument: Instrument, _ identity: HistoryIdentity, history: String, rangeMilliseconds: Range<Int64>,
        begunMicroseconds: Int64?
    ) async throws(HistoryPublishError) -> HeldRows {
        let margin = self.configuration.clockMargin.wholeMicroseconds
        var questions: [Question] = []
        if identity.isLiveToo {
            let live = self.configuration.subjects.subject(
                identity.type, venue: instrument.venue.name, market: instrument.market.rawValue,
                symbol: instrument.symbol)
            let repaired = self.configuration.repairedWithin.wholeMicroseconds
            questions.append(
                Question(
                    subject: live, isLive: true,
                    fromMicroseconds: Self.microseconds(rangeMilliseconds.lowerBound, plus: -margin),
                    toMicroseconds: Self.microseconds(
                        rangeMilliseconds.upperBound,
                        plus: margin + repaired + Self.longestBar(of: identity))))
        }
        if let begunMicroseconds {
            questions.append(
                Question(
                    subject: history, isLive: false, fromMicroseconds: begunMicroseconds.subtractingSafely(margin),
                    toMicroseconds: .max))
        }
        guard !questions.isEmpty else { return HeldRows(identity) }
        let reply = Reply<Result<HeldRows, HistoryPublishError>>()
        let thread = NativeThread(name: "nats-held") { [questions] in
            let result = self.read(questions, identity)
            nats_ReleaseThreadMemory()
            reply.give(result)
        }
        guard let thread else { throw HistoryPublishError("no thread left to read what the streams hold") }
        thread.detach()
        guard let result = await reply.wait() else {
            throw HistoryPublishError("reading what the streams hold was given up")
        }
        return try result.get()
    }

    private func read(_ questions: [Question], _ identity: HistoryIdentity) -> Result<HeldRows, HistoryPublishError> {
        let end = ContinuousClock.now + self.configuration.readTimeout
        var held = HeldRows(identity)
        do throws(NATSError) {
            let reader = try StreamReader(self.connection())
            for question in questions {
                for stream in try reader.owners(of: question.subject) {
                    guard try Self.read(question, of: stream, with: reader, until: end, into: &held) else {
                        return .failure(
                            HistoryPublishError(
                                "what \(stream) holds of \(question.subject) was not read to its end",
                                held.isOverfull ? .rows : .unavailable))
                    }
                }
            }
        } catch {
            return .failure(HistoryPublishError(error))
        }
        held.settle()
        return .success(held)
    }

    /// Reads the answer in one stream; false when it is not whole.
    private static func read(
        _ question: Question, of stream: String, with reader: StreamReader, until end: ContinuousClock.Instant,
        into held: inout HeldRows
    ) throws(NATSError) -> Bool {
        let request = StreamReader.Request(
            stream, from: .time(microseconds: question.fromMicroseconds), filter: question.subject, headersOnly: true,
            deadline: end)
        let outcome = try reader.read(request) { message in
            guard message.timestampMicroseconds <= question.toMicroseconds else { return false }
            let id = message.messageID.dropFirst(message.subject.count + 1)
            held.insert(UnsafeRawBufferPointer(rebasing: id), isLive: question.isLive)
            return !held.isOverfull
        }
        // nats-server 2.9.10 has been seen to find nothing behind a time right after a burst that it had stored
        // (2026-11-21).
        if case .finished(messages: 0, _) = outcome,
            let last = try reader.lastTime(of: stream, subject: question.subject), last >= question.fromMicroseconds
        {
            return false
        }
        return !held.isOverfull
    }

    private func connection() throws(NATSError) -> NATSConnection {
        try self.link.withLock { (link) throws(NATSError) -> NATSConnection in
            if let link, !link.isClosed { return link }
            let made = try NATSConnection(self.configuration.connection, signals: self.signals, pendingAnswers: 1)
            link = made
            return made
        }
    }

    /// How long after its time a bar ends, which is when it is told.
    private static func longestBar(of identity: HistoryIdentity) -> Int64 {
        guard let interval = identity.interval else { return 0 }
        return interval.microseconds ?? 31 * 86_400_000_000
    }

    private static func microseconds(_ milliseconds: Int64, plus offset: Int64) -> Int64 {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000)
        let (sum, carry) = product.addingReportingOverflow(offset)
        return overflow || carry ? (milliseconds < 0 ? 1 : .max) : sum
    }
}

extension Int64 {
    /// The difference, or the least value where there is none.
    fileprivate func subtractingSafely(_ other: Int64) -> Int64 {
        let (difference, overflow) = self.subtractingReportingOverflow(other)
        return overflow ? .min : difference
    }
}
