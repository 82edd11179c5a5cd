import Glibc
import Synchronization

/// Waits for SIGTERM or SIGINT, or for a time to pass.
///
/// Both signals are blocked in every thread and taken by one, so that no code runs in a signal handler.
enum StopSignal {
    /// Blocks the signals; call it before any thread is started.
    static func block() {
        var set = Self.signals
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Returns at the first signal, or after `limit`.
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

    fileprivate static var signals: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }
}

private final class Waiter: Sendable {
    let continuation: CheckedContinuation<Void, Never>
    let limit: Duration?

    init(_ continuation: CheckedContinuation<Void, Never>, _ limit: Duration?) {
        self.continuation = continuation
        self.limit = limit
    }

    func wait() {
        var set = StopSignal.signals
        if let limit = self.limit {
            var time = timespec()
            time.tv_sec = Int(limit.components.seconds)
            time.tv_nsec = Int(limit.components.attoseconds / 1_000_000_000)
            sigtimedwait(&set, nil, &time)
        } else {
            var taken: Int32 = 0
            sigwait(&set, &taken)
        }
        self.continuation.resume()
    }
}

private func waitForSignal(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<Waiter>.fromOpaque(context).takeRetainedValue().wait() }
    return nil
}
