/// Renders families in the text format of Prometheus, version 0.0.4.
///
/// Format: <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Families of one name, from different parts of the program, become one, in the order they first appear.
    package static func render(_ families: [MetricFamily]) -> [UInt8] {
        var merged: [MetricFamily] = []
        var places: [String: Int] = [:]
        for family in families {
            if let place = places[family.name] {
                merged[place].samples += family.samples
            } else {
                places[family.name] = merged.count
                merged.append(family)
            }
        }
        var text = Text()
        for family in merged { text.append(family) }
        return text.bytes
    }

    private struct Text {
        var bytes: [UInt8] = []

        mutating func append(_ family: MetricFamily) {
            self.raw("# HELP \(family.name) ")
            self.escaped(family.help, quotes: false)
            self.raw("\n# TYPE \(family.name) \(family.kind.rawValue)\n")
            for sample in family.samples { self.append(sample, of: family.name) }
        }

        private mutating func append(_ sample: MetricSample, of name: String) {
            switch sample.value {
            case .integer(let value): self.line(name, sample.labels, String(value))
            case .decimal(let value): self.line(name, sample.labels, Self.number(value))
            case .histogram(let histogram):
                for bucket in histogram.buckets {
                    let bound = MetricLabel("le", bucket.upperBound)
                    self.line("\(name)_bucket", sample.labels + [bound], String(bucket.cumulative))
                }
                let all = MetricLabel("le", "+Inf")
                self.line("\(name)_bucket", sample.labels + [all], String(histogram.count))
                self.line("\(name)_sum", sample.labels, Self.number(histogram.sum))
                self.line("\(name)_count", sample.labels, String(histogram.count))
            }
        }

        private mutating func line(_ name: String, _ labels: [MetricLabel], _ value: String) {
            self.raw(name)
            var opening = "{"
            for label in labels {
                self.raw("\(opening)\(label.name)=\"")
                self.escaped(label.value, quotes: true)
                self.raw("\"")
                opening = ","
            }
            self.raw(labels.isEmpty ? " " : "} ")
            self.raw(value)
            self.raw("\n")
        }

        private mutating func raw(_ text: String) {
            self.bytes.append(contentsOf: text.utf8)
        }

        private mutating func escaped(_ text: String, quotes: Bool) {
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\\"): self.raw("\\\\")
                case UInt8(ascii: "\n"): self.raw("\\n")
                case UInt8(ascii: "\"") where quotes: self.raw("\\\"")
                default: self.bytes.append(byte)
                }
            }
        }

        private static func number(_ value: Double) -> String {
            if value.isNaN { return "NaN" }
            if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
            return value.description
        }
    }
}
