import Collector
import Foundation
import Testing
import Transport

@Suite("sluice run, as its users start it", .serialized)
struct RunCommandTests {
    private static let demo = """
        instance: test
        simulator: {seed: 3, rate: 200}
        venues:
          binance:
            spot: {symbols: [BTCUSDT]}
            usdm: {symbols: [BTCUSDT]}
            coinm: {symbols: [BTCUSD_PERP]}
        """

    /// Runs the program on a configuration in a folder of its own, which is removed at the end.
    private static func withRun(
        _ configuration: String, _ arguments: [String] = [], _ body: (ChildProcess, String) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "sluice-run-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: directory + "/test.yaml"))
        let child = try ChildProcess(
            TestPaths.sluice, ["run", "--config", "test.yaml"] + arguments, in: directory)
        try await body(child, directory)
        _ = try await child.result(atMost: .seconds(20))
    }

    @Test("A stop signal ends it in order, with exit code 0", arguments: [SIGTERM, SIGINT])
    func stopSignal(_ signal: Int32) async throws {
        try await Self.withRun(Self.demo + "\nhttp: {enabled: false}\n") { child, _ in
            #expect(try await child.wait(forErrors: "instruments loaded"))
            try await Task.sleep(for: .seconds(2))
            kill(child.identifier, signal)
            let result = try await child.result(atMost: .seconds(10))
            #expect(result.status == 0, "\(result.errors.suffix(600))")
            #expect(result.errors.contains("stopped"))
        }
    }

    @Test("A changed file and SIGHUP have it read again; a wrong one is refused and the service goes on")
    func reload() async throws {
        try await Self.withRun(Self.demo + "\nhttp: {enabled: false}\n") { child, directory in
            #expect(try await child.wait(forErrors: "instruments loaded"))
            let file = URL(fileURLWithPath: directory + "/test.yaml")
            let text = Self.demo + "\nhttp: {enabled: false}\n"
            try Data(text.replacingOccurrences(of: "spot:", with: "sport:").utf8).write(to: file)
            #expect(try await child.wait(forErrors: "is refused, the former goes on"))
            #expect(try await child.wait(forErrors: "did you mean spot?"))
            let changed = text.split(separator: "\n").filter { !$0.contains("coinm") }.joined(separator: "\n")
            try Data((changed + "\nbooks: {depth: 50}\n").utf8).write(to: file)
            #expect(try await child.wait(forErrors: "configuration read again"))
            #expect(try await child.wait(forErrors: "section changed segment=\"binance coinm\""))
            #expect(try await child.wait(forErrors: "take effect at the next start only keys=books"))
            kill(child.identifier, SIGHUP)
            try await Task.sleep(for: .seconds(3))
            kill(child.identifier, SIGTERM)
            let result = try await child.result(atMost: .seconds(10))
            #expect(result.status == 0, "\(result.errors.suffix(600))")
            #expect(result.errors.components(separatedBy: "configuration read again").count == 3)
        }
    }

    @Test("With shared limits it joins the others, and has its part of each limit from the start")
    func sharedLimits() async throws {
        let text =
            Self.demo + "\nlimits: {shared: {enabled: true, members: 3, fallback_percent: 60}}\n"
            + "http: {listen: \"127.0.0.1:0\"}\n"
        try await Self.withRun(text) { child, _ in
            #expect(try await child.wait(forErrors: "instruments loaded"))
            let port = try #require(child.errors.firstMatch(of: /health pages.*port="?([0-9]+)/)?.output.1)
            var page = ""
            let deadline = ContinuousClock.now + .seconds(20)
            while ContinuousClock.now < deadline, !page.contains("sluice_budget_members 1") {
                try await Task.sleep(for: .milliseconds(300))
                let answer = try await PageClient.get("http://127.0.0.1:\(port)/metrics", timeout: .seconds(5))
                page = String(decoding: answer.body, as: UTF8.self)
            }
            #expect(page.contains("sluice_budget_members 1\n"))
            // Until a bucket is a window old, nobody has more than its own part.
            #expect(page.contains(/sluice_budget_share\{scope="binance-spot [^}]*\} 0\.2\n/))
            kill(child.identifier, SIGTERM)
            let result = try await child.result(atMost: .seconds(10))
            #expect(result.status == 0, "\(result.errors.suffix(600))")
        }
    }

    @Test("It ends by itself when its time is over")
    func duration() async throws {
        try await Self.withRun(Self.demo + "\nhttp: {enabled: false}\n", ["--duration", "2s"]) { child, _ in
            let result = try await child.result()
            #expect(result.status == 0, "\(result.errors.suffix(600))")
        }
    }

    @Test("A key that does not exist ends it with 78, its line and the nearest valid key")
    func badConfiguration() async throws {
        try await Self.withRun(Self.demo + "\nhtpp: {enabled: false}\n") { child, _ in
            let result = try await child.result()
            #expect(result.status == 78)
            #expect(result.errors.contains("8") && result.errors.contains("htpp") && result.errors.contains("http"))
        }
    }

    @Test("A port in use ends it with 69, and names it")
    func portInUse() async throws {
        let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(other) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(other, $0, length) == 0 && listen(other, 1) == 0 && getsockname(other, $0, &length) == 0
            }
        }
        #expect(isBound)
        let port = UInt16(bigEndian: address.sin_port)
        try await Self.withRun(Self.demo + "\nhttp: {listen: \"127.0.0.1:\(port)\"}\n") { child, _ in
            let result = try await child.result()
            #expect(result.status == 69, "\(result.errors.suffix(600))")
            #expect(result.errors.contains(String(port)))
        }
    }

    @Test("A server program that is not there ends it with 69, and names it")
    func missingBinary() async throws {
        let configuration = Self.demo + "\nnats: {embedded: {binary: no-such-server}}\nhttp: {enabled: false}\n"
        try await Self.withRun(configuration) { child, _ in
            let result = try await child.result()
            #expect(result.status == 69, "\(result.errors.suffix(600))")
            #expect(result.errors.contains("no-such-server"))
        }
    }
}
