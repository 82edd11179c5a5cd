/// One price level: the size that rests at a price, as mantissas at the instrument's scales.
public struct Level: Hashable, Sendable {
    public var price: Int64
    /// Absolute; zero removes the level.
    public var size: Int64

    @inlinable @inline(__always)
    public init(price: Int64, size: Int64) {
        self.price = price
        self.size = size
    }

    /// The same level at wider scales; nil when a number does not fit.
    public func rescaled(price: UInt8, size: UInt8) -> Level? {
        guard let wider = FixedPoint.rescale(self.price, by: price),
            let amount = FixedPoint.rescale(self.size, by: size)
        else { return nil }
        return Level(price: wider, size: amount)
    }
}
