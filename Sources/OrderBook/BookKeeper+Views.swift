import MarketModel

/// What books say of themselves: states and views.
extension BookKeeper {
    mutating func enterBroken(
        _ book: UnsafeMutablePointer<Book>, reason: StatusChange.Reason, expected: UInt64? = nil, at now: Int64,
        _ batch: inout EventBatch
    ) {
        // What was kept for an audit or a refresh belongs to the book that is void; what was kept for a seed still waits.
        self.endAudit(book, .abandoned)
        if book.pointee.refreshRequestedMicroseconds != nil { book.pointee.kept.removeAll() }
        switch book.pointee.state {
        case .seeded, .live, .refreshing:
            book.pointee.counts.breaks.count(reason)
            self.lose(book, reason: reason, expected: expected, at: now)
        case .waiting, .broken, .stopped: break
        }
        book.pointee.synchronizer.broke()
        book.pointee.bids.removeAll()
        book.pointee.asks.removeAll()
        book.pointee.held = nil
        book.pointee.refreshRequestedMicroseconds = nil
        book.pointee.crossedSinceMicroseconds = nil
        self.setState(.broken, of: book, reason: reason, at: now, &batch)
        self.want(.seed, book)
    }

    mutating func setState(
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

    mutating func publishView(
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

    mutating func mark(_ book: UnsafeMutablePointer<Book>) {
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
