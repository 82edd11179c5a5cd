import CNATS
import Resilience

/// Asks the streams which trades they hold, whoever published them.
package struct StoredTrades: Sendable {
    /// Trades of one subject that were stored since a time.
    package struct Question: Sendable {
        package let subject: GapSubject
        /// Microseconds since the epoch, by the server's clock.
        package let sinceMicroseconds: Int64

        package init(subject: GapSubject, sinceMicroseconds: Int64) {
            self.subject = subject
            self.sinceMicroseconds = sinceMicroseconds
        }
    }

    private static let deadline = Duration.seconds(30)
    /// Messages that are read for one answer at most.
    private static let messagesMost = 1_000_000
    /// Questions about one market from which on the whole market is read at once.
    private static let togetherLeast = 4

    /// What is read together.
    private struct Market: Hashable {
        let venue: String?
        let market: String?

        init(_ subject: GapSubject) {
            self.venue = subject.venue
            self.market = subject.market
        }
    }

    private let connection: NATSConnectionOptions
    private let subjects: Subjects

    package init(_ connection: NATSConnectionOptions, subjects: Subjects) {
        var connection = connection
        connection.name = "sluice repair"
        self.connection = connection
        self.subjects = subjects
    }

    /// Gives the ids for each question, in order; nil for one that was not answered whole.
    ///
    /// Reads on a thread of its own, for half a minute at most; a cancelled task does not wait for it.
    package func held(_ questions: [Question]) async -> [TradeRuns?] {
        let reply = Reply<[TradeRuns?]>()
        let thread = NativeThread(name: "nats-repair") {
            let answers = self.read(questions)
            nats_ReleaseThreadMemory()
            reply.give(answers)
        }
        guard let thread else { return questions.map { _ in nil } }
        thread.detach()
        return await reply.wait() ?? questions.map { _ in nil }
    }

    private func read(_ questions: [Question]) -> [TradeRuns?] {
        let end = ContinuousClock.now + Self.deadline
        var answers: [TradeRuns?] = questions.map { _ in nil }
        do throws(NATSError) {
            let reader = try StreamReader(connecting: self.connection)
            for group in Dictionary(grouping: questions.indices, by: { Market(questions[$0].subject) }).values {
                let together =
                    group.count < Self.togetherLeast
                    ? nil : try self.readTogether(group.map { questions[$0] }, with: reader, until: end)
                for index in group {
                    if let runs = together?[self.key(questions[index])] {
                        answers[index] = runs
                    } else {
                        answers[index] = try self.read(questions[index], with: reader, until: end)
                    }
                }
            }
        } catch {
            // What is not answered is asked again later.
        }
        return answers
    }

    private func subject(_ question: Question) -> String {
        self.subjects.subject(
            .trade, venue: question.subject.venue, market: question.subject.market, symbol: question.subject.symbol)
    }

    private func key(_ question: Question) -> UInt64 { TradeMarks.key(of: self.subject(question).utf8) }

    /// Reads what is stored of a whole market at once, by subject: what a server does to begin to read costs live data more
    /// than some messages that nobody asked for. Nil where there are none, or too many.
    private func readTogether(
        _ questions: [Question], with reader: StreamReader, until end: ContinuousClock.Instant
    ) throws(NATSError) -> [UInt64: TradeRuns]? {
        guard let first = questions.first, let since = questions.map(\.sinceMicroseconds).min() else { return nil }
        let filter = self.subjects.filter(.trade, venue: first.subject.venue, market: first.subject.market)
        var runs: [UInt64: TradeRuns] = [:]
        for question in questions { runs[self.key(question)] = TradeRuns() }
        var left = Self.messagesMost
        for stream in try reader.owners(of: filter) {
            let request = StreamReader.Request(
                stream, from: .time(microseconds: since), filter: filter, headersOnly: true, deadline: end)
            let outcome = try reader.read(request) { message in
                let key = TradeMarks.key(of: message.subject)
                let text = message.messageID.dropFirst(message.subject.count + 1)
                if runs[key] != nil, let ids = TradeSpan.ids(UnsafeRawBufferPointer(rebasing: text)) {
                    runs[key]?.insert(ids)
                }
                left -= 1
                return left > 0
            }
            switch outcome {
            case .stopped, .finished(messages: 0, _): return nil
            case .finished, .streamMissing: continue
            }
        }
        return runs
    }

    private func read(
        _ question: Question, with reader: StreamReader, until end: ContinuousClock.Instant
    ) throws(NATSError) -> TradeRuns? {
        let subject = self.subject(question)
        var runs = TradeRuns()
        for stream in try reader.owners(of: subject) {
            let request = StreamReader.Request(
                stream, from: .time(microseconds: question.sinceMicroseconds), filter: subject, headersOnly: true,
                deadline: end)
            var left = Self.messagesMost
            let outcome = try reader.read(request) { message in
                let text = message.messageID.dropFirst(message.subject.count + 1)
                if let ids = TradeSpan.ids(UnsafeRawBufferPointer(rebasing: text)) { runs.insert(ids) }
                left -= 1
                return left > 0
            }
            if case .stopped = outcome { return nil }
            // nats-server 2.9.10 has been seen to find nothing behind a time right after a burst that it had stored
            // (2026-11-21).
            if case .finished(messages: 0, _) = outcome,
                let last = try reader.lastTime(of: stream, subject: subject), last >= question.sinceMicroseconds
            {
                return nil
            }
        }
        return runs
    }
}
