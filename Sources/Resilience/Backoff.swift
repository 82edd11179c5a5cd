/// Exponential waits with full jitter: anything between none and a doubling, capped bound.
///
/// Full jitter spreads the callers of a failed venue best: <https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/>.
package struct Backoff: Hashable, Sendable {
    package let base: Duration
    package let cap: Duration

    package init(base: Duration, cap: Duration) {
        precondition(base > .zero && cap >= base, "a wait of nothing retries in a busy loop")
        self.base = base
        self.cap = cap
    }

    /// The longest wait after `failures` failures in a row, counted from 1: base, 2 base, 4 base, up to the cap.
    package func bound(failures: Int) -> Duration {
        let doublings = max(failures, 1) - 1
        guard doublings < 62 else { return self.cap }
        let (nanoseconds, overflow) = self.base.nanoseconds.multipliedReportingOverflow(
            by: Int64(1) << Int64(doublings))
        return overflow ? self.cap : min(.nanoseconds(nanoseconds), self.cap)
    }

    /// A random wait of at most `bound(failures:)`.
    package func delay(failures: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        .nanoseconds(Int64.random(in: 0...max(self.bound(failures: failures).nanoseconds, 0), using: &generator))
    }
}
