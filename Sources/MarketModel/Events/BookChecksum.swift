/// A venue's checksum of a book, and the scales that the levels beside it are at.
///
/// The scales travel with it because the venue sums up text: `100.50` and `100.5` are one mantissa at two scales.
public struct BookChecksum: Hashable, Sendable {
    public static let none = BookChecksum(0, scales: DecimalScales())

    /// Zero where the venue gave none.
    public var value: Int32
    public var scales: DecimalScales

    @inlinable
    public init(_ value: Int32, scales: DecimalScales) {
        self.value = value
        self.scales = scales
    }

    @inlinable @inline(__always)
    public var isGiven: Bool { self.value != 0 }
}
