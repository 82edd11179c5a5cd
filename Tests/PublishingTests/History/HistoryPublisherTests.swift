import Foundation
import Glibc
import MarketModel
import TestSupport
import Testing

@testable import Publishing

@Suite("Publishing the past", .serialized)
struct HistoryPublisherTests {
    @Test("Rows become messages of the live schema under subjects of their own, numbered, marked and acknowledged")
    func messages() async throws {
        let rig = try await HistoryRig()
        let publisher = rig.makePublisher()
        let publication = try await rig.open(publisher)
        try await rig.write(1...5_000, to: publication)
        let counts = try await publication.finish()
        let stored = try rig.messages()
        #expect(counts.published == 5_000 && counts.skipped == 0)
        #expect(counts.bytes == stored.reduce(0) { $0 + UInt64($1.payload.count) })
        #expect(try rig.ids() == Array(1...5_000))
        let message = try #require(stored.dropFirst(41).first)
        #expect(message.subject == HistoryRig.history && message.messageID == HistoryRig.history + ":42")
        let body = try #require(
            try JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any])
        #expect(body["type"] as? String == "trade" && body["backfilled"] as? Bool == true)
        #expect(body["n"] as? Int == 42 && body["received_us"] as? Int == 77 && body["boot"] as? String == "b1")
        // Another stretch of the subject counts on.
        let further = try await rig.open(publisher)
        try await rig.write(5_001...5_001, to: further)
        #expect(try await further.finish().published == 1)
        #expect(String(decoding: try #require(try rig.messages().last).payload, as: UTF8.self).contains("\"n\":5001,"))
        await publisher.close()
        await rig.server.stop()
    }

    @Test("Every kind has an id that says its place in its series, not its numbers")
    func identities() throws {
        let cases: [(MarketEvent?, HistoryIdentity, String)] = [
            (
                Self.sample { if case .kline = $0 { true } else { false } }, .init(type: .kline, interval: .minute1),
                "1m:1700000000000000:closed"
            ),
            (
                Self.sample { if case .fundingRate = $0 { true } else { false } },
                .init(type: .fundingRate, interval: nil), "1700006400000000"
            ),
            (
                Self.sample { if case .openInterest = $0 { true } else { false } },
                .init(type: .openInterest, interval: .minute5), "5m:1700000000000000"
            ),
            (
                Self.sample { if case .longShortRatio = $0 { true } else { false } },
                .init(type: .lsrTopPosition, interval: .minute5), "5m:1700000000000000"
            ),
            (
                Self.sample { if case .markPrice = $0 { true } else { false } },
                .init(type: .markPrice, interval: .hour1), "1h:1700000000000000"
            ),
            (
                Self.sample { if case .volatilityIndex = $0 { true } else { false } },
                .init(type: .volatilityIndex, interval: .minute1), "1m:1700000000000000"
            ),
        ]
        let quote: (MarketEvent?, HistoryIdentity, String) = (
            .bestBidOffer(
                BestBidOffer(
                    instrument: InstrumentID(0), bid: Level(price: 1, size: 2), ask: Level(price: 3, size: 4),
                    sequence: 3_831_603_310_013, eventTime: Timestamp(milliseconds: 5), sentTime: .none,
                    receivedMicroseconds: 5)), .init(type: .bbo, interval: nil), "3831603310013"
        )
        for (event, identity, wanted) in cases + [quote] {
            let event = try #require(event)
            let place = try #require(HistoryIdentity.place(of: event))
            var memory = [UInt8](repeating: 0, count: 400)
            let count = memory.withUnsafeMutableBytes { bytes in
                var writer = ByteWriter(bytes)
                writer.historyID(of: event, identity, at: place, id: UnsafeRawBufferPointer(start: nil, count: 0))
                return writer.count
            }
            #expect(String(decoding: memory[..<count], as: UTF8.self) == wanted)
            #expect(memory[..<count].withUnsafeBytes { identity.place(ofHistory: $0) } == place)
        }
    }

    private static func sample(_ isWanted: (MarketEvent) -> Bool) -> MarketEvent? {
        MarketSamples.full.first(where: isWanted)
    }

    @Test("What live collection stored is not published again, and the live stream keeps what it had")
    func live() async throws {
        let rig = try await HistoryRig()
        let live = Array(101...400) + Array(600...699) + [900] as [UInt64]
        try await rig.storeLive(live)
        let before = try rig.messages("MARKET_DATA")
        let publisher = rig.makePublisher()
        let publication = try await rig.open(publisher)
        try await rig.write(1...1_000, to: publication)
        let counts = try await publication.finish()
        #expect(counts.published == 599 && counts.skipped == 401)
        let ids = try rig.ids()
        #expect(ids.count == 599 && Set(ids) == Set(1...1_000).subtracting(live))
        #expect(try rig.messages("MARKET_DATA") == before)
        await publisher.close()
        await rig.server.stop()
    }

    @Test("A stretch that was begun before is not published again, however long ago that was")
    func again() async throws {
        let rig = try await HistoryRig()
        let begun = PublishClock.wall()
        let first = rig.makePublisher()
        let half = try await rig.open(first)
        try await rig.write(1...1_500, to: half)
        _ = try await half.finish()
        await first.close()
        try await rig.waitForQuiet()
        let second = rig.makePublisher(boot: "b2")
        let whole = try await rig.open(second, begun: begun)
        try await rig.write(1...3_000, to: whole)
        let counts = try await whole.finish()
        #expect(counts.published == 1_500 && counts.skipped == 1_500)
        #expect(try rig.ids() == Array(1...3_000))
        await second.close()
        await rig.server.stop()
    }

    @Test("Publishers that end at any point leave each row once, in the end", arguments: [3, 11] as [UInt64])
    func killed(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let rig = try await HistoryRig()
        let begun = PublishClock.wall()
        for round in 0..<8 {
            let publisher = rig.makePublisher(boot: "b\(round)")
            let publication = try await rig.open(publisher, begun: begun)
            // What is under way then has left the queue in part, and is acknowledged in part.
            try await rig.write(1...UInt64.random(in: 1...4_000, using: &random), to: publication)
            await publisher.close()
            try await rig.waitForQuiet()
        }
        let publisher = rig.makePublisher()
        let publication = try await rig.open(publisher, begun: begun)
        try await rig.write(1...4_000, to: publication)
        let counts = try await publication.finish()
        #expect(counts.published + counts.skipped == 4_000)
        let ids = try rig.ids()
        #expect(ids.count == 4_000 && Set(ids).count == 4_000)
        await publisher.close()
        await rig.server.stop()
    }

    @Test("A full stream refuses, keeps what it has, and takes the rest once it has room")
    func full() async throws {
        let rig = try await HistoryRig()
        let publisher = rig.makePublisher { $0.stream.maxBytes = 256 << 10 }
        let begun = PublishClock.wall()
        let publication = try await rig.open(publisher)
        let error = await #expect(throws: HistoryPublishError.self) {
            try await rig.write(1...5_000, to: publication)
            _ = try await publication.finish()
        }
        #expect(error?.kind == .unavailable && error?.description.contains("full") == true, "\(error as Any)")
        publication.abandon()
        let kept = try rig.ids()
        #expect(!kept.isEmpty && kept == Array(1...UInt64(kept.count)))
        await publisher.close()
        let wider = rig.makePublisher(boot: "b2") {
            $0.stream.maxBytes = 64 << 20
            $0.adoptsStreams = true
        }
        let rest = try await rig.open(wider, begun: begun)
        try await rig.write(1...5_000, to: rest)
        #expect(try await rest.finish().skipped == UInt64(kept.count))
        #expect(try rig.ids() == Array(1...5_000))
        await wider.close()
        await rig.server.stop()
    }

    @Test("A server without room for the stream is told by its words")
    func noStream() async throws {
        let rig = try await HistoryRig()
        let publisher = rig.makePublisher { $0.stream.maxBytes = 1 << 60 }
        let publication = try await rig.open(publisher)
        let error = await #expect(throws: HistoryPublishError.self) {
            try await rig.write(1...10, to: publication)
            _ = try await publication.finish()
        }
        let text = error?.description ?? ""
        #expect(text.contains("no stream owns") && text.contains("creating stream HISTORY"), "\(text)")
        await publisher.close()
        await rig.server.stop()
    }

    @Test("A server that is killed on the way and comes back stores each row once")
    func serverKilled() async throws {
        let rig = try await HistoryRig()
        let publisher = rig.makePublisher(dedupe: .seconds(120))
        let publication = try await rig.open(publisher)
        try await rig.write(1...10_000, to: publication)
        let child = try #require(rig.server.processID)
        kill(child, SIGKILL)
        try await rig.write(10_001...30_000, to: publication)
        let counts = try await publication.finish()
        #expect(counts.published == 30_000 && counts.skipped == 0)
        #expect(rig.server.restarts >= 1)
        let ids = try rig.ids()
        #expect(ids.count == 30_000 && Set(ids) == Set(1...30_000))
        await publisher.close()
        await rig.server.stop()
    }

    @Test("A server that stays away fails the piece, which is no lasting error")
    func serverAway() async throws {
        let rig = try await HistoryRig()
        let publisher = rig.makePublisher { $0.patience = .milliseconds(300) }
        let publication = try await rig.open(publisher)
        try await rig.write(1...10, to: publication)
        await rig.server.stop()
        let error = await #expect(throws: HistoryPublishError.self) {
            try await rig.write(11...20_000, to: publication)
            _ = try await publication.finish()
        }
        #expect(error?.kind == .unavailable)
        await #expect(throws: HistoryPublishError.self) { _ = try await rig.open(publisher) }
        await publisher.close()
    }

    @Test("Pieces side by side are each whole, and one that is abandoned does not hold the others up")
    func sideBySide() async throws {
        let rig = try await HistoryRig()
        let publisher = rig.makePublisher()
        let abandoned = try await rig.open(publisher)
        try await rig.write(1_000_001...1_000_500, to: abandoned)
        abandoned.abandon()
        let published = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for part in 0..<6 as Range<UInt64> {
                group.addTask {
                    let publication = try await rig.open(publisher)
                    try await rig.write(part * 2_000 + 1...part * 2_000 + 2_000, to: publication)
                    return try await publication.finish().published
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(published == 12_000)
        #expect(Set(try rig.ids().filter { $0 < 1_000_000 }) == Set(1...12_000))
        await publisher.close()
        await rig.server.stop()
    }

    @Test("The end of publishing ends the pieces that are under way, and begins none")
    func closed() async throws {
        let rig = try await HistoryRig()
        let publisher = rig.makePublisher()
        let publication = try await rig.open(publisher)
        try await rig.write(1...10, to: publication)
        await publisher.close()
        await #expect(throws: HistoryPublishError.self) { _ = try await publication.finish() }
        await #expect(throws: HistoryPublishError.self) { _ = try await rig.open(publisher) }
        await rig.server.stop()
    }

    @Test("A cancelled task stops waiting at once")
    func cancelled() async throws {
        let rig = try await HistoryRig()
        let publisher = rig.makePublisher()
        let publication = try await rig.open(publisher)
        await rig.server.stop()
        let task = Task {
            try await rig.write(1...20_000, to: publication)
            _ = try await publication.finish()
        }
        task.cancel()
        let result = await task.result
        #expect(throws: HistoryPublishError.self) { try result.get() }
        publication.abandon()
        await publisher.close()
    }

    @Test("The stream is made with a limit that refuses, and one that differs is told")
    func stream() {
        let stream = StreamSpecification.history(Subjects(prefix: "a.b"))
        #expect(stream.name == "HISTORY" && stream.subjects == ["a.b.history.>"] && stream.discard == .newest)
        #expect(StreamSpecification.history(Subjects(prefix: "")).subjects == ["history.>"])
        #expect(StreamSpecification.standard(Subjects()).allSatisfy { $0.discard == .oldest })
    }
}
