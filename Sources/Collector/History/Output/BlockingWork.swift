import Publishing

/// Work that waits for a disk, away from the threads that tasks share.
enum BlockingWork {
    /// Does it on a thread of its own, to its end even if the task is cancelled; nil when no thread is left.
    static func run<Value: Sendable>(
        _ name: StaticString, _ work: @escaping @Sendable () -> Value
    ) async -> Value? {
        await withCheckedContinuation { continuation in
            let thread = NativeThread(name: name) { continuation.resume(returning: work()) }
            if let thread { thread.detach() } else { continuation.resume(returning: nil) }
        }
    }
}
