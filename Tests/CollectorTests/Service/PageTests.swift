import Collector
import ExchangeSimulator
import Foundation
import Publishing
import Testing
import Venues
import Transport

@Suite("The pages of a running service", .serialized)
struct PageTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func fixture(adjust: (inout Configuration) -> Void = { _ in }) async throws -> ServiceFixture {
        let fixture = try await ServiceFixture(simulator: SimulatorConfiguration()) { configuration in
            configuration.http.enabled = true
            configuration.http.listen = HostPort(host: "127.0.0.1", port: 0)
            adjust(&configuration)
        }
        let isFlowing = await fixture.wait { summary in
            let isLive = summary.books.allSatisfy { $0.state == "live" }
            return isLive && summary.books.count == 6 && summary.nats.confirmedPerSecond > 20
        }
        #expect(isFlowing)
        return fixture
    }

    private static func text(_ answer: HTTPClientResponse) -> String { String(decoding: answer.body, as: UTF8.self) }

    private static func metrics(_ fixture: ServiceFixture) async throws -> MetricsReading {
        try MetricsReading(Self.text(try await fixture.page("/metrics")))
    }

    private static func object(_ answer: HTTPClientResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    private static func reasons(_ answer: HTTPClientResponse) -> [[String: Any]] {
        (try? Self.object(answer)["reasons"] as? [[String: Any]]) ?? []
    }

    @Test("Counters never fall, every message is accounted for at every scrape, and latencies are measured")
    func metrics() async throws {
        let fixture = try await Self.fixture()
        var before = try await Self.metrics(fixture)
        let first = before
        for _ in 0..<6 {
            try await Task.sleep(for: .milliseconds(700))
            let now = try await Self.metrics(fixture)
            Self.checkCounters(before, now)
            Self.checkAccounts(now)
            before = now
        }
        for lane in ["core", "state", "log"] {
            let confirmed = ["lane": lane, "term": "confirmed"] as KeyValuePairs
            let name = "sluice_accounting_messages"
            #expect(try #require(before[name, confirmed]) > (try #require(first[name, confirmed])), "\(lane)")
        }
        for (mode, segment) in ["core", "jetstream"].flatMap({ mode in ["spot", "usdm", "coinm"].map { (mode, $0) } }) {
            let labels = ["mode": mode, "venue": "binance", "segment": segment] as KeyValuePairs
            #expect(before["sluice_confirm_latency_seconds_count", labels] ?? 0 > 0, "\(mode) \(segment)")
        }
        for segment in ["spot", "usdm", "coinm"] {
            let labels = ["venue": "binance", "segment": segment] as KeyValuePairs
            let venue = try #require(before["sluice_venue_latency_seconds_count", labels])
            let queue = try #require(before["sluice_queue_latency_seconds_count", labels])
            // The clock is read for one frame in sixteen.
            #expect(venue > queue && queue > 0, "\(segment)")
            let offset = try #require(before["sluice_clock_offset_seconds", labels])
            #expect(offset > -0.05 && offset < 1, "\(segment)")
            let fetched = before[
                "sluice_snapshots_total", ["venue": "binance", "segment": segment, "outcome": "fetched"]]
            #expect(fetched == 2, "\(segment)")
            let taken = before["sluice_trades_total", ["venue": "binance", "segment": segment, "outcome": "taken"]]
            #expect(taken ?? 0 > 0, "\(segment)")
        }
        #expect(before.values("sluice_streams", where: "state", is: "configured").reduce(0, +) == 20)
        #expect(before.values("sluice_streams", where: "state", is: "with_data").reduce(0, +) == 18)
        #expect(before.values("sluice_streams", where: "state", is: "silent").reduce(0, +) == 0)
        #expect(before["sluice_ready", [:]] == 1)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    /// A series stays, and what counts never falls; of a histogram that is its buckets and its count.
    private static func checkCounters(_ before: MetricsReading, _ now: MetricsReading) {
        for (name, family) in before.families {
            let later = now.families[name]
            #expect(later?.kind == family.kind, "\(name)")
            guard family.kind != "gauge" else { continue }
            #expect(family.kind == "histogram" || name.hasSuffix("_total"), "\(name)")
            for (series, value) in family.values {
                #expect(later?.values[series] ?? -1 >= value, "\(series)")
            }
        }
    }

    private static func checkAccounts(_ reading: MetricsReading) {
        for lane in ["core", "state", "log"] {
            func term(_ name: String) -> Double {
                reading["sluice_accounting_messages", ["lane": lane, "term": name]] ?? .nan
            }
            let parts = ["confirmed", "conflated", "dropped", "unconfirmed", "queued", "in_flight", "spooled"]
            #expect(term("produced") == parts.reduce(0) { $0 + term($1) }, "\(lane)")
            #expect(term("produced") > 0, "\(lane)")
        }
    }

    private static func sockets(_ answer: HTTPClientResponse) -> [String: Int] {
        let process = try? Self.object(answer)["process"] as? [String: Any]
        return process?["sockets"] as? [String: Int] ?? [:]
    }

    @Test("Memory is told structure by structure, each within its limit")
    func memory() async throws {
        let fixture = try await Self.fixture()
        // Sockets are looked at every few seconds: four to the exchange, and one to NATS, at least.
        let answer = try #require(
            try await fixture.page("/debug/memory") { (Self.sockets($0)["established"] ?? 0) >= 5 })
        let page = try Self.object(answer)
        let structures = try #require(page["structures"] as? [[String: Any]])
        var counts: [String: Int] = [:]
        for structure in structures {
            let name = try #require(structure["name"] as? String)
            let count = try #require(structure["count"] as? Int, "\(name)")
            counts[name] = count
            let limit = try #require(structure["limit_count"] as? Int ?? structure["limit_bytes"] as? Int, "\(name)")
            #expect(limit > 0, "\(name)")
            if let limit = structure["limit_count"] as? Int { #expect(count <= limit, "\(name)") }
            if let bytes = structure["bytes"] as? Int, let limit = structure["limit_bytes"] as? Int {
                #expect(bytes <= limit, "\(name)")
            }
        }
        #expect(counts["books"] == 6)
        #expect(counts["book_levels"] ?? 0 > 6 * 200)
        // Six types of each of six instruments, five connections, and three of each loop.
        #expect(counts["subjects"] ?? 0 > 36)
        #expect(counts["metric_series"] ?? 0 > 300)
        #expect(counts["connection_sockets"] == 5)
        #expect(counts["roster_connections"] == 5)
        #expect(counts["instruments"] == 6)
        #expect(counts["roster_symbols"] == 6)
        // Futures' two families share a budget; each of the three sections has a host of its own.
        #expect(counts["rest_scopes"] == 2)
        #expect(counts["rest_hosts"] == 3)
        for name in [
            "book_kept_updates", "ring_core", "ring_state", "ring_log", "nats_window", "rest_waiting",
            "snapshot_requests", "rest_gate_waiting", "rest_failure_records", "connect_waiting", "polls",
            "polls_under_way", "loop_commands", "log_sampler_keys", "latency_histograms", "resident_history",
        ] {
            #expect(counts[name] != nil, "\(name)")
        }
        let process = try #require(page["process"] as? [String: Any])
        #expect(process["resident_bytes"] as? Int ?? 0 > 1 << 20)
        #expect(process["open_descriptors"] as? Int ?? 0 > 8)
        #expect(Self.sockets(answer)["close_wait"] != nil)
        let growth = try #require(page["growth"] as? [String: Any])
        #expect((growth["minutes_bytes"] as? [Int])?.first ?? 0 > 1 << 20)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("Silent feeds and a lost server are told in words, and only readiness suffers")
    func readiness() async throws {
        let fixture = try await Self.fixture { $0.transport.staleAfter = .seconds(2) }
        let ready = try await fixture.page("/readyz", until: { $0.status == 200 })
        #expect(ready != nil)

        await fixture.exchange.pause()
        let silent = try #require(
            try await fixture.page("/readyz") { Self.reasons($0).count { $0["code"] as? String == "feed_silent" } == 5 }
        )
        #expect(silent.status == 503)
        let text = Self.reasons(silent).compactMap { $0["text"] as? String }.joined(separator: "\n")
        #expect(text.contains("has had no data for") && text.contains("more than 2 s"))

        await fixture.server.stop()
        let lost = try await fixture.page("/readyz") { answer in
            Self.reasons(answer).contains { $0["text"] as? String == "there is no connection to NATS" }
        }
        #expect(lost?.status == 503)
        #expect(try await fixture.page("/healthz").status == 200)
        let status = try Self.object(try await fixture.page("/status"))
        #expect(status["ready"] as? Bool == false && status["healthy"] as? Bool == true)
        let reading = try await Self.metrics(fixture)
        #expect(reading["sluice_ready", [:]] == 0 && reading["sluice_nats_connected", [:]] == 0)
        Self.checkAccounts(reading)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("A symbol that the venue does not list makes the service unready and is named; the others are collected")
    func missingSymbols() async throws {
        let fixture = try await Self.fixture { $0.venues[BinanceSegment.spot.id]?.symbols.append("NOSUCHUSDT") }
        let answer = try #require(
            try await fixture.page("/readyz") { answer in
                Self.reasons(answer).map { $0["code"] as? String } == ["instruments_missing"]
            })
        #expect(answer.status == 503)
        let reason = try #require(Self.reasons(answer).first)
        #expect(reason["count"] as? Int == 1 && reason["names"] as? [String] == ["binance spot NOSUCHUSDT"])
        let status = try Self.object(try await fixture.page("/status"))
        #expect(status["instruments_missing"] as? [String] == ["binance spot NOSUCHUSDT"])
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("A book whose stream is acknowledged and never served is not ready, though it has its snapshot")
    func unconfirmedBook() async throws {
        let fixture = try await Self.fixture { configuration in
            configuration.transport.staleAfter = .seconds(2)
            configuration.transport.backoffBase = .milliseconds(50)
            configuration.transport.backoffCap = .milliseconds(100)
        }
        await fixture.exchange.inject(.drop, segment: .spot, stream: "btcusdt@depth@100ms", count: 1_000_000)
        await fixture.exchange.inject(.reset, segment: .spot, stream: "ethusdt@depth@100ms", count: 1)
        let answer = try #require(
            try await fixture.page("/readyz") { answer in
                Self.reasons(answer).contains { $0["code"] as? String == "books_unconfirmed" }
            })
        #expect(answer.status == 503)
        let reason = try #require(Self.reasons(answer).first { $0["code"] as? String == "books_unconfirmed" })
        #expect(reason["names"] as? [String] == ["binance spot BTCUSDT"])
        let status = try Self.object(try await fixture.page("/status"))
        let books = try #require(status["books"] as? [[String: Any]])
        #expect(books.count { ($0["unconfirmed_us"] as? Int ?? 0) > 2_000_000 } == 1)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("A stream that the venue no longer serves is subscribed again, counted and named")
    func silentStream() async throws {
        let fixture = try await Self.fixture { $0.transport.staleAfter = .seconds(1) }
        let injected = await fixture.exchange.inject(
            .drop, segment: .spot, stream: "btcusdt@trade", count: 1_000_000)
        #expect(injected == 1_000_000)
        let noted = try #require(
            try await fixture.page("/readyz") { Self.text($0).contains("binance-spot-0 btcusdt@trade") })
        #expect(Self.text(noted).contains("streams are silent although the venue acknowledged them"))
        let labels = ["venue": "binance", "connection": "binance-spot-0"] as KeyValuePairs
        let reading = try await Self.metrics(fixture)
        #expect(reading["sluice_stream_resubscriptions_total", labels] ?? 0 >= 1)
        #expect(reading.values("sluice_streams", where: "state", is: "silent").reduce(0, +) == 1)
        let page = try await fixture.page("/status")
        let connections = try #require(try Self.object(page)["connections"] as? [[String: Any]])
        let spot = try #require(connections.first { $0["name"] as? String == "binance-spot-0" })
        #expect(spot["streams_silent"] as? [String] == ["btcusdt@trade"])
        // It had data before, so that it costs its socket when that was in vain.
        let replaced = try await fixture.page("/metrics") { answer in
            let reading = try? MetricsReading(Self.text(answer))
            return reading?["sluice_stream_replacements_total", labels] ?? 0 >= 1
        }
        #expect(replaced != nil)
        try await fixture.stopService()
        await fixture.tearDown()
    }

    @Test("The operating page lists every metric and page that there is, and no other")
    func documented() async throws {
        let fixture = try await Self.fixture()
        let names = Set(try await Self.metrics(fixture).families.keys)
        let missing = try await fixture.page("/")
        try await fixture.stopService()
        await fixture.tearDown()

        let text = try String(contentsOf: Self.root.appendingPathComponent("docs/operating.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let listed = rows.compactMap { row in row.split(separator: "`").dropFirst().first.map(String.init) }
        let metrics = listed.filter { $0.hasPrefix("sluice_") }
        #expect(Set(metrics) == names)
        #expect(metrics.count == Set(metrics).count)
        let pages = listed.filter { $0.hasPrefix("/") }
        #expect(Self.text(missing) == "pages: \(pages.joined(separator: " "))\n")
    }

    @Test(
        "Prometheus finds nothing wrong with the page, the alerts and their tests",
        .enabled(if: PromTool.isInstalled, "promtool is not installed: Debian's package prometheus has it"))
    func prometheus() async throws {
        let fixture = try await Self.fixture()
        let answer = try await fixture.page("/metrics")
        try await fixture.stopService()
        await fixture.tearDown()

        let file = URL(fileURLWithPath: NSTemporaryDirectory() + "sluice-metrics-\(UUID().uuidString)")
        try Data(answer.body).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let page = try PromTool.run(["check", "metrics"], input: file)
        #expect(page.status == 0 && page.output.isEmpty, "\(page.output)")
        let folder = Self.root.appendingPathComponent("deploy/prometheus")
        for arguments in [["check", "rules", "sluice-alerts.yml"], ["test", "rules", "sluice-alerts-test.yml"]] {
            let rules = try PromTool.run(arguments, in: folder)
            #expect(rules.status == 0, "\(rules.output)")
        }
    }

    @Test("The alerts ask for metrics that the page has, and are tested with its labels")
    func alerts() async throws {
        let fixture = try await Self.fixture()
        let reading = try await Self.metrics(fixture)
        try await fixture.stopService()
        await fixture.tearDown()

        let folder = Self.root.appendingPathComponent("deploy/prometheus")
        let rules = try String(contentsOf: folder.appendingPathComponent("sluice-alerts.yml"), encoding: .utf8)
        let asked = rules.matches(of: /sluice_[a-z_]+/).map { String($0.output) }
        #expect(asked.count > 15)
        for name in asked { #expect(reading.families[name] != nil, "\(name)") }

        let tests = try String(contentsOf: folder.appendingPathComponent("sluice-alerts-test.yml"), encoding: .utf8)
        let series = tests.matches(of: /series: '(sluice_[a-z_]+)\{([^}]*)\}/)
        #expect(series.count > 30)
        for match in series {
            let labels = Set(match.output.2.matches(of: /([a-z_]+)="/).map { String($0.output.1) })
            let name = String(match.output.1)
            let real = reading.families[name]?.labels ?? []
            #expect(real.contains(labels.subtracting(["instance"])), "\(name) has \(real), tested with \(labels)")
        }
    }
}
