import Glibc

/// Writes lines to a descriptor from one thread of its own; whoever logs never waits for the reader.
///
/// Lines wait in a buffer bounded in bytes. When it is full the new line is dropped and counted, and once there is room
/// again a line says how many went.
package final class BoundedLogWriter: Sendable {
    package struct Statistics: Hashable, Sendable {
        package fileprivate(set) var written: UInt64 = 0
        /// Lines that found the buffer full, came after the end, or that the descriptor did not take.
        package fileprivate(set) var dropped: UInt64 = 0
        package fileprivate(set) var queuedBytes = 0
        package fileprivate(set) var queuedLines = 0
        package fileprivate(set) var capacityBytes = 0
    }

    private let core: LogWriterCore

    /// - Parameters:
    ///   - descriptor: Stays the caller's, and must be open until `finish` has returned `true`.
    ///   - dropNotice: Renders the line that tells of `count` dropped ones.
    package init(
        descriptor: Int32, capacityBytes: Int = 1 << 20,
        dropNotice: @escaping @Sendable (_ count: UInt64) -> [UInt8]
    ) {
        precondition(capacityBytes > 0, "a buffer of nothing drops every line")
        self.core = LogWriterCore(descriptor: descriptor, capacityBytes: capacityBytes, dropNotice: dropNotice)
        self.core.start()
    }

    /// Takes a whole line, ending in a line feed, or drops it; never blocks on the descriptor.
    @discardableResult
    package func write(_ line: [UInt8]) -> Bool { self.core.enqueue(line) }

    /// What has happened so far; all lines ever offered are written, dropped or queued.
    package var statistics: Statistics { self.core.statistics }

    /// Writes what waits, for at most `patience`, and ends the thread; later lines are dropped.
    ///
    /// - Returns: Whether everything was written in time.
    @discardableResult
    package func finish(patience: Duration = .seconds(2)) -> Bool { self.core.finish(patience: patience) }

    deinit { self.core.finish(patience: .zero) }
}

/// The state that the writer and its thread share, under one lock.
///
/// `Synchronization.Mutex` has no condition variable, so the lock is a pthread one. The thread holds a reference of its
/// own and so outlives the writer if the descriptor blocks.
private final class LogWriterCore: @unchecked Sendable {
    private let descriptor: Int32
    private let capacityBytes: Int
    private let dropNotice: @Sendable (UInt64) -> [UInt8]
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    // Guarded by `mutex`.
    private var queue: [[UInt8]] = []
    private var figures = BoundedLogWriter.Statistics()
    private var untoldDrops: UInt64 = 0
    private var finishing = false
    private var ended = false

    init(descriptor: Int32, capacityBytes: Int, dropNotice: @escaping @Sendable (UInt64) -> [UInt8]) {
        self.descriptor = descriptor
        self.capacityBytes = capacityBytes
        self.dropNotice = dropNotice
        pthread_mutex_init(self.mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(self.changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(self.changed)
        pthread_mutex_destroy(self.mutex)
        self.changed.deallocate()
        self.mutex.deallocate()
    }

    var statistics: BoundedLogWriter.Statistics {
        self.locked {
            var figures = self.figures
            figures.queuedLines = self.queue.count
            figures.capacityBytes = self.capacityBytes
            return figures
        }
    }

    func start() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(&thread, nil, logWriterThread, context.toOpaque())
        guard status == 0 else {
            context.release()
            self.locked {
                self.finishing = true
                self.ended = true
            }
            return
        }
        pthread_detach(thread)
    }

    func enqueue(_ line: [UInt8]) -> Bool {
        self.locked {
            guard !self.finishing, line.count <= self.capacityBytes - self.figures.queuedBytes else {
                self.figures.dropped += 1
                self.untoldDrops += 1
                return false
            }
            self.queue.append(line)
            self.figures.queuedBytes += line.count
            pthread_cond_broadcast(self.changed)
            return true
        }
    }

    @discardableResult
    func finish(patience: Duration) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, attoseconds) = max(patience, .zero).components
        deadline.tv_sec += Int(min(seconds, 86_400))
        deadline.tv_nsec += Int(attoseconds / 1_000_000_000)
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        return self.locked {
            self.finishing = true
            pthread_cond_broadcast(self.changed)
            while !self.ended {
                if pthread_cond_timedwait(self.changed, self.mutex, &deadline) == ETIMEDOUT { break }
            }
            return self.ended
        }
    }

    /// Takes batches and writes them until the end; the thread's body.
    func run() {
        while let batch = self.nextBatch() {
            var written: UInt64 = 0
            for line in batch.lines where self.writeWhole(line) { written += 1 }
            if batch.drops > 0 { _ = self.writeWhole(self.dropNotice(batch.drops)) }
            self.locked {
                self.figures.written += written
                self.figures.dropped += UInt64(batch.lines.count) - written
                self.figures.queuedBytes -= batch.lines.reduce(0) { $0 + $1.count }
            }
        }
        self.locked {
            self.ended = true
            pthread_cond_broadcast(self.changed)
        }
    }

    /// Waits for lines; `nil` once finished and empty.
    private func nextBatch() -> (lines: [[UInt8]], drops: UInt64)? {
        self.locked {
            while self.queue.isEmpty && self.untoldDrops == 0 && !self.finishing {
                pthread_cond_wait(self.changed, self.mutex)
            }
            guard !self.queue.isEmpty || self.untoldDrops > 0 else { return nil }
            defer {
                self.queue = []
                self.untoldDrops = 0
            }
            return (lines: self.queue, drops: self.untoldDrops)
        }
    }

    private func writeWhole(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(self.descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count < 0 && errno == EAGAIN {
                    var ready = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, 1000)
                } else if count == 0 || errno != EINTR {
                    return false
                }
            }
            return true
        }
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(self.mutex)
        defer { pthread_mutex_unlock(self.mutex) }
        return body()
    }
}

private func logWriterThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    // A reader that is gone makes a failed write, not a signal; the process' signals go to other threads.
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    Unmanaged<LogWriterCore>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
