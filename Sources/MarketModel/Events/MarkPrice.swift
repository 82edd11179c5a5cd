/// The price that a venue values positions at, and the index behind it: as it stands, or a bar of it.
public struct MarkPrice: Sendable {
    public var instrument: InstrumentID
    /// Of a bar, its close.
    public var mark: DecimalValue
    public var index: DecimalValue
    /// Of a bar only.
    public var open = DecimalValue.none
    public var high = DecimalValue.none
    public var low = DecimalValue.none
    /// The bar's length; 0 for a price as it stands.
    public var resolutionMicroseconds: Int64 = 0
    /// Whether it was asked for as history, after its time.
    public var isBackfilled = false
    /// The bar's opening, or the price's time.
    public var eventTime: Timestamp
    public var sentTime: Timestamp
    public var receivedMicroseconds: Int64

    public init(
        instrument: InstrumentID, mark: DecimalValue, index: DecimalValue = .none, eventTime: Timestamp,
        sentTime: Timestamp = .none, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.mark = mark
        self.index = index
        self.eventTime = eventTime
        self.sentTime = sentTime
        self.receivedMicroseconds = receivedMicroseconds
    }
}
