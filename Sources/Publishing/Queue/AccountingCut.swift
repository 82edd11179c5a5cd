/// One consistent look at the accounts of a lane, or a sum of such looks, in messages.
///
/// Each term is read from where it lives and none is derived from the others: the producer counts what it
/// produced, conflated and dropped, the ring's cursors say what is queued and in flight, the publisher counts what
/// became of what it took out.
package struct AccountingCut: Sendable, Equatable {
    package var produced: UInt64 = 0
    package var confirmed: UInt64 = 0
    package var conflated: UInt64 = 0
    package var dropped: UInt64 = 0
    package var unconfirmed: UInt64 = 0
    package var queued: UInt64 = 0
    package var inFlight: UInt64 = 0
    package var spooled: UInt64 = 0
    /// Bytes of records in the rings, queued and in flight.
    package var bytes: UInt64 = 0
    /// False when the counters moved through every try, so that the terms may belong to different moments.
    package var isConsistent = true

    package init() {}

    /// Everything that is accounted for; equals `produced` in a consistent cut.
    package var accounted: UInt64 {
        self.confirmed &+ self.conflated &+ self.dropped &+ self.unconfirmed &+ self.queued &+ self.inFlight
            &+ self.spooled
    }

    package var isBalanced: Bool { self.produced == self.accounted }

    package static func + (left: AccountingCut, right: AccountingCut) -> AccountingCut {
        var sum = left
        sum.produced &+= right.produced
        sum.confirmed &+= right.confirmed
        sum.conflated &+= right.conflated
        sum.dropped &+= right.dropped
        sum.unconfirmed &+= right.unconfirmed
        sum.queued &+= right.queued
        sum.inFlight &+= right.inFlight
        sum.spooled &+= right.spooled
        sum.bytes &+= right.bytes
        sum.isConsistent = left.isConsistent && right.isConsistent
        return sum
    }
}
