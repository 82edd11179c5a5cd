import MarketModel

/// How a live book is made known deeper again: a snapshot and the updates since the request give what lies below the
/// trusted range.
///
/// A book whose snapshots come in the stream needs this only where it retains less than the venue tells it: the driver
/// then subscribes again instead of asking REST, and the snapshot that comes replaces the book.
extension BookKeeper {
    /// Asks for a snapshot of a live book that is known less deep than it should be.
    mutating func considerRefresh(
        _ book: UnsafeMutablePointer<Book>, at now: Int64, _ batch: inout EventBatch
    ) {
        guard let depth = self.settings.depth, book.pointee.reach(self.settings) > depth else { return }
        // A side that is known whole cannot be known deeper.
        let bidsAreShort = book.pointee.bids.count < book.pointee.refreshBelow && book.pointee.bids.trustedFrom != .min
        let asksAreShort = book.pointee.asks.count < book.pointee.refreshBelow && book.pointee.asks.trustedFrom != .min
        guard bidsAreShort || asksAreShort, book.pointee.state == .live else { return }
        if let earlier = book.pointee.refreshRequestedMicroseconds ?? book.pointee.refreshEndedMicroseconds {
            guard now - earlier >= self.settings.refreshSpacingMicroseconds else { return }
        }
        book.pointee.refreshRequestedMicroseconds = now
        book.pointee.kept.removeAll()
        self.want(.refresh, book)
        self.setState(.refreshing, of: book, reason: .none, at: now, &batch)
    }

    mutating func keepForRefresh(
        _ update: DepthUpdate, for book: UnsafeMutablePointer<Book>, _ levels: borrowing LevelBuffer
    ) {
        guard book.pointee.state == .refreshing, !book.pointee.semantics.isFedByStream else { return }
        self.keep(update, for: book, levels)
    }

    /// Takes a snapshot of a valid book: the answer to a refresh, or one that is not needed.
    mutating func compare(
        _ book: UnsafeMutablePointer<Book>, with update: DepthUpdate, _ batch: inout EventBatch
    ) {
        guard book.pointee.state == .refreshing, book.pointee.refreshRequestedMicroseconds != nil,
            !book.pointee.semantics.isFedByStream
        else {
            book.pointee.counts.staleSnapshots &+= 1
            return
        }
        book.pointee.held = HeldSnapshot(
            last: update.last, bids: batch.levels.withLevels(update.bids) { Array($0) },
            asks: batch.levels.withLevels(update.asks) { Array($0) })
        self.tryHeld(book, at: update.receivedMicroseconds, &batch)
    }

    /// Brings the held snapshot up to the book and takes over what it knows deeper.
    mutating func tryHeld(
        _ book: UnsafeMutablePointer<Book>, at now: Int64, _ batch: inout EventBatch
    ) {
        guard let held = book.pointee.held, let last = book.pointee.synchronizer.last, held.last <= last else { return }
        book.pointee.held = nil
        guard self.rebuildScratch(for: book, from: held, upTo: last) else {
            self.endRefresh(book, failed: true, at: now, &batch)
            return
        }
        let bidsAgree = book.pointee.bids.agrees(
            with: self.scratchBids, downTo: max(book.pointee.bids.trustedFrom, self.scratchBids.trustedFrom))
        let asksAgree = book.pointee.asks.agrees(
            with: self.scratchAsks, downTo: max(book.pointee.asks.trustedFrom, self.scratchAsks.trustedFrom))
        guard bidsAgree, asksAgree else {
            book.pointee.counts.mismatches &+= 1
            self.enterBroken(book, reason: .mismatch, at: now, &batch)
            return
        }
        self.takeOverScratch(book, &batch)
        self.endRefresh(book, failed: false, at: now, &batch)
    }

    /// Builds the sides that the snapshot and the kept updates give; false when a kept update is missing.
    mutating func rebuildScratch(
        for book: UnsafeMutablePointer<Book>, from held: HeldSnapshot, upTo last: UInt64
    ) -> Bool {
        let limit = book.pointee.snapshotLimit
        let kept = book.pointee.kept
        let bidsFit = held.bids.withUnsafeBufferPointer {
            self.scratchBids.replace(with: $0, isComplete: $0.count < limit)
        }
        let asksFit = held.asks.withUnsafeBufferPointer {
            self.scratchAsks.replace(with: $0, isComplete: $0.count < limit)
        }
        guard bidsFit, asksFit else { return false }
        var follow = BookSynchronizer(rule: book.pointee.synchronizer.rule)
        _ = follow.snapshotReceived(last: held.last)
        for entry in kept.entries {
            switch follow.updateReceived(before: entry.update.before, last: entry.update.last) {
            case .apply:
                self.scratchBids.apply(kept.levels[entry.start..<(entry.start + entry.bids)])
                self.scratchAsks.apply(
                    kept.levels[(entry.start + entry.bids)..<(entry.start + entry.bids + entry.asks)])
            case .discardStale:
                continue
            case .keep, .breakAndKeep:
                return false
            }
        }
        return follow.last == last
    }

    /// Takes the scratch sides where they reach deeper, and appends what slid into the view.
    mutating func takeOverScratch(_ book: UnsafeMutablePointer<Book>, _ batch: inout EventBatch) {
        let depth = self.settings.viewDepth
        let start = batch.levels.count
        if self.scratchBids.trustedFrom < book.pointee.bids.trustedFrom {
            let edge = book.pointee.bids.viewEdge(depth: depth)
            book.pointee.bids.replace(with: self.scratchBids)
            book.pointee.bids.trim(slack: 0)
            book.pointee.bids.appendSlidIn(below: edge, depth: depth, to: &batch.levels)
        }
        let middle = batch.levels.count
        if self.scratchAsks.trustedFrom < book.pointee.asks.trustedFrom {
            let edge = book.pointee.asks.viewEdge(depth: depth)
            book.pointee.asks.replace(with: self.scratchAsks)
            book.pointee.asks.trim(slack: 0)
            book.pointee.asks.appendSlidIn(below: edge, depth: depth, to: &batch.levels)
        }
        let end = batch.levels.count
        guard end > start else { return }
        let previous = book.pointee.sequence
        book.pointee.sequence = previous &+ 1
        book.pointee.viewChanged = true
        _ = batch.append(
            .orderBookDelta(
                OrderBookDelta(
                    head: book.pointee.head(depth: depth), previousSequence: previous,
                    bids: LevelBuffer.Run(start: Int32(start), count: Int32(middle - start)),
                    asks: LevelBuffer.Run(start: Int32(middle), count: Int32(end - middle)))))
    }

    mutating func endRefresh(
        _ book: UnsafeMutablePointer<Book>, failed: Bool, at now: Int64, _ batch: inout EventBatch
    ) {
        if failed { book.pointee.counts.refreshesFailed &+= 1 } else { book.pointee.counts.refreshes &+= 1 }
        book.pointee.refreshRequestedMicroseconds = nil
        book.pointee.refreshEndedMicroseconds = now
        book.pointee.held = nil
        book.pointee.kept.removeAll()
        self.want(nil, book)
        self.setState(.live, of: book, reason: .none, at: now, &batch)
    }
}
