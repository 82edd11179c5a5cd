package import MarketModel

/// A snapshot that a book asks for.
package struct SnapshotRequest: Sendable, Equatable {
    package enum Purpose: Sendable, Equatable {
        /// There is no valid book.
        case seed
        /// A live book is to be known deeper again.
        case refresh
    }

    package let instrument: InstrumentID
    package let purpose: Purpose

    package init(instrument: InstrumentID, purpose: Purpose) {
        self.instrument = instrument
        self.purpose = purpose
    }
}

/// The best bid and ask after a snapshot or an applied update, for comparison with a reference.
package struct BookMark: Sendable {
    package let instrument: InstrumentID
    package let bid: Level?
    package let ask: Level?
}

/// Keeps the books of one loop: takes depth updates, gives views and their changes.
///
/// Confined to its loop's thread. In the steady state it allocates nothing.
package struct BookKeeper: ~Copyable {
    package let settings: BookSettings
    /// Books that want a snapshot, in order, each once; what for stands in the book.
    private var wanting: [InstrumentID] = []
    /// Filled only when `recordsMarks` is set.
    package internal(set) var marks: [BookMark] = []
    package var recordsMarks = false
    /// Whether what comes now was kept while another socket brought the same.
    package var takesKept = false
    /// Spans without a book that are to be told.
    var losses: [BookLoss] = []
    /// Audits that ended and are to be told.
    var audits: [BookAuditResult] = []

    private var books: UnsafeMutablePointer<Book>
    private var capacity: Int
    /// How many instruments have a place; a released book keeps its place, empty.
    package private(set) var count = 0
    var scratchBids: BookSide
    var scratchAsks: BookSide

    package init(settings: BookSettings) {
        self.settings = settings
        self.capacity = 16
        self.books = .allocate(capacity: 16)
        self.scratchBids = BookSide(.bids, retain: nil)
        self.scratchAsks = BookSide(.asks, retain: nil)
    }

    deinit {
        self.books.deinitialize(count: self.count)
        self.books.deallocate()
    }

    /// Makes a book for the next instrument; ids are dense from 0.
    ///
    /// - Parameters:
    ///   - isKept: False for an instrument whose depth is not subscribed: its place stays empty and silent.
    ///   - snapshotLimit: Levels a side that its snapshots are asked for; nil is the settings' number.
    ///   - rule: How the venue's updates follow each other.
    ///   - semantics: What the venue's book says of levels that it does not name.
    package mutating func add(
        _ instrument: InstrumentID, isKept: Bool = true, snapshotLimit: Int? = nil, rule: SequenceRule = .covering,
        semantics: DepthSemantics = .snapshotLimited
    ) {
        precondition(Int(instrument.index) == self.count, "instruments are added in the order of their ids")
        if self.count == self.capacity {
            let wider = UnsafeMutablePointer<Book>.allocate(capacity: self.capacity * 2)
            wider.moveInitialize(from: self.books, count: self.count)
            self.books.deallocate()
            self.books = wider
            self.capacity *= 2
        }
        let place = self.books + self.count
        place.initialize(
            to: Book(
                instrument: instrument, settings: self.settings,
                snapshotLimit: snapshotLimit ?? self.settings.snapshotLimit, rule: rule, semantics: semantics))
        if !isKept { place.pointee.state = .stopped }
        self.count += 1
    }

    /// Lends a book.
    @inline(__always)
    package func withBook<Result>(_ instrument: InstrumentID, _ body: (borrowing Book) -> Result) -> Result {
        body(self.book(instrument).pointee)
    }

    /// Takes out the requests for snapshots, at most one a book.
    ///
    /// Each is to be answered with a snapshot or with `snapshotFailed`.
    package mutating func takeRequests() -> [SnapshotRequest] {
        guard !self.wanting.isEmpty else { return [] }
        var requests: [SnapshotRequest] = []
        for id in self.wanting {
            guard let purpose = self.book(id).pointee.wanted else { continue }
            self.book(id).pointee.wanted = nil
            requests.append(SnapshotRequest(instrument: id, purpose: purpose))
        }
        self.wanting.removeAll(keepingCapacity: true)
        return requests
    }

    /// Notes what a book wants a snapshot for, in place of what it wanted before; nil takes that back.
    mutating func want(_ purpose: SnapshotRequest.Purpose?, _ book: UnsafeMutablePointer<Book>) {
        let isListed = self.wanting.contains(book.pointee.instrument)
        book.pointee.wanted = purpose
        if purpose != nil, !isListed { self.wanting.append(book.pointee.instrument) }
    }

    package mutating func takeMarks() -> [BookMark] {
        guard !self.marks.isEmpty else { return [] }
        defer { self.marks = [] }
        return self.marks
    }

    @inline(__always)
    func book(_ instrument: InstrumentID) -> UnsafeMutablePointer<Book> {
        let index = Int(instrument.index)
        precondition(index >= 0 && index < self.count, "no book was made for this instrument")
        return self.books + index
    }

    // MARK: - Updates

    /// Takes a venue's update or snapshot and appends what it changes to `batch`.
    @inline(__always)
    package mutating func take(_ update: DepthUpdate, _ batch: inout EventBatch) {
        switch update.kind {
        case .delta: self.takeDelta(update, &batch)
        case .snapshot: self.takeSnapshot(update, &batch)
        case .reset: self.takeReset(update, &batch)
        case .audit: self.takeAudit(update, &batch)
        }
    }

    @inline(__always)
    private mutating func takeDelta(_ update: DepthUpdate, _ batch: inout EventBatch) {
        let book = self.book(update.instrument)
        guard book.pointee.state != .stopped else { return }
        book.pointee.counts.frames &+= 1
        switch book.pointee.synchronizer.updateReceived(before: update.before, last: update.last) {
        case .apply:
            self.apply(update, to: book, &batch)
        case .discardStale:
            book.pointee.counts.stale &+= 1
        case .keep:
            self.keep(update, for: book, batch.levels)
        case .breakAndKeep(let expected, _):
            book.pointee.counts.gaps &+= 1
            self.enterBroken(book, reason: .gap, expected: expected, at: update.receivedMicroseconds, &batch)
            self.keep(update, for: book, batch.levels)
        }
    }

    @inline(__always)
    private mutating func apply(
        _ update: DepthUpdate, to book: UnsafeMutablePointer<Book>, _ batch: inout EventBatch
    ) {
        if book.pointee.keepsApplied { self.keepApplied(update, for: book, batch.levels) }
        let depth = self.settings.viewDepth
        let bids = book.pointee.bids.apply(update.bids, depth: depth, recordingInto: &batch.levels)
        let asks = book.pointee.asks.apply(update.asks, depth: depth, recordingInto: &batch.levels)
        book.pointee.eventTime = update.eventTime
        book.pointee.sentTime = update.sentTime
        book.pointee.receivedMicroseconds = update.receivedMicroseconds
        book.pointee.counts.applied &+= 1
        book.pointee.counts.levels &+= UInt64(update.bids.count) &+ UInt64(update.asks.count)
        book.pointee.bids.trim(slack: Self.trimSlack)
        book.pointee.asks.trim(slack: Self.trimSlack)
        if update.checksum.isGiven, !self.confirms(book, update.checksum) {
            self.enterBroken(book, reason: .mismatch, at: update.receivedMicroseconds, &batch)
            return
        }
        if self.recordsMarks { self.mark(book) }

        if !bids.isEmpty || !asks.isEmpty {
            let previous = book.pointee.sequence
            book.pointee.sequence = previous &+ 1
            book.pointee.viewChanged = true
            let head = book.pointee.head(depth: depth)
            if Int(head.trustedDepth) == depth { book.pointee.counts.framesTrusted &+= 1 }
            _ = batch.append(
                .orderBookDelta(
                    OrderBookDelta(head: head, previousSequence: previous, bids: bids, asks: asks)))
        } else if book.pointee.trustedDepth(depth) == depth {
            book.pointee.counts.framesTrusted &+= 1
        }
        self.afterApplying(book, at: update.receivedMicroseconds, &batch)
    }

    /// Levels that may stand above those to retain before a side is cut.
    static let trimSlack = 256

    @inline(__always)
    private mutating func afterApplying(
        _ book: UnsafeMutablePointer<Book>, at now: Int64, _ batch: inout EventBatch
    ) {
        if book.pointee.isCrossed {
            book.pointee.counts.crossed &+= 1
            let since = book.pointee.crossedSinceMicroseconds ?? now
            book.pointee.crossedSinceMicroseconds = since
            if now - since > self.settings.crossedForMicroseconds {
                self.enterBroken(book, reason: .crossed, at: now, &batch)
                return
            }
        } else {
            book.pointee.crossedSinceMicroseconds = nil
        }
        if book.pointee.state == .seeded {
            self.setState(.live, of: book, reason: .none, at: now, &batch)
        }
        if book.pointee.keepsApplied, book.pointee.held != nil { self.tryHeld(book, at: now, &batch) }
        if now &- book.pointee.publishedMicroseconds >= self.settings.snapshotIntervalMicroseconds {
            self.publishView(of: book, at: now, &batch)
        }
        if book.pointee.bids.count < book.pointee.refreshBelow
            || book.pointee.asks.count < book.pointee.refreshBelow
        {
            self.considerRefresh(book, at: now, &batch)
        }
    }

    mutating func keep(
        _ update: DepthUpdate, for book: UnsafeMutablePointer<Book>, _ levels: borrowing LevelBuffer
    ) {
        guard !book.pointee.semantics.isFedByStream else {
            book.pointee.counts.beforeSnapshot &+= 1
            return
        }
        if !book.pointee.kept.append(update, from: levels) { book.pointee.counts.keptOverflows &+= 1 }
    }

    // MARK: - What the driver says

    /// Asks for the first snapshot of a book, or for another after one failed.
    package mutating func requestSeed(_ instrument: InstrumentID) {
        let book = self.book(instrument)
        guard book.pointee.synchronizer.last == nil, book.pointee.state != .stopped else { return }
        self.want(.seed, book)
    }

    /// Takes note that no snapshot came of a request: a refresh is over, a seed waits for `requestSeed`.
    package mutating func snapshotFailed(_ request: SnapshotRequest, at now: Int64, _ batch: inout EventBatch) {
        let book = self.book(request.instrument)
        if book.pointee.state == .refreshing { self.endRefresh(book, failed: true, at: now, &batch) }
    }

    /// Voids a book whose updates no longer come; it asks for no snapshot before `requestSeed`.
    package mutating func breakBook(
        _ instrument: InstrumentID, reason: StatusChange.Reason, at now: Int64, _ batch: inout EventBatch
    ) {
        let book = self.book(instrument)
        guard book.pointee.state != .stopped else { return }
        self.enterBroken(book, reason: reason, at: now, &batch)
        book.pointee.kept.removeAll()
        self.want(nil, book)
    }

    /// Starts a new chain: readers missed a delta, the book itself is sound.
    package mutating func startNewChain(_ instrument: InstrumentID, at now: Int64, _ batch: inout EventBatch) {
        let book = self.book(instrument)
        guard book.pointee.synchronizer.last != nil else { return }
        book.pointee.reseeds &+= 1
        book.pointee.sequence = 1
        self.publishView(of: book, at: now, &batch)
    }

    /// Does what is due by the clock for one book: gives up a refresh or an audit that was never answered, breaks a book
    /// that stays crossed, publishes a view that changed or one unchanged for the idle interval.
    ///
    /// Book by book, so that the views that are due never have to fit one batch together.
    package mutating func publishDue(_ instrument: InstrumentID, at now: Int64, _ batch: inout EventBatch) {
        let book = self.book(instrument)
        guard book.pointee.state != .stopped else { return }
        if let requested = book.pointee.refreshRequestedMicroseconds,
            now - requested >= self.settings.refreshTimeoutMicroseconds
        {
            self.endRefresh(book, failed: true, at: now, &batch)
        }
        self.endOverdueAudit(book, at: now)
        if let since = book.pointee.crossedSinceMicroseconds,
            now - since > self.settings.crossedForMicroseconds
        {
            self.enterBroken(book, reason: .crossed, at: now, &batch)
        }
        let age = now - book.pointee.publishedMicroseconds
        let isDue =
            age >= self.settings.idleIntervalMicroseconds
            || (book.pointee.viewChanged && age >= self.settings.snapshotIntervalMicroseconds)
        if isDue { self.publishView(of: book, at: now, &batch) }
    }

    /// Moves every deadline along with a clock that was set: what was due in a second still is.
    package mutating func clockStepped(by microseconds: Int64) {
        for index in 0..<self.count {
            let book = self.books + index
            book.pointee.publishedMicroseconds &+= microseconds
            if let since = book.pointee.crossedSinceMicroseconds {
                book.pointee.crossedSinceMicroseconds = since &+ microseconds
            }
            if let requested = book.pointee.refreshRequestedMicroseconds {
                book.pointee.refreshRequestedMicroseconds = requested &+ microseconds
            }
            if let ended = book.pointee.refreshEndedMicroseconds {
                book.pointee.refreshEndedMicroseconds = ended &+ microseconds
            }
            if var audit = book.pointee.audit {
                audit.untilMicroseconds &+= microseconds
                book.pointee.audit = audit
            }
        }
    }

    /// Publishes one book's current view.
    package mutating func publish(_ instrument: InstrumentID, at now: Int64, _ batch: inout EventBatch) {
        self.publishView(of: self.book(instrument), at: now, &batch)
    }

    /// Ends a book: publishes that it stopped and gives its memory back.
    package mutating func release(_ instrument: InstrumentID, at now: Int64, _ batch: inout EventBatch) {
        let book = self.book(instrument)
        guard book.pointee.state != .stopped else { return }
        self.endAudit(book, .abandoned)
        self.setState(.stopped, of: book, reason: .requested, at: now, &batch)
        self.want(nil, book)
        let counts = book.pointee.counts
        let reseeds = book.pointee.reseeds
        book.pointee = Book(
            instrument: instrument, settings: self.settings, snapshotLimit: book.pointee.snapshotLimit,
            rule: book.pointee.synchronizer.rule, semantics: book.pointee.semantics)
        book.pointee.state = .stopped
        book.pointee.counts = counts
        book.pointee.reseeds = reseeds
    }

    /// Takes a released book into use again.
    package mutating func reopen(_ instrument: InstrumentID) {
        let book = self.book(instrument)
        if book.pointee.state == .stopped { book.pointee.state = .waiting }
    }

    /// Multiplies every price and size of a book by powers of ten; false when one does not fit, and the book is void.
    package mutating func rescale(_ instrument: InstrumentID, price: UInt8, size: UInt8) -> Bool {
        let book = self.book(instrument)
        guard book.pointee.bids.rescale(price: price, size: size),
            book.pointee.asks.rescale(price: price, size: size),
            book.pointee.kept.rescale(price: price, size: size)
        else { return false }
        guard let held = book.pointee.held else { return true }
        book.pointee.held = held.rescaled(price: price, size: size)
        return book.pointee.held != nil
    }
}
