import ExchangeSimulator
import Foundation
import Publishing
import Testing
import Transport

@testable import Collector

@Suite("The doctor")
struct DoctorTests {
    private static let text = """
        instance: test
        state_directory: /var/lib/sluice-doctor-test
        venues:
          binance:
            spot: {symbols: [BTCUSDT]}
            usdm: {symbols: [BTCUSDT]}
          okx:
            spot: {symbols: [BTC-USDT]}
            swap: {symbols: [BTC-USDT-SWAP]}
          deribit:
            perpetual: {symbols: [BTC-PERPETUAL]}
        nats: {servers: ["nats://127.0.0.1:1"]}
        """

    /// A machine where all is well, with another disk or another number of descriptors.
    private static func settings(
        free: Int = 1 << 40, isWritable: Bool = true, descriptors: UInt64 = 65_536, kernel: Int = 6 << 20
    ) -> Doctor.Settings {
        var settings = Doctor.Settings()
        settings.tries = 3
        settings.deadline = .seconds(2)
        settings.facts.descriptors = (descriptors, 1 << 20)
        settings.facts.kernel = { _ in [4_096, kernel] }
        settings.facts.disk = { $0 == "/var/lib" ? (free, isWritable) : nil }
        return settings
    }

    private static func only(_ endpoint: String, _ webSocket: String = "ws://127.0.0.1:1") throws -> Configuration {
        try Configuration.parse(
            """
            instance: test
            venues: {binance: {spot: {symbols: [BTCUSDT], rest: "\(endpoint)", websocket: "\(webSocket)"}}}
            nats: {servers: ["nats://127.0.0.1:1"]}
            """
        ).configuration
    }

    private static func finding(
        _ area: DoctorFinding.Area, _ report: DoctorReport, _ subject: String = ""
    ) throws -> DoctorFinding {
        try #require(report.findings.first { $0.area == area && $0.subject.hasPrefix(subject) })
    }

    /// Serves one answer to everything while `body` runs.
    private static func serving(
        tls: (certificateFile: String, keyFile: String)? = nil, _ answer: @escaping @Sendable () -> HTTPResponse,
        _ body: (Int) async throws -> Void
    ) async throws {
        let loop = ServiceLoop(options: ServiceLoopOptions(name: "served"))
        try loop.start()
        var options = HTTPServerConfiguration()
        options.tls = tls
        let server = HTTPServer(loop: loop, configuration: options, onRequest: { _ in answer() })
        let port = try await server.start()
        do {
            try await body(port)
        } catch {
            Issue.record(error)
        }
        await server.stop()
        loop.stop()
    }

