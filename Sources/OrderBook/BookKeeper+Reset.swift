import MarketModel

/// How a snapshot that comes in the stream starts a book, or replaces one.
extension BookKeeper {
    mutating func takeReset(_ update: DepthUpdate, _ batch: inout EventBatch) {
        let book = self.book(update.instrument)
        guard book.pointee.state != .stopped else { return }
        let previous = book.pointee.synchronizer.last
        // It says what stands already, and would cost readers their chain.
        if self.takesKept, previous == update.last, book.pointee.refreshRequestedMicroseconds == nil {
            book.pointee.counts.staleSnapshots &+= 1
            return
        }
        switch book.pointee.synchronizer.resetReceived(last: update.last) {
        case .discardStale:
            book.pointee.counts.staleSnapshots &+= 1
            return
        case .replace:
            book.pointee.counts.resets &+= 1
        case .seed:
            break
        }
        let now = update.receivedMicroseconds
        self.endWaiting(of: book, at: now)
        guard self.replaceSides(of: book, from: update, batch.levels),
            !update.checksum.isGiven || self.confirms(book, update.checksum)
        else {
            self.enterBroken(book, reason: .mismatch, expected: previous.map { $0 &+ 1 }, at: now, &batch)
            return
        }
        book.pointee.counts.snapshots &+= 1
        book.pointee.eventTime = update.eventTime
        book.pointee.sentTime = update.sentTime
        book.pointee.receivedMicroseconds = now
        book.pointee.crossedSinceMicroseconds = nil
        if self.recordsMarks { self.mark(book) }
        book.pointee.reseeds &+= 1
        book.pointee.sequence = 1
        self.regain(book, at: now)
        self.setState(.live, of: book, reason: .none, at: now, &batch)
    }

    /// Forgets what was kept and asked for: nothing that came before the snapshot is of use after it.
    private mutating func endWaiting(of book: UnsafeMutablePointer<Book>, at now: Int64) {
        self.endAudit(book, .abandoned)
        book.pointee.kept.removeAll()
        book.pointee.held = nil
        if book.pointee.refreshRequestedMicroseconds != nil {
            book.pointee.counts.refreshes &+= 1
            book.pointee.refreshRequestedMicroseconds = nil
            book.pointee.refreshEndedMicroseconds = now
        }
        if book.pointee.wanted != nil { self.want(nil, book) }
    }
}
