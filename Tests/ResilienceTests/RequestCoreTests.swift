import TestSupport
import Testing

@testable import Resilience

@Suite("The core that every request passes", .timeLimit(.minutes(1)))
struct RequestCoreTests {
    private let rig = CoreRig()

    @Test("It tries again until it succeeds, and closes the scope for everybody on a rate limit")
    func retries() async throws {
        let rig = self.rig
        let scope = rig.limiter("venue")
        let task = rig.ask([
            .failure(.unreachable), .failure(.rateLimited(.seconds(30))), .failure(.rateLimited(nil)),
            .failure(.broken), .success(7),
        ])
        #expect(try await rig.moving { await task.value }.get() == 7)
        #expect(rig.clock.now.offset >= .seconds(90))
        let host = try #require(rig.host())
        #expect(scope.snapshot().closures == 2)
        #expect(host.failures == 4 && host.failuresByClass[.rateLimited] == 2 && host.failuresByClass[.noAnswer] == 1)
        #expect(host.attempts.total == 5 && host.attempts.counts[4] == 1)
        // The attempt that did not reach the venue has no answer's time.
        #expect(host.answers.counts.reduce(0, +) == 4)
        rig.expectNothingHeld()
    }

    @Test("What cannot succeed is tried once")
    func permanent() async throws {
        let error = try #require(await self.rig.ask([.failure(.refused)]).value.error)
        #expect(error.reason == .ended(.permanent) && error.attempts == 1 && error.last == .refused)
        let never = try #require(await self.rig.ask([.success(1)], weight: 1_000).value.error)
        #expect(never.reason == .neverFits && never.attempts == 0)
        self.rig.expectNothingHeld()
    }

    @Test("What was not sent returns its weight, what may have been keeps it")
    func giveBack() async throws {
        let task = self.rig.ask([.failure(.unreachable), .failure(.refused)], weight: 10)
        _ = await self.rig.moving { await task.value }
        #expect(self.rig.limiter("venue").snapshot().windows[0].used == 10)
    }

    @Test("A host that keeps failing is not asked until its breaker says so, then by one probe")
    func breaker() async throws {
        let rig = self.rig
        for _ in 0..<3 { _ = await rig.ask([.failure(.broken)], attempts: 1).value }
        #expect(rig.host()?.refusedFor == .seconds(5))
        // Not enough time to wait for it: told until when, and nothing was sent.
        let error = try #require(await rig.ask([.success(1)], total: .seconds(4)).value.error)
        #expect(error.reason == .hostDown(for: .seconds(5)) && error.attempts == 0)
        #expect(rig.host()?.failuresByClass[.hostDown] == 1)
        let patient = rig.ask([.success(1)])
        await rig.clock.waitForSleepers(1)
        #expect((.seconds(5)...(.seconds(6))).contains(rig.clock.nextDeadline ?? .zero))
        rig.wakeFirst()
        #expect(try await patient.value.get() == 1)
        #expect(rig.host()?.breaker == .halfOpen(inFlight: 0, successes: 1))
        #expect(try await rig.ask([.success(2)]).value.get() == 2)
        #expect(rig.host()?.breaker == .closed(failures: 0))
        #expect(rig.host()?.openings == 1)
        rig.expectNothingHeld()
    }

    @Test("Refusals and rate limits never open the breaker", arguments: [CoreRig.Failure.refused, .rateLimited(nil)])
    func answersThatAreNoFailure(_ failure: CoreRig.Failure) async throws {
        let rig = self.rig
        let tasks = (0..<10).map { _ in rig.ask([.failure(failure)], attempts: 1, closures: 0) }
        await rig.moving { for task in tasks { _ = await task.value } }
        #expect(rig.host()?.openings == 0)
        #expect(rig.host()?.breaker == .closed(failures: 0))
        #expect(rig.host()?.gate.halvings == 0)
    }

    @Test("A ban on one host leaves the venue's other scopes and the other venues alone")
    func banClosesItsScopeOnly() async throws {
        let rig = self.rig
        let banned = rig.ask(
            [.failure(.rateLimited(.seconds(7_200)))], scopes: ["binance-futures"], host: "fapi.binance.com:443")
        #expect(await banned.value.error?.reason == .ended(.timeSpent))
        for (scope, host) in [
            ("binance-spot", "api.binance.com:443"), ("okx /api/v5/public/instruments", "www.okx.com:443"),
            ("deribit", "www.deribit.com:443"),
        ] {
            #expect(try await rig.ask([.success(1)], scopes: [scope], host: host).value.get() == 1)
        }
        // The other host of the same scope is closed with it.
        let other = rig.ask([.success(1)], scopes: ["binance-futures"], host: "dapi.binance.com:443")
        await rig.clock.waitForSleepers(1)
        #expect(rig.core.snapshot().scopes.filter { $0.snapshot.closedFor != nil }.map(\.scope) == ["binance-futures"])
        rig.wakeFirst()
        #expect(await other.value.error?.reason == .waitedTooLong)
        #expect(rig.clock.now.offset == .seconds(300))
    }

    @Test("A rate limit of an endpoint can leave the host's budget open")
    func endpointOnly() async throws {
        let rig = self.rig
        let task = rig.ask(
            [.failure(.rateLimited(.seconds(20))), .success(1)], scopes: ["endpoint", "host"], closing: ["endpoint"])
        await rig.clock.waitForSleepers(1)
        #expect(rig.limiter("endpoint").snapshot().closedFor == .seconds(20))
        #expect(rig.limiter("host").snapshot().closedFor == nil)
        #expect(try await rig.ask([.success(2)], scopes: ["host"]).value.get() == 2)
        rig.wakeFirst()
        #expect(try await task.value.get() == 1)
    }

