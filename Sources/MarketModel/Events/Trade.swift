/// One trade, or one aggregate of trades of a single taker order.
package struct Trade {
    /// Who crossed the spread.
    package enum Side: UInt8, Sendable {
        case buy, sell
    }

    package var instrument: InstrumentID
    /// Where the venue's id stands in the frame, as text: an id is published as it was sent.
    package var id: FrameText
    /// The id as a number where the venue counts trades one by one; 0 where it does not.
    package var sequence: UInt64
    /// Mantissa at the instrument's price scale.
    package var price: Int64
    /// Mantissa at the instrument's size scale, in the instrument's unit.
    package var size: Int64
    package var aggressor: Side
    /// True for the venue's aggregate of several fills.
    package var isAggregate: Bool
    package var eventTime: Timestamp
    package var sentTime: Timestamp
    package var receivedMicroseconds: Int64

    @inlinable
    package init(
        instrument: InstrumentID, id: FrameText, sequence: UInt64, price: Int64, size: Int64, aggressor: Side,
        isAggregate: Bool, eventTime: Timestamp, sentTime: Timestamp, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.id = id
        self.sequence = sequence
        self.price = price
        self.size = size
        self.aggressor = aggressor
        self.isAggregate = isAggregate
        self.eventTime = eventTime
        self.sentTime = sentTime
        self.receivedMicroseconds = receivedMicroseconds
    }
}

/// A run of the frame's bytes.
package struct FrameText: Sendable {
    package var offset: Int32
    package var count: Int32

    @inlinable
    package init(offset: Int, count: Int) {
        self.offset = Int32(truncatingIfNeeded: offset)
        self.count = Int32(truncatingIfNeeded: count)
    }
}
