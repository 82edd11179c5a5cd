/// Credits that requests cost and time gives back, up to a limit.
struct CreditPool {
    private let limit: Double
    private let perMicrosecond: Double
    private var credits: Double
    private var refilledAt: Int64?

    init(limit: Int, perSecond: Int) {
        self.limit = Double(limit)
        self.perMicrosecond = Double(perSecond) / 1_000_000
        self.credits = Double(limit)
    }

    /// Takes credits at a time in microseconds; false, and nothing taken, where there are too few.
    mutating func spend(_ cost: Int, at now: Int64) -> Bool {
        if let refilledAt {
            self.credits = min(self.limit, self.credits + Double(now - refilledAt) * self.perMicrosecond)
        }
        self.refilledAt = now
        guard self.credits >= Double(cost) else { return false }
        self.credits -= Double(cost)
        return true
    }
}
