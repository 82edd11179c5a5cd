/// Counts durations in fixed log-linear buckets: sixteen to every doubling, so a quantile is at most a sixteenth high.
///
/// A plain value for one thread; copies are merged at a scrape. Memory is fixed at about 4 KB. Recording costs a few
/// nanoseconds and allocates nothing while the value is not shared.
package struct LatencyHistogram: Sendable {
    /// The bounds that Prometheus sees, in microseconds: the doublings from 64 µs to 67 s, where fine buckets meet.
    package static let bounds: [UInt64] = (6...26).map { UInt64(1) << $0 }
    /// The longest duration told apart from longer ones: 71 minutes.
    package static let longest = UInt64(UInt32.max)
    /// Memory of one, about.
    package static let byteCount = Self.fineBuckets * MemoryLayout<UInt64>.stride

    private static let boundTexts = Self.bounds.map { (Double($0) / 1_000_000).description }
    private static let fineBuckets = 464

    private var fine = [UInt64](repeating: 0, count: Self.fineBuckets)
    package private(set) var count: UInt64 = 0
    /// How many were below zero and counted as zero: the other side's clock is ahead.
    package private(set) var belowZero: UInt64 = 0
    /// In microseconds, held at the end of 64 bits.
    package private(set) var sum: UInt64 = 0
    package private(set) var maximum: UInt64 = 0

    package init() {}

    package mutating func record(microseconds: Int64) {
        if microseconds < 0 { self.belowZero &+= 1 }
        let value = UInt64(max(microseconds, 0))
        self.fine[Self.index(of: min(value, Self.longest))] &+= 1
        self.count &+= 1
        self.sum = Self.held(self.sum, value)
        self.maximum = max(self.maximum, value)
    }

    package mutating func merge(_ other: LatencyHistogram) {
        for index in self.fine.indices { self.fine[index] &+= other.fine[index] }
        self.count &+= other.count
        self.belowZero &+= other.belowZero
        self.sum = Self.held(self.sum, other.sum)
        self.maximum = max(self.maximum, other.maximum)
    }

    /// The duration, in microseconds, that a share of `quantile` does not exceed; `nil` while nothing is recorded.
    ///
    /// - Parameter quantile: 0...1; beyond that the nearer end.
    package func quantile(_ quantile: Double) -> UInt64? {
        guard self.count > 0, !quantile.isNaN else { return nil }
        let share = min(max(quantile, 0), 1)
        let rank = min(max(UInt64((Double(self.count) * share).rounded(.up)), 1), self.count)
        var seen: UInt64 = 0
        for index in self.fine.indices {
            seen &+= self.fine[index]
            if seen >= rank {
                let highest = index + 1 < Self.fineBuckets ? Self.lowest(of: index + 1) - 1 : self.maximum
                return min(highest, self.maximum)
            }
        }
        return self.maximum
    }

    /// What Prometheus gets; a time was cut to whole microseconds, so what is below a bound is counted at it.
    package var sample: HistogramSample {
        var cumulative: UInt64 = 0
        var index = 0
        var buckets: [HistogramSample.Bucket] = []
        for (bound, text) in zip(Self.bounds, Self.boundTexts) {
            let end = Self.index(of: bound)
            while index < end {
                cumulative &+= self.fine[index]
                index += 1
            }
            buckets.append(HistogramSample.Bucket(upperBound: text, cumulative: cumulative))
        }
        return HistogramSample(buckets: buckets, count: self.count, sum: Double(self.sum) / 1_000_000)
    }

    private static func held(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }

    /// Values below 16 have a bucket each; above, the four bits behind the leading one choose it.
    private static func index(of value: UInt64) -> Int {
        guard value >= 16 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return (exponent - 3) * 16 + Int((value >> UInt64(exponent - 4)) & 15)
    }

    private static func lowest(of index: Int) -> UInt64 {
        guard index >= 16 else { return UInt64(index) }
        return UInt64(16 + index % 16) << UInt64(index / 16 - 1)
    }
}
