import ExchangeSimulator
import Foundation
import Testing

/// A simulated exchange with a past, a configuration file that points at it, and the program beside the tests.
struct HistoryCommandRig {
    let exchange: SimulatedExchange
    let folder: String
    /// Of spot.
    let address: String

    /// The words of an order of two symbols' bars of an hour, over the two days before yesterday.
    static let order = [
        "--section", "binance.spot", "--symbols", "BTCUSDT", "ETHUSDT", "--kinds", "kline:1h",
        "--from", day(-2), "--to", day(0), "--output", "files:jsonl:out",
    ]

    /// Yesterday's midnight, UTC: what lies before it is final, whatever the time of day.
    private static let yesterday = (Int64(Date().timeIntervalSince1970) / 86_400 - 1) * 86_400

    /// A date so many days from yesterday.
    static func day(_ days: Int) -> String {
        Date(timeIntervalSince1970: Double(yesterday) + Double(days) * 86_400)
            .formatted(.iso8601.year().month().day())
    }

    static func milliseconds(day days: Int64) -> Int64 { (Self.yesterday + days * 86_400) * 1_000 }

    /// - Parameter archives: Whether whole days come from archives.
    static func with(archives: Bool = false, _ body: (HistoryCommandRig) async throws -> Void) async throws {
        var settings = SimulatorConfiguration(segments: [.spot])
        settings.stepsPerSecond = 1
        settings.past.days = 8
        // A day takes many answers.
        settings.past.tradesPerDay = 16_000
        settings.faults.restDelay = .seconds(1)
        let exchange = SimulatedExchange(configuration: settings)
        let endpoints = try await exchange.start()
        let folder = NSTemporaryDirectory() + "sluice-history-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let address = try #require(endpoints.first).restURL
        let text = """
            instance: past
            state_directory: ./state
            history:
              attempts: 2
              retry_base: 100ms
              retry_cap: 1s
              archives: \(archives)
              archive_addresses: {binance: "\(try #require(exchange.archiveURL))"}
            venues: {binance: {spot: {symbols: [BTCUSDT], rest: "\(address)"}}}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/c.yaml"))
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(HistoryCommandRig(exchange: exchange, folder: folder, address: address)))
        } catch {
            result = .failure(error)
        }
        await exchange.stop()
        try? FileManager.default.removeItem(atPath: folder)
        try result.get()
    }

    func start(_ words: [String]) throws -> ChildProcess {
        try ChildProcess(TestPaths.sluice, words + ["--config", "c.yaml"], in: self.folder)
    }

    /// Runs a command to its end.
    func sluice(_ words: [String]) async throws -> ChildProcess.Result {
        try await self.start(words).result()
    }

    func backfill(_ words: String..., order: [String] = []) async throws -> ChildProcess.Result {
        try await self.sluice(["backfill"] + words + order)
    }

    /// A command that prints one JSON document.
    func document(_ words: String...) async throws -> [String: Any] {
        let result = try await self.sluice(words + ["--json"])
        #expect(result.status == 0, "\(result.errors)")
        return try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    }

    func job(_ name: String) async throws -> [String: Any] {
        let jobs = try #require(try await self.document("backfill", "status")["jobs"] as? [[String: Any]])
        return try #require(jobs.first { $0["name"] as? String == name })
    }

    /// Paths of all files below the output's folder, without those that locks are kept in.
    var files: [String] {
        let all = FileManager.default.enumerator(atPath: self.folder + "/out")?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(".gz") || $0.hasSuffix(".partial") && $0.contains("/") }.sorted()
    }

    /// Waits until a condition holds; false at the deadline.
    func wait(until condition: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}

extension ChildProcess.Result {
    /// Its output, a line each, with a single space between words.
    var lines: [String] {
        self.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    }
}
