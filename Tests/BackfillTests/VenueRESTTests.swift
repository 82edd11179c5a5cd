import Resilience
import Testing
import TestSupport
import Transport
import Venues

@testable import Backfill

@Suite("Requests to a venue", .timeLimit(.minutes(1)))
struct VenueRESTTests {
    private static let good = HTTPResponse(text: "{}")

    private static func refusal(
        _ status: Int, code: Int, _ message: String = "no", headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, text: "{\"code\":\(code),\"msg\":\"\(message)\"}")
    }

    // MARK: - Permanent failures

    @Test("A server without TLS fails a TLS request at once, and the weight is returned")
    func noTLS() async throws {
        // The greeting of TLS is longer than a request may be, so that it is answered in plain text at once.
        var server = HTTPServerConfiguration()
        server.maxRequestBytes = 64
        try await RESTRig.with([Self.good], server: server) { settings in
            settings.hosts[BinanceSegment.spot.id]?.isSecure = true
        } _: { rig in
            #expect(await rig.ask().failureKind == .impossible)
            #expect(rig.budget?.granted.total == 1)
            #expect(rig.used == 0)
        }
    }

    @Test("An answer above the limit fails at once and keeps its weight, since the venue counted it")
    func tooLarge() async throws {
        try await RESTRig.with([HTTPResponse(body: [UInt8](repeating: 48, count: 5_000))]) { settings in
            settings.maxBodyBytes = 1_000
        } _: { rig in
            #expect(await rig.ask().failureKind == .impossible)
            #expect(rig.asked.count == 1)
            #expect(rig.used == 50)
        }
    }

    @Test("An answer that is no HTTP fails at once")
    func malformed() async throws {
        try await RESTRig.with([HTTPResponse(headers: [("Content-Length", "7")], text: "{}")]) { rig in
            #expect(await rig.ask().failureKind == .impossible)
            #expect(rig.asked.count == 1)
        }
    }

    @Test("A name without a resolver fails at once, and the weight is returned")
    func noResolver() async throws {
        try await RESTRig.with([Self.good]) { settings in
            settings.hosts[BinanceSegment.spot.id]?.host = "venue.invalid"
        } _: { rig in
            #expect(await rig.ask().failureKind == .impossible)
            #expect(rig.budget?.granted.total == 1)
            #expect(rig.used == 0)
        }
    }

    @Test("A weight above the whole budget fails at once and is never sent")
    func neverFits() async throws {
        try await RESTRig.with([Self.good]) { settings in
            settings.limits[Binance.id] = RESTRig.limits(weightPerMinute: 49)
        } _: { rig in
            #expect(await rig.ask().failureKind == .impossible)
            #expect(rig.asked.isEmpty)
        }
    }

    @Test(
        "What the venue will refuse again fails at once, with the venue's code",
        arguments: [
            (400, -1121, -1121), (400, -1100, -1100), (451, 0, 0), (404, -2015, -2015),
        ])
    func refused(_ status: Int, _ code: Int, _ told: Int64) async throws {
        try await RESTRig.with([Self.refusal(status, code: code, "Invalid symbol.")]) { rig in
            #expect(await rig.ask().failureKind == .refused(status: status, code: told))
            #expect(rig.asked.count == 1)
        }
    }

    @Test("A refusal without a code in its body is one all the same")
    func refusedWithoutCode() async throws {
        try await RESTRig.with([HTTPResponse(status: 404, text: "<html>nothing here</html>")]) { rig in
            #expect(await rig.ask().failureKind == .refused(status: 404, code: nil))
        }
    }

    // MARK: - Transient failures

    @Test(
        "What may do better is retried, each wait below its doubling bound",
        arguments: [
            HTTPResponse(status: 500, text: "broken"), HTTPResponse(status: 503, text: ""),
            HTTPResponse(status: 408, text: ""), Self.refusal(400, code: -1001), Self.refusal(400, code: -1008),
            {
                var cut = HTTPResponse(text: "{\"cut\":1}"); cut.truncateBodyAt = 3; return cut
            }(),
        ])
    func transient(_ answer: HTTPResponse) async throws {
        try await RESTRig.with([answer, answer, Self.good]) { rig in
            let task = await rig.askUntilAsleep()
            #expect(rig.clock.nextDeadline ?? .zero <= .milliseconds(200))
            let first = rig.clock.nextDeadline ?? .zero
            rig.wakeFirst()
            await rig.clock.waitForSleepers(1)
            #expect((rig.clock.nextDeadline ?? .zero) - first <= .milliseconds(400))
            rig.wakeFirst()
            #expect(await task.value.text == "{}")
            #expect(rig.asked.count == 3)
            #expect(rig.used == 150)
        }
    }

    @Test("Retries end: five tries of an answer that stays bad")
    func bounded() async throws {
        try await RESTRig.with([HTTPResponse(status: 500, text: "broken")]) { rig in
            let task = await rig.askUntilAsleep()
            for _ in 0..<3 {
                rig.wakeFirst()
                await rig.clock.waitForSleepers(1)
            }
            rig.wakeFirst()
            #expect(await task.value.failureKind == .unavailable(retryAfter: nil))
            #expect(rig.asked.count == 5)
            #expect(rig.clock.sleepers == 0)
        }
    }

    @Test("Retry-After of a 503 is waited for, with jitter behind it", arguments: [(7, 7), (86_400, 300)])
    func retryAfter(_ told: Int, _ waited: Int) async throws {
        let busy = HTTPResponse(status: 503, headers: [("Retry-After", "\(told)")], text: "")
        try await RESTRig.with([busy, Self.good]) { rig in
            let task = await rig.askUntilAsleep()
            let deadline = rig.clock.nextDeadline ?? .zero
            #expect(deadline >= .seconds(waited) && deadline <= .seconds(waited) + .milliseconds(200))
            rig.wakeFirst()
            #expect(await task.value.text == "{}")
        }
    }

    // MARK: - Closed scopes

    @Test(
        "A ban or too many requests close the scope for as long as the venue says, for every request",
        arguments: [
            (HTTPResponse(status: 429, headers: [("Retry-After", "17")], text: ""), 17),
            (HTTPResponse(status: 418, headers: [("Retry-After", "120")], text: ""), 120),
            (HTTPResponse(status: 403, text: "firewall"), 60),
            (HTTPResponse(status: 429, headers: [("Retry-After", "soon")], text: ""), 60),
            (Self.refusal(400, code: -1003, "Too many requests."), 60),
            (
                Self.refusal(
                    418, code: -1003, "Way too much; IP banned until \(RESTRig.wallMilliseconds + 89_500). Stop."), 90
            ),
            (
                Self.refusal(
                    418, code: -1003, "IP banned until \(RESTRig.wallMilliseconds + 10_000).",
                    headers: [("Retry-After", "40")]), 40
            ),
        ])
    func closed(_ answer: HTTPResponse, _ seconds: Int) async throws {
        try await RESTRig.with([answer, Self.good]) { rig in
            let first = await rig.askUntilAsleep()
            #expect(rig.budget?.closedFor == .seconds(seconds))
            let second = await rig.askUntilAsleep()
            rig.clock.advance(by: .seconds(seconds) - .nanoseconds(1))
            #expect(rig.asked.count == 1)
            rig.clock.advance(by: .nanoseconds(1))
            #expect(await first.value.text == "{}")
            #expect(await second.value.text == "{}")
            #expect(rig.asked.count == 3)
        }
    }

    @Test("A ban beyond the request's time ends it at once; the next one waits its whole time and no longer")
    func longBan() async throws {
        try await RESTRig.with([HTTPResponse(status: 418, headers: [("Retry-After", "9999999")], text: "")]) { rig in
            #expect(await rig.ask().failureKind == .rateLimited(retryAfter: .seconds(259_200)))
            #expect(rig.budget?.closedFor == .seconds(259_200))
            let next = await rig.askUntilAsleep()
            #expect(rig.clock.nextDeadline == .seconds(900))
            rig.wakeFirst()
            #expect(await next.value.failureKind == .waitedTooLong)
            #expect(rig.asked.count == 1)
        }
    }

    @Test("A ban from futures leaves spot alone")
    func banOfOneScope() async throws {
        let banned = HTTPResponse(status: 418, headers: [("Retry-After", "7200")], text: "")
        try await RESTRig.with([banned, Self.good]) { rig in
            #expect(await rig.ask(in: .usdm).failureKind == .rateLimited(retryAfter: .seconds(7_200)))
            #expect(await rig.ask(in: .spot).text == "{}")
            let coinm = Task { await rig.ask(in: .coinm, byOther: true) }
            await rig.clock.waitForSleepers(1)
            #expect(rig.asked.count == 2, "COIN-M shares the scope of USD-M")
            coinm.cancel()
            #expect(await coinm.value.failureKind == .cancelled)
        }
    }

    @Test("Two components that ask for futures share one budget")
    func sharedBudget() async throws {
        try await RESTRig.with([Self.good]) { settings in
            settings.limits[Binance.id] = RESTRig.limits(weightPerMinute: 100)
        } _: { rig in
            for _ in 0..<2 {
                #expect(await rig.ask(in: .usdm).text == "{}")
                #expect(await rig.ask(in: .coinm, byOther: true).text == "{}")
            }
            #expect(await rig.ask(in: .usdm, byOther: true).text == "{}")
            let waiting = Task { await rig.ask(in: .usdm) }
            await rig.clock.waitForSleepers(1)
            #expect(rig.asked.count == 5 && rig.used == 100)
            rig.clock.advance(by: .seconds(62))
            #expect(await waiting.value.text == "{}")
            #expect(rig.used == 20)
        }
    }

    @Test("A host that keeps failing is left alone until its time, also by requests for other symbols")
    func hostDown() async throws {
        try await RESTRig.with([HTTPResponse(status: 500, text: "broken")]) { settings in
            settings.retry.attempts = 1
            settings.retry.total = .seconds(3)
        } _: { rig in
            for _ in 0..<5 { #expect(await rig.ask().failureKind == .unavailable(retryAfter: nil)) }
            #expect(await rig.ask("ETHUSDT").failureKind == .unavailable(retryAfter: .seconds(5)))
            #expect(rig.asked.count == 5)
            rig.clock.advance(by: .seconds(5))
            #expect(await rig.ask().failureKind == .unavailable(retryAfter: nil))
            #expect(rig.asked.count == 6)
        }
    }

    @Test("The venue's own count corrects the budget: what others used is not ours to use")
    func usedWeight() async throws {
        let told = HTTPResponse(headers: [("x-mbx-used-weight-1m", "880")], text: "{}")
        try await RESTRig.with([told, Self.good]) { rig in
            #expect(await rig.ask().text == "{}")
            #expect(rig.used == 880)
            // 120 of 1000 are left: two more requests go, the third waits.
            #expect(await rig.ask().text == "{}")
            #expect(await rig.ask().text == "{}")
            let waiting = await rig.askUntilAsleep()
            #expect(rig.asked.count == 3)
            #expect(rig.budget?.waiting.total == 1)
            rig.clock.advance(by: .seconds(62))
            #expect(await waiting.value.text == "{}")
        }
    }

    @Test("A refresh that gets no budget in its time is never sent, while a seed waits on and is")
    func refreshGivenUp() async throws {
        try await RESTRig.with([Self.good]) { settings in
            settings.limits[Binance.id] = RESTRig.limits(weightPerMinute: 50)
        } _: { rig in
            #expect(await rig.ask().text == "{}")
            let seed = await rig.askUntilAsleep()
            let refreshes = [
                await rig.askUntilAsleep(priority: .polls), await rig.askUntilAsleep(priority: .polls),
            ]
            // The first grant after the one above comes past the minute.
            rig.clock.advance(by: .seconds(60))
            for refresh in refreshes { #expect(await refresh.value.failureKind == .waitedTooLong) }
            #expect(await rig.eventually { rig.budget?.waiting.total == 1 })
            #expect(rig.asked.count == 1 && rig.used <= 50)
            await rig.clock.waitForSleepers(1)
            rig.clock.advance(by: .seconds(2))
            #expect(await seed.value.text == "{}")
            #expect(rig.asked.count == 2)
        }
    }
}
