import Foundation
import Testing

@testable import Publishing

@Suite("Trades that the ledger waits for, on a real server", .serialized, .timeLimit(.minutes(2)))
struct AwaitedTradeTests {
    private static let place = GapSubject(venue: "binance", market: "spot", symbol: "BTC-USDT")
    private static let subject = PublisherSpoolTests.trade

    private static func tell(_ fixture: PublishFixture, _ ids: ClosedRange<UInt64>) async throws {
        let now = PublishClock.wall()
        fixture.ledger.record(
            GapLoss(
                Self.place, of: .messages(.trade), cause: .tradeJump, from: now, to: now,
                missing: ids.upperBound - ids.lowerBound + 1
            ).numbered(.tradeID, ids.lowerBound, ids.upperBound))
        #expect(try await PublishFixture.wait { fixture.ledger.holes().map(\.ids) == [[ids]] })
    }

    private static func fill(_ fixture: PublishFixture, _ ids: ClosedRange<Int>) {
        let lane = fixture.queue.lane(for: .trade)
        for id in ids { #expect(PublishFixture.put(lane, .trade, Self.subject, id, isAwaited: true)) }
    }

    @Test("They count as repaired when the stream has acknowledged them, not when they are sent")
    func acknowledged() async throws {
        let fixture = try await PublishFixture(repairs: true)
        #expect(try await fixture.waitUntilConnected())
        try await Self.tell(fixture, 10...14)
        fixture.publisher.control.tamper { $0.removeAll() }
        Self.fill(fixture, 10...12)
        #expect(try await PublishFixture.wait { (try? fixture.stored("MARKET_DATA", subject: Self.subject)) == 3 })
        try await Task.sleep(for: .milliseconds(300))
        #expect(fixture.ledger.counts.repaired == 0)
        fixture.publisher.control.tamper(nil)
        // What was not acknowledged is sent again, and the stream knows it.
        #expect(try await PublishFixture.wait(30) { fixture.ledger.holes().map(\.ids) == [[13...14]] })
        _ = await fixture.finish()
    }

    @Test("They count as repaired when the disk has them, whoever takes them later")
    func spooled() async throws {
        try await PublisherSpoolTests.withDirectory { directory in
            let fixture = try await PublishFixture(
                limits: PublisherSpoolTests.small, start: false, repairs: true
            ) {
                $0.spool = SpoolConfiguration(directory: directory, bytes: 64 << 20)
                $0.spillAfter = .milliseconds(100)
            }
            try await Self.tell(fixture, 10...14)
            Self.fill(fixture, 10...14)
            #expect(try await PublishFixture.wait { fixture.ledger.holes().isEmpty })
            #expect(fixture.publisher.cut(.log).spooled >= 5 && fixture.ledger.counts.repaired == 5)
            try await fixture.server.start()
            #expect(try await PublishFixture.wait(30) { fixture.publisher.cut(.log).spooled == 0 })
            _ = await fixture.finish()
        }
    }

    @Test("One that is given up is missing as before, and not lost a second time")
    func givenUp() async throws {
        let fixture = try await PublishFixture(
            limits: QueueLimits(bytes: 64 << 10, messages: 16), start: false, repairs: true)
        try await Self.tell(fixture, 10...14)
        Self.fill(fixture, 10...14)
        // Without a disk the oldest of a full lane go.
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 100..<120)
        #expect(try await PublishFixture.wait { fixture.publisher.counts(of: .trade)[.queueFull] >= 5 })
        #expect(fixture.ledger.holes().first { $0.first == 10 }?.ids == [10...14])
        #expect(fixture.ledger.counts.missing[GapCause.tradeJump.ordinal] == 5)
        try await fixture.server.start()
        #expect(try await PublishFixture.wait { fixture.publisher.cut(.log).queued == 0 })
        let lost = try await PublishFixture.wait { fixture.ledger.counts.waiting == 0 }
        #expect(lost && !fixture.ledger.holes().contains { $0.first != 10 && $0.ids.contains { $0.overlaps(10...14) } })
        _ = await fixture.finish()
    }

    @Test("The streams say which trades they hold since a time, whoever stored them")
    func held() async throws {
        let fixture = try await PublishFixture(repairs: true)
        #expect(try await fixture.waitUntilConnected())
        let before = PublishClock.wall() - 1_000_000
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 5..<9)
        fixture.produce(.trade, symbol: "BTC-USDT", numbers: 20..<22)
        fixture.produce(.trade, symbol: "ETH-USDT", numbers: 1..<3)
        #expect(try await PublishFixture.wait { fixture.publisher.cut(.log).confirmed == 8 })
        let stored = StoredTrades(
            NATSConnectionOptions(addresses: [fixture.server.url]), subjects: fixture.subjects)
        let other = GapSubject(venue: "okx", market: "spot", symbol: "BTC-USDT")
        let answers = await stored.held([
            .init(subject: Self.place, sinceMicroseconds: before), .init(subject: other, sinceMicroseconds: before),
            .init(subject: Self.place, sinceMicroseconds: PublishClock.wall() + 60_000_000),
        ])
        #expect(answers == [TradeRuns([5...8, 20...21]), TradeRuns(), TradeRuns()])
        await fixture.server.stop()
        #expect(await stored.held([.init(subject: Self.place, sinceMicroseconds: before)]) == [nil])
        _ = await fixture.finish(deadline: .seconds(1))
    }
}
