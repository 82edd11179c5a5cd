/// The part of a scope that is this process's own, where several processes share what a venue allows one address.
///
/// Parts are counted in millionths, so that all windows of a scope scale alike and no rounding passes a limit.
package struct RateShare: Hashable, Sendable {
    /// The parts of a whole limit.
    package static let whole = 1_000_000

    /// What every process has of all scopes.
    package struct Terms: Hashable, Sendable {
        package let floor: Int
        package let members: Int

        /// The floor in a scope of which one request is `unit` parts: at least that, where it is there for everyone.
        func floor(unit: Int) -> Int {
            unit > self.floor && unit <= RateShare.whole / self.members ? unit : self.floor
        }
    }

    /// What is ours for ever.
    let floor: Int
    /// What is ours until `until`; afterwards only what was used of it counts still.
    var granted: Int
    var until = Duration.zero
    /// What we should have: below `granted` nothing new goes until so much less is used.
    var target: Int

    init(floor: Int) {
        self.floor = floor
        self.granted = floor
        self.target = floor
    }

    /// What may be used now.
    func portion(at now: Duration) -> Int {
        now < self.until ? max(self.floor, min(self.granted, self.target)) : self.floor
    }

    /// What others count as ours, which what was let go before may still use.
    func promised(at now: Duration) -> Int { now < self.until ? self.granted : self.floor }

    /// So many parts of `number`, rounded down.
    static func portion(_ parts: Int, of number: Int) -> Int {
        number / Self.whole * parts + number % Self.whole * parts / Self.whole
    }

    /// How many parts of `whole` an amount is, rounded up and at most all of them.
    static func parts(_ amount: Int, of limit: Int) -> Int {
        guard amount < limit else { return Self.whole }
        guard amount > 0 else { return 0 }
        let (product, overflow) = amount.multipliedReportingOverflow(by: Self.whole)
        return overflow ? Self.whole : min(Self.whole, (product + limit - 1) / limit)
    }
}

/// What a process needs of a scope, in parts of its whole limits.
package struct RateDemand: Hashable, Sendable {
    /// The scope's longest window: what is used counts for so long.
    package var length: Duration
    /// What every member has of the scope for ever.
    package var floor: Int
    /// Used within the windows or waiting, of all priorities but `history`.
    package var urgent = 0
    /// Of all priorities.
    package var total = 0
    /// For how long the venue closed the scope to this process.
    package var closedFor = Duration.zero

    package init(length: Duration, floor: Int, urgent: Int = 0, total: Int = 0) {
        self.length = length
        self.floor = floor
        self.urgent = urgent
        self.total = total
    }
}
