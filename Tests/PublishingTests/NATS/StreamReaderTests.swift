import CNATS
import Glibc
import Synchronization
import Testing

@testable import Publishing

@Suite("Reading a stream, on a real server", .serialized)
struct StreamReaderTests {
    private static func soon(_ seconds: Int = 30) -> ContinuousClock.Instant { .now + .seconds(seconds) }

    @Test("Ids of fifty thousand messages come in order, headers only, those deleted in the middle left out")
    func inOrder() async throws {
        let rig = try await StreamRig()
        try await rig.fill(1...50_000, symbols: ["A", "B", "C"])
        try rig.delete(20_001...20_200)
        let reader = try StreamReader(rig.connection)
        var sequences: [UInt64] = []
        var wrong = 0
        let began = ContinuousClock.now
        let outcome = try reader.read(
            StreamReader.Request("S", from: .sequence(101), headersOnly: true, deadline: Self.soon())
        ) { message in
            sequences.append(message.streamSequence)
            let subject = "md.trade.binance.spot." + ["A", "B", "C"][Int(message.streamSequence) % 3]
            if !message.subject.elementsEqual(subject.utf8) { wrong += 1 }
            if !message.messageID.elementsEqual("\(subject):\(message.streamSequence)".utf8) { wrong += 1 }
            if !message.payload.isEmpty || message.timestampMicroseconds < 1_600_000_000_000_000 { wrong += 1 }
            return true
        }
        print("50,000 ids checked in \(ContinuousClock.now - began)")
        #expect(sequences == Array(101...20_000) + Array(20_201...50_000) && wrong == 0)
        #expect(outcome == .finished(messages: 49_700, through: 50_000))
        let isAlone = try await PublishFixture.wait { (try? rig.consumers()) == 0 }
        #expect(isAlone, "the consumer was left behind")
        await rig.server.stop()
    }

    @Test("The end is what it was at the beginning, however much is added meanwhile")
    func endIsFixed() async throws {
        let rig = try await StreamRig()
        try await rig.fill(1...3_000)
        let reader = try StreamReader(rig.connection)
        let writer = try StreamRig.connect(rig.server)
        var seen: UInt64 = 0
        let outcome = try reader.read(StreamReader.Request("S", from: .first, deadline: Self.soon())) { message in
            seen += 1
            return natsConnection_PublishString(writer.handle, "md.trade.binance.spot.A", "more") == NATS_OK
        }
        #expect(outcome == .finished(messages: 3_000, through: 3_000) && seen == 3_000)
        // A last message that is gone does not come, and the next one is past the end.
        try check(natsConnection_FlushTimeout(writer.handle, 5_000), "flush")
        let isStored = try await PublishFixture.wait { (try? reader.lastSequence(of: "S")) == .some(6_000) }
        try #require(isStored)
        let last: UInt64 = 6_000
        try rig.delete(last...last)
        let tail = StreamReader.Request("S", from: .sequence(last - 9), deadline: Self.soon())
        let rest = try reader.read(tail) { _ in
            natsConnection_PublishString(writer.handle, "md.trade.binance.spot.A", "more") == NATS_OK
                && natsConnection_FlushTimeout(writer.handle, 5_000) == NATS_OK
        }
        #expect(rest == .finished(messages: 9, through: last))
        await rig.server.stop()
    }

    @Test("Readings that end while messages come, over and over, leave nothing behind that is still in use")
    func endedInTheMiddle() async throws {
        let rig = try await StreamRig()
        try await rig.fill(1...4_000)
        let reader = try StreamReader(rig.connection)
        let request = StreamReader.Request("S", from: .first, headersOnly: true, deadline: Self.soon(60))
        for number in 1...300 {
            var seen = 0
            let outcome = try reader.read(request) { _ in
                seen += 1
                return seen < number
            }
            #expect(outcome == .stopped(messages: UInt64(number), through: UInt64(number)))
        }
        let isAlone = try await PublishFixture.wait { (try? rig.consumers()) == 0 }
        #expect(isAlone, "consumers were left behind")
        await rig.server.stop()
    }

