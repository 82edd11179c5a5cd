/// What one side of a perpetual pays the other: as the venue says it now, or what was paid, where it was asked for later.
public struct FundingRate: Sendable {
    /// When the rate is paid.
    public enum Accrual: UInt8, Sendable {
        /// At `fundingTime`, every `intervalMicroseconds`.
        case periodic
        /// All the time (Deribit: each millisecond, settled daily).
        case continuous
    }

    public var instrument: InstrumentID
    /// A fraction, positive when longs pay: of the interval that ends at `fundingTime`, or of eight hours. Backfilled, what
    /// was charged at `fundingTime`, or over the interval up to then where it accrues all the time.
    public var rate: DecimalValue
    /// The rate that was charged last, or over the last eight hours; backfilled, as of `fundingTime`.
    public var settledRate: DecimalValue
    public var accrual: Accrual
    /// The venue's own; 0 where it gives none.
    public var intervalMicroseconds: Int64
    public var fundingTime: Timestamp
    /// Whether it was asked for later, since it was charged while nothing came of its stream.
    public var isBackfilled = false
    public var eventTime: Timestamp
    public var sentTime: Timestamp
    public var receivedMicroseconds: Int64

    public init(
        instrument: InstrumentID, rate: DecimalValue, settledRate: DecimalValue = .none, accrual: Accrual = .periodic,
        intervalMicroseconds: Int64 = 0, fundingTime: Timestamp = .none, eventTime: Timestamp,
        sentTime: Timestamp = .none, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.rate = rate
        self.settledRate = settledRate
        self.accrual = accrual
        self.intervalMicroseconds = intervalMicroseconds
        self.fundingTime = fundingTime
        self.eventTime = eventTime
        self.sentTime = sentTime
        self.receivedMicroseconds = receivedMicroseconds
    }
}
