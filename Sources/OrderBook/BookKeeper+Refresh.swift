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
        self.endAudit(book, .abandoned)
        book.pointee.refreshRequestedMicroseconds = now
        book.pointee.kept.removeAll()
        self.want(.refresh, book)
        self.setState(.refreshing, of: book, reason: .none, at: now, &batch)
    }

    /// Keeps an update that is about to be applied, for the snapshot that is waited for.
    mutating func keepApplied(
        _ update: DepthUpdate, for book: UnsafeMutablePointer<Book>, _ levels: borrowing LevelBuffer
    ) {
        if book.pointee.audit != nil { return self.keepForAudit(update, for: book, levels) }
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

    /// Brings the held snapshot up to the book: takes over what it knows deeper, or ends the audit that it was asked for.
    mutating func tryHeld(
        _ book: UnsafeMutablePointer<Book>, at now: Int64, _ batch: inout EventBatch
    ) {
        guard let held = book.pointee.held, let last = book.pointee.synchronizer.last, held.last <= last else { return }
        book.pointee.held = nil
        if let audit = book.pointee.audit { return self.compare(book, with: held, upTo: last, audit, at: now, &batch) }
        guard self.rebuildScratch(for: book, from: held, limit: book.pointee.snapshotLimit, upTo: last) == .aligned
        else {
            self.endRefresh(book, failed: true, at: now, &batch)
            return
        }
        guard self.scratchAgrees(with: book) else {
            book.pointee.counts.mismatches &+= 1
            self.enterBroken(book, reason: .mismatch, at: now, &batch)
            return
        }
        self.takeOverScratch(book, &batch)
        self.endRefresh(book, failed: false, at: now, &batch)
    }

    /// Whether the scratch sides and the book's are the same as far as both are known.
    func scratchAgrees(with book: UnsafeMutablePointer<Book>) -> Bool {
        book.pointee.bids.agrees(with: self.scratchBids, downTo: self.scratchBids.knownFrom(with: book.pointee.bids))
            && book.pointee.asks.agrees(
                with: self.scratchAsks, downTo: self.scratchAsks.knownFrom(with: book.pointee.asks))
    }

    /// What came of bringing a snapshot up to a book.
    enum Rebuilt {
        case aligned
        /// A kept update is missing, or the snapshot is of no moment that the book came through.
        case notAligned
        /// Its levels are not in order.
        case unusable
    }

    /// Builds the sides that a snapshot and the kept updates give, cut to the book's window as the book is.
    ///
    /// - Parameter limit: Levels a side of a full snapshot: a shorter one holds the whole side.
    mutating func rebuildScratch(
        for book: UnsafeMutablePointer<Book>, from held: HeldSnapshot, limit: Int, upTo last: UInt64
    ) -> Rebuilt {
        let kept = book.pointee.kept
        let window = book.pointee.semantics.window
        let bidsFit = held.bids.withUnsafeBufferPointer {
            self.scratchBids.replace(with: $0, isComplete: $0.count < limit)
        }
        let asksFit = held.asks.withUnsafeBufferPointer {
            self.scratchAsks.replace(with: $0, isComplete: $0.count < limit)
        }
        guard bidsFit, asksFit else { return .unusable }
        var follow = BookSynchronizer(rule: book.pointee.synchronizer.rule)
        _ = follow.snapshotReceived(last: held.last)
        for entry in kept.entries {
            // Ids that start anew say nothing of which moment came first.
            guard entry.update.last >= entry.update.before else { return .notAligned }
            switch follow.updateReceived(before: entry.update.before, last: entry.update.last) {
            case .apply:
                self.scratchBids.apply(kept.levels[entry.start..<(entry.start + entry.bids)])
                self.scratchAsks.apply(
                    kept.levels[(entry.start + entry.bids)..<(entry.start + entry.bids + entry.asks)])
                self.scratchBids.cut(to: window)
                self.scratchAsks.cut(to: window)
            case .discardStale:
                continue
            case .keep, .breakAndKeep:
                return .notAligned
            }
        }
        return follow.last == last ? .aligned : .notAligned
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
