import TestSupport
import Testing

@testable import Publishing

@Suite("A lane")
struct PublishLaneTests {
    private static func lane(bytes: Int = 64 << 10, messages: Int = 1 << 20) -> PublishLane {
        PublishLane(kind: .core, limits: QueueLimits(bytes: bytes, messages: messages), waker: PublisherWaker())
    }

    /// Queues one message; false when the lane is full.
    static func put(
        _ lane: PublishLane, subject: String = "md.trade.x", id: String = "", payload: [UInt8],
        type: MessageType = .trade, slack: Int = 0
    ) -> Bool {
        let body = Array(subject.utf8) + [0] + Array(id.utf8) + payload
        guard let room = lane.reserve(upTo: body.count + slack) else { return false }
        room.copyBytes(from: body)
        lane.commit(
            type: type, subjectLength: subject.utf8.count, idLength: id.utf8.count, payloadLength: payload.count,
            enqueuedMicroseconds: 11, receivedMicroseconds: 7)
        return true
    }

    @Test("A record comes out as it went in")
    func roundTrip() throws {
        let lane = Self.lane()
        #expect(Self.put(lane, subject: "md.bbo.binance", id: "42", payload: [1, 2, 3], type: .bbo, slack: 500))
        let record = try #require(lane.nextUnsent())
        #expect(String(cString: record.subject) == "md.bbo.binance")
        #expect(Array(record.id) == Array("42".utf8))
        #expect(Array(record.payload) == [1, 2, 3])
        #expect(record.type == .bbo)
        #expect(record.enqueuedMicroseconds == 11)
        #expect(record.receivedMicroseconds == 7)
        #expect(record.sequence == 0)
        lane.markSent()
        #expect(lane.nextUnsent() == nil)
        lane.release(1, as: .confirmed)
        #expect(lane.isEmpty)
    }

