package import MarketModel

/// How a live book is compared with the venue's own: updates are kept from the moment of asking, as they are for a
/// refresh, and bring the answer up to the book.
///
/// An audit changes nothing that readers see unless it finds a difference, and then the book is void. It gives way: a book
/// that breaks, is to be known deeper or is replaced by a snapshot of its stream is not compared. Where updates are
/// linked, an answer counts only if its id is one that the book came through: of a moment between two updates nothing
/// can be said, since a level may have changed and changed back.
extension BookKeeper {
    /// Audits that are told at most between two looks.
    private static var auditsMost: Int { 64 }

    /// Begins to keep what an answer that is now asked for can be brought up to date with; false where the book is not
    /// live or is audited already.
    ///
    /// - Parameter limit: Levels a side that the answer holds at most.
    package mutating func beginAudit(_ instrument: InstrumentID, limit: Int, at now: Int64) -> Bool {
        let book = self.book(instrument)
        guard book.pointee.state == .live, !book.pointee.keepsApplied else { return false }
        book.pointee.kept.removeAll()
        book.pointee.audit = BookAudit(
            limit: limit, untilMicroseconds: now &+ self.settings.auditTimeoutMicroseconds)
        return true
    }

    /// Ends an audit of which no answer will come, without a result.
    package mutating func cancelAudit(_ instrument: InstrumentID) {
        self.clearAudit(self.book(instrument))
    }

    /// Ends an audit whose answer is no book.
    package mutating func auditFailed(_ instrument: InstrumentID) {
        self.endAudit(self.book(instrument), .failed)
    }

    /// Takes the audits that ended since the last look.
    package mutating func takeAudits() -> [BookAuditResult] {
        guard !self.audits.isEmpty else { return [] }
        defer { self.audits = [] }
        return self.audits
    }

    /// Takes the venue's book; one that is ahead of the stream waits for it.
    mutating func takeAudit(_ update: DepthUpdate, _ batch: inout EventBatch) {
        let book = self.book(update.instrument)
        // One that ended meanwhile was told already.
        guard var audit = book.pointee.audit else { return }
        audit.untilMicroseconds = min(
            audit.untilMicroseconds, update.receivedMicroseconds &+ self.settings.auditPatienceMicroseconds)
        book.pointee.audit = audit
        book.pointee.held = HeldSnapshot(
            last: update.last, bids: batch.levels.withLevels(update.bids) { Array($0) },
            asks: batch.levels.withLevels(update.asks) { Array($0) })
        self.tryHeld(book, at: update.receivedMicroseconds, &batch)
    }

    /// Keeps an update; when there are too many, the answer must be newer than those that went.
    mutating func keepForAudit(
        _ update: DepthUpdate, for book: UnsafeMutablePointer<Book>, _ levels: borrowing LevelBuffer
    ) {
        _ = book.pointee.kept.append(update, from: levels)
    }

    /// Compares a book with an answer that it has caught up with.
    mutating func compare(
        _ book: UnsafeMutablePointer<Book>, with held: HeldSnapshot, upTo last: UInt64, _ audit: BookAudit,
        at now: Int64, _ batch: inout EventBatch
    ) {
        switch self.rebuildScratch(for: book, from: held, limit: audit.limit, upTo: last) {
        case .unusable: return self.endAudit(book, .failed)
        case .notAligned: return self.endAudit(book, .notAligned)
        case .aligned: break
        }
        let levels =
            self.scratchBids.count(downTo: self.scratchBids.knownFrom(with: book.pointee.bids))
            + self.scratchAsks.count(downTo: self.scratchAsks.knownFrom(with: book.pointee.asks))
        if self.scratchAgrees(with: book) {
            // Without a level in common, two books that are not empty were not compared.
            let isEmpty = book.pointee.levelCount + self.scratchBids.count + self.scratchAsks.count == 0
            return self.endAudit(book, levels > 0 || isEmpty ? .equal : .notAligned, levels: levels)
        }
        book.pointee.counts.mismatches &+= 1
        self.endAudit(book, .mismatched, levels: levels)
        self.enterBroken(book, reason: .mismatch, at: now, &batch)
    }

    mutating func endOverdueAudit(_ book: UnsafeMutablePointer<Book>, at now: Int64) {
        guard let audit = book.pointee.audit, now >= audit.untilMicroseconds else { return }
        self.endAudit(book, book.pointee.held == nil ? .failed : .notAligned)
    }

    /// Ends an audit, if one is under way, and notes what became of it.
    mutating func endAudit(
        _ book: UnsafeMutablePointer<Book>, _ outcome: BookAuditResult.Outcome, levels: Int = 0
    ) {
        guard self.clearAudit(book), self.audits.count < Self.auditsMost else { return }
        self.audits.append(
            BookAuditResult(instrument: book.pointee.instrument, outcome: outcome, levels: levels))
    }

    @discardableResult
    private mutating func clearAudit(_ book: UnsafeMutablePointer<Book>) -> Bool {
        guard book.pointee.audit != nil else { return false }
        book.pointee.audit = nil
        book.pointee.held = nil
        book.pointee.kept.removeAll()
        return true
    }

    /// Changes a level in memory and nothing else, as a fault of the program would: for tests of what finds it.
    ///
    /// - Returns: False where no level is at this rank.
    package mutating func corrupt(_ instrument: InstrumentID, bidAtRank rank: Int) -> Bool {
        let book = self.book(instrument)
        guard rank < book.pointee.bids.count else { return false }
        let level = book.pointee.bids.level(atRank: rank)
        book.pointee.bids.beginFrame()
        return book.pointee.bids.update(key: level.price, size: level.size &+ 1)
    }
}
