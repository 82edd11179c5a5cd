internal import CLibwebsockets

/// A timer of one loop, to be armed again and again without allocating; for the loop's thread only.
///
/// While armed it is kept alive by the loop.
package final class LoopTimer {
    /// What the library schedules, with the way back to the timer behind it.
    private struct Node {
        var scheduled: lws_sorted_usec_list_t  // first, so that the library's pointer is the node's
        unowned(unsafe) let timer: LoopTimer
    }

    private let context: LoopContext
    private let action: () -> Void
    private var node: UnsafeMutablePointer<Node>?

    /// Whether it is armed.
    package private(set) var isArmed = false

    init(context: LoopContext, action: @escaping () -> Void) {
        self.context = context
        self.action = action
        let node = UnsafeMutablePointer<Node>.allocate(capacity: 1)
        node.initialize(to: Node(scheduled: lws_sorted_usec_list_t(), timer: self))
        self.node = node
    }

    deinit {
        self.node?.deinitialize(count: 1).deallocate()
    }

    /// Arms the timer, or moves it when it is armed; does nothing on a loop that is stopping.
    package func schedule(after delay: Duration) {
        guard let node, !self.context.isStopping else { return }
        if !self.isArmed {
            self.isArmed = true
            self.context.timerArmed(self)
        }
        // The member is the first one: the node's address is its address, and stays.
        let scheduled = UnsafeMutableRawPointer(node).assumingMemoryBound(to: lws_sorted_usec_list_t.self)
        lws_sul_schedule(
            self.context.pointer, 0, scheduled,
            { scheduled in
                guard let scheduled else { return }
                let timer = UnsafeMutableRawPointer(scheduled).assumingMemoryBound(to: Node.self).pointee.timer
                timer.fire()
            }, max(1, delay.wholeMicroseconds))
    }

    /// Disarms the timer; its action does not run any more.
    package func cancel() {
        guard self.isArmed, let node else { return }
        self.isArmed = false
        lws_sul_cancel(UnsafeMutableRawPointer(node).assumingMemoryBound(to: lws_sorted_usec_list_t.self))
        self.context.timerDisarmed(self)
    }

    private func fire() {
        self.isArmed = false
        withExtendedLifetime(self) {
            self.context.timerDisarmed(self)
            self.action()
        }
    }
}
