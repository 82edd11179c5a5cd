import TestSupport
import Testing

@testable import Resilience

/// Random schedules against the plainest check there is: the list of every grant.
@Suite("The limiter under random schedules")
struct RateLimiterPropertyTests {
    private struct Grant {
        let time: Duration
        let weight: Int
    }

    private struct Waiting {
        let ticket: RateScopes.Ticket
        let weight: Int
        var askAt: Duration
    }

    /// Plays one limiter the way its driver does, and keeps what it granted.
    private struct Run {
        let limits: RateLimits
        var state: OneScope
        var now = Duration.zero
        var closedUntil = Duration.zero
        var grants: [Grant] = []
        var waiting: [Waiting] = []
        var requests = 0
        var refused = 0
        var cancelled = 0
        var grantedWhileClosed = 0

        init(limits: RateLimits) {
            self.limits = limits
            self.state = OneScope(limits: limits)
        }

        mutating func request(weight: Int, priority: RatePriority) {
            self.requests += 1
            switch self.state.request(weight: weight, priority: priority, now: self.now) {
            case .granted: self.grant(weight)
            case .wait(let ticket, let until):
                self.waiting.append(Waiting(ticket: ticket, weight: weight, askAt: until))
            case .refused: self.refused += 1
            }
        }

        private mutating func grant(_ weight: Int) {
            if self.now < self.closedUntil { self.grantedWhileClosed += 1 }
            self.grants.append(Grant(time: self.now, weight: weight))
        }

        /// Moves on to `time`, every waiter asking when it was told to.
        mutating func advance(to time: Duration) {
            while let next = self.waiting.indices.min(by: { self.waiting[$0].askAt < self.waiting[$1].askAt }),
                self.waiting[next].askAt <= time
            {
                self.now = max(self.now, self.waiting[next].askAt)
                let waiter = self.waiting[next]
                switch self.state.request(again: waiter.ticket, now: self.now) {
                case .granted:
                    self.waiting.remove(at: next)
                    self.grant(waiter.weight)
                case .wait(_, let until):
                    self.waiting[next].askAt = until
                case .refused:
                    self.waiting.remove(at: next)
                    self.refused += 1
                }
            }
            self.now = time
        }

        /// The most any stretch of each window held beyond what it may; none when the limiter is right.
        var excess: Int {
            var worst = 0
            for window in self.limits.windows {
                let ceiling = Int(Double(window.limit) * (1 - self.limits.headroom))
                var oldest = 0
                var sum = 0
                for grant in self.grants {
                    sum += window.cost(ofWeight: grant.weight)
                    while self.grants[oldest].time + window.length <= grant.time {
                        sum -= window.cost(ofWeight: self.grants[oldest].weight)
                        oldest += 1
                    }
                    worst = max(worst, sum - ceiling)
                }
            }
            return worst
        }
    }

    private static func limits(using generator: inout SeededGenerator) -> RateLimits {
        var windows = [
            RateWindow(
                .weight, limit: Int.random(in: 20...200, using: &generator),
                per: .milliseconds(Int.random(in: 200...4000, using: &generator)))
        ]
        if Bool.random(using: &generator) {
            windows.append(
                RateWindow(
                    .requests, limit: Int.random(in: 2...30, using: &generator),
                    per: .milliseconds(Int.random(in: 200...6000, using: &generator))))
        }
        return RateLimits(
            windows: windows, headroom: Double.random(in: 0...0.3, using: &generator),
            reserve: Double.random(in: 0...0.3, using: &generator),
            aging: .milliseconds(Int.random(in: 0...2000, using: &generator)), waitersPerPriority: 12)
    }

    private static func play(seed: UInt64) -> Run {
        var generator = SeededGenerator(seed: seed)
        var run = Run(limits: Self.limits(using: &generator))
        for _ in 0..<Int.random(in: 8...25, using: &generator) {
            run.advance(to: run.now + .milliseconds(Int.random(in: 0...800, using: &generator)))
            switch Int.random(in: 0..<20, using: &generator) {
            case 0:
                let length = Duration.milliseconds(Int.random(in: 1...2000, using: &generator))
                run.state.close(until: run.now + length, now: run.now)
                run.closedUntil = max(run.closedUntil, run.now + length)
            case 1:
                let window = run.limits.windows[0]
                run.state.observed(
                    used: Int.random(in: 0...window.limit, using: &generator), per: window.length, now: run.now)
            case 2, 3:
                if let victim = run.waiting.indices.randomElement(using: &generator) {
                    run.cancelled += run.state.cancel(run.waiting.remove(at: victim).ticket) ? 1 : 0
                }
            case 4:
                if let last = run.grants.last, last.time == run.now {
                    run.state.giveBack(weight: last.weight, grantedAt: last.time, now: run.now)
                    run.grants.removeLast()
                    run.requests -= 1
                }
            default:
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    run.request(
                        weight: Int.random(in: 0...25, using: &generator),
                        priority: RatePriority.allCases.randomElement(using: &generator) ?? .polls)
                }
            }
        }
        return run
    }

    @Test(
        "2,000 schedules never pass a budget in any stretch, starve nobody and lose no permit",
        arguments: (UInt64(0)..<10).map { $0 * 200 + 1 })
    func schedules(firstSeed: UInt64) {
        var waited = 0
        for seed in firstSeed..<firstSeed + 200 {
            var run = Self.play(seed: seed)
            waited += run.waiting.count
            // Everything that waits needs at most a window each, one after the other.
            let longest = run.limits.windows.map(\.length).max() ?? .zero
            run.advance(to: run.now + .seconds(4) + (longest + .seconds(2)) * (run.waiting.count + 2) + .seconds(15))
            let sound =
                run.excess == 0 && run.grantedWhileClosed == 0 && run.waiting.isEmpty
                && run.requests == run.grants.count + run.refused + run.cancelled
                && run.state.snapshot(now: run.now).waiting.total == 0
            guard sound else {
                Issue.record(
                    """
                    seed \(seed): excess \(run.excess), granted while closed \(run.grantedWhileClosed), \
                    still waiting \(run.waiting.count), \(run.requests) requests, \(run.grants.count) granted, \
                    \(run.refused) refused, \(run.cancelled) cancelled
                    """)
                return
            }
        }
        #expect(waited > 80, "the schedules make requests wait")
    }

    @Test("A steady demand gets all but a sixtieth of the budget")
    func pace() {
        var run = Run(
            limits: RateLimits(
                windows: [RateWindow(.weight, limit: 60, per: .seconds(60))], headroom: 0, reserve: 0,
                waitersPerPriority: 4096))
        for _ in 0..<300 { run.request(weight: 1, priority: .resync) }
        run.advance(to: .seconds(300))
        #expect(run.excess == 0)
        #expect(run.grants.count >= 295)
    }
}
