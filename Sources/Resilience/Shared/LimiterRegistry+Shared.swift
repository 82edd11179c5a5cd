extension LimiterRegistry {
    /// Reads what all members wrote, lowers our shares to what we should have, and says what to write.
    ///
    /// - Parameter document: As it was read, just now; nil when there is none that can be read.
    package func propose(_ member: inout BudgetMember, after document: BudgetDocument?) -> BudgetMember.Proposal {
        let demands = self.demands()
        let (document, targets) = member.read(
            document, demands, epoch: UInt64.random(in: .min ... .max), now: self.now)
        for (scope, time) in member.closures { self.closeWithOthers(scope, for: time) }
        var lowered: [String: Int] = [:]
        for (scope, target) in targets { lowered[scope] = self.lower(scope, to: target) }
        return member.propose(document, targets, lowered: lowered, demands, now: self.now)
    }

    /// Uses what was written.
    package func accept(_ proposal: BudgetMember.Proposal) {
        for (scope, share) in proposal.shares { self.grant(share, of: scope, until: proposal.until) }
    }
}
