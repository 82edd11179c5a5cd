import CNATS
import Glibc
import Synchronization

/// Wakes the publisher thread through an eventfd, and only if it sleeps.
package final class PublisherWaker: Sendable {
    private let descriptor: Int32
    private let sleeping = Atomic<Bool>(false)

    /// Makes a waker; without a descriptor left in the process it still works, by the sleeper's timeout.
    package init() {
        self.descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    }

    deinit {
        if self.descriptor >= 0 { close(self.descriptor) }
    }

    /// Wakes the sleeper if there is one; 5 ns when there is none.
    ///
    /// Call it after the work was made visible: the fence pairs with the one in `sleep`.
    @inline(__always)
    package func wakeIfSleeping() {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if self.sleeping.load(ordering: .relaxed) { self.wake() }
    }

    /// Wakes the sleeper, or lets its next sleep end at once.
    package func wake() {
        var one: UInt64 = 1
        _ = write(self.descriptor, &one, 8)
    }

    /// Sleeps until woken or until `milliseconds` passed, unless `hasWork` says there is something to do already.
    package func sleep(milliseconds: Int32, unless hasWork: () -> Bool) {
        self.sleeping.store(true, ordering: .relaxed)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if !hasWork() { self.pause(milliseconds: milliseconds) }
        self.sleeping.store(false, ordering: .relaxed)
        var drained: UInt64 = 0
        _ = read(self.descriptor, &drained, 8)
    }

    /// Waits for `milliseconds` or for `wake`, without asking producers to wake it.
    package func pause(milliseconds: Int32) {
        var entry = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, milliseconds)
    }
}
