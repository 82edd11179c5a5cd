import Synchronization

/// The lanes from one loop to the publisher, and what the publisher tells that loop.
///
/// Each kind has a lane of its own: a slow acknowledgement never holds up a core message, and what is spooled to disk
/// never holds up the current state of things.
package final class PublishQueue: Sendable {
    /// Whether what is queued now can leave.
    package enum DeliveryState: UInt8, AtomicRepresentable, Sendable {
        case down, up
    }

    package let core: PublishLane
    package let state: PublishLane
    package let log: PublishLane
    package let modes: PublishModes
    private let delivery = Atomic<DeliveryState>(.down)
    private let epoch = Atomic<UInt64>(0)

    package init(
        limits: QueueLimits, modes: PublishModes = PublishModes(), waker: PublisherWaker
    ) {
        self.core = PublishLane(kind: .core, limits: limits, waker: waker)
        self.state = PublishLane(kind: .state, limits: limits, waker: waker)
        self.log = PublishLane(kind: .log, limits: limits, waker: waker)
        self.modes = modes
    }

    /// The lane that messages of `type` take.
    package func lane(for type: MessageType) -> PublishLane {
        switch self.modes[type] {
        case .core: self.core
        case .jetstream: type.isConflatable ? self.state : self.log
        }
    }

    package var lanes: [PublishLane] { [self.core, self.state, self.log] }

    /// Whether the publisher has a connection; while it is down a producer need not encode core messages.
    package var deliveryState: DeliveryState { self.delivery.load(ordering: .relaxed) }

    /// Changes whenever messages of this queue were lost after they had been queued, so that books start a new chain.
    package var coreEpoch: UInt64 { self.epoch.load(ordering: .acquiring) }

    /// Sums the accounts of all lanes, each as of one moment.
    package func cut() -> AccountingCut { self.lanes.reduce(AccountingCut()) { $0 + $1.cut() } }

    /// Sums the counts of one type over all lanes.
    package func counts(of type: MessageType) -> TypeCounts {
        self.lanes.reduce(TypeCounts()) { $0 + $1.counts(of: type) }
    }

    // MARK: The publisher's side

    func setDeliveryState(_ state: DeliveryState) { self.delivery.store(state, ordering: .relaxed) }

    func messagesLost() { self.epoch.add(1, ordering: .releasing) }
}
