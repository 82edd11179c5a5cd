import TestSupport
import Testing

@testable import Resilience

@Suite("The limiter's decisions")
struct RateScopeTests {
    private static let minute = RateWindow(.weight, limit: 100, per: .seconds(60))

    private func limiter(
        _ windows: [RateWindow] = [minute], headroom: Double = 0, reserve: Double = 0, aging: Duration = .seconds(30),
        waiters: Int = 100
    ) -> OneScope {
        OneScope(
            limits: RateLimits(
                windows: windows, headroom: headroom, reserve: reserve, aging: aging, waitersPerPriority: waiters))
    }

    private func ticket(_ decision: RateScopes.Decision) throws -> RateScopes.Ticket {
        guard case .wait(let ticket, _) = decision else {
            throw UnexpectedDecision(decision: decision)
        }
        return ticket
    }

    private struct UnexpectedDecision: Error {
        let decision: RateScopes.Decision
    }

    @Test("Requests go at once while the window has room, then wait until it has again")
    func fillsUp() throws {
        var state = self.limiter()
        #expect(state.request(weight: 60, priority: .polls, now: .zero) == .granted)
        #expect(state.request(weight: 40, priority: .polls, now: .seconds(10)) == .granted)
        let waiting = try self.ticket(state.request(weight: 60, priority: .polls, now: .seconds(20)))
        // The first second's bucket leaves a second after the minute.
        #expect(state.request(again: waiting, now: .milliseconds(60_999)) == .wait(waiting, until: .seconds(61)))
        #expect(state.request(again: waiting, now: .seconds(61)) == .granted)
        #expect(state.request(again: waiting, now: .seconds(62)) == .refused(.unknownTicket))
    }

    @Test("Every window must have room, each by its own meter")
    func severalWindows() throws {
        var state = self.limiter([
            RateWindow(.weight, limit: 1000, per: .seconds(60)), RateWindow(.requests, limit: 2, per: .seconds(10)),
        ])
        #expect(state.request(weight: 0, priority: .polls, now: .zero) == .granted)
        #expect(state.request(weight: 400, priority: .polls, now: .zero) == .granted)
        let third = try self.ticket(state.request(weight: 1, priority: .polls, now: .zero))
        #expect(state.request(again: third, now: .milliseconds(10_166)) != .granted)
        #expect(state.request(again: third, now: .milliseconds(10_167)) == .granted)
    }

    @Test("The more urgent go first, the equally urgent in the order they came")
    func priorities() throws {
        var state = self.limiter()
        #expect(state.request(weight: 100, priority: .polls, now: .zero) == .granted)
        let history = try self.ticket(state.request(weight: 60, priority: .history, now: .seconds(1)))
        let poll = try self.ticket(state.request(weight: 60, priority: .polls, now: .seconds(2)))
        let first = try self.ticket(state.request(weight: 60, priority: .resync, now: .seconds(3)))
        let second = try self.ticket(state.request(weight: 40, priority: .resync, now: .seconds(4)))
        let open = Duration.seconds(61)
        #expect(state.request(again: history, now: open) != .granted)
        #expect(state.request(again: poll, now: open) != .granted)
        #expect(state.request(again: second, now: open) == .granted, "it fits beside the one before it")
        #expect(state.request(again: first, now: open) == .granted)
        #expect(state.request(again: poll, now: .seconds(122)) == .granted)
        #expect(state.request(again: history, now: .seconds(183)) == .granted)
    }

