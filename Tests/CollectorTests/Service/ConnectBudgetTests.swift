import Synchronization
import TestSupport
import Testing
import Transport

@testable import Collector
@testable import Resilience

@Suite("The budget of new connections", .timeLimit(.minutes(1)))
struct ConnectBudgetTests {
    /// A budget on a clock that stands still, and who was granted a permit when.
    private final class Rig: Sendable {
        struct Grant: Sendable {
            let slot: UInt32
            let at: Duration
            let permit: ConnectPermit
        }

        let clock = ManualClock()
        let budget: ConnectBudget<ManualClock>
        private let grants = Mutex<[Grant]>([])
        private let task: Task<Void, Never>

        init(limit: Int, slots: Int) {
            let registry = LimiterRegistry(clock: self.clock)
            let limits = RateLimits(windows: [RateWindow(.requests, limit: limit, per: .seconds(300))], headroom: 0)
            let budget = ConnectBudget(limiter: registry.limiter(for: "test", limits: limits), slots: slots)
            self.budget = budget
            self.task = Task { await budget.run() }
        }

        deinit { self.task.cancel() }

        var granted: [Grant] { self.grants.withLock { $0 } }

        func ask(_ slot: Int, isRotation: Bool = false) {
            let request = ConnectRequest(slot: UInt32(slot), isRotation: isRotation)
            // The budget keeps this as long as the slot waits.
            self.budget.acquire(request) { [weak self] permit in
                guard let self else { return }
                self.grants.withLock { $0.append(Grant(slot: request.slot, at: self.clock.now.offset, permit: permit)) }
            }
        }

        /// Waits until so many were granted and so many sleep in the line.
        func settles(granted: Int, waiting: Int) async -> Bool {
            let deadline = ContinuousClock.now + .seconds(20)
            while ContinuousClock.now < deadline {
                if self.granted.count == granted, self.clock.sleepers == waiting { return true }
                await Task.yield()
            }
            return false
        }

        /// Moves on in seconds, everybody having looked in between.
        func pass(seconds: Int, of total: Int) async -> Bool {
            let deadline = ContinuousClock.now + .seconds(40)
            for _ in 0..<seconds {
                self.clock.advance(by: .seconds(1))
                while self.granted.count + self.clock.sleepers != total {
                    guard ContinuousClock.now < deadline else { return false }
                    await Task.yield()
                }
            }
            return true
        }
    }

    @Test("Three hundred slots at once stay inside the venue's limit in every stretch of five minutes")
    func massReconnect() async {
        let rig = Rig(limit: 100, slots: 300)
        for slot in 0..<300 { rig.ask(slot) }
        #expect(await rig.settles(granted: 100, waiting: 200))
        #expect(rig.budget.snapshot().counters.waiting == 200)
        #expect(await rig.pass(seconds: 630, of: 300))
        #expect(rig.granted.count == 300)
        #expect(Set(rig.granted.map(\.slot)).count == 300)
        let times = rig.granted.map(\.at)
        for start in times {
            #expect(times.count { $0 >= start && $0 < start + .seconds(300) } <= 100)
        }
        let counters = rig.budget.snapshot().counters
        #expect(counters == .init(asked: 300, granted: 300))
    }

    @Test("A slot that asks again keeps its one place in the line, and its newest request is answered")
    func repeated() async {
        let rig = Rig(limit: 1, slots: 2)
        rig.ask(0)
        #expect(await rig.settles(granted: 1, waiting: 0))
        rig.ask(1)
        #expect(await rig.settles(granted: 1, waiting: 1))
        for _ in 0..<50 { rig.ask(1) }
        #expect(rig.budget.snapshot().counters == .init(asked: 2, repeated: 50, granted: 1, waiting: 1))
        #expect(await rig.pass(seconds: 306, of: 2))
        #expect(rig.granted.map(\.slot) == [0, 1])
    }

