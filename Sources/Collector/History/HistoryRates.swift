package import Backfill

/// How fast the past is fetched, over the last stretch of time.
package struct HistoryRates: Hashable, Sendable {
    /// Rows and pieces a second; nil before there is a stretch.
    package private(set) var rows: Double?
    package private(set) var pieces: Double?

    /// What is looked back on: some of the minutes that budgets count by, of which each may be used in a few seconds.
    private static let stretchMilliseconds: Int64 = 300_000
    private static let spacingMilliseconds: Int64 = 5_000
    private static let samplesMost = 64

    private var samples: [Sample] = []

    private struct Sample: Hashable {
        let at: Int64
        let rows: UInt64
        let pieces: UInt64
    }

    package init() {}

    /// Takes what was done up to now, and gives the rates.
    package mutating func taken(_ activity: HistoryRunner.Activity, atMilliseconds now: Int64) -> Self {
        self.samples.removeAll { now - $0.at > Self.stretchMilliseconds }
        if now - (self.samples.last?.at ?? .min / 2) >= Self.spacingMilliseconds {
            if self.samples.count == Self.samplesMost { self.samples.removeFirst() }
            self.samples.append(Sample(at: now, rows: activity.rows, pieces: activity.piecesDone))
        }
        guard let first = self.samples.first, now > first.at else { return self }
        let seconds = Double(now - first.at) / 1_000
        self.rows = Double(activity.rows &- first.rows) / seconds
        self.pieces = Double(activity.piecesDone &- first.pieces) / seconds
        return self
    }
}
