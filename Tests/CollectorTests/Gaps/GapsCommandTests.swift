import Collector
import Foundation
import Publishing
import Testing

@Suite("sluice gaps, on a real server", .serialized)
struct GapsCommandTests {
    /// Makes the stream named by its second argument, of the subjects behind it, and publishes `subject<tab>payload` lines into it.
    private static let publisher = """
        import asyncio, sys, nats
        async def main():
            connection = await nats.connect(sys.argv[1])
            stream = connection.jetstream()
            await stream.add_stream(name=sys.argv[2], subjects=sys.argv[3:])
            for line in sys.stdin.buffer.read().splitlines():
                subject, payload = line.split(b"\\t", 1)
                await stream.publish(subject.decode(), payload)
            await connection.close()
        asyncio.run(main())
        """

    private static func entry(_ number: UInt64, _ symbol: String, _ cause: GapCause, repaired: UInt64) -> GapEntry {
        GapEntry(
            id: GapEntry.id(instance: "i", boot: "b", number: number),
            subject: GapSubject(venue: "binance", market: "spot", symbol: symbol, venueSymbol: nil),
            of: .messages(.trade), cause: cause, range: GapRange(.tradeID, from: "1", to: "10"),
            fromMicroseconds: Int64(number), toMicroseconds: Int64(number), missing: 10, repaired: repaired,
            receivedMicroseconds: 0)
    }

    private struct Document: Decodable {
        struct Entry: Decodable {
            let id: String
            let repaired: UInt64
        }
        struct Total: Decodable {
            let cause: String
            let still_missing: UInt64
        }
        let entries: [Entry]
        let totals: [Total]
        let messages: Int
    }

    private static func withServer(
        _ body: (EmbeddedNATSServer, String) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "sluice-gaps-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try EmbeddedNATSServer(EmbeddedNATSServer.Configuration(directory: directory))
        try await server.start()
        try await body(server, directory)
        await server.stop()
    }

    private static func publish(
        _ entries: [GapEntry], to stream: String, _ server: EmbeddedNATSServer, in directory: String
    ) async throws {
        let encoder = JSONMessageEncoder()
        var lines = ""
        for (number, entry) in entries.enumerated() {
            lines += Subjects().gap(entry.subject) + "\t"
            lines += encoder.prefix(entry.subject, instance: "i", boot: "b")
            lines += encoder.text(entry, number: UInt64(number) + 1) + "\n"
        }
        try await Self.publish(lines, to: stream, of: ["md.gap.>"], server, in: directory)
    }

    private static func publish(
        _ lines: String, to stream: String, of subjects: [String], _ server: EmbeddedNATSServer, in directory: String
    ) async throws {
        let child = try ChildProcess(
            TestPaths.python, ["-c", Self.publisher, server.url, stream] + subjects, in: directory,
            input: Data(lines.utf8))
        let result = try await child.result()
        try #require(result.status == 0, "\(result.errors.suffix(600))")
    }

    private static func gaps(_ arguments: [String], in directory: String) async throws -> ChildProcess.Result {
        try await ChildProcess(TestPaths.sluice, ["gaps"] + arguments, in: directory).result()
    }

    @Test("What a collector told of its losses is shown, folded and filtered, in words and as JSON")
    func shows() async throws {
        try await Self.withServer { server, directory in
            let entries = [
                Self.entry(1, "BTC-USDT", .tradeJump, repaired: 0), Self.entry(2, "ETH-USDT", .restart, repaired: 0),
                Self.entry(1, "BTC-USDT", .tradeJump, repaired: 10), Self.entry(3, "BTC-USDT", .queueFull, repaired: 0),
            ]
            try await Self.publish(entries, to: "GAPS", server, in: directory)
            let all = try await Self.gaps(["--nats", server.url, "--json"], in: directory)
            let document = try JSONDecoder().decode(Document.self, from: Data(all.output.utf8))
            #expect(all.status == 0 && document.messages == 4)
            #expect(document.entries.map(\.id) == ["i:b:1", "i:b:2", "i:b:3"])
            #expect(document.entries.map(\.repaired) == [10, 0, 0])
            #expect(document.totals.map(\.cause) == ["queue_full", "restart", "trade_jump"])
            #expect(document.totals.map(\.still_missing) == [10, 10, 0])

            let some = try await Self.gaps(
                ["--symbol", "BTC-USDT", "--of", "trade", "--cause", "queue_full", "restart", "--nats", server.url],
                in: directory)
            #expect(some.status == 0 && some.output.contains("queue_full: entries 1, missing 10"))
            #expect(!some.output.contains("ETH-USDT") && !some.output.contains("trade_jump"))

            try await Task.sleep(for: .milliseconds(2_100))
            let none = try await Self.gaps(["--since", "1s", "--nats", server.url], in: directory)
            #expect(none.status == 0 && none.output == "no losses on record\n")
        }
    }