    @Test("Two components that name one scope share its budget")
    func sharedScope() async throws {
        let rig = self.rig
        // Snapshots and polls of Binance's futures, on two hosts.
        for _ in 0..<10 {
            _ = try await rig.ask([.success(1)], weight: 5, scopes: ["binance-futures"], host: "fapi").value.get()
            _ = try await rig.ask([.success(1)], weight: 5, scopes: ["binance-futures"], host: "dapi").value.get()
        }
        let one = rig.ask([.success(1)], weight: 5, scopes: ["binance-futures"], host: "fapi")
        await rig.clock.waitForSleepers(1)
        #expect(rig.limiter("binance-futures").snapshot().windows[0].used == 100)
        await rig.moving { _ = await one.value }
        #expect(rig.clock.now.offset >= .seconds(60))
    }

    @Test("A request cancelled while it waits for budget, its turn, the host or the next try takes nothing")
    func cancelledAsleep() async throws {
        let rig = CoreRig(concurrency: 1)
        let first = rig.ask([.hang])
        #expect(await rig.eventually { rig.host()?.gate.inFlight == 1 })
        let turn = rig.ask([.success(1)])
        #expect(await rig.eventually { rig.host()?.gate.waiting.total == 1 })
        #expect(rig.limiter("venue").snapshot().held == 1)
        turn.cancel()
        #expect(await turn.value.error?.reason == .cancelled)
        #expect(rig.limiter("venue").snapshot().held == 0)
        first.cancel()
        #expect(await first.value.error?.reason == .cancelled)

        _ = try await rig.ask([.success(1)], weight: 99).value.get()
        let budget = rig.ask([.success(1)], weight: 50)
        let retry = rig.ask([.failure(.broken)], scopes: ["other"])
        await rig.clock.waitForSleepers(2)
        for task in [budget, retry] {
            task.cancel()
            #expect(await task.value.error?.reason == .cancelled)
        }
        for _ in 0..<2 { _ = await rig.ask([.failure(.broken)], scopes: ["other"], attempts: 1).value }
        let down = rig.ask([.success(1)], scopes: ["other"])
        await rig.clock.waitForSleepers(1)
        down.cancel()
        #expect(await down.value.error?.reason == .cancelled)
        rig.expectNothingHeld()
    }

    @Test("A scope that is closed while a request waits for its turn keeps it from going")
    func closedBeforeItsTurn() async throws {
        let rig = CoreRig(concurrency: 1)
        let first = rig.ask([.hang])
        #expect(await rig.eventually { rig.host()?.gate.inFlight == 1 })
        let second = rig.ask([.success(2)])
        #expect(await rig.eventually { rig.host()?.gate.waiting.total == 1 })
        rig.limiter("venue").close(for: .seconds(30))
        first.cancel()
        _ = await first.value
        await rig.clock.waitForSleepers(1)
        #expect(rig.clock.nextDeadline == .seconds(30))
        rig.wakeFirst()
        #expect(try await second.value.get() == 2)
        rig.expectNothingHeld()
    }

    @Test("Failures are kept up to a number, and cut at a number of bytes")
    func records() async throws {
        for _ in 0..<50 { _ = await self.rig.ask([.failure(.refused)]).value }
        let host = try #require(self.rig.host())
        #expect(host.failures == 50 && host.recent.count == 16)
        #expect(host.recent.allSatisfy { $0.record.detail.utf8.count <= 256 && $0.record.endpoint == "/path" })
        let cut = FailureRecord(
            time: .zero, endpoint: "", failureClass: .refused, detail: String(repeating: "é", count: 127) + "a€€")
        #expect(cut.detail == String(repeating: "é", count: 127) + "a", "no half character at the end")
    }

    @Test("Hosts past the registry's bound share one")
    func boundedHosts() {
        let hosts = HostRegistry(clock: ManualClock(), hostsMaximum: 2)
        let guards = ["a", "b", "c", "d"].map { hosts.host($0) }
        #expect(guards[2] === guards[3] && guards[0] === hosts.host("a"))
        #expect(hosts.snapshots().map(\.host) == ["_other", "a", "b"])
    }

    @Test("Cancelled at random in any state, requests leave nothing behind", arguments: UInt64(1)...30)
    func nothingLost(seed: UInt64) async {
        let rig = CoreRig(concurrency: 2)
        var generator = SeededGenerator(seed: seed)
        let scopes = ["endpoint", "host", "host b"]
        let tasks = (0..<40).map { _ in
            let script: [CoreRig.Step] = (0..<4).map { _ in
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: .failure(.broken)
                case 1: .failure(.unreachable)
                case 2: .failure(.rateLimited(.seconds(2)))
                case 3: .failure(.refused)
                default: .success(1)
                }
            }
            return rig.ask(
                script, weight: Int.random(in: 0...30, using: &generator),
                scopes: scopes.shuffled(using: &generator).suffix(Int.random(in: 1...3, using: &generator)),
                priority: RatePriority.allCases.randomElement(using: &generator) ?? .polls)
        }
        await rig.moving {
            for task in tasks where Int.random(in: 0..<3, using: &generator) == 0 {
                for _ in 0..<Int.random(in: 0...20, using: &generator) { await Task.yield() }
                task.cancel()
            }
            for task in tasks { _ = await task.value }
        }
        rig.expectNothingHeld("seed \(seed)")
    }
}
