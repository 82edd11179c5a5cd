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
    /// Snapshots wanted, in order; whoever drives the keeper takes them out.
    package private(set) var requests: [SnapshotRequest] = []
    /// Filled only when `recordsMarks` is set.
    package private(set) var marks: [BookMark] = []
    package var recordsMarks = false

    private var books: UnsafeMutablePointer<Book>
    private var capacity: Int
    /// How many instruments have a place; a released book keeps its place, empty.
    package private(set) var count = 0
    private var scratchBids: BookSide
    private var scratchAsks: BookSide

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
    /// - Parameter isKept: False for an instrument whose depth is not subscribed: its place stays empty and silent.
    package mutating func add(_ instrument: InstrumentID, isKept: Bool = true) {
        precondition(Int(instrument.index) == self.count, "instruments are added in the order of their ids")
        if self.count == self.capacity {
            let wider = UnsafeMutablePointer<Book>.allocate(capacity: self.capacity * 2)
            wider.moveInitialize(from: self.books, count: self.count)
            self.books.deallocate()
            self.books = wider
            self.capacity *= 2
        }
        let place = self.books + self.count
        place.initialize(to: Book(instrument: instrument, settings: self.settings))
        if !isKept { place.pointee.state = .stopped }
        self.count += 1
    }

    /// Lends a book.
    @inline(__always)
    package func withBook<Result>(_ instrument: InstrumentID, _ body: (borrowing Book) -> Result) -> Result {
        body(self.book(instrument).pointee)
    }

    package mutating func takeRequests() -> [SnapshotRequest] {
        defer { self.requests.removeAll(keepingCapacity: true) }
        return self.requests
    }

    package mutating func takeMarks() -> [BookMark] {
        guard !self.marks.isEmpty else { return [] }
        defer { self.marks = [] }
        return self.marks
    }

    @inline(__always)
    private func book(_ instrument: InstrumentID) -> UnsafeMutablePointer<Book> {
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
        case .breakAndKeep:
            book.pointee.counts.gaps &+= 1
            self.enterBroken(book, reason: .gap, at: update.receivedMicroseconds, &batch)
            self.keep(update, for: book, batch.levels)
        }
    }

    @inline(__always)
    private mutating func apply(
        _ update: DepthUpdate, to book: UnsafeMutablePointer<Book>, _ batch: inout EventBatch
    ) {
        if book.pointee.refreshRequestedMicroseconds != nil {
            self.keepForRefresh(update, for: book, batch.levels)
        }
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
    private static let trimSlack = 256

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
        if book.pointee.held != nil, book.pointee.refreshRequestedMicroseconds != nil {
            self.tryHeld(book, at: now, &batch)
        }
        if now &- book.pointee.publishedMicroseconds >= self.settings.snapshotIntervalMicroseconds {
            self.publishView(of: book, at: now, &batch)
        }
        if book.pointee.bids.count < self.settings.refreshBelow
            || book.pointee.asks.count < self.settings.refreshBelow
        {
            self.considerRefresh(book, at: now, &batch)
        }
    }

    private mutating func keep(
        _ update: DepthUpdate, for book: UnsafeMutablePointer<Book>, _ levels: borrowing LevelBuffer
    ) {
        if !book.pointee.kept.append(update, from: levels) { book.pointee.counts.keptOverflows &+= 1 }
    }

    // MARK: - Snapshots

    private mutating func takeSnapshot(_ update: DepthUpdate, _ batch: inout EventBatch) {
        let book = self.book(update.instrument)
        guard book.pointee.state != .stopped else { return }
        switch book.pointee.synchronizer.snapshotReceived(last: update.last) {
        case .seed: self.seed(book, from: update, &batch)
        case .compare: self.compare(book, with: update, &batch)
        }
    }

    private mutating func seed(
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
        let isConfirmed = if case .live = book.pointee.synchronizer.state { true } else { false }
        self.setState(isConfirmed ? .live : .seeded, of: book, reason: .none, at: update.receivedMicroseconds, &batch)
    }

    /// Replaces both sides; false when the snapshot is not in order.
    private mutating func replaceSides(
        of book: UnsafeMutablePointer<Book>, from update: DepthUpdate, _ levels: borrowing LevelBuffer
    ) -> Bool {
        let keepsAll = self.settings.depth == nil
        let limit = self.settings.snapshotLimit
        let bidsFit = levels.withLevels(update.bids) {
            book.pointee.bids.replace(with: $0, isComplete: keepsAll || $0.count < limit)
        }
        let asksFit = levels.withLevels(update.asks) {
            book.pointee.asks.replace(with: $0, isComplete: keepsAll || $0.count < limit)
        }
        return bidsFit && asksFit
    }

    /// Applies the kept updates in order; false at a gap, after which they are still kept.
    private mutating func applyKept(to book: UnsafeMutablePointer<Book>) -> Bool {
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

    // MARK: - Refreshing

    /// Asks for a snapshot of a live book that is known less deep than it should be.
    private mutating func considerRefresh(
        _ book: UnsafeMutablePointer<Book>, at now: Int64, _ batch: inout EventBatch
    ) {
        guard let depth = self.settings.depth, self.settings.snapshotLimit > depth else { return }
        // A side that is known whole cannot be known deeper.
        let bidsAreShort = book.pointee.bids.count < self.settings.refreshBelow && book.pointee.bids.trustedFrom != .min
        let asksAreShort = book.pointee.asks.count < self.settings.refreshBelow && book.pointee.asks.trustedFrom != .min
        guard bidsAreShort || asksAreShort, book.pointee.state == .live else { return }
        if let earlier = book.pointee.refreshRequestedMicroseconds ?? book.pointee.refreshEndedMicroseconds {
            guard now - earlier >= self.settings.refreshSpacingMicroseconds else { return }
        }
        book.pointee.refreshRequestedMicroseconds = now
        book.pointee.kept.removeAll()
        self.requests.append(SnapshotRequest(instrument: book.pointee.instrument, purpose: .refresh))
        self.setState(.refreshing, of: book, reason: .none, at: now, &batch)
    }

    private mutating func keepForRefresh(
        _ update: DepthUpdate, for book: UnsafeMutablePointer<Book>, _ levels: borrowing LevelBuffer
    ) {
        guard book.pointee.state == .refreshing else { return }
        self.keep(update, for: book, levels)
    }

    /// Takes a snapshot of a valid book: the answer to a refresh, or one that is not needed.
    private mutating func compare(
        _ book: UnsafeMutablePointer<Book>, with update: DepthUpdate, _ batch: inout EventBatch
    ) {
        guard book.pointee.state == .refreshing, book.pointee.refreshRequestedMicroseconds != nil else {
            book.pointee.counts.staleSnapshots &+= 1
            return
        }
        book.pointee.held = HeldSnapshot(
            last: update.last, bids: batch.levels.withLevels(update.bids) { Array($0) },
            asks: batch.levels.withLevels(update.asks) { Array($0) })
        self.tryHeld(book, at: update.receivedMicroseconds, &batch)
    }

    /// Brings the held snapshot up to the book and takes over what it knows deeper.
    private mutating func tryHeld(
        _ book: UnsafeMutablePointer<Book>, at now: Int64, _ batch: inout EventBatch
    ) {
        guard let held = book.pointee.held, let last = book.pointee.synchronizer.last, held.last <= last else { return }
        book.pointee.held = nil
        guard self.rebuildScratch(from: held, kept: book.pointee.kept, upTo: last) else {
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
    private mutating func rebuildScratch(
        from held: HeldSnapshot, kept: KeptUpdates, upTo last: UInt64
    ) -> Bool {
        let limit = self.settings.snapshotLimit
        let bidsFit = held.bids.withUnsafeBufferPointer {
            self.scratchBids.replace(with: $0, isComplete: $0.count < limit)
        }
        let asksFit = held.asks.withUnsafeBufferPointer {
            self.scratchAsks.replace(with: $0, isComplete: $0.count < limit)
        }
        guard bidsFit, asksFit else { return false }
        var follow = BookSynchronizer()
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
    private mutating func takeOverScratch(_ book: UnsafeMutablePointer<Book>, _ batch: inout EventBatch) {
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

    private mutating func endRefresh(
        _ book: UnsafeMutablePointer<Book>, failed: Bool, at now: Int64, _ batch: inout EventBatch
    ) {
        if failed { book.pointee.counts.refreshesFailed &+= 1 } else { book.pointee.counts.refreshes &+= 1 }
        book.pointee.refreshRequestedMicroseconds = nil
        book.pointee.refreshEndedMicroseconds = now
        book.pointee.held = nil
        book.pointee.kept.removeAll()
        self.setState(.live, of: book, reason: .none, at: now, &batch)
    }

    // MARK: - What the driver says

    /// Asks for the first snapshot of a book, or for another after one failed.
    package mutating func requestSeed(_ instrument: InstrumentID) {
        self.requests.append(SnapshotRequest(instrument: instrument, purpose: .seed))
    }

    /// Takes note that no snapshot came of a request.
    package mutating func snapshotFailed(_ request: SnapshotRequest, at now: Int64, _ batch: inout EventBatch) {
        let book = self.book(request.instrument)
        switch request.purpose {
        case .seed:
            if book.pointee.synchronizer.last == nil, book.pointee.state != .stopped {
                self.requests.append(request)
            }
        case .refresh:
            if book.pointee.state == .refreshing { self.endRefresh(book, failed: true, at: now, &batch) }
        }
    }

    /// Voids a book and asks for a new snapshot.
    package mutating func breakBook(
        _ instrument: InstrumentID, reason: StatusChange.Reason, at now: Int64, _ batch: inout EventBatch
    ) {
        let book = self.book(instrument)
        guard book.pointee.state != .stopped else { return }
        self.enterBroken(book, reason: reason, at: now, &batch)
    }

    /// Starts a new chain: readers missed a delta, the book itself is sound.
    package mutating func startNewChain(_ instrument: InstrumentID, at now: Int64, _ batch: inout EventBatch) {
        let book = self.book(instrument)
        guard book.pointee.synchronizer.last != nil else { return }
        book.pointee.reseeds &+= 1
        book.pointee.sequence = 1
        self.publishView(of: book, at: now, &batch)
    }

    /// Publishes what is due by the clock: views that changed, and those unchanged for the idle interval.
    package mutating func publishDue(at now: Int64, _ batch: inout EventBatch) {
        for index in 0..<self.count {
            let book = self.books + index
            guard book.pointee.state != .stopped else { continue }
            let age = now - book.pointee.publishedMicroseconds
            let isDue =
                age >= self.settings.idleIntervalMicroseconds
                || (book.pointee.viewChanged && age >= self.settings.snapshotIntervalMicroseconds)
            if isDue { self.publishView(of: book, at: now, &batch) }
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
        self.setState(.stopped, of: book, reason: .requested, at: now, &batch)
        let counts = book.pointee.counts
        let reseeds = book.pointee.reseeds
        book.pointee = Book(instrument: instrument, settings: self.settings)
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
        let fits =
            book.pointee.bids.rescale(price: price, size: size)
            && book.pointee.asks.rescale(price: price, size: size)
            && book.pointee.kept.rescale(price: price, size: size)
        if fits, let held = book.pointee.held {
            book.pointee.held = held.rescaled(price: price, size: size)
        }
        return fits
    }

    // MARK: - States and views

    private mutating func enterBroken(
        _ book: UnsafeMutablePointer<Book>, reason: StatusChange.Reason, at now: Int64, _ batch: inout EventBatch
    ) {
        // Whatever was kept for a refresh belongs to the book that is void; what was kept for a seed still waits.
        if book.pointee.refreshRequestedMicroseconds != nil { book.pointee.kept.removeAll() }
        book.pointee.synchronizer.broke()
        book.pointee.bids.removeAll()
        book.pointee.asks.removeAll()
        book.pointee.held = nil
        book.pointee.refreshRequestedMicroseconds = nil
        book.pointee.crossedSinceMicroseconds = nil
        self.setState(.broken, of: book, reason: reason, at: now, &batch)
        self.requests.append(SnapshotRequest(instrument: book.pointee.instrument, purpose: .seed))
    }

    private mutating func setState(
        _ state: BookState, of book: UnsafeMutablePointer<Book>, reason: StatusChange.Reason, at now: Int64,
        _ batch: inout EventBatch
    ) {
        let previous = book.pointee.state
        book.pointee.state = state
        if previous != state {
            _ = batch.append(
                .status(
                    StatusChange(
                        source: .book(book.pointee.instrument), state: state.announced, previous: previous.announced,
                        reason: reason, microseconds: now)))
        }
        self.publishView(of: book, at: now, &batch)
    }

    private mutating func publishView(
        of book: UnsafeMutablePointer<Book>, at now: Int64, _ batch: inout EventBatch
    ) {
        let depth = self.settings.viewDepth
        let isStopped = book.pointee.state == .stopped
        let bids = isStopped ? .empty : book.pointee.bids.appendView(depth: depth, to: &batch.levels)
        let asks = isStopped ? .empty : book.pointee.asks.appendView(depth: depth, to: &batch.levels)
        book.pointee.publishedMicroseconds = now
        book.pointee.viewChanged = false
        _ = batch.append(
            .orderBook(
                OrderBookView(
                    head: book.pointee.head(depth: depth), state: book.pointee.state,
                    bidTrustedTo: book.pointee.bids.trustedTo, askTrustedTo: book.pointee.asks.trustedTo,
                    bids: bids, asks: asks)))
    }

    private mutating func mark(_ book: UnsafeMutablePointer<Book>) {
        self.marks.append(
            BookMark(
                instrument: book.pointee.instrument, bid: book.pointee.bids.best, ask: book.pointee.asks.best))
    }
}

extension BookState {
    /// The state as status messages name it.
    fileprivate var announced: StatusChange.State {
        switch self {
        case .waiting: .waiting
        case .seeded: .seeded
        case .live: .live
        case .refreshing: .refreshing
        case .broken: .broken
        case .stopped: .stopped
        }
    }
}

extension HeldSnapshot {
    /// The same levels at wider scales; nil when one does not fit.
    fileprivate func rescaled(price: UInt8, size: UInt8) -> HeldSnapshot? {
        var copy = self
        for index in copy.bids.indices {
            guard let level = copy.bids[index].rescaled(price: price, size: size) else { return nil }
            copy.bids[index] = level
        }
        for index in copy.asks.indices {
            guard let level = copy.asks[index].rescaled(price: price, size: size) else { return nil }
            copy.asks[index] = level
        }
        return copy
    }
}
