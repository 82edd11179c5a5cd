/// A position that the venue closed by force.
public struct Liquidation: Sendable {
    /// The side of the position: a long is closed by a sale.
    public enum Position: UInt8, Sendable {
        case long, short
    }

    /// What the price is.
    public enum PriceKind: UInt8, Sendable {
        /// The mean price of what was filled.
        case average
        /// The price at which the position's margin is used up; not a price of the market.
        case bankruptcy
        /// The price of a trade that took part in it.
        case trade
    }

    public var instrument: InstrumentID
    /// The venue's id in the frame; empty where it gives none, then time, side, price, size and ordinal stand for one.
    public var id: FrameText
    /// Counts liquidations of one frame that agree in all of that.
    public var ordinal: UInt16
    public var position: Position
    public var price: DecimalValue
    public var priceKind: PriceKind
    /// In the instrument's unit.
    public var size: DecimalValue
    /// Whether the venue tells only some of them (Binance: one a second and symbol).
    public var isSampled: Bool
    public var eventTime: Timestamp
    public var sentTime: Timestamp
    public var receivedMicroseconds: Int64

    public init(
        instrument: InstrumentID, id: FrameText = FrameText(offset: 0, count: 0), ordinal: UInt16 = 0,
        position: Position, price: DecimalValue, priceKind: PriceKind, size: DecimalValue, isSampled: Bool,
        eventTime: Timestamp, sentTime: Timestamp = .none, receivedMicroseconds: Int64
    ) {
        self.instrument = instrument
        self.id = id
        self.ordinal = ordinal
        self.position = position
        self.price = price
        self.priceKind = priceKind
        self.size = size
        self.isSampled = isSampled
        self.eventTime = eventTime
        self.sentTime = sentTime
        self.receivedMicroseconds = receivedMicroseconds
    }
}
