import Backfill

/// What changed of the jobs since the last look, for the log of a service that works on them unseen.
struct HistoryJobNews {
    /// One job's new state.
    struct Item: Hashable {
        let job: String
        let text: String
        /// Whether somebody has to do something.
        let isWarning: Bool
    }

    private var states: [String: HistoryJob.State] = [:]

    /// Takes the jobs as they stand; of the first look those count that are not over.
    mutating func taken(_ jobs: [HistoryJob]) -> [Item] {
        let former = self.states
        self.states = Dictionary(jobs.map { ($0.name, $0.state) }, uniquingKeysWith: { first, _ in first })
        return jobs.reversed().compactMap { job in
            guard former[job.name] != job.state else { return nil }
            switch job.state {
            case .running: return Item(job: job.name, text: "runs: \(job.series) series", isWarning: false)
            case .paused:
                guard let reason = job.reason else { return Item(job: job.name, text: "rests", isWarning: false) }
                return Item(job: job.name, text: "rests: \(reason)", isWarning: true)
            case .ended where former[job.name] != nil:
                let failed = job.piecesFailed
                let text = "has ended: \(job.piecesDone) pieces, \(job.counts.written) rows, \(failed) failed for good"
                return Item(job: job.name, text: text, isWarning: failed > 0)
            case .cancelled where former[job.name] != nil:
                return Item(job: job.name, text: "is cancelled", isWarning: false)
            case .ended, .cancelled: return nil
            }
        }
    }
}
