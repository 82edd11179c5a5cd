/// Microseconds since the Unix epoch, or nothing where the venue gives no time.
public struct Timestamp: Hashable, Sendable {
    /// `Int64.min` stands for "not given", so that a timestamp stays one word on the frame path.
    public let rawMicroseconds: Int64

    public static let none = Timestamp(rawMicroseconds: .min)

    @inlinable
    init(rawMicroseconds: Int64) {
        self.rawMicroseconds = rawMicroseconds
    }

    @inlinable
    public init(microseconds: Int64) {
        self.rawMicroseconds = microseconds
    }

    /// Takes a venue's milliseconds; a value that does not fit counts as not given.
    @inlinable
    public init(milliseconds: Int64) {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000)
        self.rawMicroseconds = overflow ? .min : product
    }

    @inlinable
    public var microseconds: Int64? { self.rawMicroseconds == .min ? nil : self.rawMicroseconds }
}
