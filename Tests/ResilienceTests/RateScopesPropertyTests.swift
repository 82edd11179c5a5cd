import TestSupport
import Testing

@testable import Resilience

/// Random requests over three scopes, held for a while before they are sent, against the list of every send.
@Suite("Several scopes under random schedules")
struct RateScopesPropertyTests {
    private struct Sent {
        let time: Duration
        let draws: [RateScopes.Draw]
    }

    private struct Waiting {
        let ticket: RateScopes.Ticket
        let draws: [RateScopes.Draw]
        var askAt: Duration
    }

    private struct Held {
        let draws: [RateScopes.Draw]
        let sendAt: Duration
    }

    private struct Run {
        let limits: [RateLimits]
        var scopes = RateScopes()
        var generator: SeededGenerator
        var now = Duration.zero
        var closedUntil: [Duration]
        var sent: [Sent] = []
        var waiting: [Waiting] = []
        var held: [Held] = []
        var requests = 0
        var refused = 0
        var cancelled = 0
        /// Held and returned, by their holder or because a scope was closed before they were sent.
        var returned = 0
        var sentWhileClosed = 0

        init(seed: UInt64) {
            var generator = SeededGenerator(seed: seed)
            self.limits = (0..<3).map { _ in
                var windows = [
                    RateWindow(
                        .weight, limit: Int.random(in: 20...120, using: &generator),
                        per: .milliseconds(Int.random(in: 200...3000, using: &generator)))
                ]
                if Bool.random(using: &generator) {
                    windows.append(
                        RateWindow(
                            .requests, limit: Int.random(in: 2...20, using: &generator),
                            per: .milliseconds(Int.random(in: 200...4000, using: &generator))))
                }
                return RateLimits(
                    windows: windows, headroom: Double.random(in: 0...0.2, using: &generator),
                    reserve: Double.random(in: 0...0.2, using: &generator),
                    aging: .milliseconds(Int.random(in: 0...2000, using: &generator)), waitersPerPriority: 12)
            }
            self.generator = generator
            self.closedUntil = Array(repeating: .zero, count: self.limits.count)
            for limits in self.limits { _ = self.scopes.add(limits) }
        }

        mutating func request() {
            self.requests += 1
            let named = Array(self.limits.indices).shuffled(using: &self.generator)
                .prefix(Int.random(in: 1...3, using: &self.generator))
            let draws = named.map {
                RateScopes.Draw(scope: $0, weight: Int.random(in: 0...16, using: &self.generator))
            }
            let priority = RatePriority.allCases.randomElement(using: &self.generator) ?? .polls
            switch self.scopes.request(draws, holds: true, priority: priority, now: self.now) {
            case .granted: self.hold(draws)
            case .wait(let ticket, let until):
                self.waiting.append(Waiting(ticket: ticket, draws: draws, askAt: until))
            case .refused: self.refused += 1
            }
        }

        mutating func close() {
            let scope = Int.random(in: 0..<3, using: &self.generator)
            let until = self.now + .milliseconds(Int.random(in: 1...3000, using: &self.generator))
            self.scopes.close(scope, until: until, now: self.now)
            self.closedUntil[scope] = max(self.closedUntil[scope], until)
        }

        mutating func cancelOne() {
            if Bool.random(using: &self.generator),
                let victim = self.waiting.indices.randomElement(using: &self.generator)
            {
                self.cancelled += self.scopes.cancel(self.waiting.remove(at: victim).ticket) ? 1 : 0
            } else if let victim = self.held.indices.randomElement(using: &self.generator) {
                self.scopes.release(self.held.remove(at: victim).draws)
                self.returned += 1
            }
        }

        /// Moves on to `time`, every waiter asking and every holder sending when it is time to.
        mutating func advance(to time: Duration) {
            while true {
                let asks = self.waiting.indices.min { self.waiting[$0].askAt < self.waiting[$1].askAt }
                let sends = self.held.indices.min { self.held[$0].sendAt < self.held[$1].sendAt }
                let askAt = asks.map { self.waiting[$0].askAt } ?? .seconds(1_000_000)
                let sendAt = sends.map { self.held[$0].sendAt } ?? .seconds(1_000_000)
                guard min(askAt, sendAt) <= time else { break }
                self.now = max(self.now, min(askAt, sendAt))
                if sendAt <= askAt, let sends {
                    self.send(self.held.remove(at: sends))
                } else if let asks {
                    self.ask(asks)
                }
            }
            self.now = time
        }

        private mutating func hold(_ draws: [RateScopes.Draw]) {
            let delay = Bool.random(using: &self.generator) ? 0 : Int.random(in: 0...2500, using: &self.generator)
            self.held.append(Held(draws: draws, sendAt: self.now + .milliseconds(delay)))
        }

        private mutating func send(_ held: Held) {
            guard self.scopes.send(held.draws, now: self.now) else {
                self.scopes.release(held.draws)
                self.returned += 1
                return
            }
            if held.draws.contains(where: { self.now < self.closedUntil[$0.scope] }) { self.sentWhileClosed += 1 }
            self.sent.append(Sent(time: self.now, draws: held.draws))
        }

        private mutating func ask(_ index: Int) {
            switch self.scopes.request(again: self.waiting[index].ticket, now: self.now) {
            case .granted: self.hold(self.waiting.remove(at: index).draws)
            case .wait(_, let until): self.waiting[index].askAt = until
            case .refused:
                self.waiting.remove(at: index)
                self.refused += 1
            }
        }

