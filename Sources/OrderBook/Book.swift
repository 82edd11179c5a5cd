package import MarketModel

/// What happened to a book since it was made.
package struct BookCounts: Sendable, Equatable {
    package var frames: UInt64 = 0
    package var applied: UInt64 = 0
    package var stale: UInt64 = 0
    package var gaps: UInt64 = 0
    package var snapshots: UInt64 = 0
    package var staleSnapshots: UInt64 = 0
    package var levels: UInt64 = 0
    package var crossed: UInt64 = 0
    package var refreshes: UInt64 = 0
    package var refreshesFailed: UInt64 = 0
    package var mismatches: UInt64 = 0
    /// Times that a book in use became void, by cause.
    package var breaks = Breaks()
    package var keptOverflows: UInt64 = 0
    /// Snapshots of the stream that replaced a sound book.
    package var resets: UInt64 = 0
    /// Updates that came while a snapshot of the stream was waited for: no such snapshot needs them.
    package var beforeSnapshot: UInt64 = 0
    /// Checksums of the venue that were compared, and those that differed.
    package var checksums: UInt64 = 0
    package var checksumFailures: UInt64 = 0
    /// Applied frames after which the view was known to its full depth.
    package var framesTrusted: UInt64 = 0

    package init() {}
}

extension BookCounts {
    /// What made books void.
    package struct Breaks: Sendable, Equatable {
        package var gap: UInt64 = 0
        package var mismatch: UInt64 = 0
        package var crossed: UInt64 = 0
        /// The connection ended, or the venue's data cannot be followed any more.
        package var closed: UInt64 = 0

        package init() {}

        mutating func count(_ reason: StatusChange.Reason) {
            switch reason {
            case .gap: self.gap &+= 1
            case .mismatch: self.mismatch &+= 1
            case .crossed: self.crossed &+= 1
            case .none, .requested, .bufferFull, .valueTooLarge, .silent, .refused, .reset, .closed, .timeout,
                .rotation, .deliveryLost:
                self.closed &+= 1
            }
        }
    }
}

/// One instrument's book: both sides, its place in the venue's sequence and in ours.
package struct Book: ~Copyable {
    package let instrument: InstrumentID
    /// Levels a side of a full snapshot: a shorter answer holds the whole side.
    package let snapshotLimit: Int
    package let semantics: DepthSemantics
    /// With fewer known levels a side it asks for a refresh.
    let refreshBelow: Int
    package internal(set) var bids: BookSide
    package internal(set) var asks: BookSide
    package internal(set) var synchronizer: BookSynchronizer
    package internal(set) var state = BookState.waiting
    package internal(set) var counts = BookCounts()
    /// Counts the chains; the first seed starts chain 1.
    package internal(set) var reseeds: UInt32 = 0
    /// Ours, within the chain.
    package internal(set) var sequence: UInt64 = 0

    var kept: KeptUpdates
    /// What a snapshot is wanted for, until the request was taken out.
    var wanted: SnapshotRequest.Purpose?
    var held: HeldSnapshot?
    var eventTime = Timestamp.none
    var sentTime = Timestamp.none
    var receivedMicroseconds: Int64 = 0
    var publishedMicroseconds: Int64 = 0
    var crossedSinceMicroseconds: Int64?
    var refreshRequestedMicroseconds: Int64? { didSet { self.noteKeeping() } }
    var refreshEndedMicroseconds: Int64?
    var viewChanged = false
    /// Since when it is void.
    var loss: BookLoss?
    /// The comparison with the venue's book that is under way; never beside a refresh.
    var audit: BookAudit? { didSet { self.noteKeeping() } }
    /// Whether updates are also kept as they are applied: for a refresh or an audit.
    private(set) var keepsApplied = false

    init(
        instrument: InstrumentID, settings: BookSettings, snapshotLimit: Int, rule: SequenceRule,
        semantics: DepthSemantics
    ) {
        self.instrument = instrument
        self.snapshotLimit = snapshotLimit
        self.semantics = semantics
        self.refreshBelow = semantics.refreshBelow(settings, snapshotLimit: snapshotLimit)
        self.synchronizer = BookSynchronizer(rule: rule)
        let retain = settings.depth == nil ? nil : settings.retain
        self.bids = BookSide(.bids, retain: retain, window: semantics.window)
        self.asks = BookSide(.asks, retain: retain, window: semantics.window)
        self.kept = KeptUpdates(limits: settings.kept)
    }

    /// The venue's id of the last update in the book, 0 for none.
    package var venueSequence: UInt64 { self.synchronizer.last ?? 0 }

    /// Updates kept for the snapshot that is waited for.
    package var keptCount: Int { self.kept.count }

    /// Levels of both sides.
    package var levelCount: Int { self.bids.count + self.asks.count }

    /// Receive time minus the venue's time of the last update, microseconds; nil before the first.
    package var lagMicroseconds: Int64? {
        self.eventTime.microseconds.map { self.receivedMicroseconds &- $0 }
    }

    /// Whether the best bid is at or above the best ask.
    @inline(__always)
    package var isCrossed: Bool {
        guard self.bids.count > 0, self.asks.count > 0 else { return false }
        // An ask's key is its negated price.
        return self.bids.keyOfRank(0) >= -self.asks.keyOfRank(0)
    }

    /// How many levels of a view of `depth` are trusted on both sides.
    @inline(__always)
    package func trustedDepth(_ depth: Int) -> Int {
        guard self.synchronizer.last != nil else { return 0 }
        return min(Self.trusted(self.bids, depth), Self.trusted(self.asks, depth))
    }

    /// Levels a side that a new snapshot makes known.
    func reach(_ settings: BookSettings) -> Int {
        self.semantics.reach(settings, snapshotLimit: self.snapshotLimit)
    }

    /// The bytes of everything that the book holds.
    package var bytes: Int {
        MemoryLayout<Book>.size + self.bids.bytes + self.asks.bytes + self.kept.bytes + (self.held?.bytes ?? 0)
    }

    @inline(__always)
    private static func trusted(_ side: borrowing BookSide, _ depth: Int) -> Int {
        if side.count >= depth { return depth }
        return side.trustedFrom == .min && depth != Int.max ? depth : side.count
    }

    private mutating func noteKeeping() {
        self.keepsApplied = self.refreshRequestedMicroseconds != nil || self.audit != nil
    }

    func head(depth: Int) -> BookHead {
        BookHead(
            instrument: self.instrument, reseeds: self.reseeds, sequence: self.sequence,
            venueSequence: self.venueSequence, trustedDepth: Int32(clamping: self.trustedDepth(depth)),
            eventTime: self.eventTime, sentTime: self.sentTime, receivedMicroseconds: self.receivedMicroseconds)
    }
}
