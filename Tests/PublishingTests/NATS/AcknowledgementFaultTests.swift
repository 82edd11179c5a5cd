import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Publishing

/// Random production against faulty acknowledgements and a server that stalls and restarts; `SLUICE_FAULT_SEEDS` says
/// how many seeds are tried, 4 unless it is set.
@Suite("Exactly once, whatever becomes of acknowledgements", .serialized, .timeLimit(.minutes(10)))
struct AcknowledgementFaultTests {
    private static let seeds: [UInt64] = {
        let count = ProcessInfo.processInfo.environment["SLUICE_FAULT_SEEDS"].flatMap { Int($0) } ?? 4
        return (1...max(1, min(count, 1000))).map { UInt64($0) }
    }()

    private static let kinds: [(type: MessageType, symbol: String)] = [
        (.trade, "BTC-USDT"), (.trade, "ETH-USDT"), (.fundingRate, "BTC-USDT"), (.kline, "BTC-USDT"),
        (.liquidation, "SOL-USDT"),
    ]

    /// What the producer made, by subject.
    private final class Produced: Sendable {
        let counts = Mutex([Int](repeating: 0, count: AcknowledgementFaultTests.kinds.count))
    }

    /// Produces for about three seconds in bursts, waiting where the ring is full.
    private static func produce(_ fixture: PublishFixture, seed: UInt64, _ produced: Produced) {
        var random = SeededGenerator(seed: seed &* 7919)
        let end = ContinuousClock.now + .milliseconds(2500)
        while ContinuousClock.now < end {
            let index = Int.random(in: 0..<Self.kinds.count, using: &random)
            let count = Int.random(in: 1...60, using: &random)
            let first = produced.counts.withLock { $0[index] }
            fixture.produce(Self.kinds[index].type, symbol: Self.kinds[index].symbol, numbers: first..<first + count)
            produced.counts.withLock { $0[index] += count }
            usleep(useconds_t.random(in: 0...8000, using: &random))
        }
    }

    /// Stalls or restarts the server at random times, until `end`.
    private static func disturb(_ fixture: PublishFixture, seed: UInt64, until end: ContinuousClock.Instant)
        async throws
    {
        var random = SeededGenerator(seed: seed &* 104_729)
        while ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(Int.random(in: 50...600, using: &random)))
            guard let child = fixture.server.processID else { continue }
            // The stream remembers ids for 200 ms.
            let pause = Duration.milliseconds(Int.random(in: 20...700, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                kill(child, SIGSTOP)
                try await Task.sleep(for: pause)
                kill(child, SIGCONT)
            case 1:
                // What it has taken but not answered is lost with the connection, and all it had answered is kept.
                kill(child, SIGTERM)
                try await Task.sleep(for: pause)
            case 2:
                kill(child, SIGSTOP)
                try await Task.sleep(for: pause)
                kill(child, SIGKILL)
            default: break
            }
        }
    }

    @Test("Each message is in the stream once, in order; what is confirmed is what it holds", arguments: Self.seeds)
    func exactlyOnce(seed: UInt64) async throws {
        try await PublisherSpoolTests.withDirectory { directory in
            let fixture = try await PublisherSpoolTests.fixture(
                directory, limits: QueueLimits(bytes: 4 << 20, messages: seed % 4 < 2 ? 2000 : 20_000), start: true,
                segment: 64 << 10
            ) {
                $0.acknowledgementTimeout = .milliseconds(300)
                $0.windowMessages = seed % 2 == 0 ? 128 : 1024
                // From nearly always to hardly ever.
                $0.spillAfter = .milliseconds([400, 50, 150, 10_000][Int(seed % 4)])
                $0.connection.writeDeadline = .milliseconds(100)
                for index in $0.streams.indices { $0.streams[index].dedupeWindow = .milliseconds(200) }
            }
            let faults = AnswerFaults(seed: seed)
            fixture.publisher.control.tamper { faults.change(&$0) }
            let produced = Produced()
            let producer = try #require(
                NativeThread(name: "produce") { Self.produce(fixture, seed: seed, produced) })
            try await Self.disturb(fixture, seed: seed, until: .now + .seconds(3))
            producer.join()
            faults.end()
            let counts = produced.counts.withLock { $0 }
            let total = UInt64(counts.reduce(0, +))
            let isDone = try await PublishFixture.wait(40) {
                Self.kinds.map(\.type).reduce(into: Set<MessageType>()) { $0.insert($1) }
                    .reduce(UInt64(0)) { $0 + fixture.publisher.counts(of: $1).confirmed } == total
            }
            let snapshot = fixture.publisher.snapshot()
            #expect(isDone, "\(fixture.publisher.cut()) of \(total)")
            #expect(faults.touched > 0)
            let contents = try fixture.contents()
            for (kind, count) in zip(Self.kinds, counts) {
                let subject = fixture.subjects.subject(
                    kind.type, venue: "binance", market: "spot", symbol: kind.symbol)
                let numbers = contents[subject] ?? []
                #expect(
                    numbers == Array(0..<count),
                    "seed \(seed), \(subject): \(Self.wrong(numbers, count)), \(fixture.server.restarts) restarts")
            }
            if ProcessInfo.processInfo.environment["SLUICE_FAULT_SEEDS"] != nil {
                print(
                    "seed \(seed): \(total) messages, \(faults.touched) answers touched, \(fixture.server.restarts) restarts,",
                    "\(snapshot.disconnects) disconnects, \(snapshot.problems[.late]) late, \(snapshot.spooled) spooled,",
                    "\(snapshot.resumes) readings (\(snapshot.resumesIncomplete) incomplete),",
                    "\(snapshot.alreadyStored) found stored, \(snapshot.duplicates) duplicates")
            }
            let report = await fixture.finish()
            #expect(report.left == 0)
        }
    }

    /// The first places where a stream does not hold 0..<count.
    private static func wrong(_ numbers: [Int], _ count: Int) -> String {
        let missing = Set(0..<count).subtracting(numbers).sorted()
        var seen: Set<Int> = []
        let doubled = numbers.filter { !seen.insert($0).inserted }
        let unordered = zip(numbers, numbers.dropFirst()).filter { $0 >= $1 }.count
        return
            "missing \(missing.count) \(missing.prefix(5)), doubled \(doubled.count) \(doubled.prefix(5)), \(unordered) out of order"
    }
}
