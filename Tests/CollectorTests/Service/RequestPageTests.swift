import Collector
import ExchangeSimulator
import Foundation
import Publishing
import Testing
import Transport
import Venues

@Suite("What the pages tell of requests, lists, polls and refused streams", .serialized)
struct RequestPageTests {
    private static func fixture(
        simulator: SimulatorConfiguration = SimulatorConfiguration(),
        adjust: (inout Configuration) -> Void = { _ in }, reroute: (inout Configuration) -> Void = { _ in }
    ) async throws -> ServiceFixture {
        let fixture = try await ServiceFixture(
            simulator: simulator,
            adjust: { configuration in
                configuration.http.enabled = true
                configuration.http.listen = HostPort(host: "127.0.0.1", port: 0)
                adjust(&configuration)
            }, reroute: reroute)
        // The pages have a port by then.
        #expect(await fixture.wait { _ in true })
        return fixture
    }

    private static func metrics(_ answer: HTTPClientResponse) throws -> MetricsReading {
        try MetricsReading(String(decoding: answer.body, as: UTF8.self))
    }

    /// Asks for the metrics until they satisfy a condition.
    private static func metrics(
        _ fixture: ServiceFixture, until condition: (MetricsReading) -> Bool
    ) async throws -> MetricsReading {
        let answer = try #require(
            try await fixture.page("/metrics") { answer in (try? Self.metrics(answer)).map(condition) ?? false })
        return try Self.metrics(answer)
    }

    private static func object(_ answer: HTTPClientResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    @Test("A host that keeps failing is told with its failures; hosts and scopes of others are not on the page")
    func failingHost() async throws {
        var addresses: [SegmentID: String] = [:]
        let fixture = try await Self.fixture(reroute: { configuration in
            for (segment, settings) in configuration.venues.segments {
                addresses[segment.id] = "\(settings.rest.address)"
            }
        })
        #expect(await fixture.wait { $0.books.count == 6 && $0.books.allSatisfy { $0.state == "live" } })
        let spot = try #require(addresses[BinanceSegment.spot.id])
        await fixture.exchange.inject(.serverError, segment: .spot, count: 1_000)
        for symbol in ["btcusdt", "ethusdt"] {
            await fixture.exchange.inject(.drop, segment: .spot, stream: "\(symbol)@depth@100ms")
        }
        let reading = try await Self.metrics(fixture) {
            $0["sluice_rest_breaker", ["host": spot, "state": "closed"]] == 0
        }
        #expect(reading["sluice_rest_breaker_openings_total", ["host": spot]] ?? 0 >= 1)
        #expect(reading["sluice_rest_failures_total", ["host": spot, "class": "unavailable"]] ?? 0 >= 5)
        #expect(reading["sluice_rest_answer_seconds_count", ["host": spot]] ?? 0 >= 5)
        // Another test's collectors share the process and its core.
        let hosts = reading.families["sluice_rest_concurrency_limit"]?.values.count
        #expect(hosts == 3)
        for (segment, host) in addresses where host != spot {
            #expect(reading["sluice_rest_breaker", ["host": host, "state": "closed"]] == 1, "\(segment)")
            #expect(reading["sluice_rest_failures_total", ["host": host, "class": "unavailable"]] == 0, "\(segment)")
            #expect(reading["sluice_rest_attempts_count", ["host": host]] ?? 0 >= 3, "\(segment)")
        }
        let scope = "binance-spot \(addresses.values.sorted().joined(separator: " "))"
        let window = ["scope": scope, "meter": "weight", "window": "60s"] as KeyValuePairs
        #expect(reading["sluice_rest_weight_limit", window] ?? 0 > 0)
        #expect(reading["sluice_rest_weight_used", window] ?? 0 > 0)
        #expect(reading.families["sluice_rest_scope_closed"]?.values.count == 2)

        let status = try Self.object(try await fixture.page("/status"))
        let told = try #require(status["hosts"] as? [[String: Any]])
        let failing = try #require(told.first { $0["host"] as? String == spot })
        #expect(failing["openings"] as? Int ?? 0 >= 1)
        let last = try #require(failing["last_failures"] as? [[String: Any]])
        #expect((1...16).contains(last.count))
        #expect(
            last.contains { $0["class"] as? String == "unavailable" && $0["endpoint"] as? String == "/api/v3/depth" })
        let limits = try #require(status["limits"] as? [[String: Any]])
        #expect(
            Set(limits.compactMap { $0["scope"] as? String }.map { $0.prefix { $0 != " " } })
                == ["binance-spot", "binance-futures"])
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("Lists, polls, permits to connect and configurations that were read again are counted")
    func sections() async throws {
        let fixture = try await Self.fixture { configuration in
            configuration.venues[BinanceSegment.usdm.id]?.types.append(.openInterest)
            configuration.venues[BinanceSegment.usdm.id]?.pollIntervals.openInterest = .seconds(1)
            configuration.venues[BinanceSegment.coinm.id] = nil
        } reroute: { configuration in
            configuration.venues[BinanceSegment.spot.id]?.symbols.append("NOSUCHUSDT")
        }
        let usdm = ["venue": "binance", "segment": "usdm"] as KeyValuePairs
        let reading = try await Self.metrics(fixture) {
            $0["sluice_polls_total", ["venue": "binance", "segment": "usdm", "outcome": "answered"]] ?? 0 >= 3
                && $0["sluice_instruments", ["venue": "binance", "segment": "spot", "state": "collected"]] == 2
        }
        #expect(reading["sluice_polls", usdm] ?? 0 >= 2)
        #expect(reading["sluice_polls", ["venue": "binance", "segment": "spot"]] == 0)
        #expect(reading["sluice_polls_total", ["venue": "binance", "segment": "usdm", "outcome": "failed"]] == 0)
        for (state, count) in [("collected", 2), ("missing", 1)] {
            #expect(
                reading["sluice_instruments", ["venue": "binance", "segment": "spot", "state": state]] == Double(count),
                "\(state)")
        }
        #expect(reading["sluice_instruments", ["venue": "binance", "segment": "usdm", "state": "listed"]] ?? 0 >= 2)
        for (outcome, count) in [("done", 1), ("failed", 0)] {
            let labels = ["venue": "binance", "segment": "usdm", "outcome": outcome] as KeyValuePairs
            #expect(reading["sluice_instrument_loads_total", labels] == Double(count), "\(outcome)")
        }
        #expect(reading.families["sluice_connect_limit"]?.values.count == 1)
        let connects = ["venue": "binance", "outcome": "granted"] as KeyValuePairs
        #expect(reading["sluice_connect_permits_total", connects] ?? 0 >= 3)
        #expect(reading["sluice_connect_used", ["venue": "binance", "window": "300s"]] ?? 0 >= 3)

        _ = fixture.reload { $0.venues[BinanceSegment.spot.id]?.symbols.removeAll { $0 == "NOSUCHUSDT" } }
        fixture.service.reloadRefused()
        let later = try await Self.metrics(fixture) {
            $0["sluice_instruments", ["venue": "binance", "segment": "spot", "state": "missing"]] == 0
        }
        #expect(later["sluice_reloads_total", ["outcome": "done"]] == 1)
        #expect(later["sluice_reloads_total", ["outcome": "refused"]] == 1)
        let status = try Self.object(try await fixture.page("/status"))
        let sections = try #require(status["sections"] as? [[String: Any]])
        #expect(sections.compactMap { $0["segment"] as? String } == ["spot", "usdm"])
        #expect(sections.last?["polls_answered"] as? Int ?? 0 >= 3)
        let budgets = try #require(status["connects"] as? [[String: Any]])
        #expect(budgets.compactMap { $0["venue"] as? String } == ["binance"])
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("A stream that the venue refuses makes the service unready and is named; its neighbours are served")
    func refusedStreams() async throws {
        let simulator = SimulatorConfiguration(segments: [.okxSpot])
        let fixture = try await Self.fixture(simulator: simulator) { configuration in
            for segment in BinanceSegment.allCases { configuration.venues[segment.id] = nil }
            guard let segment = VenueCatalog.segment(OKXSegment.spot.id) else { return }
            var settings = SegmentSettings(segment)
            settings.types = [.trade]
            settings.symbols = ["BTC-USDT", "ETH-USDT"]
            configuration.venues[segment.id] = settings
            configuration.transport.backoffBase = .milliseconds(50)
            configuration.transport.backoffCap = .milliseconds(100)
        }
        let ready = try await fixture.page("/readyz", until: { $0.status == 200 })
        #expect(ready != nil)
        #expect(await fixture.exchange.delist("ETH-USDT", in: .okxSpot))
        await fixture.exchange.inject(.reset, segment: .okxSpot)
        func reason(_ answer: HTTPClientResponse) -> [String: Any]? {
            let reasons = (try? Self.object(answer)["reasons"] as? [[String: Any]]) ?? []
            return reasons.first { $0["code"] as? String == "streams_refused" }
        }
        let answer = try #require(try await fixture.page("/readyz") { reason($0) != nil })
        #expect(answer.status == 503)
        let names = try #require(reason(answer)?["names"] as? [String])
        #expect(
            !names.isEmpty && names.allSatisfy { $0.hasPrefix("okx-spot-") && $0.hasSuffix("ETH-USDT") }, "\(names)")
        let reading = try await Self.metrics(fixture) {
            $0.values("sluice_streams", where: "state", is: "with_data").reduce(0, +) > 0
        }
        #expect(reading.values("sluice_streams", where: "state", is: "refused").reduce(0, +) == Double(names.count))
        let status = try Self.object(try await fixture.page("/status"))
        let connections = try #require(status["connections"] as? [[String: Any]])
        let refused = connections.flatMap { $0["streams_refused"] as? [String] ?? [] }
        #expect(refused.count == names.count && refused.allSatisfy { $0.hasSuffix("ETH-USDT") })
        try await fixture.stopService()
        await fixture.tearDown()
    }
}
