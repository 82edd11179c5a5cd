/// The pause before the next try: doubling up to a limit, drawn from its upper half, so that tries spread.
struct RetryPause {
    private let first: Int64
    private let limit: Int64
    private(set) var attempts = 0

    /// Both in microseconds.
    init(first: Duration, limit: Duration) {
        self.first = max(first.wholeMicroseconds, 1000)
        self.limit = max(limit.wholeMicroseconds, self.first)
    }

    /// Microseconds to wait before the next try.
    mutating func next(using random: inout some RandomNumberGenerator) -> Int64 {
        let doubled = self.first << Int64(min(self.attempts, 20))
        self.attempts += 1
        let whole = min(doubled, self.limit)
        return Int64.random(in: whole / 2...whole, using: &random)
    }

    mutating func reset() { self.attempts = 0 }
}