    @Test("A stream that is emptied in the middle ends with what came, one that is deleted with an error")
    func emptied() async throws {
        let rig = try await StreamRig()
        try await rig.fill(1...20_000)
        let reader = try StreamReader(StreamRig.connect(rig.server))
        let request = StreamReader.Request("S", from: .first, headersOnly: true, deadline: Self.soon(10))
        var seen: UInt64 = 0
        let outcome = try reader.read(request) { _ in
            seen += 1
            return seen != 10 || rig.purge()
        }
        #expect(outcome == .finished(messages: seen, through: 20_000) && seen >= 10 && seen < 20_000)
        try await rig.fill(20_001...40_000)
        seen = 0
        #expect(throws: NATSError.self) {
            _ = try reader.read(request) { _ in
                seen += 1
                return seen != 10 || rig.drop()
            }
        }
        #expect(seen >= 10 && seen < 20_000)
        await rig.server.stop()
    }

    @Test("A filter, a start in time, payloads, and a receiver that has enough")
    func choices() async throws {
        let rig = try await StreamRig()
        try await rig.fill(1...1_000, symbols: ["A", "B"])
        let reader = try StreamReader(rig.connection)
        var request = StreamReader.Request("S", from: .first, filter: "md.trade.*.*.B", deadline: Self.soon())
        var messages: [StoredMessage] = []
        var outcome = try reader.read(request) {
            messages.append(StoredMessage($0))
            return true
        }
        // The stream's last message is one of A: the end is known from what is pending, not from a sequence.
        #expect(outcome == .finished(messages: 500, through: 1_000))
        #expect(messages.map(\.streamSequence) == Array(stride(from: 1, through: 999, by: 2)))
        #expect(messages[0].payload.starts(with: "1 ".utf8) && messages[0].payload.count == 300)
        #expect(messages[0].messageID == "md.trade.binance.spot.B:1")

        request.start = .time(microseconds: messages[249].timestampMicroseconds + 1)
        var later: [StoredMessage] = []
        // The server does not always find a time at once in what it has just stored.
        _ = try await PublishFixture.wait {
            later = []
            outcome =
                (try? reader.read(request) {
                    later.append(StoredMessage($0))
                    return later.count < 5
                }) ?? .streamMissing
            return !later.isEmpty
        }
        try #require(later.count == 5, "\(outcome)")
        #expect(later == Array(messages.filter { later[0] == $0 || later[0] < $0 }.prefix(5)))
        #expect(later[0].timestampMicroseconds > messages[249].timestampMicroseconds)
        #expect(outcome == .stopped(messages: 5, through: later[4].streamSequence))

        #expect(try reader.lastTime(of: "S", subject: "md.trade.binance.spot.B") == messages[499].timestampMicroseconds)
        #expect(try reader.lastTime(of: "S", subject: "md.trade.binance.spot.C") == nil)
        #expect(try reader.lastTime(of: "NONE", subject: "md.trade.binance.spot.B") == nil)

        request.filter = "md.trade.*.*.C"
        outcome = try reader.read(request) { _ in false }
        #expect(outcome == .finished(messages: 0, through: 1_000))
        request.start = .time(microseconds: .max)
        outcome = try reader.read(request) { _ in false }
        #expect(outcome == .finished(messages: 0, through: 1_000))
        request.start = .sequence(1_001)
        outcome = try reader.read(request) { _ in false }
        #expect(outcome == .finished(messages: 0, through: 1_000))
        await rig.server.stop()
    }

    @Test("An empty stream has nothing, a missing one says so, and one without messages keeps its count")
    func nothing() async throws {
        let rig = try await StreamRig()
        let reader = try StreamReader(rig.connection)
        let here = StreamReader.Request("S", from: .first, headersOnly: true, deadline: Self.soon())
        let gone = StreamReader.Request("T", from: .sequence(5), deadline: Self.soon())
        #expect(try reader.lastSequence(of: "S") == 0)
        #expect(try reader.lastSequence(of: "T") == nil)
        #expect(try reader.read(here) { _ in true } == .finished(messages: 0, through: 0))
        #expect(try reader.read(gone) { _ in true } == .streamMissing)
        try await rig.fill(1...10)
        try rig.delete(1...10)
        #expect(try reader.lastSequence(of: "S") == 10)
        #expect(try reader.read(here) { _ in true } == .finished(messages: 0, through: 10))
        await rig.server.stop()
    }

    @Test("A thread of its own reads over a connection on which another goes on publishing")
    func shared() async throws {
        let rig = try await StreamRig()
        try await rig.fill(1...20_000)
        let connection = rig.connection
        let result = Mutex<StreamReader.Outcome?>(nil)
        let isOver = Flag()
        let ids = Atomic<Int>(0)
        let thread = try #require(
            NativeThread(name: "reader") {
                let request = StreamReader.Request("S", from: .sequence(1), headersOnly: true, deadline: Self.soon())
                let outcome = try? StreamReader(connection).read(request) { message in
                    ids.add(message.messageID.isEmpty ? 0 : 1, ordering: .relaxed)
                    return true
                }
                result.withLock { $0 = outcome }
                isOver.raise()
            })
        var published = 0
        while !isOver.isRaised, natsConnection_PublishString(connection.handle, "elsewhere", "x") == NATS_OK {
            published += 1
        }
        thread.join()
        #expect(result.withLock { $0 } == .finished(messages: 20_000, through: 20_000) && published > 0)
        #expect(ids.load(ordering: .relaxed) == 20_000)
        await rig.server.stop()
    }

    @Test("A server that dies, or stalls, in the middle ends the reading with an error, at the deadline at the latest")
    func lost() async throws {
        let rig = try await StreamRig()
        try await rig.fill(1...20_000)
        for signal in [SIGSTOP, SIGKILL] {
            let child = try #require(rig.server.processID)
            let reader = try StreamReader(StreamRig.connect(rig.server))
            let request = StreamReader.Request("S", from: .first, headersOnly: true, deadline: .now + .seconds(2))
            var seen = 0
            let began = ContinuousClock.now
            let error = #expect(throws: NATSError.self) {
                _ = try reader.read(request) { _ in
                    seen += 1
                    if seen == 3_000 { kill(child, signal) }
                    return true
                }
            }
            let took = ContinuousClock.now - began
            kill(child, SIGCONT)
            #expect(error?.kind == .unreachable, "\(String(describing: error))")
            #expect(seen >= 3_000 && seen < 20_000 && took < .seconds(3), "\(seen) \(took)")
        }
        await rig.server.stop()
    }

    @Test("The reply subject of a delivery is read in both of its forms, and nothing else is")
    func places() {
        let short = DeliveryPlace("$JS.ACK.S.c1.1.25.7.1723111200123456789.3")
        #expect(short?.streamSequence == 25 && short?.consumerSequence == 7 && short?.pending == 3)
        #expect(short?.timestampNanoseconds == 1_723_111_200_123_456_789)
        #expect(DeliveryPlace("$JS.ACK.hub.hash.S.c1.1.25.7.1723111200123456789.3.x9") == short)
        for text in ["", "$JS.ACK.", "$JS.ACK.S.c1.1.25.7.3", "_INBOX.a.b.c.d.e.f.g.h", "$JS.ACK.S.c1.1.25.x.1.3"] {
            #expect(DeliveryPlace(text) == nil, "\(text)")
        }
        #expect(DeliveryPlace(nil) == nil)
    }
}

extension StoredMessage {
    fileprivate static func < (left: StoredMessage, right: StoredMessage) -> Bool {
        left.streamSequence < right.streamSequence
    }
}
