/// Fraction digits of an instrument's prices and sizes, as far as seen.
///
/// They start at the venue's tick and lot and only ever widen.
package struct DecimalScales: Hashable, Sendable {
    package var price: UInt8
    package var size: UInt8

    @inlinable
    package init(price: UInt8 = 0, size: UInt8 = 0) {
        self.price = price
        self.size = size
    }
}
