/// Fraction digits of an instrument's prices and sizes, as far as seen.
///
/// They start at the venue's tick and lot and only ever widen.
public struct DecimalScales: Hashable, Sendable {
    public var price: UInt8
    public var size: UInt8

    @inlinable
    public init(price: UInt8 = 0, size: UInt8 = 0) {
        self.price = price
        self.size = size
    }
}
