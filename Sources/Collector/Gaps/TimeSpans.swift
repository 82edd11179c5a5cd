/// Stretches of time, joined where they overlap; microseconds since the epoch.
struct TimeSpans {
    private var spans: [(from: Int64, to: Int64)] = []

    /// Adds a stretch; one that ends before it begins is none.
    mutating func add(_ from: Int64, _ to: Int64) {
        if from < to { self.spans.append((from, to)) }
    }

    mutating func add(_ other: TimeSpans) { self.spans += other.spans }

    /// How long they are together within `from..<to`, each moment counted once.
    func length(from: Int64, to: Int64) -> Int64 {
        var total: Int64 = 0
        var reached = from
        for span in self.spans.sorted(by: { $0.from < $1.from }) {
            let (start, end) = (max(span.from, reached), min(span.to, to))
            guard start < end else { continue }
            total += end - start
            reached = end
        }
        return total
    }
}