    @Test("Where all is well every address answers as often as it was tried, and the clocks agree")
    func well() async throws {
        let folder = NSTemporaryDirectory() + "sluice-doctor-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try EmbeddedNATSServer(EmbeddedNATSServer.Configuration(directory: folder))
        try await server.start()
        let exchange = SimulatedExchange(configuration: SimulatorConfiguration(segments: MarketSegment.allCases))
        let endpoints = try await exchange.start()
        var configuration = try Configuration.parse(
            Self.text.replacingOccurrences(of: "nats://127.0.0.1:1", with: server.url)
        ).configuration
        SimulatorLauncher.redirect(&configuration, to: endpoints)
        configuration.simulator = nil
        let report = await Doctor(configuration, settings: Self.settings()).examine()
        await exchange.stop()
        await server.stop()

        #expect(report.findings.allSatisfy { $0.state == .ok }, "\(DoctorTable.lines(report))")
        // OKX's two sections share an address.
        let requests = report.findings.filter { $0.area == .requests }
        #expect(
            requests.map { $0.subject.split(separator: " http")[0] } == [
                "binance spot", "binance usdm", "deribit perpetual", "okx spot, swap",
            ])
        for finding in requests {
            #expect(finding.latency?.answered == 3)
            let ahead = try #require(finding.clockAhead)
            #expect(ahead > .milliseconds(-250) && ahead < .milliseconds(250))
        }
        let streams = report.findings.filter { $0.area == .streams }
        #expect(streams.count >= 5)
        #expect(streams.allSatisfy { $0.latency?.answered == 3 })
        #expect(report.findings.count { $0.subject.hasPrefix("stream ") } == 3)
        #expect(!report.isBroken)
    }

    @Test("What refuses connections is broken on every side, and says what to look at")
    func refused() async throws {
        let configuration = try Self.only("http://127.0.0.1:1")
        let report = await Doctor(configuration, settings: Self.settings()).examine()
        #expect(report.isBroken)
        for area in [DoctorFinding.Area.requests, .streams, .nats] {
            let findings = report.findings.filter { $0.area == area }
            #expect(!findings.isEmpty)
            #expect(findings.allSatisfy { $0.state == .broken && $0.advice != nil && $0.latency == nil })
        }
        #expect(try Self.finding(.requests, report).text.contains("refused"))
        #expect(try Self.finding(.nats, report).advice?.contains("nats-server") == true)
    }

    @Test("A clock that is a minute off is broken, one that is a second off a warning")
    func skew() async throws {
        for (ahead, state) in [(60_000, DoctorFinding.State.broken), (-1_000, .warning), (0, .ok)] {
            try await Self.serving {
                let now = LoopClock.wallMicroseconds() / 1_000 + Int64(ahead)
                return HTTPResponse(contentType: "application/json", text: "{\"serverTime\":\(now)}")
            } _: { port in
                let configuration = try Self.only("http://127.0.0.1:\(port)")
                let report = await Doctor(configuration, settings: Self.settings()).examine()
                let finding = try Self.finding(.requests, report)
                #expect(finding.state == state, "\(finding)")
                let found = try #require(finding.clockAhead) / .milliseconds(1)
                #expect(abs(found - Double(ahead)) < 200)
                #expect((finding.advice?.contains("timedatectl") ?? false) == (state != .ok))
            }
        }
    }

    @Test("An answer that is none of the venue's, one that comes too slowly, and a ban are told apart")
    func answers() async throws {
        let cases: [(HTTPResponse, DoctorFinding.State, String)] = [
            (HTTPResponse(text: "<html>welcome"), .warning, "could not be read"),
            (HTTPResponse(status: 418, text: "{}"), .broken, "limits or bans"),
            (HTTPResponse(status: 503, text: "{}"), .broken, "the venue fails"),
            (HTTPResponse(status: 403, text: "{}"), .broken, "HTTP 403"),
            (
                {
                    var slow = HTTPResponse(text: String(repeating: " ", count: 1_000))
                    slow.bodyBytesPerSecond = 10
                    return slow
                }(), .broken, "in time"
            ),
        ]
        for (answer, state, text) in cases {
            try await Self.serving {
                answer
            } _: { port in
                var settings = Self.settings()
                settings.deadline = .milliseconds(500)
                let configuration = try Self.only("http://127.0.0.1:\(port)")
                let finding = try Self.finding(
                    .requests, await Doctor(configuration, settings: settings).examine())
                #expect(finding.state == state && finding.text.contains(text), "\(finding)")
            }
        }
    }

    @Test("A certificate that nobody vouches for is refused, for requests and for streams")
    func certificate() async throws {
        let folder = NSTemporaryDirectory() + "sluice-doctor-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try await ChildProcess(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            ], in: folder
        ).result()
        try #require(made.status == 0)
        try await Self.serving(tls: (folder + "/cert.pem", folder + "/key.pem")) {
            HTTPResponse(text: "{}")
        } _: { port in
            let configuration = try Self.only("https://localhost:\(port)", "wss://localhost:\(port)")
            let report = await Doctor(configuration, settings: Self.settings()).examine()
            for area in [DoctorFinding.Area.requests, .streams] {
                let finding = try Self.finding(area, report)
                #expect(finding.state == .broken && finding.advice?.contains("ca-certificates") == true, "\(finding)")
            }
        }
    }

    @Test("A full disk, a folder of others, few descriptors and small buffers are told with what to do")
    func machine() async throws {
        let configuration = try Configuration.parse(Self.text).configuration
        func disks(_ settings: Doctor.Settings) -> [DoctorFinding.State] {
            Doctor(configuration, settings: settings).disks.map(\.state)
        }
        #expect(disks(Self.settings()) == [.ok, .ok])
        #expect(disks(Self.settings(free: 1 << 20)) == [.broken, .broken])
        // Enough to begin with, and less than the spool may take.
        #expect(disks(Self.settings(free: 500 << 20)) == [.ok, .warning])
        #expect(disks(Self.settings(isWritable: false)) == [.broken, .broken])
        func system(_ settings: Doctor.Settings, _ subject: String) -> DoctorFinding? {
            Doctor(configuration, settings: settings).system.first { $0.subject == subject }
        }
        #expect(system(Self.settings(), "descriptors")?.state == .ok)
        let few = system(Self.settings(descriptors: 200), "descriptors")
        #expect(few?.state == .broken && few?.advice?.contains("LimitNOFILE") == true)
        #expect(system(Self.settings(), "net.ipv4.tcp_rmem")?.state == .ok)
        #expect(system(Self.settings(kernel: 1 << 20), "net.ipv4.tcp_rmem")?.state == .warning)
    }

    @Test("Jitter is the mean step from one answer to the next")
    func jitter() throws {
        let latency = try #require(DoctorLatency([10, 14, 12].map { .milliseconds($0) }, tries: 4))
        #expect(latency.minimum == .milliseconds(10) && latency.maximum == .milliseconds(14))
        #expect(latency.average == .milliseconds(12) && latency.jitter == .milliseconds(3))
        #expect(latency.answered == 3)
        #expect(DoctorLatency([], tries: 4) == nil)
    }

    @Test("The command ends with 69 where something is broken, in words and as JSON")
    func command() async throws {
        let folder = NSTemporaryDirectory() + "sluice-doctor-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let text = """
            venues: {binance: {spot: {symbols: [BTCUSDT], rest: "http://127.0.0.1:1", websocket: "ws://127.0.0.1:1"}}}
            nats: {servers: ["nats://127.0.0.1:1"]}
            """
        try text.write(toFile: folder + "/c.yaml", atomically: true, encoding: .utf8)
        let words = try await ChildProcess(TestPaths.sluice, ["doctor", "--config", "c.yaml"], in: folder).result()
        #expect(words.status == 69)
        #expect(words.output.contains("requests:\n  broken   binance spot http://127.0.0.1:1  "))
        let json = try await ChildProcess(
            TestPaths.sluice, ["doctor", "--config", "c.yaml", "--json", "--tries", "1"], in: folder
        ).result()
        #expect(json.status == 69)
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(object?["broken"] as? Bool == true)
        let findings = try #require(object?["findings"] as? [[String: Any]])
        #expect(findings.contains { $0["area"] as? String == "disk" && $0["state"] as? String == "ok" })
    }
}
