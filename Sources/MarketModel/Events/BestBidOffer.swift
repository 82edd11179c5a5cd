/// The venue's own best bid and ask, which may be ahead of the book.
package struct BestBidOffer {
    package var instrument: InstrumentID
    /// A size of zero says that the side is empty.
    package var bid: Level
    package var ask: Level
    /// In the book's id space; 0 where the venue gives none.
    package var sequence: UInt64
    package var eventTime: Timestamp
    package var sentTime: Timestamp
    package var receivedMicroseconds: Int64

    @inlinable
    package init(
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