    @Test("Several that ask again and again use an evenly spaced budget up")
    func evenlySpacedIsUsedUp() throws {
        var state = self.limiter([
            RateWindow(.requests, limit: 16, per: .seconds(2)),
            RateWindow(.requests, limit: 1, per: .milliseconds(125)),
        ])
        // Eight of them, each with what it waits for, awake a little late as tasks are.
        var waiters: [(ticket: RateScopes.Ticket?, wakes: Duration)] = (0..<8).map { (nil, .milliseconds($0 * 40)) }
        var granted = 0
        while let next = waiters.indices.min(by: { waiters[$0].wakes < waiters[$1].wakes }),
            waiters[next].wakes < .seconds(60)
        {
            let now = waiters[next].wakes
            let decision =
                waiters[next].ticket.map { state.request(again: $0, now: now) }
                ?? state.request(weight: 1, priority: .gapRepair, now: now)
            switch decision {
            case .granted:
                granted += 1
                waiters[next] = (nil, now + .milliseconds(30))
            case .wait(let ticket, let until):
                waiters[next] = (ticket, max(until, now) + .milliseconds(2))
            case .refused: throw UnexpectedDecision(decision: decision)
            }
        }
        // 480 of them fit; each is a little late.
        #expect((430...480).contains(granted), "\(granted)")
    }

    @Test("A light request does not slip past a heavy one that it would delay")
    func heavyIsNotStarvedByLight() throws {
        var state = self.limiter()
        #expect(state.request(weight: 50, priority: .resync, now: .zero) == .granted)
        let heavy = try self.ticket(state.request(weight: 90, priority: .resync, now: .zero))
        let light = try self.ticket(state.request(weight: 20, priority: .resync, now: .seconds(1)))
        #expect(state.request(again: light, now: .seconds(2)) != .granted)
        #expect(state.request(again: heavy, now: .seconds(61)) == .granted)
    }

    @Test("Resyncs that flood in for ever overtake history for three agings only")
    func aging() throws {
        var state = self.limiter(aging: .seconds(30))
        #expect(state.request(weight: 100, priority: .resync, now: .zero) == .granted)
        let history = try self.ticket(state.request(weight: 10, priority: .history, now: .zero))
        var granted: Duration?
        var flood: [RateScopes.Ticket] = []
        for step in 1...200 where granted == nil {
            let now = Duration.seconds(3) * step
            if case .wait(let ticket, _) = state.request(weight: 10, priority: .resync, now: now) {
                flood.append(ticket)
            }
            flood.removeAll { state.request(again: $0, now: now) == .granted }
            if state.request(again: history, now: now) == .granted { granted = now }
        }
        let wait = try #require(granted)
        #expect(wait > .seconds(90))
        #expect(wait < .seconds(300), "three agings of flood, twice what the window admits")
        #expect(!flood.isEmpty, "the flood was more than the window admits")
    }

    @Test("The reserve is open to a resync and closed to a poll until it is due")
    func reserve() throws {
        var state = self.limiter(reserve: 0.2, aging: .seconds(5))
        #expect(state.request(weight: 80, priority: .polls, now: .zero) == .granted)
        let poll = try self.ticket(state.request(weight: 10, priority: .polls, now: .zero))
        #expect(state.request(weight: 10, priority: .resync, now: .zero) == .granted)
        #expect(state.request(again: poll, now: .seconds(9)) != .granted)
        #expect(state.request(again: poll, now: .seconds(10)) == .granted)
    }

    @Test("Nobody uses the headroom")
    func headroom() {
        var state = self.limiter(headroom: 0.25)
        #expect(state.request(weight: 76, priority: .resync, now: .zero) == .refused(.neverFits))
        #expect(state.request(weight: 75, priority: .resync, now: .zero) == .granted)
        #expect(state.request(weight: 1, priority: .resync, now: .zero) != .granted)
    }

    @Test("The venue's count is believed when it is higher and ignored when it is lower")
    func observed() {
        var state = self.limiter()
        #expect(state.request(weight: 30, priority: .polls, now: .zero) == .granted)
        #expect(state.observed(used: 10, per: .seconds(60), now: .seconds(1)) == true)
        #expect(state.snapshot(now: .seconds(1)).windows[0].used == 30)
        #expect(state.observed(used: 95, per: .seconds(60), now: .seconds(1)) == true)
        #expect(state.snapshot(now: .seconds(1)).windows[0].used == 95)
        #expect(state.request(weight: 6, priority: .resync, now: .seconds(2)) != .granted)
        #expect(state.snapshot(now: .seconds(62)).windows[0].used == 0, "it leaves with its window")
        #expect(state.observed(used: 95, per: .seconds(61), now: .seconds(62)) == false)
    }

