import Glibc

/// A thread of our own, for work that blocks; joined or detached, once.
package final class NativeThread: @unchecked Sendable {
    // Safe: `handle` is set in `init` and read by the one that joins.
    private var handle = pthread_t()

    /// Starts `body`; `nil` when the system has no thread left.
    package init?(name: StaticString, _ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(name: name, body: body))
        // The thread balances the retain; here it is balanced when no thread was made.
        guard pthread_create(&self.handle, nil, nativeThreadMain, box.toOpaque()) == 0 else {
            box.release()
            return nil
        }
    }

    /// Waits until the body has returned.
    package func join() { pthread_join(self.handle, nil) }

    /// Lets the thread end by itself.
    package func detach() { pthread_detach(self.handle) }

    fileprivate final class Box: Sendable {
        let name: StaticString
        let body: @Sendable () -> Void

        init(name: StaticString, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

private nonisolated func nativeThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let box = Unmanaged<NativeThread.Box>.fromOpaque(argument).takeRetainedValue()
    // The name is for people who look at the process; `pthread_setname_np` is not in Swift's Glibc module.
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    if file >= 0 {
        _ = write(file, box.name.utf8Start, box.name.utf8CodeUnitCount)
        close(file)
    }
    box.body()
    return nil
}
