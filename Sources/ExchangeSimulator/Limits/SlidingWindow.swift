/// Counts what happened within the last stretch of time, up to a limit.
struct SlidingWindow {
    private let length: Int64
    private let limit: Int
    private var times: [Int64] = []

    /// - Parameter length: Microseconds.
    init(length: Int64, limit: Int) {
        self.length = length
        self.limit = limit
    }

    /// Counts one event; `false` when it is one too many, which is not counted.
    mutating func admit(at now: Int64) -> Bool {
        if let first = self.times.first, now - first >= self.length {
            self.times.removeAll { now - $0 >= self.length }
        }
        guard self.times.count < self.limit else { return false }
        self.times.append(now)
        return true
    }
}