    @Test("Absurd counts from a header do not trap", arguments: [Int.min, -1, Int.max])
    func absurdHeaders(used: Int) {
        var state = self.limiter()
        for second in 0..<10 {
            state.observed(used: used, per: .seconds(60), now: .seconds(second))
        }
        #expect((state.request(weight: 1, priority: .polls, now: .seconds(10)) == .granted) == (used < 100))
        #expect(state.request(weight: 99, priority: .polls, now: .seconds(200)) == .granted)
    }

    @Test("A closed scope grants nothing, and a shorter closure does not open it earlier")
    func closure() throws {
        var state = self.limiter()
        state.close(until: .seconds(100), now: .zero)
        state.close(until: .seconds(50), now: .zero)
        let waiting = try self.ticket(state.request(weight: 1, priority: .resync, now: .seconds(1)))
        #expect(state.request(again: waiting, now: .seconds(60)) == .wait(waiting, until: .seconds(100)))
        #expect(state.snapshot(now: .seconds(60)).closedFor == .seconds(40))
        #expect(state.request(again: waiting, now: .seconds(100)) == .granted)
        #expect(state.snapshot(now: .seconds(100)).closedFor == nil)
        #expect(state.snapshot(now: .seconds(100)).closures == 2)
    }

    @Test("As many wait per priority as may, and a full line of one does not refuse another")
    func boundedWaiters() throws {
        var state = self.limiter(waiters: 2)
        #expect(state.request(weight: 100, priority: .polls, now: .zero) == .granted)
        let first = try self.ticket(state.request(weight: 1, priority: .history, now: .zero))
        _ = try self.ticket(state.request(weight: 1, priority: .history, now: .zero))
        #expect(state.request(weight: 1, priority: .history, now: .zero) == .refused(.tooManyWaiting))
        _ = try self.ticket(state.request(weight: 1, priority: .resync, now: .zero))
        #expect(state.cancel(first) == true)
        #expect(state.cancel(first) == false)
        _ = try self.ticket(state.request(weight: 1, priority: .history, now: .zero))
        let snapshot = state.snapshot(now: .zero)
        #expect(snapshot.waiting[.history] == 2)
        #expect(snapshot.waiting.total == 3)
        #expect(snapshot.refused == 1)
        #expect(snapshot.cancelled == 1)
    }

    @Test("A cancelled waiter makes way for those behind it")
    func cancellation() throws {
        var state = self.limiter()
        #expect(state.request(weight: 50, priority: .polls, now: .zero) == .granted)
        let heavy = try self.ticket(state.request(weight: 60, priority: .polls, now: .seconds(1)))
        let light = try self.ticket(state.request(weight: 50, priority: .polls, now: .seconds(1)))
        #expect(state.request(again: light, now: .seconds(2)) != .granted)
        #expect(state.cancel(heavy) == true)
        #expect(state.request(again: light, now: .seconds(2)) == .granted)
    }

    @Test("Weight given back is free at once, and only as long as it counts")
    func giveBack() {
        var state = self.limiter()
        #expect(state.request(weight: 100, priority: .polls, now: .zero) == .granted)
        state.giveBack(weight: 100, grantedAt: .zero, now: .seconds(30))
        #expect(state.request(weight: 100, priority: .polls, now: .seconds(30)) == .granted)
        state.giveBack(weight: 100, grantedAt: .zero, now: .seconds(70))
        #expect(state.snapshot(now: .seconds(70)).windows[0].used == 100)
    }