    @Test("A permit that comes back is the next one's")
    func givenBack() async {
        let rig = Rig(limit: 1, slots: 2)
        rig.ask(0)
        #expect(await rig.settles(granted: 1, waiting: 0))
        rig.ask(1)
        #expect(await rig.settles(granted: 1, waiting: 1))
        rig.granted.first?.permit.giveBack()
        #expect(await rig.pass(seconds: 1, of: 2))
        #expect(rig.granted.map(\.slot) == [0, 1])
        #expect(rig.budget.snapshot().counters.givenBack == 1)
    }

    @Test("Who has no socket goes before a rotation that came earlier")
    func rotationsLast() async {
        let rig = Rig(limit: 1, slots: 3)
        rig.ask(0)
        #expect(await rig.settles(granted: 1, waiting: 0))
        rig.ask(1, isRotation: true)
        #expect(await rig.settles(granted: 1, waiting: 1))
        rig.ask(2)
        #expect(await rig.settles(granted: 1, waiting: 2))
        rig.granted.first?.permit.giveBack()
        #expect(await rig.pass(seconds: 1, of: 3))
        #expect(rig.granted.map(\.slot) == [0, 2])
    }

    @Test("A slot that loses its socket while its rotation waits goes before the rotations")
    func losesItsSocket() async {
        let rig = Rig(limit: 1, slots: 3)
        rig.ask(0)
        #expect(await rig.settles(granted: 1, waiting: 0))
        rig.ask(1, isRotation: true)
        #expect(await rig.settles(granted: 1, waiting: 1))
        rig.ask(2, isRotation: true)
        #expect(await rig.settles(granted: 1, waiting: 2))
        rig.ask(2)
        rig.ask(2)
        #expect(await rig.settles(granted: 1, waiting: 3))
        rig.granted.first?.permit.giveBack()
        #expect(await rig.pass(seconds: 1, of: 4))
        #expect(rig.granted.map(\.slot) == [0, 2])
        #expect(rig.budget.snapshot().counters == .init(asked: 3, repeated: 2, granted: 2, givenBack: 1, waiting: 1))
        // What still waits for slot 2 as a rotation grants nothing twice.
        rig.clock.advance(by: .seconds(310))
        #expect(await rig.settles(granted: 3, waiting: 1))
        rig.clock.advance(by: .seconds(310))
        #expect(await rig.settles(granted: 3, waiting: 0))
        #expect(rig.granted.map(\.slot) == [0, 2, 1])
        #expect(rig.budget.snapshot().counters == .init(asked: 3, repeated: 2, granted: 3, givenBack: 1))
    }

    @Test("A refusal for rate closes the budget for everybody for a minute")
    func closed() async {
        let rig = Rig(limit: 10, slots: 2)
        rig.ask(0)
        #expect(await rig.settles(granted: 1, waiting: 0))
        rig.granted.first?.permit.rateRefused()
        rig.ask(1)
        #expect(await rig.settles(granted: 1, waiting: 1))
        #expect(rig.budget.snapshot().budget.closedFor == .seconds(60))
        #expect(await rig.pass(seconds: 59, of: 2))
        #expect(rig.granted.count == 1)
        #expect(await rig.pass(seconds: 1, of: 2))
        #expect(rig.granted.count == 2)
    }

    @Test("A line longer than the slots is refused, and counted")
    func full() {
        let registry = LimiterRegistry(clock: ManualClock())
        let limits = RateLimits(windows: [RateWindow(.requests, limit: 1, per: .seconds(300))], headroom: 0)
        let budget = ConnectBudget(limiter: registry.limiter(for: "test", limits: limits), slots: 2)
        for slot in UInt32(0)..<3 {
            budget.acquire(ConnectRequest(slot: slot, isRotation: false)) { _ in Issue.record("nobody grants") }
        }
        #expect(budget.snapshot().counters == .init(asked: 3, refused: 1, waiting: 2))
    }
}
