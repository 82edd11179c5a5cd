import Glibc
import Synchronization

/// What any thread may ask of a lane.
extension PublishLane {
    /// Tries before a cut is given as inconsistent: at 1 µs a change and 50 ns a look, one nearly always fits between.
    private static let tries = 2000

    /// Reads all terms of the accounts as of one moment.
    ///
    /// Both writers' versions are read before and after the terms: unchanged and even, nothing moved in between.
    package func cut() -> AccountingCut {
        var cut = AccountingCut()
        for attempt in 1...Self.tries {
            let producer = self.memory.look(LaneMemory.Producer.version)
            let publisher = self.memory.look(LaneMemory.Publisher.version)
            cut = self.collect()
            atomicMemoryFence(ordering: .acquiring)
            let isStill =
                self.memory.own(LaneMemory.Producer.version) == producer
                && self.memory.own(LaneMemory.Publisher.version) == publisher
            if isStill, producer & 1 == 0, publisher & 1 == 0 { return cut }
            // A writer that lost its processor in the middle of a change needs it back to finish.
            if attempt % 16 == 0 { sched_yield() }
        }
        cut.isConsistent = false
        return cut
    }

    /// Counts of one message type; each is exact and only grows, all of them need not be of one moment.
    package func counts(of type: MessageType) -> TypeCounts {
        var counts = TypeCounts()
        counts.produced = self.memory.own(LaneMemory.Table.produced(type))
        counts.conflated = self.memory.own(LaneMemory.Table.conflated(type))
        counts.confirmed = self.memory.own(LaneMemory.Table.confirmed(type))
        counts.unconfirmed = self.memory.own(LaneMemory.Table.unconfirmed(type))
        for reason in DropReason.allCases {
            counts.dropped[Int(reason.rawValue)] =
                self.memory.own(LaneMemory.Table.droppedByProducer(type, reason))
                &+ self.memory.own(LaneMemory.Table.droppedByPublisher(type, reason))
        }
        return counts
    }

    private func collect() -> AccountingCut {
        var cut = AccountingCut()
        cut.produced = self.memory.own(LaneMemory.Producer.produced)
        cut.conflated = self.memory.own(LaneMemory.Producer.conflated)
        cut.dropped =
            self.memory.own(LaneMemory.Producer.dropped) &+ self.memory.own(LaneMemory.Publisher.dropped)
        cut.confirmed = self.memory.own(LaneMemory.Publisher.confirmed)
        cut.unconfirmed = self.memory.own(LaneMemory.Publisher.unconfirmed)
        let sent = self.memory.own(LaneMemory.Publisher.sentCount)
        cut.queued = self.memory.own(LaneMemory.Producer.writtenCount) &- sent
        cut.inFlight = sent &- self.memory.own(LaneMemory.Publisher.releasedCount)
        cut.spooled =
            self.memory.own(LaneMemory.Publisher.spooled) &- self.memory.own(LaneMemory.Publisher.unspooled)
        cut.bytes =
            self.memory.own(LaneMemory.Producer.writtenBytes) &- self.memory.own(LaneMemory.Publisher.releasedBytes)
        return cut
    }
}

/// What became of the messages of one type, in one lane or several.
package struct TypeCounts: Sendable, Equatable {
    package var produced: UInt64 = 0
    package var conflated: UInt64 = 0
    package var confirmed: UInt64 = 0
    package var unconfirmed: UInt64 = 0
    /// Indexed by the raw value of `DropReason`.
    package var dropped: [UInt64] = Array(repeating: 0, count: DropReason.allCases.count)

    package init() {}

    package subscript(reason: DropReason) -> UInt64 { self.dropped[Int(reason.rawValue)] }

    package static func + (left: TypeCounts, right: TypeCounts) -> TypeCounts {
        var sum = left
        sum.produced &+= right.produced
        sum.conflated &+= right.conflated
        sum.confirmed &+= right.confirmed
        sum.unconfirmed &+= right.unconfirmed
        for index in sum.dropped.indices { sum.dropped[index] &+= right.dropped[index] }
        return sum
    }
}
