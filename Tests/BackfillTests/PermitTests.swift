import Resilience
import Testing
import TestSupport
import Transport
import Venues

@testable import Backfill

@Suite("Weight and connections of requests that end early", .timeLimit(.minutes(1)))
struct PermitTests {
    private static func slow() -> HTTPResponse {
        var answer = HTTPResponse(body: [UInt8](repeating: 48, count: 100_000))
        answer.bodyBytesPerSecond = 500
        return answer
    }

    private static func never() -> HTTPResponse {
        var answer = HTTPResponse(text: "{}")
        answer.delay = .seconds(3_600)
        return answer
    }

    @Test("A refused connection returns the weight of every try")
    func connectRefused() async throws {
        try await RESTRig.with([HTTPResponse(text: "{}")]) { rig in
            await rig.server.stop()
            let task = await rig.askUntilAsleep()
            for _ in 0..<3 {
                rig.wakeFirst()
                await rig.clock.waitForSleepers(1)
            }
            rig.wakeFirst()
            #expect(await task.value.failureKind == .unavailable(retryAfter: nil))
            #expect(rig.budget?.granted.total == 5)
            #expect(rig.used == 0)
        }
    }

    @Test("A name that does not resolve is retried, and its weight is returned")
    func nameFailure() async throws {
        var client = HTTPClientConfiguration()
        let resolver = Resolver(lookup: { _ in .failure(.refused(code: -2)) })
        client.resolver = resolver
        try await RESTRig.with([HTTPResponse(text: "{}")], client: client) { settings in
            settings.hosts[BinanceSegment.spot.id]?.host = "venue.invalid"
            settings.retry.attempts = 2
        } _: { rig in
            let task = await rig.askUntilAsleep()
            #expect(rig.used == 0)
            rig.wakeFirst()
            #expect(await task.value.failureKind == .unavailable(retryAfter: nil))
            #expect(rig.budget?.granted.total == 2)
            #expect(rig.used == 0)
        }
        resolver.stop()
    }

    @Test("Cancelled while it waits for a connection, a request returns its weight; one that was sent keeps it")
    func cancelledBeforeSent() async throws {
        var client = HTTPClientConfiguration()
        client.connectionsPerHost = 1
        try await RESTRig.with([Self.never()], client: client) { rig in
            let sent = Task { await rig.ask() }
            #expect(await rig.eventually { rig.asked.count == 1 })
            let waiting = Task { await rig.ask() }
            #expect(await rig.eventually { await rig.client.statistics()?.waiting == 1 })
            #expect(rig.used == 100)
            waiting.cancel()
            #expect(await waiting.value.failureKind == .cancelled)
            #expect(rig.used == 50)
            sent.cancel()
            #expect(await sent.value.failureKind == .cancelled)
            #expect(rig.used == 50)
            #expect(rig.asked.count == 1)
        }
    }

    @Test("Cancelled while it waits for budget or for its next try, a request ends at once and takes nothing")
    func cancelledAsleep() async throws {
        try await RESTRig.with([HTTPResponse(status: 429, headers: [("Retry-After", "60")], text: "")]) { rig in
            let retrying = await rig.askUntilAsleep()
            let waiting = await rig.askUntilAsleep()
            // Nobody holds a lock meanwhile: the figures can be had.
            #expect(rig.budget?.waiting.total == 1)
            waiting.cancel()
            retrying.cancel()
            #expect(await waiting.value.failureKind == .cancelled)
            #expect(await retrying.value.failureKind == .cancelled)
            #expect(rig.budget?.waiting.total == 0)
            #expect(rig.clock.sleepers == 0)
            #expect(rig.used == 50)
        }
    }

    @Test(
        "Cancelled before the answer or inside its body, a request closes its connection",
        arguments: [never(), slow()])
    func cancelledMidRequest(_ answer: HTTPResponse) async throws {
        try await RESTRig.with([answer]) { rig in
            for round in 1...5 {
                let task = Task { await rig.ask() }
                #expect(await rig.eventually { rig.asked.count == round })
                if answer.delay == nil {
                    let before = (round - 1) * 10
                    #expect(await rig.eventually { await rig.client.statistics()?.bodyBytesReceived ?? 0 > before })
                }
                task.cancel()
                #expect(await task.value.failureKind == .cancelled)
                #expect(await rig.client.statistics()?.connections == 0)
                // A server that still waits with its answer does not look whether anybody is there.
                guard answer.delay == nil else { continue }
                #expect(await rig.eventually { await rig.server.statistics()?.connections == 0 })
            }
            #expect(await rig.client.statistics()?.cancelled == 5)
        }
    }
}
