/// How long things took, in fixed buckets.
package struct DurationHistogram: Hashable, Sendable {
    /// For waits until a request may go.
    package static let waitBounds: [Duration] = [
        .zero, .milliseconds(10), .milliseconds(100), .seconds(1), .seconds(5), .seconds(15), .seconds(60),
        .seconds(300),
    ]
    /// For answers of a venue.
    package static let answerBounds: [Duration] = [
        .milliseconds(25), .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
        .milliseconds(2500), .seconds(5), .seconds(10), .seconds(30),
    ]

    /// Upper bounds of all buckets but the last, which has none; ascending.
    package let bounds: [Duration]
    /// How many per bucket, not summed up; one more than `bounds`.
    package private(set) var counts: [Int]
    package private(set) var total = Duration.zero
    package private(set) var longest = Duration.zero

    package init(bounds: [Duration]) {
        self.bounds = bounds
        self.counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package mutating func record(_ length: Duration) {
        let bucket = self.bounds.firstIndex { length <= $0 } ?? self.bounds.count
        self.counts[bucket] += 1
        self.total += length
        self.longest = max(self.longest, length)
    }
}
