import Observability
import Resilience

extension DurationHistogram {
    /// As Prometheus takes it.
    var sample: HistogramSample {
        HistogramSample(
            bounds: self.bounds.map { "\($0 / .seconds(1))" }, counts: self.counts, sum: self.total / .seconds(1))
    }
}

extension AttemptHistogram {
    /// As Prometheus takes it.
    var sample: HistogramSample {
        HistogramSample(bounds: Self.bounds.map { "\($0)" }, counts: self.counts, sum: Double(self.total))
    }
}

extension HistogramSample {
    /// - Parameter counts: By bucket, one more than there are bounds.
    fileprivate init(bounds: [String], counts: [Int], sum: Double) {
        var cumulative: UInt64 = 0
        var buckets: [Bucket] = []
        for (bound, count) in zip(bounds, counts) {
            cumulative &+= UInt64(max(0, count))
            buckets.append(Bucket(upperBound: bound, cumulative: cumulative))
        }
        self.init(buckets: buckets, count: counts.reduce(UInt64(0)) { $0 &+ UInt64(max(0, $1)) }, sum: sum)
    }
}
