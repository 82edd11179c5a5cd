import Testing

@testable import Observability

@Suite("The Prometheus page")
struct PrometheusTextTests {
    private func render(_ families: MetricFamily...) -> String {
        String(decoding: PrometheusText.render(families), as: UTF8.self)
    }

    @Test("A family has its help, its type and a line a series")
    func family() {
        var family = MetricFamily("sluice_books", help: "Books by state.", kind: .gauge)
        family.add(["venue": "binance", "state": "live"], .integer(3))
        family.add(["venue": "binance", "state": "broken"], .count(UInt64.max))
        #expect(
            self.render(family) == """
                # HELP sluice_books Books by state.
                # TYPE sluice_books gauge
                sluice_books{venue="binance",state="live"} 3
                sluice_books{venue="binance",state="broken"} 9223372036854775807

                """)
    }

    @Test("Labels and help are escaped")
    func escapes() {
        var family = MetricFamily("a", help: "back\\slash\nline \"quoted\"", kind: .counter)
        family.add(["l": "x\"y\\z\n"], .decimal(0.5))
        #expect(
            self.render(family)
                == "# HELP a back\\\\slash\\nline \"quoted\"\n# TYPE a counter\na{l=\"x\\\"y\\\\z\\n\"} 0.5\n")
    }

    @Test(
        "Values are written as Prometheus reads them",
        arguments: [
            (MetricValue.decimal(.nan), "NaN"), (.decimal(.infinity), "+Inf"), (.decimal(-.infinity), "-Inf"),
            (.flag(true), "1"), (.flag(false), "0"), (.decimal(1.5), "1.5"), (.integer(-2), "-2"),
        ])
    func values(value: MetricValue, text: String) {
        let page = self.render(MetricFamily("a", help: "h", kind: .gauge, value: value))
        #expect(page.hasSuffix("\na \(text)\n"))
    }

    @Test("Parts of one family from two places are put together once")
    func merging() {
        let page = self.render(
            MetricFamily("a", help: "h", kind: .gauge, samples: [MetricSample(["l": "1"], value: .integer(1))]),
            MetricFamily("b", help: "h", kind: .gauge, value: .integer(0)),
            MetricFamily("a", help: "h", kind: .gauge, samples: [MetricSample(["l": "2"], value: .integer(2))]))
        #expect(
            page == "# HELP a h\n# TYPE a gauge\na{l=\"1\"} 1\na{l=\"2\"} 2\n# HELP b h\n# TYPE b gauge\nb 0\n")
    }

    @Test("A histogram's buckets are cumulative and end with all")
    func histogram() {
        let recorder = LatencyRecorder()
        for microseconds: Int64 in [63, 64, 70_000_000] { recorder.record(microseconds: microseconds) }
        var family = MetricFamily("lag_seconds", help: "h", kind: .histogram)
        family.add(["venue": "v"], .histogram(recorder.histogram.sample))
        let lines = self.render(family).split(separator: "\n")
        #expect(lines.contains(#"lag_seconds_bucket{venue="v",le="6.4e-05"} 1"#))
        #expect(lines.contains(#"lag_seconds_bucket{venue="v",le="0.000128"} 2"#))
        #expect(lines.contains(#"lag_seconds_bucket{venue="v",le="67.108864"} 2"#))
        #expect(lines.contains(#"lag_seconds_bucket{venue="v",le="+Inf"} 3"#))
        #expect(lines.contains(#"lag_seconds_sum{venue="v"} 70.000127"#))
        #expect(lines.last == #"lag_seconds_count{venue="v"} 3"#)
    }
}