    @Test(
        "Order and content survive many wraps and restarts, with records of any size",
        arguments: [UInt64(1), 2, 3, 4, 5], [64 << 10, 256 << 10])
    func wraps(seed: UInt64, bytes: Int) throws {
        var random = SeededGenerator(seed: seed)
        let lane = Self.lane(bytes: bytes)
        var model: [(sequence: UInt64, payload: [UInt8])] = []
        var produced: UInt64 = 0
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                let size = Int.random(in: 0...(Bool.random(using: &random) ? 200 : 9000), using: &random)
                let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: produced), count: size)
                let before = lane.cut()
                if Self.put(lane, payload: payload, slack: Int.random(in: 0...64, using: &random)) {
                    model.append((produced, payload))
                    produced += 1
                } else {
                    #expect(before.bytes > 0, "an empty lane takes any record, seed \(seed)")
                }
            case 2, 3:
                if lane.nextUnsent() != nil { lane.markSent() }
            default:
                let count = UInt64.random(in: 0...lane.inFlightCount, using: &random)
                if count == 0, Bool.random(using: &random) {
                    lane.goBack()
                    continue
                }
                var seen: [(UInt64, [UInt8])] = []
                lane.release(count, as: .confirmed) { seen.append(($0.sequence, Array($0.payload))) }
                for (sequence, payload) in seen {
                    let expected = model.removeFirst()
                    #expect(expected.sequence == sequence && expected.payload == payload, "seed \(seed)")
                }
            }
            let cut = lane.cut()
            #expect(cut.isBalanced && cut.isConsistent, "seed \(seed): \(cut)")
            #expect(cut.bytes <= UInt64(lane.limits.bytes))
        }
        #expect(produced > 1000)
    }

    @Test("A lane whose publisher keeps up stays at the ring's start, whatever passes through it")
    func restart() throws {
        let lane = Self.lane(bytes: 8 << 20)
        let payload = [UInt8](repeating: 1, count: 900)
        let start = try #require(lane.reserve(upTo: 8)?.baseAddress)
        var farthest = 0
        for _ in 0..<20_000 {
            let room = try #require(lane.reserve(upTo: payload.count + 16)?.baseAddress)
            farthest = max(farthest, room - start)
            #expect(Self.put(lane, payload: payload))
            lane.markSent()
            lane.release(1, as: .confirmed)
        }
        #expect(farthest < 128 << 10)
    }

    @Test("After a restart the whole limit is free, and nothing is overwritten")
    func fullAfterRestart() throws {
        let lane = Self.lane(bytes: 1 << 20)
        let start = try #require(lane.reserve(upTo: 8)?.baseAddress)
        // The ninth ends shortly before a page does.
        let filler = [UInt8](repeating: 0xFF, count: 8100)
        for _ in 0..<9 {
            #expect(Self.put(lane, payload: filler))
            lane.markSent()
            lane.release(1, as: .confirmed)
        }
        #expect(lane.reserve(upTo: 984)?.baseAddress == start)
        #expect(lane.nextUnsent() == nil, "nothing was queued yet")
        // 40 + 11 + 973 is 1,024 bytes a record, and 1,024 of them fill the ring.
        var count = 0
        while Self.put(lane, payload: [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: 973)) { count += 1 }
        #expect(count == 1024)
        for number in 0..<count {
            let record = try #require(lane.nextUnsent())
            #expect(record.payload.first == UInt8(truncatingIfNeeded: number) && record.payload.count == 973)
            lane.markSent()
        }
        lane.goBack()
        #expect(lane.nextUnsent()?.sequence == 9, "going back finds the record after the restart")
        for _ in 0..<count { lane.markSent() }
        lane.release(UInt64(count), as: .confirmed)
        #expect(lane.isEmpty && lane.cut().isBalanced)
    }

    @Test("The limit in messages holds, and room returns only with the release")
    func messageLimit() {
        let lane = Self.lane(messages: 16)
        for _ in 0..<16 { #expect(Self.put(lane, payload: [0])) }
        #expect(!Self.put(lane, payload: [0]))
        #expect(!lane.hasRoom(for: 1))
        lane.markSent()
        #expect(!lane.hasRoom(for: 1), "sent is not confirmed")
        lane.release(1, as: .confirmed)
        #expect(Self.put(lane, payload: [0]))
    }

    @Test("The limit in bytes holds between powers of two")
    func byteLimit() {
        let lane = Self.lane(bytes: 100_000)
        var count = 0
        while Self.put(lane, payload: [UInt8](repeating: 0, count: 949)) { count += 1 }
        #expect(count == 100)
        #expect(lane.cut().bytes == 100_000)
    }

    @Test("Above the watermark a producer is told so, until enough was released")
    func watermark() {
        let lane = Self.lane(messages: 20)
        for _ in 0..<9 { #expect(Self.put(lane, payload: [0])) }
        #expect(!lane.isAboveWatermark)
        #expect(Self.put(lane, payload: [0]))
        #expect(lane.isAboveWatermark)
        lane.markSent()
        lane.release(1, as: .confirmed)
        #expect(!lane.isAboveWatermark)
    }

    @Test("A body past the largest is refused even by an empty lane")
    func tooLarge() {
        let lane = Self.lane()
        #expect(lane.reserve(upTo: lane.maximumBodyBytes + 1) == nil)
        #expect(lane.reserve(upTo: lane.maximumBodyBytes) != nil)
        #expect(lane.reserve(upTo: -1) == nil)
    }

    @Test("A subject or an id too long for its field is counted, not queued", arguments: [(70_000, 0), (1, 70_000)])
    func fieldTooLong(subject: Int, id: Int) {
        let lane = Self.lane(bytes: 1 << 20)
        #expect(lane.reserve(upTo: 80_000) != nil)
        lane.commit(
            type: .trade, subjectLength: subject, idLength: id, payloadLength: 0, enqueuedMicroseconds: 0,
            receivedMicroseconds: 0)
        #expect(lane.nextUnsent() == nil)
        #expect(lane.counts(of: .trade)[.tooLarge] == 1)
    }

    @Test("Every message is counted once, by type and by what became of it")
    func accounts() throws {
        let lane = Self.lane()
        for _ in 0..<6 { #expect(Self.put(lane, payload: [0])) }
        lane.countConflated(.bbo, count: 3)
        lane.countDropped(.trade, .queueFull)
        for _ in 0..<5 {
            if lane.sentCount == 1 { try #require(lane.nextUnsent()).verdict = .tooLarge }
            lane.markSent()
        }
        lane.release(3, as: .confirmed)
        lane.release(1, as: .unconfirmed)
        let cut = lane.cut()
        #expect(cut.produced == 10 && cut.conflated == 3 && cut.dropped == 2 && cut.confirmed == 2)
        #expect(cut.unconfirmed == 1 && cut.inFlight == 1 && cut.queued == 1)
        #expect(cut.isBalanced)
        let trades = lane.counts(of: .trade)
        #expect(trades.produced == 7 && trades[.tooLarge] == 1 && trades[.queueFull] == 1 && trades.confirmed == 2)
        #expect(lane.counts(of: .bbo).conflated == 3)
    }

    @Test("What went back is sent again, in order")
    func goBack() throws {
        let lane = Self.lane()
        for value in 0..<5 { #expect(Self.put(lane, payload: [UInt8(value)])) }
        for _ in 0..<4 { lane.markSent() }
        lane.release(1, as: .confirmed)
        lane.goBack()
        #expect(lane.inFlightCount == 0 && lane.cut().queued == 4)
        #expect(try #require(lane.nextUnsent()).payload[0] == 1)
    }
}
