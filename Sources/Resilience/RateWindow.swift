/// One budget of a scope: at most `limit` in any stretch of `length`.
package struct RateWindow: Hashable, Sendable {
    /// What a request costs in this window.
    package enum Meter: String, Hashable, Sendable {
        /// The weight the venue assigns to the request.
        case weight
        /// One per request, whatever its weight.
        case requests
    }

    package let meter: Meter
    package let limit: Int
    package let length: Duration

    package init(_ meter: Meter, limit: Int, per length: Duration) {
        precondition(limit > 0 && length > .zero, "a window without room would hold every request for ever")
        self.meter = meter
        self.limit = limit
        self.length = length
    }

    /// The window for a bucket of credits that fills up steadily, as Deribit meters: `pool` in any stretch in which the
    /// empty bucket fills up again.
    ///
    /// Never more than the bucket gives: within any time *t* it admits at most `pool` for every begun stretch, which is
    /// `pool` and what flows in during *t*.
    package static func credits(pool: Int, refillPerSecond: Int) -> RateWindow {
        precondition(refillPerSecond > 0, "a bucket that never fills up is no limit on a rate")
        return RateWindow(.weight, limit: pool, per: .seconds(1) * pool / refillPerSecond)
    }

    /// What a request of `weight` costs here.
    package func cost(ofWeight weight: Int) -> Int {
        switch self.meter {
        case .weight: weight
        case .requests: 1
        }
    }
}

/// The budgets of one scope and how they are shared out.
package struct RateLimits: Hashable, Sendable {
    package var windows: [RateWindow]

    /// The share of every window nobody uses, 0..<1: room for requests that reach the venue later than granted and
    /// for other programs behind the same address.
    package var headroom: Double

    /// The share of every window that only the most urgent may use, 0..<1 of what `headroom` leaves.
    package var reserve: Double

    /// The time for which later requests of the next higher priority may still overtake: newer `resync` requests go
    /// before a `history` request for three of these, and so nobody starves.
    package var aging: Duration

    /// How many requests of one priority may wait; the next is refused.
    package var waitersPerPriority: Int

    package init(
        windows: [RateWindow], headroom: Double = 0.1, reserve: Double = 0.1, aging: Duration = .seconds(30),
        waitersPerPriority: Int = 4096
    ) {
        precondition(!windows.isEmpty, "a limiter without windows limits nothing")
        precondition((0..<1).contains(headroom) && (0..<1).contains(reserve), "shares are 0..<1")
        precondition(aging >= .zero && waitersPerPriority > 0)
        self.windows = windows
        self.headroom = headroom
        self.reserve = reserve
        self.aging = aging
        self.waitersPerPriority = waitersPerPriority
    }
}

/// How urgent a request is, most urgent first.
package enum RatePriority: Int, CaseIterable, Hashable, Sendable, Comparable {
    case resync, gapRepair, polls, history

    /// Whether `lhs` is the more urgent.
    package static func < (lhs: RatePriority, rhs: RatePriority) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
