import MarketModel
import Publishing

/// When which missing trades are looked for: a pure machine over microseconds that only go forward.
///
/// One search a place at a time, so that what is found is published in the order of its ids; a bounded number of them a
/// venue. What a venue does not have is asked for a few times more, since its history may lag behind its stream, and
/// then given up.
struct RepairSchedule {
    /// Holes of one place, ascending.
    struct Search: Sendable, Equatable {
        let subject: GapSubject
        let holes: [TradeHole]
    }

    /// How a search ended.
    enum End: Sendable {
        /// The venue was asked for all of it.
        case asked
        /// The venue serves no such trades.
        case impossible
        /// The venue or the streams did not answer.
        case failed
        /// The queue had no room: live data goes first.
        case crowded
    }

    private struct Progress {
        var asked = 0
        var failed = 0
        var due: Int64
    }

    /// What is waited before the venue is asked once more, by how often it was.
    private static let pauses: [Int64] = [2_000_000, 10_000_000, 60_000_000, 300_000_000]
    /// Holes of one search; the rest of a place follows in the next.
    private static let holesMost = 64
    private static let crowdedPause: Int64 = 1_000_000
    private static let failurePauseMost: Int64 = 300_000_000
    /// Searches without an answer after which a hole is given up: with the pauses between, two hours.
    static let failuresMost = 30

    private let searchesMost: Int
    /// By entry: as many as the ledger has.
    private var progress: [String: Progress] = [:]
    /// The venues of the searches under way, by place.
    private var underWay: Set<GapSubject> = []

    /// - Parameter searchesMost: Searches under way in one venue at most.
    init(searchesMost: Int = 8) {
        self.searchesMost = searchesMost
    }

    var searching: Int { self.underWay.count }

    /// Gives the searches to begin now, the longest missing first.
    ///
    /// - Parameter all: What is missing at all, of which `holes` may be looked for now; these alone where it is left out.
    mutating func begin(_ holes: [TradeHole], of all: [TradeHole]? = nil, at now: Int64) -> [Search] {
        let known = Set((all ?? holes).map(\.id))
        self.progress = self.progress.filter { known.contains($0.key) }
        var due: [GapSubject: [TradeHole]] = [:]
        for hole in holes {
            let progress = self.progress[hole.id] ?? Progress(due: now)
            self.progress[hole.id] = progress
            if progress.due <= now { due[hole.subject.place, default: []].append(hole) }
        }
        var searches: [Search] = []
        let places = due.filter { !self.underWay.contains($0.key) }
            .sorted { Self.since($0.value) < Self.since($1.value) }
        for (place, holes) in places {
            guard self.underWay.count(where: { $0.venue == place.venue }) < self.searchesMost else { continue }
            self.underWay.insert(place)
            let first = holes.sorted { $0.first < $1.first }.prefix(Self.holesMost)
            searches.append(Search(subject: place, holes: Array(first)))
        }
        return searches
    }

    private static func since(_ holes: [TradeHole]) -> Int64 { holes.map(\.sinceMicroseconds).min() ?? 0 }

    /// Takes note that a search ended, and gives the entries of which nothing more is to be expected.
    mutating func ended(_ search: Search, as end: End, at now: Int64) -> [String] {
        self.underWay.remove(search.subject)
        var over: [String] = []
        for hole in search.holes {
            guard var progress = self.progress[hole.id] else { continue }
            switch end {
            case .asked:
                guard progress.asked < Self.pauses.count else {
                    over.append(hole.id)
                    continue
                }
                progress.due = now + Self.pauses[progress.asked]
                progress.asked += 1
            case .impossible:
                over.append(hole.id)
                continue
            case .failed:
                progress.failed += 1
                guard progress.failed < Self.failuresMost else {
                    over.append(hole.id)
                    continue
                }
                progress.due = now + min(Self.failurePauseMost, 1_000_000 << min(progress.failed, 9))
            case .crowded:
                progress.due = now + Self.crowdedPause
            }
            self.progress[hole.id] = progress
        }
        return over
    }
}
