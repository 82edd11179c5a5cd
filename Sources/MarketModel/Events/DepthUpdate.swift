/// A venue's change of a book, or a snapshot of it.
package struct DepthUpdate {
    package enum Kind: UInt8, Sendable {
        /// Absolute sizes of the levels that changed.
        case delta
        /// The best levels of the book, from which a book starts.
        case snapshot
    }

    package var instrument: InstrumentID
    package var kind: Kind
    /// The update covers the ids `(before, last]`; a snapshot holds everything up to `last`.
    package var before: UInt64
    package var last: UInt64
    package var eventTime: Timestamp
    package var sentTime: Timestamp
    package var receivedMicroseconds: Int64
    package var bids: LevelBuffer.Run
    package var asks: LevelBuffer.Run

    @inlinable
    package init(
        instrument: InstrumentID, kind: Kind, before: UInt64, last: UInt64, eventTime: Timestamp,
        sentTime: Timestamp, receivedMicroseconds: Int64, bids: LevelBuffer.Run, asks: LevelBuffer.Run
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
    }
}
