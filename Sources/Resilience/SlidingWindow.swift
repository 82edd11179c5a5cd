/// What was spent in the last stretch of a `RateWindow`, never told too low.
///
/// Time is cut into buckets of a sixtieth of the window; an entry counts until the last instant of its bucket has left
/// the window. So no stretch of `length`, wherever it starts, holds more than was admitted, at the price of at most a
/// sixtieth of the pace. Memory is fixed.
struct SlidingWindow {
    private static let bucketsPerWindow: Int64 = 60

    private(set) var window: RateWindow
    /// The sum over the buckets that still count.
    private(set) var used = 0

    private let bucketNanoseconds: Int64
    /// Ring of bucket sums; bucket `i` lives at `i % count`.
    private var sums: [Int]
    private var newest: Int64 = 0

    init(_ window: RateWindow) {
        self.window = window
        let length = max(window.length.nanoseconds, 1)
        let exact = length.dividedReportingOverflow(by: Self.bucketsPerWindow)
        self.bucketNanoseconds = exact.partialValue + (length % Self.bucketsPerWindow == 0 ? 0 : 1)
        self.sums = Array(repeating: 0, count: Int(Self.bucketsPerWindow) + 1)
    }

    /// Admits no more than `limit` from now on.
    mutating func limit(to limit: Int) {
        self.window = RateWindow(self.window.meter, limit: min(limit, self.window.limit), per: self.window.length)
    }

    /// Forgets the buckets that have left the window at `now`; a clock that steps back changes nothing.
    mutating func advance(to now: Duration) {
        let current = max(now.nanoseconds, 0) / self.bucketNanoseconds
        guard current > self.newest else { return }
        let count = Int64(self.sums.count)
        // All that is older than the ring has left; nothing is to be forgotten where nothing counts.
        var bucket = max(self.newest, current - count)
        while bucket < current, self.used > 0 {
            bucket += 1
            let index = Int(bucket % count)
            self.used -= self.sums[index]
            self.sums[index] = 0
        }
        self.newest = current
    }

    /// Enters `amount` at the time last advanced to; the sum is held below overflow.
    mutating func spend(_ amount: Int) {
        let room = Int.max / 4 - self.used
        let taken = min(amount, max(room, 0))
        self.sums[Int(self.newest % Int64(self.sums.count))] += taken
        self.used += taken
    }

    /// Takes `amount` entered at `time` out again, as far as its bucket still counts.
    mutating func giveBack(_ amount: Int, spentAt time: Duration) {
        let bucket = max(time.nanoseconds, 0) / self.bucketNanoseconds
        guard bucket <= self.newest, self.newest - bucket < Int64(self.sums.count) else { return }
        let index = Int(bucket % Int64(self.sums.count))
        let returned = min(amount, self.sums[index])
        self.sums[index] -= returned
        self.used -= returned
    }

    /// The first instant at which `amount` fits below `limit` if nothing more is spent, or `nil` if it never does.
    func fits(_ amount: Int, below limit: Int) -> Duration? {
        guard amount <= limit else { return nil }
        var excess = self.used - (limit - amount)
        guard excess > 0 else { return .zero }
        let count = Int64(self.sums.count)
        var bucket = max(self.newest - count + 1, 0)
        while bucket < self.newest {
            excess -= self.sums[Int(bucket % count)]
            if excess <= 0 { return .nanoseconds(self.leaves(bucket)) }
            bucket += 1
        }
        return .nanoseconds(self.leaves(self.newest))
    }

    /// When `bucket` stops counting: its ring slot is taken by the bucket `count` further on.
    private func leaves(_ bucket: Int64) -> Int64 {
        let (product, overflow) = (bucket + Int64(self.sums.count)).multipliedReportingOverflow(
            by: self.bucketNanoseconds)
        return overflow ? .max : product
    }
}
