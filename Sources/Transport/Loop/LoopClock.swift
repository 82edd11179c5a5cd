internal import Glibc

/// The two clocks of the transport; both are read without a system call.
package enum LoopClock {
    /// Microseconds since the Unix epoch.
    @inline(__always)
    package static func wallMicroseconds() -> Int64 {
        Self.read(CLOCK_REALTIME)
    }

    /// Microseconds of a clock that never jumps; only differences mean anything.
    @inline(__always)
    package static func monotonicMicroseconds() -> Int64 {
        Self.read(CLOCK_MONOTONIC)
    }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec) / 1000
    }
}

extension Duration {
    /// Microseconds, rounded down; what lies outside 64 bits is clamped.
    package var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds rounded up, at least one, as the library's own timeouts want them.
    var librarySeconds: UInt32 {
        let (seconds, attoseconds) = self.components
        let whole = attoseconds > 0 ? seconds.addingReportingOverflow(1).partialValue : seconds
        return UInt32(clamping: max(1, whole))
    }
}
