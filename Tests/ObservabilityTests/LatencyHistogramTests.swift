import TestSupport
import Testing

@testable import Observability

@Suite("The latency histogram")
struct LatencyHistogramTests {
    private static func values(seed: UInt64, count: Int) -> [Int64] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let magnitude = Int64.random(in: 0...30, using: &generator)
            return Int64.random(in: 0...(Int64(1) << magnitude), using: &generator)
        }
    }

    private static func filled(_ values: [Int64]) -> LatencyHistogram {
        let recorder = LatencyRecorder()
        for value in values { recorder.record(microseconds: value) }
        return recorder.histogram
    }

    @Test("Quantiles are never low and at most a sixteenth high", arguments: UInt64(1)...20)
    func quantiles(seed: UInt64) throws {
        let values = Self.values(seed: seed, count: 500)
        let histogram = Self.filled(values)
        let sorted = values.sorted()
        for quantile in [0, 0.01, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = UInt64(sorted[max(Int((500 * quantile).rounded(.up)), 1) - 1])
            let told = try #require(histogram.quantile(quantile))
            #expect(told >= exact && told <= exact + exact / 16, "quantile \(quantile)")
        }
    }

    @Test("The counts below the bounds are exact", arguments: UInt64(1)...20)
    func bounds(seed: UInt64) {
        var values = Self.values(seed: seed, count: 300)
        for bound in LatencyHistogram.bounds { values += [Int64(bound) - 1, Int64(bound), Int64(bound) + 1] }
        let sample = Self.filled(values).sample
        #expect(sample.buckets.count == LatencyHistogram.bounds.count)
        for (bucket, bound) in zip(sample.buckets, LatencyHistogram.bounds) {
            #expect(bucket.cumulative == UInt64(values.count { $0 < Int64(bound) }), "at \(bound) µs")
        }
        #expect(sample.count == UInt64(values.count))
    }

    @Test("Merged histograms are the histogram of all")
    func merging() {
        let (left, right) = (Self.values(seed: 1, count: 200), Self.values(seed: 2, count: 300))
        var merged = Self.filled(left)
        merged.merge(Self.filled(right))
        let together = Self.filled(left + right)
        #expect(merged.sample == together.sample)
        #expect(merged.quantile(0.5) == together.quantile(0.5))
        #expect(merged.maximum == together.maximum)
    }

    @Test("Times below zero count as zero and are told; the longest are held")
    func ends() {
        let histogram = Self.filled([-5, .min, .max, .max, .max])
        #expect(histogram.belowZero == 2)
        #expect(histogram.count == 5)
        #expect(histogram.sum == .max)
        #expect(histogram.maximum == UInt64(Int64.max))
        #expect(histogram.quantile(0.4) == 0)
        #expect(histogram.quantile(1) == UInt64(Int64.max))
        #expect(histogram.sample.buckets.last?.cumulative == 2)
    }

    @Test("An empty histogram has no quantile")
    func empty() {
        #expect(LatencyHistogram().quantile(0.5) == nil)
        #expect(Self.filled([1]).quantile(.nan) == nil)
    }
}
