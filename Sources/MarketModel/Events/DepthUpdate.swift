/// A venue's change of a book, or a snapshot of it.
public struct DepthUpdate {
    public enum Kind: UInt8, Sendable {
        /// Absolute sizes of the levels that changed.
        case delta
        /// The best levels of the book, from which a book starts.
        case snapshot
        /// A snapshot that comes in the stream itself: it replaces the book whenever it comes.
        case reset
        /// A book of a moment that a live one is only compared with.
        case audit
    }

    public var instrument: InstrumentID
    public var kind: Kind
    /// The update covers the ids `(before, last]`; a snapshot holds everything up to `last`.
    public var before: UInt64
    public var last: UInt64
    public var eventTime: Timestamp
    public var sentTime: Timestamp
    public var receivedMicroseconds: Int64
    public var bids: LevelBuffer.Run
    public var asks: LevelBuffer.Run
    /// What the venue says that the book sums up to once the update is in it.
    public var checksum: BookChecksum

    @inlinable
    public init(
        instrument: InstrumentID, kind: Kind, before: UInt64, last: UInt64, eventTime: Timestamp,
        sentTime: Timestamp, receivedMicroseconds: Int64, bids: LevelBuffer.Run, asks: LevelBuffer.Run,
        checksum: BookChecksum = .none
    ) {
        self.instrument = instrument
        self.kind = kind
        self.before = before
        self.last = last
        self.eventTime = eventTime
        self.sentTime = sentTime
        self.receivedMicroseconds = receivedMicroseconds
        self.bids = bids
        self.asks = asks
        self.checksum = checksum
    }
}
