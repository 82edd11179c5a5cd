/// How far a book can be used.
package enum BookState: String, Sendable, CaseIterable {
    /// No book: updates are kept until a snapshot arrives.
    case waiting
    /// Stands on a snapshot; no update has confirmed it yet.
    case seeded
    case live
    /// Live, while a new snapshot is fetched to know it deeper again.
    case refreshing
    /// Lost its sequence, crossed or contradicted; a new snapshot is on its way.
    case broken
    /// No longer kept.
    case stopped
}

/// What every message about a book says of it, beside the levels.
package struct BookHead {
    package var instrument: InstrumentID
    /// Counts the seeds of this book since the start of the process; with the boot it names the chain.
    package var reseeds: UInt32
    /// Ours, within the chain.
    package var sequence: UInt64
    /// The venue's id of the last update in the book; 0 for none.
    package var venueSequence: UInt64
    /// How many of the published levels a side can be trusted, at most the depth.
    package var trustedDepth: Int32
    package var eventTime: Timestamp
    package var sentTime: Timestamp
    package var receivedMicroseconds: Int64

    @inlinable
    package init(
        instrument: InstrumentID, reseeds: UInt32, sequence: UInt64, venueSequence: UInt64, trustedDepth: Int32,
        eventTime: Timestamp, sentTime: Timestamp, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.reseeds = reseeds
        self.sequence = sequence
        self.venueSequence = venueSequence
        self.trustedDepth = trustedDepth
        self.eventTime = eventTime
        self.sentTime = sentTime
        self.receivedMicroseconds = receivedMicroseconds
    }
}

/// The view of a book: the best levels of both sides.
package struct OrderBookView {
    /// The worst price up to which every level of a side is known.
    package enum TrustedTo: Sendable {
        case price(Int64)
        /// The whole side is known.
        case everything
    }

    package var head: BookHead
    package var state: BookState
    package var bidTrustedTo: TrustedTo
    package var askTrustedTo: TrustedTo
    /// Best first.
    package var bids: LevelBuffer.Run
    package var asks: LevelBuffer.Run

    @inlinable
    package init(
        head: BookHead, state: BookState, bidTrustedTo: TrustedTo, askTrustedTo: TrustedTo, bids: LevelBuffer.Run,
        asks: LevelBuffer.Run
    ) {
        self.head = head
        self.state = state
        self.bidTrustedTo = bidTrustedTo
        self.askTrustedTo = askTrustedTo
        self.bids = bids
        self.asks = asks
    }
}

/// The change of a view: levels changed, removed (size zero) or slid in, sizes absolute.
package struct OrderBookDelta {
    package var head: BookHead
    package var previousSequence: UInt64
    package var bids: LevelBuffer.Run
    package var asks: LevelBuffer.Run

    @inlinable
    package init(head: BookHead, previousSequence: UInt64, bids: LevelBuffer.Run, asks: LevelBuffer.Run) {
        self.head = head
        self.previousSequence = previousSequence
        self.bids = bids
        self.asks = asks
    }
}
