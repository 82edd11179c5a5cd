/// A change of state of a connection, a feed, a book or the service.
public struct StatusChange {
    public enum Source: Sendable {
        /// The place of the connection in its loop's tables.
        case connection(Int32)
        case book(InstrumentID)
        case service
    }

    /// The states that are announced, of whatever source.
    public enum State: String, Sendable {
        case starting, connecting, live, waiting, seeded, refreshing, broken, stopped, disconnected, stopping
    }

    /// Why it changed.
    public enum Reason: String, Sendable {
        case none, requested, gap, crossed, mismatch
        case bufferFull = "buffer_full"
        case valueTooLarge = "value_too_large"
        case silent, refused, reset, closed, timeout, rotation
        case deliveryLost = "delivery_lost"
    }

    public var source: Source
    public var state: State
    public var previous: State?
    public var reason: Reason
    public var microseconds: Int64

    public init(source: Source, state: State, previous: State?, reason: Reason, microseconds: Int64) {
        self.source = source
        self.state = state
        self.previous = previous
        self.reason = reason
        self.microseconds = microseconds
    }
}
