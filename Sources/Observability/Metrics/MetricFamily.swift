/// One metric with all its series, as they stand at a scrape.
package struct MetricFamily: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case counter, gauge, histogram
    }

    package let name: String
    package let help: String
    package let kind: Kind
    package var samples: [MetricSample]

    /// - Parameter name: Of letters, digits and underscores; a counter's ends in `_total`.
    package init(_ name: String, help: String, kind: Kind, samples: [MetricSample] = []) {
        precondition(MetricLabel.isName(name), "the code names its metrics, nobody else: \(name)")
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }

    /// A family of a single series without labels.
    package init(_ name: String, help: String, kind: Kind, value: MetricValue) {
        self.init(name, help: help, kind: kind, samples: [MetricSample(value: value)])
    }

    /// Series of the family as Prometheus counts them: a histogram is one for each bucket, and two more.
    package var series: Int {
        self.samples.reduce(0) { sum, sample in
            switch sample.value {
            case .integer, .decimal: sum + 1
            case .histogram(let histogram): sum + histogram.buckets.count + 3
            }
        }
    }

    package mutating func add(_ labels: KeyValuePairs<String, String> = [:], _ value: MetricValue) {
        self.samples.append(MetricSample(labels, value: value))
    }
}

/// One series of a family: its labels and its value.
package struct MetricSample: Hashable, Sendable {
    package let labels: [MetricLabel]
    package let value: MetricValue

    /// - Parameter labels: Values come from configuration or closed enums only, so that series are bounded.
    package init(_ labels: KeyValuePairs<String, String> = [:], value: MetricValue) {
        self.labels = labels.map { MetricLabel($0.key, $0.value) }
        self.value = value
    }
}

package struct MetricLabel: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        precondition(Self.isName(name), "the code names its labels, nobody else: \(name)")
        self.name = name
        self.value = value
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

package enum MetricValue: Hashable, Sendable {
    case integer(Int)
    case decimal(Double)
    case histogram(HistogramSample)

    /// A count of any width, held at the ends of 64 bits.
    package static func count(_ count: some BinaryInteger) -> MetricValue { .integer(Int(clamping: count)) }

    package static func flag(_ flag: Bool) -> MetricValue { .integer(flag ? 1 : 0) }
}

/// A histogram as Prometheus takes it.
package struct HistogramSample: Hashable, Sendable {
    package struct Bucket: Hashable, Sendable {
        /// In seconds, as text, so that it is the same at every scrape.
        package let upperBound: String
        /// How many were at most that.
        package let cumulative: UInt64

        package init(upperBound: String, cumulative: UInt64) {
            self.upperBound = upperBound
            self.cumulative = cumulative
        }
    }

    package let buckets: [Bucket]
    package let count: UInt64
    /// In seconds.
    package let sum: Double

    package init(buckets: [Bucket], count: UInt64, sum: Double) {
        self.buckets = buckets
        self.count = count
        self.sum = sum
    }
}
