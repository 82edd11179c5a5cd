/// Durations counted in fixed log-linear buckets: sixteen to every doubling, so a quantile is at most a sixteenth high.
///
/// What a `LatencyRecorder` had counted at one moment: a plain value, merged with others at a scrape.
package struct LatencyHistogram: Sendable {
    /// The bounds that Prometheus sees, in microseconds: the doublings from 64 µs to 67 s, where fine buckets meet.
    package static let bounds: [UInt64] = (6...26).map { UInt64(1) << $0 }
    /// The longest duration told apart from longer ones: 71 minutes.
    package static var longest: UInt64 { UInt64(UInt32.max) }

    private static let boundTexts = Self.bounds.map { (Double($0) / 1_000_000).description }
    /// A constant, not a stored value: the frame path reads it.
    static var fineBuckets: Int { 464 }

    private var fine = [UInt64](repeating: 0, count: Self.fineBuckets)
    package private(set) var count: UInt64 = 0
    /// How many were below zero and counted as zero: the other side's clock is ahead.
    package private(set) var belowZero: UInt64 = 0
    /// In microseconds, held at the end of 64 bits.
    package private(set) var sum: UInt64 = 0
    package private(set) var maximum: UInt64 = 0

    package init() {}

    /// - Parameter fine: One count for each fine bucket.
    init(fine: [UInt64], belowZero: UInt64, sum: UInt64, maximum: UInt64) {
        self.fine = fine
        self.count = fine.reduce(0, &+)
        self.belowZero = belowZero
        self.sum = sum
        self.maximum = maximum
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

    /// The sum, held at the end of 64 bits.
    @inline(__always)
    static func held(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }

    /// Values below 16 have a bucket each; above, the four bits behind the leading one choose it.
    @inline(__always)
    static func index(of value: UInt64) -> Int {
        guard value >= 16 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return (exponent - 3) * 16 + Int((value >> UInt64(exponent - 4)) & 15)
    }

    private static func lowest(of index: Int) -> UInt64 {
        guard index >= 16 else { return UInt64(index) }
        return UInt64(16 + index % 16) << UInt64(index / 16 - 1)
    }
}
