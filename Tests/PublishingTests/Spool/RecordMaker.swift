import Testing

@testable import Publishing

/// Makes queue records as a loop does, one at a time.
final class RecordMaker {
    private let lane = PublishLane(
        kind: .log, limits: QueueLimits(bytes: 4 << 20, messages: 1 << 20), waker: PublisherWaker())

    /// Lends a record until the next one is made.
    func make(
        _ payload: [UInt8], subject: String = "md.trade.binance.spot.BTC-USDT", id: String = "id",
        type: MessageType = .trade, enqueued: Int64 = 11
    ) throws -> QueueRecord {
        self.lane.release(self.lane.inFlightCount, as: .confirmed)
        let body = Array(subject.utf8) + [0] + Array(id.utf8) + payload
        let room = try #require(self.lane.reserve(upTo: body.count))
        room.copyBytes(from: body)
        self.lane.commit(
            type: type, source: 3, subjectLength: subject.utf8.count, idLength: id.utf8.count,
            payloadLength: payload.count, enqueuedMicroseconds: enqueued, receivedMicroseconds: 7)
        let record = try #require(self.lane.nextUnsent())
        self.lane.markSent()
        return record
    }

    /// A record whose payload is a number and filling.
    func make(_ number: UInt64, bytes: Int = 100, type: MessageType = .trade) throws -> QueueRecord {
        try self.make(Self.payload(number, bytes: bytes), id: "\(number)", type: type)
    }

    static func payload(_ number: UInt64, bytes: Int) -> [UInt8] {
        let digits = Array("\(number) ".utf8)
        // One byte all over: whole arrays are quickly made and compared.
        return digits
            + [UInt8](repeating: UInt8(truncatingIfNeeded: number &* 31), count: max(0, bytes - digits.count))
    }

    /// The number of a record that `make` made; `nil` when any byte of it is not as it was made.
    static func number(_ record: QueueRecord) -> UInt64? {
        let payload = Array(record.payload)
        guard
            let number = UInt64(String(decoding: payload.prefix(20).prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)),
            payload == Self.payload(number, bytes: payload.count), Array(record.id) == Array("\(number)".utf8),
            String(cString: record.subject) == "md.trade.binance.spot.BTC-USDT", record.source == 3,
            record.receivedMicroseconds == 7, record.enqueuedMicroseconds == 11
        else { return nil }
        return number
    }
}

extension Spool {
    /// Writes the numbers as one record each, a batch of its own each.
    func put(
        _ numbers: some Sequence<UInt64>, _ maker: RecordMaker, bytes: Int = 100, type: MessageType = .trade,
        now: Int64 = 0
    )
        throws
    {
        for number in numbers {
            try #require(self.add(try maker.make(number, bytes: bytes, type: type), origin: UInt16(number & 0xFFF)))
            try #require(self.write(nowMicroseconds: now))
        }
    }

    /// Reads all that is left; nil stands for a record that is not as it was made.
    func readAll() -> [UInt64?] {
        var numbers: [UInt64?] = []
        while let spooled = self.nextUnread() {
            let number = RecordMaker.number(spooled.record)
            numbers.append(number.map { UInt16($0 & 0xFFF) == spooled.origin ? $0 : nil } ?? nil)
            self.markRead()
        }
        return numbers
    }
}
