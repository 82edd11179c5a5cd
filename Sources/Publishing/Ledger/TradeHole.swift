/// Trades of one ledger entry that are missing and may still be found.
package struct TradeHole: Sendable, Equatable {
    /// The entry's.
    package let id: String
    package let subject: GapSubject
    /// Ids by the venue's count, ascending, without overlap.
    package let ids: [ClosedRange<UInt64>]
    /// When the first of them was missed at the earliest, microseconds since the epoch.
    package let sinceMicroseconds: Int64

    package var first: UInt64 { self.ids.first?.lowerBound ?? 0 }
    package var count: UInt64 { self.ids.reduce(0) { $0 + ($1.upperBound - $1.lowerBound + 1) } }

    package init(id: String, subject: GapSubject, ids: [ClosedRange<UInt64>], sinceMicroseconds: Int64) {
        self.id = id
        self.subject = subject
        self.ids = ids
        self.sinceMicroseconds = sinceMicroseconds
    }

    /// Nil for an entry that misses none.
    init?(_ entry: LedgerEntry) {
        let ids = entry.holes
        guard !ids.isEmpty else { return nil }
        self.init(
            id: entry.id, subject: entry.loss.subject, ids: ids, sinceMicroseconds: entry.loss.fromMicroseconds)
    }
}
