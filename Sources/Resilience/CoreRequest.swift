/// What a request needs to be let go, and how patiently it is tried.
package struct CoreRequest<C: Clock>: Sendable where C.Duration == Duration {
    /// With its port: whose breaker, gate and failures these are.
    package let host: String
    /// The path without parameters, for the records.
    package let endpoint: String
    /// The scopes it draws on, the narrowest first.
    package let draws: [RateDraw<C>]
    package let priority: RatePriority
    package let policy: RetryPolicy

    package init(host: String, endpoint: String, draws: [RateDraw<C>], priority: RatePriority, policy: RetryPolicy) {
        self.host = host
        self.endpoint = endpoint
        self.draws = draws
        self.priority = priority
        self.policy = policy
    }
}
