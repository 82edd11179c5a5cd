/// How old a connection gets before its socket is replaced: those that were opened together are not replaced together.
enum RotationAge {
    /// The connections spread over the last fifth of the configured age.
    private static let spreadDivisor: Int64 = 5
    /// The golden section as a fraction of 2^32: its multiples spread evenly, however many there are.
    private static let step: UInt32 = 2_654_435_769

    /// The age of one slot: at most `limit`, and at least four fifths of it.
    static func microseconds(of slot: UInt32, limit: Int64) -> Int64 {
        let spread = UInt64(max(0, limit) / Self.spreadDivisor)
        let part = UInt64(slot &* Self.step) << 32
        return limit - Int64(spread.multipliedFullWidth(by: part).high)
    }
}
