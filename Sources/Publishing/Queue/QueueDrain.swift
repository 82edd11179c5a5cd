/// Takes the publisher's place where nothing is published: everything queued counts as confirmed at once.
///
/// For measuring the stages before it. Same thread as the producer, or a thread of its own.
package struct QueueDrain {
    private let queue: PublishQueue
    package private(set) var messages: UInt64 = 0

    /// Lets messages flow into the queue.
    package init(_ queue: PublishQueue) {
        self.queue = queue
        queue.setDeliveryState(.up)
    }

    /// Empties all lanes.
    package mutating func drain() {
        self.drain(self.queue.core)
        self.drain(self.queue.state)
        self.drain(self.queue.log)
    }

    private mutating func drain(_ lane: PublishLane) {
        while lane.nextUnsent() != nil { lane.markSent() }
        let count = lane.inFlightCount
        lane.release(count, as: .confirmed)
        self.messages &+= count
    }
}
