import MarketModel
import Publishing
import Synchronization

/// What the streams held of the places with missing trades, as long as it may be relied on.
///
/// To begin to read a stream costs a server milliseconds in which live data waits: all places that are due are asked for at
/// once, and an answer serves every search that begins while what another collector publishes since then is still known to
/// the stream's window of duplicates. At most one question is under way; there are as many answers as places with holes.
final class StoredAnswers: Sendable {
    private struct Answer {
        let runs: TradeRuns
        /// When it was asked, microseconds that only go forward.
        let askedAt: Int64
        /// From when on the streams were read, microseconds since the epoch.
        let since: Int64
    }

    private struct State {
        var answers: [GapSubject: Answer] = [:]
        /// What is being asked: the places, and from when on they are read; nil while nothing is.
        var asking: [GapSubject: Int64]?
        /// Not before this the streams are asked again.
        var pausedUntil: Int64 = .min
    }

    /// How long an answer serves at most.
    private static let validMost: Int64 = 100_000_000
    /// And at least: asking and fetching take time.
    private static let validLeast: Int64 = 5_000_000
    /// What is waited after the streams did not answer, and between two questions.
    private static let failurePause: Int64 = 2_000_000
    private static let pause: Int64 = 500_000
    /// How far before a hole the streams are read: our clock and the server's may differ.
    private static let margin: Int64 = 60_000_000
    /// Places of one question.
    private static let placesMost = 1_024

    /// How long an answer serves a search that begins.
    private let valid: Int64
    private let state = Mutex(State())

    /// - Parameter duplicateWindow: Microseconds for which the stream knows the ids that it stored.
    init(duplicateWindow: Int64) {
        self.valid = min(Self.validMost, max(Self.validLeast, duplicateWindow - duplicateWindow / 5))
    }

    /// Gives what is to be asked now; nil where nothing is, or while a question is under way.
    func ask(_ holes: [TradeHole], at now: Int64) -> [StoredTrades.Question]? {
        self.state.withLock { state in
            var since: [GapSubject: Int64] = [:]
            for hole in holes {
                let place = hole.subject.place
                since[place] = min(since[place] ?? .max, hole.sinceMicroseconds)
            }
            // A hole that begins earlier may be held before what was read.
            state.answers = state.answers.filter { place, answer in since[place].map { $0 >= answer.since } ?? false }
            guard state.asking == nil, now >= state.pausedUntil else { return nil }
            let unknown = since.filter { place, _ in
                state.answers[place].map { now - $0.askedAt > self.valid } ?? true
            }
            guard !unknown.isEmpty else { return nil }
            let asked = unknown.sorted { $0.value < $1.value }.prefix(Self.placesMost)
            state.asking = Dictionary(uniqueKeysWithValues: asked.map { ($0.key, $0.value) })
            return asked.map { place, since in
                StoredTrades.Question(subject: place, sinceMicroseconds: max(1, since - Self.margin))
            }
        }
    }

    /// Takes the answers; nil for a place that was not answered.
    func answered(_ places: [GapSubject], _ answers: [TradeRuns?], askedAt: Int64) {
        self.state.withLock { state in
            let asked = state.asking.take() ?? [:]
            let isWhole = !answers.contains { $0 == nil }
            state.pausedUntil = askedAt &+ (isWhole ? Self.pause : Self.failurePause)
            for (place, runs) in zip(places, answers) {
                guard let runs, let since = asked[place] else { continue }
                state.answers[place] = Answer(runs: runs, askedAt: askedAt, since: since)
            }
        }
    }

    /// The places of which is known what the streams hold.
    func known(at now: Int64) -> Set<GapSubject> {
        self.state.withLock { state in Set(state.answers.filter { now - $0.value.askedAt <= self.valid }.keys) }
    }

    /// What the streams held of a place.
    func runs(of place: GapSubject) -> TradeRuns { self.state.withLock { $0.answers[place]?.runs ?? TradeRuns() } }
}