    @Test("The histogram of waits counts every grant once")
    func waits() throws {
        var state = self.limiter()
        #expect(state.request(weight: 100, priority: .polls, now: .zero) == .granted)
        let waiting = try self.ticket(state.request(weight: 1, priority: .gapRepair, now: .seconds(51)))
        #expect(state.request(again: waiting, now: .seconds(61)) == .granted)
        let waits = state.snapshot(now: .seconds(61)).waits
        #expect(waits.counts.reduce(0, +) == 2)
        #expect(waits.counts[0] == 1)
        #expect(waits.counts[5] == 1, "ten seconds are above 5 and at most 15")
        #expect(waits.longest == .seconds(10))
    }

    // MARK: - Limits that differ

    @Test("Of two limits the tighter holds, whoever asks first, and each further limit is one disagreement")
    func tighter() {
        for isTightFirst in [false, true] {
            let loose = RateLimits(windows: [Self.minute], headroom: 0, reserve: 0)
            let tight = RateLimits(
                windows: [RateWindow(.weight, limit: 40, per: .seconds(60))], headroom: 0.5, reserve: 0)
            var state = OneScope(limits: isTightFirst ? tight : loose)
            for _ in 0..<3 { state.tighten(to: isTightFirst ? loose : tight, now: .zero) }
            #expect(state.request(weight: 21, priority: .resync, now: .zero) == .refused(.neverFits))
            #expect(state.request(weight: 20, priority: .resync, now: .zero) == .granted)
            #expect(state.request(weight: 1, priority: .resync, now: .zero) != .granted)
            #expect(state.snapshot(now: .zero).disagreements == 1)
        }
    }

    @Test("A window that somebody adds begins full where something was spent before")
    func addedWindow() throws {
        var state = self.limiter()
        #expect(state.request(weight: 1, priority: .resync, now: .zero) == .granted)
        let added = RateLimits(windows: [RateWindow(.requests, limit: 5, per: .seconds(2))], headroom: 0, reserve: 0)
        #expect(state.tighten(to: added, now: .seconds(1)) == true)
        let waiting = try self.ticket(state.request(weight: 1, priority: .resync, now: .seconds(1)))
        #expect(state.request(again: waiting, now: .seconds(3)) != .granted)
        #expect(state.request(again: waiting, now: .milliseconds(3_100)) == .granted)
    }

    @Test("Who waits for more than tightened limits admit is refused")
    func tightenedWhileWaiting() throws {
        var state = self.limiter()
        #expect(state.request(weight: 100, priority: .polls, now: .zero) == .granted)
        let waiting = try self.ticket(state.request(weight: 60, priority: .polls, now: .zero))
        state.tighten(
            to: RateLimits(windows: [RateWindow(.weight, limit: 50, per: .seconds(60))], headroom: 0, reserve: 0),
            now: .seconds(1))
        #expect(state.request(again: waiting, now: .seconds(2)) == .refused(.neverFits))
        #expect(state.snapshot(now: .seconds(2)).waiting.total == 0)
    }

    @Test("Credits are never spent faster than their bucket fills", arguments: UInt64(1)...20)
    func credits(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var state = self.limiter([.credits(pool: 30_000, refillPerSecond: 10_000)])
        var now = Duration.zero
        var level = 30_000.0
        var granted = 0
        for _ in 0..<400 {
            let step = Duration.milliseconds(Int.random(in: 0...600, using: &generator))
            now += step
            level = min(30_000, level + step / .seconds(1) * 10_000)
            let weight = Int.random(in: 1...10, using: &generator) * 500
            let decision = state.request(weight: weight, priority: .resync, now: now)
            if decision == .granted {
                granted += weight
                level -= Double(weight)
            }
            if case .wait(let ticket, _) = decision { _ = state.cancel(ticket) }
            #expect(level > -0.001, "seed \(seed)")
        }
        // Asked for about 9,200 a second on average.
        #expect(Double(granted) > now / .seconds(1) * 5_000, "seed \(seed)")
    }
}
