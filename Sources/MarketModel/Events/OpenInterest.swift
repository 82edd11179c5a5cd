/// How much of a contract is open.
public struct OpenInterest: Sendable {
    public var instrument: InstrumentID
    /// In the instrument's unit.
    public var amount: DecimalValue
    /// The same in the base asset, where the venue gives it beside.
    public var baseAmount: DecimalValue
    /// Its value in US dollars, where the venue gives it.
    public var valueUSD: DecimalValue
    /// Whether it was asked for as history, after its time.
    public var isBackfilled = false
    public var eventTime: Timestamp
    public var receivedMicroseconds: Int64

    public init(
        instrument: InstrumentID, amount: DecimalValue, baseAmount: DecimalValue = .none,
        valueUSD: DecimalValue = .none, eventTime: Timestamp, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.amount = amount
        self.baseAmount = baseAmount
        self.valueUSD = valueUSD
        self.eventTime = eventTime
        self.receivedMicroseconds = receivedMicroseconds
    }
}
