package import Resilience

/// How the limits of one address are divided among several processes.
package struct SharedLimitsSettings: Hashable, Sendable {
    package var enabled = false
    package var bucket = "SLUICE_BUDGET"
    package var members = 2
    package var fallbackPercent = 30

    package init() {}

    /// What of each limit is this process's, whoever else is there.
    package var member: BudgetMember.Settings {
        BudgetMember.Settings(members: self.members, fallbackPercent: self.fallbackPercent)
    }

    static var fields: [SettingField<SharedLimitsSettings>] {
        [
            .value(
                "enabled", \.enabled, .flag, "Divide the limits with other processes on this address, through NATS."),
            .value(
                "bucket", \.bucket, .streamName,
                "The JetStream key-value bucket that they meet in, one for each address; made if there is none."),
            .value(
                "members", \.members, .integer(1...32), "Processes that share the address at most; the same in all."),
            .value(
                "fallback_percent", \.fallbackPercent, .integer(1...100),
                "The part of each limit that is never lent: each member has its share of it while NATS is away. "
                    + "The same in all."),
        ]
    }
}
