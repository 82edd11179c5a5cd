import Foundation
import Testing

@testable import ExchangeSimulator

@Suite("Playing a recording over real sockets", .serialized)
struct RecordingPlayerTests {
    private struct Key: Hashable {
        let segment: MarketSegment
        let symbol: String
    }

    /// What one client thread collected.
    private final class Collected: @unchecked Sendable {
        // Written by its own task, read after that has ended.
        var books: [Key: ReferenceBook] = [:]
        var trades: [Key: [UInt64]] = [:]
    }

    /// Takes `count` frames from `path`, subscribed to `streams`.
    private static func collect(_ endpoint: SimulatorEndpoint, path: String, streams: [String], count: Int) throws
        -> Collected
    {
        let collected = Collected()
        let socket = try BlockingSocket.webSocket(
            "\(path)?streams=\(streams.joined(separator: "/"))", port: endpoint.port)
        for _ in 0..<count {
            let object = try JSONSerialization.jsonObject(with: Data(try socket.messageBytes())) as? [String: Any]
            let data = object?["data"] as? [String: Any] ?? [:]
            let key = Key(segment: endpoint.segment, symbol: data["s"] as? String ?? "")
            if data["e"] as? String == "trade", let id = data["t"] as? NSNumber {
                collected.trades[key, default: []].append(id.uint64Value)
                continue
            }
            if !collected.books[key, default: ReferenceBook()].update(data) {
                let prefix =
                    [MarketSegment.spot: "/api/v3", .usdm: "/fapi/v1", .coinm: "/dapi/v1"][endpoint.segment] ?? ""
                let answer = try BlockingSocket.request(
                    "GET", "\(prefix)/depth?symbol=\(key.symbol)&limit=1000", port: endpoint.port)
                if answer.status == 200 { collected.books[key]?.snapshot(answer.body) }
            }
        }
        return collected
    }

    @Test(
        "Clients end with the reference's last ids, tops and trades, and so does the simulator",
        .enabled(if: Recordings.arePresent))
    func smoke() async throws {
        var configuration = SimulatorConfiguration()
        configuration.recording = RecordingPlan(path: Recordings.smoke)
        configuration.limits.spotWeight = 1_000_000
        let exchange = SimulatedExchange(configuration: configuration)
        let endpoints = Dictionary(uniqueKeysWithValues: try await exchange.start().map { ($0.segment, $0) })
        let counts = try Self.frameCounts()
        let plans: [(MarketSegment, String, [String])] = [
            (.spot, "/stream", ["btcusdt@depth@100ms", "ethusdt@depth@100ms", "btcusdt@trade", "ethusdt@trade"]),
            (.usdm, "/public/stream", ["btcusdt@depth@0ms", "ethusdt@depth@0ms"]),
            (.usdm, "/market/stream", ["btcusdt@trade", "ethusdt@trade"]),
            (
                .coinm, "/stream",
                ["btcusd_perp@depth@0ms", "ethusd_perp@depth@0ms", "btcusd_perp@trade", "ethusd_perp@trade"]
            ),
        ]
        let collected = try await withThrowingTaskGroup(of: Collected.self) { group in
            for (segment, path, streams) in plans {
                let endpoint = try #require(endpoints[segment])
                let count = streams.reduce(0) { $0 + (counts["\(segment.rawValue) \($1)"] ?? 0) }
                group.addTask {
                    // A thread of its own: the calls block, and all clients must be there before it starts.
                    try await withCheckedThrowingContinuation { continuation in
                        Thread.detachNewThread {
                            continuation.resume(
                                with: Result { try Self.collect(endpoint, path: path, streams: streams, count: count) })
                        }
                    }
                }
            }
            var all: [Collected] = []
            for try await one in group { all.append(one) }
            return all
        }
        let state = try #require(await exchange.state())
        let expected = try Self.expected()
        for (key, reference) in expected {
            let trades = collected.flatMap { $0.trades[key] ?? [] }
            #expect(trades.count == reference.trades, "\(key)")
            #expect(Set(trades).count == trades.count, "\(key)")
            let book = try #require(collected.compactMap { $0.books[key] }.first, "\(key)")
            #expect(book.lastID == reference.lastID && book.gaps == 0, "\(key)")
            let truth = try #require(await exchange.book(of: key.symbol, in: key.segment, limit: 20))
            #expect(truth.lastID == reference.lastID, "\(key)")
            #expect(truth.bids == reference.bids && truth.asks == reference.asks, "\(key)")
            let market = state.markets.first { $0.segment == key.segment && $0.symbol == key.symbol }
            #expect(market?.trades == reference.trades, "\(key)")
        }
        #expect(expected.count == 6)
        #expect(state.isFinished && state.framesPlayed == 20_000)
        await exchange.stop()
    }

    private static func frameCounts() throws -> [String: Int] {
        let reader = try RecordingReader(path: Recordings.smoke)
        var counts: [String: Int] = [:]
        while try reader.nextBatch() {
            for frame in reader.frames {
                guard let segment = MarketSegment(recordedConnection: reader.connections[frame.connection]) else {
                    continue
                }
                let text = String(decoding: reader.bytes(of: frame).prefix(80), as: UTF8.self)
                guard text.hasPrefix("{\"stream\":\"") else { continue }
                counts["\(segment.rawValue) \(text.dropFirst(11).prefix { $0 != "\"" })", default: 0] += 1
            }
        }
        return counts
    }

    private struct Reference {
        let lastID: UInt64
        let trades: Int
        let bids: [BookLevel]
        let asks: [BookLevel]
    }

    private static func expected() throws -> [Key: Reference] {
        let data = try Data(contentsOf: URL(fileURLWithPath: Recordings.path("binance-smoke.expected.json")))
        let document = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        var references: [Key: Reference] = [:]
        for case (let name, let fields as [String: Any]) in document?["instruments"] as? [String: Any] ?? [:] {
            let parts = name.split(separator: ":").map(String.init)
            let segment = try #require(MarketSegment.allCases.first { parts[0].hasSuffix($0.rawValue) })
            references[Key(segment: segment, symbol: parts[1])] = Reference(
                lastID: (fields["last_id"] as? NSNumber)?.uint64Value ?? 0, trades: fields["trades"] as? Int ?? -1,
                bids: Self.levels(fields["top_bids"]), asks: Self.levels(fields["top_asks"]))
        }
        return references
    }

    private static func levels(_ value: Any?) -> [BookLevel] {
        (value as? [[String]] ?? []).map { level in
            BookLevel(price: Self.eighths(level[0]), size: Self.eighths(level[1]))
        }
    }

    private static func eighths(_ text: String) -> Int64 {
        NSDecimalNumber(decimal: (Decimal(string: text) ?? 0) * 100_000_000).int64Value
    }
}
