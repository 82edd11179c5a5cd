/// Counts times in buckets whose upper bounds double, from 100 µs to 52 s, and one for what is longer.
package struct LatencyHistogram: Sendable, Equatable {
    package static let bucketCount = 21

    /// Not cumulative; the last bucket holds everything past the last bound.
    package private(set) var counts: [UInt64] = Array(repeating: 0, count: bucketCount)
    package private(set) var count: UInt64 = 0
    package private(set) var sumMicroseconds: UInt64 = 0

    package init() {}

    /// The upper bound of a bucket in microseconds; `nil` for the last.
    package static func upperBoundMicroseconds(_ bucket: Int) -> Int64? {
        bucket < self.bucketCount - 1 ? 100 << Int64(bucket) : nil
    }

    /// Counts one time; a negative one, from a clock that was set back, counts as 0.
    package mutating func record(microseconds: Int64) {
        let value = UInt64(max(microseconds, 0))
        let hundreds = (value &+ 99) / 100
        let bucket = hundreds <= 1 ? 0 : 64 - (hundreds &- 1).leadingZeroBitCount
        self.counts[min(bucket, Self.bucketCount - 1)] &+= 1
        self.count &+= 1
        self.sumMicroseconds &+= value
    }
}
