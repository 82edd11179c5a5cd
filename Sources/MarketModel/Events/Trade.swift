/// One trade, or one aggregate of trades of a single taker order.
public struct Trade: Sendable {
    /// Who crossed the spread.
    public enum Side: UInt8, Sendable {
        case buy, sell
    }

    public var instrument: InstrumentID
    /// Where the venue's id stands in the frame, as text: an id is published as it was sent.
    public var id: FrameText
    /// The id as a number where the venue counts trades one by one; 0 where it does not.
    public var sequence: UInt64
    /// The first of the ids that it covers up to `sequence`: less than that in an aggregate that the venue counts by its
    /// single trades.
    public var firstSequence: UInt64
    /// Mantissa at the instrument's price scale.
    public var price: Int64
    /// Mantissa at the instrument's size scale, in the instrument's unit.
    public var size: Int64
    public var aggressor: Side
    /// True for the venue's aggregate of several fills.
    public var isAggregate: Bool
    /// Fetched after it was missed.
    public var isBackfilled = false
    /// The ledger counts it as missing until it is safe: it was fetched, or came late.
    public var isAwaited = false
    public var eventTime: Timestamp
    public var sentTime: Timestamp
    public var receivedMicroseconds: Int64

    @inlinable
    public init(
        instrument: InstrumentID, id: FrameText, sequence: UInt64, firstSequence: UInt64? = nil, price: Int64,
        size: Int64, aggressor: Side, isAggregate: Bool, eventTime: Timestamp, sentTime: Timestamp,
        receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.id = id
        self.sequence = sequence
        self.firstSequence = firstSequence ?? sequence
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
public struct FrameText: Sendable {
    public var offset: Int32
    public var count: Int32

    public static let empty = FrameText(offset: 0, count: 0)

    @inlinable
    public init(offset: Int, count: Int) {
        self.offset = Int32(truncatingIfNeeded: offset)
        self.count = Int32(truncatingIfNeeded: count)
    }
}
