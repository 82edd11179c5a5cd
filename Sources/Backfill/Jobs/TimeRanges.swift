/// Stretches of time that do not touch, in ascending order; half-open, milliseconds since 1970.
package struct TimeRanges: Hashable, Sendable {
    package private(set) var ranges: [Range<Int64>] = []

    package init(_ ranges: [Range<Int64>] = []) {
        for range in ranges { self.insert(range) }
    }

    /// Adds a stretch, joined with those that it touches.
    package mutating func insert(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        let start = self.ranges.firstIndex { $0.upperBound >= range.lowerBound } ?? self.ranges.endIndex
        let end = self.ranges[start...].firstIndex { $0.lowerBound > range.upperBound } ?? self.ranges.endIndex
        var joined = range
        for other in self.ranges[start..<end] {
            joined = min(joined.lowerBound, other.lowerBound)..<max(joined.upperBound, other.upperBound)
        }
        self.ranges.replaceSubrange(start..<end, with: [joined])
    }

    /// What of a stretch is not in it.
    package func missing(in range: Range<Int64>) -> [Range<Int64>] {
        var gaps: [Range<Int64>] = []
        var next = range.lowerBound
        for held in self.ranges where held.upperBound > range.lowerBound && held.lowerBound < range.upperBound {
            if held.lowerBound > next { gaps.append(next..<held.lowerBound) }
            next = max(next, held.upperBound)
        }
        if next < range.upperBound { gaps.append(next..<range.upperBound) }
        return gaps
    }

    package var totalMilliseconds: Int64 { self.ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }
}
