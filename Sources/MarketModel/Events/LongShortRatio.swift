/// How longs stand against shorts, measured over a period that ended at the event's time.
public struct LongShortRatio: Sendable {
    /// What is counted: each kind has a message type and an endpoint of its own.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// Positions of the top traders.
        case topPosition
        /// Accounts of the top traders.
        case topAccount
        /// All accounts.
        case allAccount
    }

    public var instrument: InstrumentID
    public var kind: Kind
    public var ratio: DecimalValue
    /// Shares of the whole, where the venue gives them.
    public var long: DecimalValue
    public var short: DecimalValue
    public var periodMicroseconds: Int64
    /// Whether it was asked for as history, after its time.
    public var isBackfilled = false
    public var eventTime: Timestamp
    public var receivedMicroseconds: Int64

    public init(
        instrument: InstrumentID, kind: Kind, ratio: DecimalValue, long: DecimalValue = .none,
        short: DecimalValue = .none, periodMicroseconds: Int64, eventTime: Timestamp, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.kind = kind
        self.ratio = ratio
        self.long = long
        self.short = short
        self.periodMicroseconds = periodMicroseconds
        self.eventTime = eventTime
        self.receivedMicroseconds = receivedMicroseconds
    }
}
