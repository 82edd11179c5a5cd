/// What a gate looks like from outside at one instant.
package struct ConcurrencyGateSnapshot: Sendable {
    /// How many may be on their way.
    package let limit: Int
    package let inFlight: Int
    package let waiting: PerPriority
    /// How many may wait, all priorities together.
    package let waitingMost: Int
    package let entered: PerPriority
    /// Requests refused because too many waited.
    package let refused: Int
    package let cancelled: Int
    package let timedOut: Int
    /// How often the limit was raised and halved.
    package let growths: Int
    package let halvings: Int
    /// How long requests that entered had waited.
    package let waits: DurationHistogram
}