    @Test("The report of a day is a page, and the same as one document, from both streams")
    func report() async throws {
        try await Self.withServer { server, directory in
            let now = Int64(Date().timeIntervalSince1970 * 1e6)
            let hour: Int64 = 3_600_000_000
            let boot = String((now - 10 * hour) / 1_000, radix: 36)
            func gap(_ number: UInt64, _ symbol: String, _ kind: GapKind, _ cause: GapCause) -> GapEntry {
                GapEntry(
                    id: GapEntry.id(instance: "i", boot: boot, number: number),
                    subject: GapSubject(venue: "binance", market: nil, symbol: symbol), of: kind, cause: cause,
                    fromMicroseconds: now - 2 * hour, toMicroseconds: now - hour,
                    missing: kind == .connection ? nil : 7, repaired: kind == .connection ? 0 : 7,
                    receivedMicroseconds: now)
            }
            try await Self.publish(
                [
                    gap(1, "_conn-binance-spot-0", .connection, .reconnect),
                    gap(2, "BTC-USDT", .messages(.trade), .tradeJump),
                ], to: "GAPS", server, in: directory)
            let head = "\"v\":1,\"instance\":\"i\",\"boot\":\"\(boot)\",\"received_us\":\(now)"
            var lines = "md.heartbeat._._.i\t{\"type\":\"heartbeat\",\(head),\"uptime_us\":\(10 * hour),"
            lines += "\"period_us\":600000000,\"audits_compared\":5,\"audits_mismatched\":0}\n"
            lines += "md.status.binance._._conn-binance-spot-0\t{\"type\":\"status\",\(head),"
            lines += "\"scope\":\"connection\",\"name\":\"binance-spot-0\",\"state\":\"live\"}\n"
            let subjects = ["md.heartbeat.>", "md.status.>"]
            try await Self.publish(lines, to: "LAST", of: subjects, server, in: directory)

            let page = try await Self.gaps(["--report", "--nats", server.url], in: directory)
            let words = page.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
            #expect(page.status == 0, "\(page.errors)")
            #expect(
                words.contains { $0.hasPrefix("binance-spot 1 90.") && $0.hasSuffix("% 1h00m 1") }, "\(page.output)")
            #expect(words.contains("trade_jump 1 7 7 0 0"), "\(page.output)")
            #expect(words.contains("audits since the start: compared 5, mismatched 0; mismatches on the ledger 0"))
            let json = try await Self.gaps(["--report", "--json", "--nats", server.url], in: directory)
            let document = try #require(
                JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            let connections = try #require(document["connections"] as? [[String: Any]])
            #expect(connections.map { $0["missing_us"] as? Int64 } == [hour])
            #expect((document["notes"] as? [Any])?.isEmpty == true)
            let both = try await Self.gaps(["--report", "--cause", "restart", "--nats", server.url], in: directory)
            #expect(both.status == 64 && both.errors.contains("--report is about everything"))
        }
    }

    @Test("Server and stream come from a collector's configuration")
    func configured() async throws {
        try await Self.withServer { server, directory in
            try await Self.publish([Self.entry(1, "A-B", .restart, repaired: 0)], to: "LOST", server, in: directory)
            let text = """
                instance: test
                venues: {binance: {spot: {symbols: [BTCUSDT]}}}
                nats: {servers: ["\(server.url)"], streams: {gaps: {name: LOST}}}
                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/test.yaml"))
            let result = try await Self.gaps(["--config", "test.yaml"], in: directory)
            #expect(result.status == 0 && result.output.contains("restart: entries 1"), "\(result.errors)")
        }
    }

    @Test("Without the stream, without the server, and with words that mean nothing it says what is wrong")
    func failures() async throws {
        var url = ""
        try await Self.withServer { server, directory in
            url = server.url
            let noStream = try await Self.gaps(["--nats", url], in: directory)
            #expect(noStream.status == 69 && noStream.errors.contains("there is no stream GAPS"))
        }
        let folder = NSTemporaryDirectory()
        let noServer = try await Self.gaps(["--nats", url], in: folder)
        #expect(noServer.status == 69 && noServer.errors.contains("no NATS server answers"))
        let noCause = try await Self.gaps(["--cause", "moon"], in: folder)
        #expect(noCause.status == 64 && noCause.errors.contains("trade_jump"))
        let noType = try await Self.gaps(["--of", "trades"], in: folder)
        #expect(noType.status == 64 && noType.errors.contains("connection"))
    }
}
