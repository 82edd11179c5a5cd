/// The venue's own best bid and ask, which may be ahead of the book.
public struct BestBidOffer: Sendable {
    public var instrument: InstrumentID
    /// A size of zero says that the side is empty.
    public var bid: Level
    public var ask: Level
    /// In the book's id space; 0 where the venue gives none.
    public var sequence: UInt64
    /// Whether it was asked for as history, after its time.
    public var isBackfilled = false
    public var eventTime: Timestamp
    public var sentTime: Timestamp
    public var receivedMicroseconds: Int64

    @inlinable
    public init(
        instrument: InstrumentID, bid: Level, ask: Level, sequence: UInt64, eventTime: Timestamp,
        sentTime: Timestamp, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.bid = bid
        self.ask = ask
        self.sequence = sequence
        self.eventTime = eventTime
        self.sentTime = sentTime
        self.receivedMicroseconds = receivedMicroseconds
    }
}
