/// A volatility index, annualised percent: a value as it stands, or a bar of values.
public struct VolatilityIndex: Sendable {
    public var instrument: InstrumentID
    /// Not given for a value as it stands.
    public var open: DecimalValue
    public var high: DecimalValue
    public var low: DecimalValue
    public var close: DecimalValue
    /// The bar's length; 0 for a value as it stands.
    public var resolutionMicroseconds: Int64
    /// Whether it was asked for as history, after its time.
    public var isBackfilled = false
    /// The bar's opening, or the value's time.
    public var eventTime: Timestamp
    public var receivedMicroseconds: Int64

    public init(
        instrument: InstrumentID, open: DecimalValue = .none, high: DecimalValue = .none, low: DecimalValue = .none,
        close: DecimalValue, resolutionMicroseconds: Int64 = 0, eventTime: Timestamp, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.resolutionMicroseconds = resolutionMicroseconds
        self.eventTime = eventTime
        self.receivedMicroseconds = receivedMicroseconds
    }
}