        /// The most any stretch of each window held beyond what it may.
        var excess: Int {
            var worst = 0
            for (scope, limits) in self.limits.enumerated() {
                let costs = self.sent.flatMap { sent in
                    sent.draws.filter { $0.scope == scope }.map { (time: sent.time, weight: $0.weight) }
                }
                for window in limits.windows {
                    let ceiling = Int(Double(window.limit) * (1 - limits.headroom))
                    var oldest = 0
                    var sum = 0
                    for cost in costs {
                        sum += window.cost(ofWeight: cost.weight)
                        while costs[oldest].time + window.length <= cost.time {
                            sum -= window.cost(ofWeight: costs[oldest].weight)
                            oldest += 1
                        }
                        worst = max(worst, sum - ceiling)
                    }
                }
            }
            return worst
        }

        /// What is still held or waits, by the machine's own account.
        mutating func left() -> Int {
            self.limits.indices.reduce(0) { sum, scope in
                let snapshot = self.scopes.snapshot(scope, now: self.now)
                return sum + snapshot.held + snapshot.waiting.total
            }
        }
    }

    @Test(
        "10,000 schedules never pass a budget in any stretch, starve nobody and lose no permit",
        arguments: (UInt64(0)..<20).map { $0 * 500 + 1 })
    func schedules(firstSeed: UInt64) {
        var waited = 0
        for seed in firstSeed..<firstSeed + 500 {
            var run = Run(seed: seed)
            for _ in 0..<Int.random(in: 5...10, using: &run.generator) {
                run.advance(to: run.now + .milliseconds(Int.random(in: 0...700, using: &run.generator)))
                switch Int.random(in: 0..<12, using: &run.generator) {
                case 0: run.close()
                case 1, 2: run.cancelOne()
                default: for _ in 0..<Int.random(in: 1...3, using: &run.generator) { run.request() }
                }
            }
            waited += run.waiting.count
            // Everything that waits needs at most a window of each of its scopes, one after the other.
            run.advance(to: run.now + .seconds(12) + .seconds(15) * (run.waiting.count + 2))
            let left = run.left()
            let sound =
                run.excess == 0 && run.sentWhileClosed == 0 && run.waiting.isEmpty && run.held.isEmpty && left == 0
                && run.requests == run.sent.count + run.refused + run.cancelled + run.returned
            guard sound else {
                Issue.record(
                    """
                    seed \(seed): excess \(run.excess), sent while closed \(run.sentWhileClosed), \
                    still waiting \(run.waiting.count), left \(left), \(run.requests) requests, \
                    \(run.sent.count) sent, \(run.refused) refused, \(run.cancelled) cancelled, \
                    \(run.returned) returned
                    """)
                return
            }
        }
        #expect(waited > 500, "the schedules make requests wait")
    }

    private static func limits(_ limit: Int, per length: Duration = .seconds(60)) -> RateLimits {
        RateLimits(windows: [RateWindow(.weight, limit: limit, per: length)], headroom: 0, reserve: 0)
    }

    @Test("Two who name the same scopes in opposite order both go, however tight the scopes are")
    func noDeadlock() {
        var scopes = RateScopes()
        let first = scopes.add(Self.limits(10))
        let second = scopes.add(Self.limits(10, per: .seconds(30)))
        let draws = [
            [RateScopes.Draw(scope: first, weight: 10), RateScopes.Draw(scope: second, weight: 10)],
            [RateScopes.Draw(scope: second, weight: 10), RateScopes.Draw(scope: first, weight: 10)],
        ]
        #expect(scopes.request(draws[0], priority: .resync, now: .zero) == .granted)
        var waiting: [(ticket: RateScopes.Ticket, askAt: Duration)] = []
        for index in 0..<6 {
            let decision = scopes.request(draws[index % 2], priority: .resync, now: .seconds(1))
            if case .wait(let ticket, let until) = decision { waiting.append((ticket, until)) }
        }
        #expect(waiting.count == 6)
        var order: [Int] = []
        var left = Array(waiting.indices)
        for second in 2...400 {
            for index in left.reversed()
            where scopes.request(again: waiting[index].ticket, now: .seconds(second)) == .granted {
                order.append(index)
                left.removeAll { $0 == index }
            }
        }
        #expect(order == [0, 1, 2, 3, 4, 5])
    }

    @Test("Who waits for a closed endpoint keeps no budget of the host from others")
    func closedEndpoint() {
        var scopes = RateScopes()
        let endpoint = scopes.add(Self.limits(100))
        let host = scopes.add(Self.limits(100))
        scopes.close(endpoint, until: .seconds(600), now: .zero)
        for _ in 0..<5 {
            let draws = [
                RateScopes.Draw(scope: endpoint, weight: 1), RateScopes.Draw(scope: host, weight: 50),
            ]
            guard case .wait(_, let until) = scopes.request(draws, priority: .resync, now: .zero) else {
                Issue.record("a closed endpoint was asked")
                return
            }
            #expect(until == .seconds(600))
        }
        let other = [RateScopes.Draw(scope: host, weight: 100)]
        #expect(scopes.request(other, priority: .history, now: .seconds(1)) == .granted)
    }
}
