import Glibc
import Synchronization
import Observability
import Testing

@testable import Publishing

@Suite("The publisher, on a real server", .serialized)
struct NATSPublisherTests {
    private static let tradeSubject = "md.trade.binance.spot.BTC-USDT"

    /// The numbers received on `subject`, in order, until `count` came or nothing more does.
    private static func numbers(_ subscriber: NATSSubscriber, _ subject: String) async -> [Int] {
        subscriber.close()
        var numbers: [Int] = []
        for await message in subscriber.messages where message.subject == subject {
            numbers.append(Int(String(decoding: message.payload, as: UTF8.self)) ?? -1)
        }
        return numbers
    }

    @Test("Every message arrives once and in order, in both modes, and is confirmed")
    func onceAndInOrder() async throws {
        let fixture = try await PublishFixture()
        #expect(try await fixture.waitUntilConnected())
        let subscriber = try fixture.subscribe()
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<20_000)
        fixture.produce(.bbo, symbol: "BTC-USDT", numbers: 0..<20_000)
        #expect(try await PublishFixture.wait { fixture.publisher.cut().confirmed == 40_000 })
        #expect(try fixture.stored("MARKET_DATA", subject: Self.tradeSubject) == 20_000)
        #expect(
            try await PublishFixture.wait {
                fixture.publisher.snapshot().latencies.map(\.histogram.count) == [20_000, 20_000]
            })
        let snapshot = fixture.publisher.snapshot()
        #expect(snapshot.duplicates == 0 && snapshot.repeated == 0)
        try await Task.sleep(for: .milliseconds(200))
        var seen: [String: [Int]] = [:]
        subscriber.close()
        for await message in subscriber.messages {
            seen[message.subject, default: []].append(Int(String(decoding: message.payload, as: UTF8.self)) ?? -1)
        }
        #expect(seen[Self.tradeSubject] == Array(0..<20_000))
        #expect(seen["md.bbo.binance.spot.BTC-USDT"] == Array(0..<20_000))
        #expect(subscriber.dropped == 0)
        let report = await fixture.finish()
        #expect(report.left == 0)
    }

    @Test("A server killed under load costs no JetStream message, and core ones are counted")
    func killed() async throws {
        let fixture = try await PublishFixture()
        #expect(try await fixture.waitUntilConnected())
        let epoch = fixture.queue.coreEpoch
        let producers = try ["trade", "bbo"].map { name in
            try #require(
                NativeThread(name: "produce") {
                    fixture.produce(
                        name == "trade" ? .trade : .bbo, symbol: "BTC-USDT", numbers: 0..<20_000, pace: 100)
                })
        }
        for _ in 0..<2 {
            try await Task.sleep(for: .milliseconds(800))
            if let child = fixture.server.processID { kill(child, SIGKILL) }
        }
        for producer in producers { producer.join() }
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 20_000 })
        #expect(fixture.server.restarts == 2)
        // The id makes a repeat of what was stored a duplicate; a killed server may have lost what it had acknowledged.
        #expect(fixture.publisher.snapshot().connects >= 3)
        let core = fixture.publisher.cut(.core)
        #expect(core.dropped + core.unconfirmed > 0)
        #expect(fixture.queue.coreEpoch != epoch)
        let report = await fixture.finish()
        #expect(report.left == 0)
    }

    @Test("Two seconds of a stopped server lose nothing from JetStream and nothing unseen in core mode")
    func stalled() async throws {
        let fixture = try await PublishFixture()
        #expect(try await fixture.waitUntilConnected())
        let subscriber = try fixture.subscribe("md.bbo.>")
        let producer = try #require(
            NativeThread(name: "produce") {
                for part in 0..<60 {
                    fixture.produce(.bbo, symbol: "BTC-USDT", numbers: part * 2000..<(part + 1) * 2000)
                    fixture.produce(.trade, symbol: "BTC-USDT", numbers: part * 100..<(part + 1) * 100)
                    usleep(50_000)
                }
            })
        try await Task.sleep(for: .milliseconds(500))
        let child = try #require(fixture.server.processID)
        kill(child, SIGSTOP)
        try await Task.sleep(for: .seconds(2))
        kill(child, SIGCONT)
        producer.join()
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 6000 })
        #expect(try await PublishFixture.wait { fixture.publisher.cut(.core).inFlight == 0 })
        #expect(try fixture.stored("MARKET_DATA", subject: Self.tradeSubject) == 6000)
        let core = fixture.publisher.cut(.core)
        try await Task.sleep(for: .milliseconds(300))
        let received = await Self.numbers(subscriber, "md.bbo.binance.spot.BTC-USDT")
        #expect(received == received.sorted() && Set(received).count == received.count)
        #expect(UInt64(received.count) >= core.confirmed)
        #expect(UInt64(received.count) <= core.confirmed + core.unconfirmed)
        _ = await fixture.finish()
    }

    @Test("A server that comes late is waited for; JetStream messages wait, core messages are given up")
    func absent() async throws {
        let fixture = try await PublishFixture(start: false)
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<1000)
        fixture.produce(.bbo, symbol: "BTC-USDT", numbers: 0..<1000)
        #expect(try await PublishFixture.wait { fixture.publisher.cut(.core).dropped == 1000 })
        #expect(fixture.queue.deliveryState == .down)
        #expect(fixture.queue.counts(of: .bbo)[.disconnected] == 1000)
        try await Task.sleep(for: .seconds(2))
        try await fixture.server.start()
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 1000 })
        #expect(fixture.publisher.snapshot().connectFailures > 2)
        #expect(fixture.queue.deliveryState == .up)
        _ = await fixture.finish()
    }

    @Test("With every acknowledgement lost, what the stream holds is found by reading it and not sent again")
    func lostAcknowledgements() async throws {
        let fixture = try await PublishFixture {
            $0.acknowledgementTimeout = .milliseconds(300)
            // Ids are forgotten at once.
            for index in $0.streams.indices { $0.streams[index].dedupeWindow = .milliseconds(100) }
        }
        #expect(try await fixture.waitUntilConnected())
        fixture.publisher.control.tamper { $0.removeAll() }
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<2000)
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 2000 })
        #expect(fixture.publisher.snapshot().problems[.late] > 0)
        #expect(fixture.publisher.snapshot().acknowledged == 0)
        #expect(try await PublishFixture.wait { fixture.publisher.snapshot().alreadyStored >= 2000 })
        #expect(fixture.events.problems.contains(.acknowledgementsLate))
        #expect(try fixture.stored("MARKET_DATA", subject: Self.tradeSubject) == 2000)
        _ = await fixture.finish()
    }

    @Test("Without a stream messages stay queued, the subject is named, and they go when the stream is there")
    func noStream() async throws {
        let fixture = try await PublishFixture { $0.streams = [] }
        #expect(try await fixture.waitUntilConnected())
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<100)
        #expect(try await PublishFixture.wait { !fixture.events.problems.isEmpty })
        #expect(fixture.events.problems.first == .noStream(subject: Self.tradeSubject))
        #expect(fixture.queue.log.cut().confirmed == 0)
        let connection = try NATSConnection(
            NATSConnectionOptions(addresses: [fixture.server.url]),
            signals: ConnectionSignals(waker: PublisherWaker()), pendingAnswers: 10)
        _ = try StreamSetup(connection).ensure(
            StreamSpecification(name: "LATE", subjects: ["md.trade.>"]), adopt: false)
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 100 })
        #expect(try await PublishFixture.wait { fixture.publisher.snapshot().streamProblem == nil })
        _ = await fixture.finish()
    }

    @Test("A server without JetStream gets everything in core mode, and says so", .timeLimit(.minutes(1)))
    func withoutJetStream() async throws {
        let fixture = try await PublishFixture(jetStream: false)
        #expect(try await fixture.waitUntilConnected())
        let subscriber = try fixture.subscribe()
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<1000)
        #expect(try await PublishFixture.wait { fixture.queue.log.cut().confirmed == 1000 })
        #expect(!fixture.publisher.snapshot().hasJetStream)
        try await Task.sleep(for: .milliseconds(200))
        #expect(await Self.numbers(subscriber, Self.tradeSubject) == Array(0..<1000))
        _ = await fixture.finish()
    }

    @Test("A message larger than the server or the stream takes is dropped and counted; the others go on")
    func tooLarge() async throws {
        let fixture = try await PublishFixture()
        #expect(try await fixture.waitUntilConnected())
        let payload = [UInt8](repeating: 0x61, count: 2 << 20)
        for type in [MessageType.trade, .bbo] {
            fixture.produce(type, symbol: "BTC-USDT", numbers: 0..<10)
            #expect(PublishLaneTests.put(fixture.queue.lane(for: type), payload: payload, type: type))
            fixture.produce(type, symbol: "BTC-USDT", numbers: 10..<20)
        }
        #expect(try await PublishFixture.wait { fixture.publisher.cut().confirmed == 40 })
        #expect(fixture.publisher.counts(of: .trade)[.tooLarge] == 1)
        #expect(fixture.publisher.counts(of: .bbo)[.tooLarge] == 1)
        let report = await fixture.finish()
        #expect(report.left == 0)
    }

    @Test("Draining hands over what was queued at once, and reports what a missing server left")
    func drain() async throws {
        let fixture = try await PublishFixture()
        #expect(try await fixture.waitUntilConnected())
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 0..<5000)
        fixture.produce(.bbo, symbol: "BTC-USDT", numbers: 0..<5000)
        let report = await fixture.finish()
        #expect(report.left == 0 && report.total.confirmed == 10_000)

        let lonely = try await PublishFixture(start: false)
        lonely.produce(.trade, symbol: "BTC-USDT", numbers: 0..<7)
        let begin = ContinuousClock.now
        let left = await lonely.finish(deadline: .milliseconds(300))
        #expect(left.total.queued == 7 && left.left == 7)
        #expect(ContinuousClock.now - begin < .seconds(3))
    }
}
