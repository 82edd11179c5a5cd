/// A level that changed since a book was told last.
struct LevelChange: Equatable {
    let price: Int64
    /// Zero for a level that is gone.
    let size: Int64
    let isNew: Bool
}

/// What a message of a linked book says: the id it follows and the id it leads to.
struct BookDelta: Equatable {
    let previousID: UInt64
    let lastID: UInt64
    let bids: [LevelChange]
    let asks: [LevelChange]
}

/// A book as clients were told it: a snapshot, then changes that each name the id before.
///
/// A level that leaves the window is told as gone, and one that comes into it as new.
struct LinkedBook {
    private(set) var told: BookTop
    private let limit: Int

    init(_ book: TrueBook, limit: Int) {
        self.limit = limit
        self.told = book.top(limit)
    }

    /// What has to be told; `nil` when neither the window nor the id changed.
    mutating func advance(to book: TrueBook) -> BookDelta? {
        guard book.lastID != self.told.lastID else { return nil }
        let next = book.top(self.limit)
        let delta = BookDelta(
            previousID: self.told.lastID, lastID: next.lastID,
            bids: Self.changes(from: self.told.bids, to: next.bids) { $0 > $1 },
            asks: Self.changes(from: self.told.asks, to: next.asks) { $0 < $1 })
        // What happens behind the window is no news.
        if delta.bids.isEmpty, delta.asks.isEmpty, next.lastID > self.told.lastID { return nil }
        self.told = next
        return delta
    }

    private static func changes(
        from old: [BookLevel], to new: [BookLevel], isBetter: (Int64, Int64) -> Bool
    ) -> [LevelChange] {
        var changes: [LevelChange] = []
        var oldIndex = 0
        for level in new {
            while oldIndex < old.count, isBetter(old[oldIndex].price, level.price) {
                changes.append(LevelChange(price: old[oldIndex].price, size: 0, isNew: false))
                oldIndex += 1
            }
            let isKnown = oldIndex < old.count && old[oldIndex].price == level.price
            if !isKnown || old[oldIndex].size != level.size {
                changes.append(LevelChange(price: level.price, size: level.size, isNew: !isKnown))
            }
            if isKnown { oldIndex += 1 }
        }
        for level in old[oldIndex...] { changes.append(LevelChange(price: level.price, size: 0, isNew: false)) }
        return changes
    }
}
