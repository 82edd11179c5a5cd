/// How messages of a type reach NATS.
package enum PublishMode: String, Hashable, Sendable, CaseIterable {
    /// Each message is acknowledged by the stream that stores it: about 25 times the cost of `core`.
    case jetstream
    /// Published without an answer for each, confirmed in groups.
    case core
}
