import MarketModel

/// How a snapshot starts a book.
extension BookKeeper {
    mutating func takeSnapshot(_ update: DepthUpdate, _ batch: inout EventBatch) {
        let book = self.book(update.instrument)
        guard book.pointee.state != .stopped else { return }
        switch book.pointee.synchronizer.snapshotReceived(last: update.last) {
        case .seed: self.seed(book, from: update, &batch)
        case .compare: self.compare(book, with: update, &batch)
        }
    }

    mutating func seed(
        _ book: UnsafeMutablePointer<Book>, from update: DepthUpdate, _ batch: inout EventBatch
    ) {
        guard self.replaceSides(of: book, from: update, batch.levels) else {
            self.enterBroken(book, reason: .mismatch, at: update.receivedMicroseconds, &batch)
            return
        }
        book.pointee.counts.snapshots &+= 1
        book.pointee.eventTime = update.eventTime
        book.pointee.sentTime = update.sentTime
        book.pointee.receivedMicroseconds = update.receivedMicroseconds
        book.pointee.crossedSinceMicroseconds = nil
        if self.recordsMarks { self.mark(book) }
        guard self.applyKept(to: book) else {
            // A gap inside what was kept: what follows it waits for the next snapshot.
            self.enterBroken(book, reason: .gap, at: update.receivedMicroseconds, &batch)
            return
        }
        book.pointee.reseeds &+= 1
        book.pointee.sequence = 1
        self.regain(book, at: update.receivedMicroseconds)
        let isConfirmed = if case .live = book.pointee.synchronizer.state { true } else { false }
        self.setState(isConfirmed ? .live : .seeded, of: book, reason: .none, at: update.receivedMicroseconds, &batch)
    }

    /// Replaces both sides; false when the snapshot is not in order.
    mutating func replaceSides(
        of book: UnsafeMutablePointer<Book>, from update: DepthUpdate, _ levels: borrowing LevelBuffer
    ) -> Bool {
        let keepsAll = self.settings.depth == nil || book.pointee.semantics.isFedByStream
        let limit = book.pointee.snapshotLimit
        let bidsFit = levels.withLevels(update.bids) {
            book.pointee.bids.replace(with: $0, isComplete: keepsAll || $0.count < limit)
        }
        let asksFit = levels.withLevels(update.asks) {
            book.pointee.asks.replace(with: $0, isComplete: keepsAll || $0.count < limit)
        }
        return bidsFit && asksFit
    }

    /// Applies the kept updates in order; false at a gap, after which they are still kept.
    mutating func applyKept(to book: UnsafeMutablePointer<Book>) -> Bool {
        var done = 0
        for entry in book.pointee.kept.entries {
            switch book.pointee.synchronizer.updateReceived(before: entry.update.before, last: entry.update.last) {
            case .apply:
                let levels = book.pointee.kept.levels
                book.pointee.bids.apply(levels[entry.start..<(entry.start + entry.bids)])
                book.pointee.asks.apply(
                    levels[(entry.start + entry.bids)..<(entry.start + entry.bids + entry.asks)])
                book.pointee.bids.trim(slack: Self.trimSlack)
                book.pointee.asks.trim(slack: Self.trimSlack)
                book.pointee.eventTime = entry.update.eventTime
                book.pointee.sentTime = entry.update.sentTime
                book.pointee.receivedMicroseconds = entry.update.receivedMicroseconds
                book.pointee.counts.applied &+= 1
                book.pointee.counts.levels &+= UInt64(entry.bids + entry.asks)
                if self.recordsMarks { self.mark(book) }
            case .discardStale:
                book.pointee.counts.stale &+= 1
            case .keep, .breakAndKeep:
                book.pointee.counts.gaps &+= 1
                book.pointee.kept.removeFirst(done)
                return false
            }
            done += 1
        }
        book.pointee.kept.removeAll()
        return true
    }
}
