import Synchronization

/// The two lanes from one loop to the publisher, and what the publisher tells that loop.
///
/// Core and JetStream messages have a lane each, so that a slow acknowledgement never holds up a core message.
package final class PublishQueue: Sendable {
    /// Whether what is queued now can leave.
    package enum DeliveryState: UInt8, AtomicRepresentable, Sendable {
        case down, up
    }

    package let core: PublishLane
    package let jetstream: PublishLane
    package let modes: PublishModes
    private let state = Atomic<DeliveryState>(.down)
    private let epoch = Atomic<UInt64>(0)

    package init(
        coreLimits: QueueLimits, jetstreamLimits: QueueLimits, modes: PublishModes = PublishModes(),
        waker: PublisherWaker
    ) {
        self.core = PublishLane(mode: .core, limits: coreLimits, waker: waker)
        self.jetstream = PublishLane(mode: .jetstream, limits: jetstreamLimits, waker: waker)
        self.modes = modes
    }

    /// The lane that messages of `type` take.
    package func lane(for type: MessageType) -> PublishLane {
        switch self.modes[type] {
        case .core: self.core
        case .jetstream: self.jetstream
        }
    }

    package var lanes: [PublishLane] { [self.core, self.jetstream] }

    /// Whether the publisher has a connection; while it is down a producer need not encode core messages.
    package var deliveryState: DeliveryState { self.state.load(ordering: .relaxed) }

    /// Changes whenever messages of this queue were lost after they had been queued, so that books start a new chain.
    package var coreEpoch: UInt64 { self.epoch.load(ordering: .acquiring) }

    /// Sums the accounts of both lanes, each as of one moment.
    package func cut() -> AccountingCut { self.core.cut() + self.jetstream.cut() }

    /// Sums the counts of one type over both lanes.
    package func counts(of type: MessageType) -> TypeCounts {
        self.core.counts(of: type) + self.jetstream.counts(of: type)
    }

    // MARK: The publisher's side

    func setDeliveryState(_ state: DeliveryState) { self.state.store(state, ordering: .relaxed) }

    func messagesLost() { self.epoch.add(1, ordering: .releasing) }
}
