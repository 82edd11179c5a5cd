import TestSupport
import Testing

@testable import Resilience

@Suite("A budget that several processes share")
struct SharedBudgetTests {
    private static let minute = RateWindow(.weight, limit: 1_000, per: .seconds(10))

    private static func world(
        _ windows: [RateWindow] = [Self.minute], processes: Int = 3, members: Int = 3, seed: UInt64 = 1
    ) -> SharedBudgetWorld {
        SharedBudgetWorld(
            RateLimits(windows: windows, headroom: 0, reserve: 0, waitersPerPriority: 20),
            BudgetMember.Settings(members: members, fallbackPercent: 30), processes: processes, seed: seed)
    }

    /// Lets the listed processes want more than there is for so long.
    private static func run(
        _ world: inout SharedBudgetWorld, for time: Duration, busy: [Int],
        priority: (Int) -> RatePriority = { _ in .polls }
    ) {
        let end = world.now + time
        while world.now < end {
            world.advance()
            for index in busy {
                for _ in 0..<2 { world.request(index, weight: 10, priority: priority(index)) }
            }
        }
    }

    @Test("Never above the limit in any window, whatever befalls members and document", arguments: UInt64(1)...20)
    func neverAbove(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var windows = [
            RateWindow(
                .weight, limit: Int.random(in: 60...2_000, using: &generator),
                per: .milliseconds(Int.random(in: 1_000...12_000, using: &generator)))
        ]
        if Bool.random(using: &generator) {
            windows.append(RateWindow(.requests, limit: Int.random(in: 20...60, using: &generator), per: .seconds(2)))
        }
        let longest = windows.map(\.length).max() ?? .zero
        let processes = Int.random(in: 1...4, using: &generator)
        var world = Self.world(windows, processes: processes, members: 4, seed: seed)
        let delay = Bool.random(using: &generator) ? 0...200 : 0...4_000
        while world.now < .seconds(150) {
            world.advance(delay: delay, lost: 50)
            let index = Int.random(in: 0..<processes, using: &generator)
            // Bursts of one process, then of another.
            let busy = Int(world.now / .seconds(17)) % processes
            for process in [index, busy] {
                world.request(
                    process, weight: Int.random(in: 1...12, using: &generator),
                    priority: RatePriority.allCases.randomElement(using: &generator) ?? .polls)
            }
            switch Int.random(in: 0..<2_000, using: &generator) {
            // A process that begins anew knows nothing of what it used.
            case 0...3: world.crash(index, pause: longest)
            case 4...9: world.part(index, for: .milliseconds(Int.random(in: 500...40_000, using: &generator)))
            case 10: world.document = nil
            case 11: world.document = BudgetDocument(Array("something else".utf8))
            default: break
            }
        }
        for window in windows { #expect(world.most(in: window) <= window.limit) }
        #expect(world.sent.count > 20)
    }

    @Test("Who is alone has all but the floors of the others; who is not heard keeps to its own")
    func alone() {
        var world = Self.world()
        Self.run(&world, for: .seconds(15), busy: [0])
        #expect(world.share(0) == 100_000)
        Self.run(&world, for: .seconds(30), busy: [0])
        #expect(world.share(0) == 800_000)
        world.part(0, for: .seconds(100))
        Self.run(&world, for: .seconds(6), busy: [0])
        #expect(world.share(0) == 100_000)
    }

    @Test("Three who want everything come to equal parts, and together to what one may have")
    func equal() {
        var world = Self.world()
        Self.run(&world, for: .seconds(60), busy: [0])
        Self.run(&world, for: .seconds(60), busy: [0, 1, 2])
        let begin = world.now
        Self.run(&world, for: .seconds(100), busy: [0, 1, 2])
        let weights = world.weights(since: begin)
        for weight in weights { #expect((2_900...3_400).contains(weight)) }
        #expect(weights.reduce(0, +) > 9_000)
        #expect(world.most(in: Self.minute) <= 1_000)
    }

    @Test("What is urgent goes before history")
    func urgent() {
        var world = Self.world(processes: 2, members: 2)
        let priority = { $0 == 0 ? RatePriority.history : .resync }
        Self.run(&world, for: .seconds(60), busy: [0], priority: priority)
        Self.run(&world, for: .seconds(60), busy: [0, 1], priority: priority)
        #expect(world.share(0) == 150_000)
        #expect(world.share(1) == 850_000)
        // And comes back once nothing is urgent any more.
        Self.run(&world, for: .seconds(60), busy: [0], priority: priority)
        #expect(world.share(0) == 850_000)
    }

    @Test("What a dead member held is free after its lease and a window, and its floor never")
    func dead() {
        var world = Self.world(processes: 2, members: 2)
        Self.run(&world, for: .seconds(60), busy: [0])
        #expect(world.share(0) == 850_000)
        world.crash(0, pause: .seconds(1_000))
        Self.run(&world, for: .seconds(14), busy: [1])
        #expect(world.share(1) == 150_000)
        Self.run(&world, for: .seconds(6), busy: [1])
        #expect(world.share(1) == 850_000)
    }

    @Test("A lost document is written anew by those who have something, and nobody takes more meanwhile")
    func lost() {
        var world = Self.world()
        Self.run(&world, for: .seconds(60), busy: [0])
        world.document = nil
        Self.run(&world, for: .seconds(14), busy: [0, 1])
        #expect(world.share(0) > 300_000)
        #expect(world.share(1) == 100_000)
        Self.run(&world, for: .seconds(20), busy: [0, 1])
        #expect(world.share(1) > 400_000)
    }

    @Test("One member too many takes its floor from what was to be lent")
    func crowded() {
        var world = Self.world(processes: 4)
        Self.run(&world, for: .seconds(60), busy: [0, 1, 2, 3])
        let shares = world.processes.indices.map { world.share($0) }
        #expect(shares.reduce(0, +) <= RateShare.whole)
        #expect(world.processes[0].member.isCrowded)
        #expect(world.processes[0].member.heard == 4)
    }

    @Test("Requests that are spaced evenly are spaced wider by a smaller share")
    func spaced() {
        let windows = [
            RateWindow(.requests, limit: 20, per: .seconds(2)),
            RateWindow(.requests, limit: 1, per: .milliseconds(100)),
        ]
        var world = Self.world(windows, processes: 1, members: 2)
        world.part(0, for: .seconds(1_000))
        Self.run(&world, for: .seconds(20), busy: [0])
        let times = world.sent.map(\.time)
        // 15% of 20 in two seconds are 3, each 667 ms behind the last; a held one goes when it may.
        let distances = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(distances.count { $0 < .milliseconds(600) } <= distances.count / 5)
        #expect(times.count > 10)
        #expect(world.most(in: windows[0]) <= 3)
    }

    @Test("The venue's count of all who share an address is not taken for ours")
    func observed() {
        var scopes = RateScopes()
        scopes.share(RateShare.Terms(floor: 100_000, members: 3), now: .zero)
        let scope = scopes.add(RateLimits(windows: [Self.minute], headroom: 0, reserve: 0))
        func used(_ count: Int) -> Int {
            scopes.observed(scope, used: count, per: .seconds(10), now: .zero)
            return scopes.snapshot(scope, now: .zero).windows[0].used
        }
        #expect(used(900) == 0)
        // More than all others may have used is news.
        #expect(used(950) == 50)
    }

    @Test("What is heavier than the floor waits for a share, and is not refused")
    func heavy() {
        var scopes = RateScopes()
        scopes.share(RateShare.Terms(floor: 100_000, members: 3), now: .zero)
        let scope = scopes.add(RateLimits(windows: [Self.minute], headroom: 0, reserve: 0))
        guard
            case .wait(let ticket, _) = scopes.request(
                [RateScopes.Draw(scope: scope, weight: 400)], priority: .polls, now: .zero)
        else {
            Issue.record("it was not let wait")
            return
        }
        let demand = scopes.demand(scope, now: .zero)
        #expect(demand.total == 400_000)
        _ = scopes.lower(scope, to: 500_000, now: .zero)
        scopes.grant(500_000, of: scope, until: .seconds(5))
        let decision = scopes.request(again: ticket, now: .seconds(1))
        #expect(decision == .granted)
    }

    @Test("Of a small limit everyone has one request, where there are so many")
    func small() {
        func floor(_ limit: Int, members: Int) -> Int {
            let windows = [
                RateWindow(.requests, limit: limit, per: .seconds(1)),
                RateWindow(.requests, limit: 1, per: .seconds(1) / limit),
            ]
            var world = Self.world(windows, processes: members, members: members)
            Self.run(&world, for: .seconds(1), busy: [])
            return world.share(0)
        }
        #expect(floor(2, members: 2) == 500_000)
        #expect(floor(2, members: 3) == 100_000)
        #expect(floor(16, members: 3) == 100_000)
        #expect(floor(8, members: 3) == 125_000)
    }

    @Test(
        "What the venue closes to one is closed to all within seconds, and opens again for all, also when that one dies"
    )
    func closures() {
        for dies in [false, true] {
            var world = Self.world()
            Self.run(&world, for: .seconds(30), busy: [0, 1, 2])
            let closed = world.now
            world.close(0, for: .seconds(20))
            Self.run(&world, for: .seconds(4), busy: [0, 1, 2])
            if dies { world.crash(0, pause: .seconds(300)) }
            let before = world.sent.count
            Self.run(&world, for: .seconds(15), busy: [0, 1, 2])
            #expect(world.sent.count == before)
            #expect(world.now < closed + .seconds(20))
            // A second to round up, one in which what was written is read.
            Self.run(&world, for: .seconds(4), busy: [0, 1, 2])
            let open = world.now
            Self.run(&world, for: .seconds(20), busy: [0, 1, 2])
            #expect(world.weights(since: open).dropFirst().allSatisfy { $0 > 0 })
        }
    }

    @Test("A document is read as it was written, and anything else is none")
    func document() {
        var document = BudgetDocument(epoch: 17)
        document.age = 90
        var member = BudgetDocument.Member(id: BudgetDocument.id("a host/1"), beat: 3, floor: 100_000)
        member.holdings["binance-spot"] = BudgetDocument.Holding(pool: 5, urgent: 6, total: 7)
        member.closures["binance-spot"] = 30
        document.members = [member, BudgetDocument.Member(id: "b", beat: 1, floor: 0)]
        let text = String(decoding: document.bytes, as: UTF8.self)
        #expect(
            text.contains("member a_host_1 3 100000\nscope binance-spot 5 6 7\nclosed binance-spot 30\nmember b 1 0\n"))
        #expect(BudgetDocument(document.bytes) == document)
        for wrong in [
            "", "sluice-budget 2 17 90\n", "sluice-budget 1 17\n", "sluice-budget 1 17 -1\n",
            "sluice-budget 1 17 90\nscope s 1 1 1\n", "sluice-budget 1 17 90\nmember a 1 1000001\n",
            "sluice-budget 1 17 90\nmember a 1 1\nclosed s 0\n", "sluice-budget 1 17 90\nclosed s 9\n",
            "sluice-budget 1 17 90\nmember a 1 1\nmember a 2 1\n", "sluice-budget 1 17 90\nother\n",
        ] {
            #expect(BudgetDocument(Array(wrong.utf8)) == nil, "\(wrong)")
        }
    }
}
