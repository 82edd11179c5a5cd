/// How books are kept and when they are published.
package struct BookSettings: Sendable, Equatable {
    /// Levels a side that are published; nil publishes and keeps every level.
    package var depth: Int?
    /// Levels a side that are kept, at least the depth.
    package var retain: Int
    /// A live book with fewer known levels a side asks for a refresh.
    package var refreshBelow: Int
    /// Levels a side of a full snapshot, of books that were given no number of their own.
    package var snapshotLimit: Int
    package var snapshotIntervalMicroseconds: Int64
    package var idleIntervalMicroseconds: Int64
    /// A book crossed or locked for longer than this is broken.
    package var crossedForMicroseconds: Int64
    /// The least time between two refreshes of one book.
    package var refreshSpacingMicroseconds: Int64
    /// A refresh that was not answered for so long is given up.
    package var refreshTimeoutMicroseconds: Int64
    /// An audit that was not answered for so long is given up.
    package var auditTimeoutMicroseconds: Int64
    /// How long an audit's answer that is ahead of its book waits for it.
    package var auditPatienceMicroseconds: Int64
    package var kept: KeptUpdates.Limits

    package init(depth: Int? = 100, retain: Int = 1_000, refreshBelow: Int? = nil, snapshotLimit: Int = 1_000) {
        self.depth = depth
        self.retain = max(retain, depth ?? 0)
        // Half of the reserve: a refresh then comes before the view is short, and seldom.
        self.refreshBelow = refreshBelow ?? (depth.map { $0 + (max(retain, $0) - $0) / 2 } ?? 0)
        self.snapshotLimit = snapshotLimit
        self.snapshotIntervalMicroseconds = 1_000_000
        self.idleIntervalMicroseconds = 10_000_000
        self.crossedForMicroseconds = 1_000_000
        self.refreshSpacingMicroseconds = 10_000_000
        self.refreshTimeoutMicroseconds = 120_000_000
        self.auditTimeoutMicroseconds = 120_000_000
        self.auditPatienceMicroseconds = 10_000_000
        self.kept = KeptUpdates.Limits()
    }

    /// The most levels that one book's two sides hold between frames; nil when every level is kept.
    package var levelsMost: Int? { self.depth == nil ? nil : 2 * (self.retain + BookKeeper.trimSlack) }

    /// When a book whose snapshots have `snapshotLimit` levels is refreshed: as set, but no more often than a fresh
    /// snapshot could change it.
    func refreshBelow(snapshotLimit: Int) -> Int {
        guard let depth = self.depth, self.refreshBelow > snapshotLimit else { return self.refreshBelow }
        return depth + max(0, snapshotLimit - depth) / 2
    }

    /// The depth to cut views at.
    var viewDepth: Int { self.depth ?? Int.max }
}
