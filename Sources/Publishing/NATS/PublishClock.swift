import Glibc

/// The clocks of the publisher thread.
enum PublishClock {
    /// Microseconds that only go forward; for deadlines.
    static func monotonic() -> Int64 { self.read(CLOCK_MONOTONIC) }

    /// Microseconds since the epoch, as the records carry them.
    static func wall() -> Int64 { self.read(CLOCK_REALTIME) }

    /// Microseconds since the epoch as of the process's start, and what went by since: by it nothing grows old, and nothing
    /// is put off, when the time of day is set.
    static func aging() -> Int64 { self.start &+ self.monotonic() }

    private static let start = Self.wall() &- Self.monotonic()

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec) / 1000
    }
}
