/// How far a book can be used.
public enum BookState: String, Sendable, CaseIterable {
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
public struct BookHead {
    public var instrument: InstrumentID
    /// Counts the seeds of this book since the start of the process; with the boot it names the chain.
    public var reseeds: UInt32
    /// Ours, within the chain.
    public var sequence: UInt64
    /// The venue's id of the last update in the book; 0 for none.
    public var venueSequence: UInt64
    /// How many of the published levels a side can be trusted, at most the depth.
    public var trustedDepth: Int32
    public var eventTime: Timestamp
    public var sentTime: Timestamp
    public var receivedMicroseconds: Int64

    @inlinable
    public init(
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
public struct OrderBookView {
    /// The worst price up to which every level of a side is known.
    public enum TrustedTo: Sendable {
        case price(Int64)
        /// The whole side is known.
        case everything
    }

    public var head: BookHead
    public var state: BookState
    public var bidTrustedTo: TrustedTo
    public var askTrustedTo: TrustedTo
    /// Best first.
    public var bids: LevelBuffer.Run
    public var asks: LevelBuffer.Run

    @inlinable
    public init(
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
public struct OrderBookDelta {
    public var head: BookHead
    public var previousSequence: UInt64
    public var bids: LevelBuffer.Run
    public var asks: LevelBuffer.Run

    @inlinable
    public init(head: BookHead, previousSequence: UInt64, bids: LevelBuffer.Run, asks: LevelBuffer.Run) {
        self.head = head
        self.previousSequence = previousSequence
        self.bids = bids
        self.asks = asks
    }
}
