import Glibc
import Synchronization

/// Waits for SIGTERM or SIGINT, or for a time to pass.
///
/// A handler notes the signal in a pipe and one thread waits for that. Blocking the signals and waiting
/// for them does not work: a program with an asynchronous `main` parks its first thread in libdispatch's
/// `dispatch_main`, which suspends it with an empty signal mask, so that the signal ends the process there
/// (<https://github.com/swiftlang/swift-corelibs-libdispatch/blob/main/src/queue.c>, `_dispatch_sigsuspend`; measured
/// with Swift 6.3.1).
enum StopSignal {
    /// Takes SIGTERM and SIGINT over, and ignores SIGPIPE.
    static func catchAll() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            // A signal more than the pipe holds says nothing new, and the handler must never wait.
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        stopRead.store(ends[0], ordering: .sequentiallyConsistent)
        stopWrite.store(ends[1], ordering: .sequentiallyConsistent)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = noteStop
        action.sa_flags = SA_RESTART
        for number in [SIGTERM, SIGINT] { sigaction(number, &action, nil) }
        signal(SIGPIPE, SIG_IGN)
    }

    /// Returns at the first signal, also one that came before, or after `limit`.
    static func wait(atMost limit: Duration?) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let box = Unmanaged.passRetained(Waiter(continuation, limit))
            var thread = pthread_t()
            // Balanced by takeRetainedValue on the thread, or here when there is none.
            if pthread_create(&thread, nil, waitForSignal, box.toOpaque()) == 0 {
                pthread_detach(thread)
            } else {
                box.release()
                continuation.resume()
            }
        }
    }
}

/// The pipe of signals; -1 before the handler is installed.
private let stopRead = Atomic<Int32>(-1)
private let stopWrite = Atomic<Int32>(-1)

/// The signal handler: does nothing but an atomic load and `write`, which signal-safety(7) allows.
private func noteStop(_ number: Int32) {
    let kept = errno
    var note = UInt8(truncatingIfNeeded: number)
    _ = write(stopWrite.load(ordering: .relaxed), &note, 1)
    errno = kept
}

private final class Waiter: Sendable {
    let continuation: CheckedContinuation<Void, Never>
    let limit: Duration?

    init(_ continuation: CheckedContinuation<Void, Never>, _ limit: Duration?) {
        self.continuation = continuation
        self.limit = limit
    }

    func wait() {
        let deadline = self.limit.map { ContinuousClock.now + $0 }
        while true {
            var entry = pollfd(fd: stopRead.load(ordering: .relaxed), events: Int16(POLLIN), revents: 0)
            // A day at a time, since poll counts milliseconds in 32 bits.
            let left = min(deadline.map { $0 - .now } ?? .seconds(86_400), .seconds(86_400))
            let milliseconds = max(
                0, left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000)
            if poll(&entry, 1, Int32(milliseconds)) > 0 { break }
            if let deadline, .now >= deadline { break }
        }
        self.continuation.resume()
    }
}

private func waitForSignal(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<Waiter>.fromOpaque(context).takeRetainedValue().wait() }
    return nil
}
