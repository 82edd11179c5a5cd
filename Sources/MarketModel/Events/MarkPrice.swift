/// The price that a venue values positions at, and the index behind it.
public struct MarkPrice: Sendable {
    public var instrument: InstrumentID
    public var mark: DecimalValue
    public var index: DecimalValue
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
