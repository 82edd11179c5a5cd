import TestSupport
import Testing

@testable import Resilience

@Suite("Backoff")
struct BackoffTests {
    private let backoff = Backoff(base: .milliseconds(100), cap: .seconds(10))

    @Test(
        "The bound doubles up to the cap",
        arguments: [
            (-3, 100), (0, 100), (1, 100), (2, 200), (3, 400), (7, 6400), (8, 10_000), (63, 10_000), (Int.max, 10_000),
        ])
    func bound(failures: Int, milliseconds: Int) {
        #expect(self.backoff.bound(failures: failures) == .milliseconds(milliseconds))
    }

    @Test("Waits spread over the whole range and never leave it")
    func jitter() {
        var generator = SeededGenerator(seed: 7)
        let waits = (0..<1000).map { _ in self.backoff.delay(failures: 4, using: &generator) }
        #expect(waits.allSatisfy { $0 >= .zero && $0 <= .milliseconds(800) })
        #expect(waits.contains { $0 < .milliseconds(80) })
        #expect(waits.contains { $0 > .milliseconds(720) })
        let mean = waits.reduce(.zero, +) / waits.count
        #expect(mean > .milliseconds(350) && mean < .milliseconds(450))
    }

    @Test("Durations beyond 64 bits of nanoseconds are held at the end, not trapped")
    func saturation() {
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(Int64.min).nanoseconds == .min)
        #expect(Duration.milliseconds(-1500).nanoseconds == -1_500_000_000)
        #expect(Duration.nanoseconds(7).nanoseconds == 7)
    }
}
