/// A change of state of a connection, a feed, a book or the service.
package struct StatusChange {
    package enum Source: Sendable {
        /// The place of the connection in its loop's tables.
        case connection(Int32)
        case book(InstrumentID)
        case service
    }

    /// The states that are announced, of whatever source.
    package enum State: String, Sendable {
        case starting, connecting, live, waiting, seeded, refreshing, broken, stopped, disconnected, stopping
    }

    /// Why it changed.
    package enum Reason: String, Sendable {
        case none, requested, gap, crossed, mismatch
        case bufferFull = "buffer_full"
        case valueTooLarge = "value_too_large"
        case silent, refused, reset, closed, timeout, rotation
        case deliveryLost = "delivery_lost"
    }

    package var source: Source
    package var state: State
    package var previous: State?
    package var reason: Reason
    package var microseconds: Int64

    package init(source: Source, state: State, previous: State?, reason: Reason, microseconds: Int64) {
        self.source = source
        self.state = state
        self.previous = previous
        self.reason = reason
        self.microseconds = microseconds
    }
}
