import CNATS

/// Hands records to the library, with reply subject and id put together in memory that is used again.
struct PublishWriter {
    private var reply: [CChar] = []
    private var replyPrefix = 0
    private var id: [CChar] = []

    /// Answers will come back below `inbox`.
    mutating func use(inbox: String) {
        self.reply = inbox.utf8.map { CChar(bitPattern: $0) }
        self.replyPrefix = self.reply.count
    }

    /// A subject from outside that would break the protocol; ours are built of safe tokens.
    static func isPublishable(_ record: QueueRecord) -> Bool {
        guard record.subjectLength > 0 else { return false }
        return UnsafeBufferPointer(start: record.subject, count: record.subjectLength)
            .allSatisfy { UInt8(bitPattern: $0) > 0x20 }
    }

    func publishCore(_ record: QueueRecord, on connection: NATSConnection) -> natsStatus {
        let payload = record.payload
        return natsConnection_Publish(
            connection.handle, record.subject, payload.baseAddress, Int32(clamping: payload.count))
    }

    /// Publishes with a reply to `a.<lane>.<sequence>` and the header `Nats-Msg-Id: <subject>:<id>`.
    mutating func publishAcknowledged(
        _ record: QueueRecord, lane: Int, on connection: NATSConnection
    ) -> natsStatus {
        self.setReply(kind: UInt8(ascii: "a"), lane: lane, number: record.sequence)
        let payload = record.payload
        guard record.idLength > 0 else {
            return natsConnection_PublishRequest(
                connection.handle, record.subject, self.reply, payload.baseAddress, Int32(clamping: payload.count))
        }
        var message: OpaquePointer?
        var status = natsMsg_Create(
            &message, record.subject, self.reply, payload.baseAddress?.assumingMemoryBound(to: CChar.self),
            Int32(clamping: payload.count))
        guard status == NATS_OK else { return status }
        defer { natsMsg_Destroy(message) }
        Self.makeID(of: record, in: &self.id)
        status = natsMsgHeader_Set(message, "Nats-Msg-Id", self.id)
        return status == NATS_OK ? natsConnection_PublishMsg(connection.handle, message) : status
    }

    /// Writes the id that a stream knows a record by, `<subject>:<id>`, with a NUL behind it.
    static func makeID(of record: QueueRecord, in text: inout [CChar]) {
        text.removeAll(keepingCapacity: true)
        text.append(contentsOf: UnsafeBufferPointer(start: record.subject, count: record.subjectLength))
        text.append(CChar(bitPattern: UInt8(ascii: ":")))
        for byte in record.id { text.append(CChar(bitPattern: byte > 0x20 ? byte : UInt8(ascii: "_"))) }
        text.append(0)
    }

    /// Publishes fence `number` to our own inbox.
    mutating func publishFence(_ number: UInt64, on connection: NATSConnection) -> natsStatus {
        self.setReply(kind: UInt8(ascii: "f"), lane: 0, number: number)
        return natsConnection_Publish(connection.handle, self.reply, nil, 0)
    }

    /// What came back, by the subject behind the inbox: `a.<lane>.<sequence>` or `f.0.<fence>`.
    static func answer(_ subject: UnsafePointer<CChar>, inboxLength: Int) -> (isFence: Bool, lane: Int, number: UInt64)?
    {
        var cursor = subject + inboxLength
        let kind = UInt8(bitPattern: cursor[0])
        guard kind == UInt8(ascii: "a") || kind == UInt8(ascii: "f"), UInt8(bitPattern: cursor[1]) == UInt8(ascii: ".")
        else { return nil }
        cursor += 2
        guard let lane = Self.number(&cursor), UInt8(bitPattern: cursor[0]) == UInt8(ascii: ".") else { return nil }
        cursor += 1
        guard let number = Self.number(&cursor), cursor[0] == 0, let index = Int(exactly: lane) else { return nil }
        return (kind == UInt8(ascii: "f"), index, number)
    }

    private static func number(_ cursor: inout UnsafePointer<CChar>) -> UInt64? {
        var value: UInt64 = 0
        var digits = 0
        while cursor[0] >= 0x30, cursor[0] <= 0x39, digits < 19 {
            value = value &* 10 &+ UInt64(cursor[0] - 0x30)
            digits += 1
            cursor += 1
        }
        return digits > 0 ? value : nil
    }

    private mutating func setReply(kind: UInt8, lane: Int, number: UInt64) {
        self.reply.removeSubrange(self.replyPrefix...)
        self.reply.append(CChar(bitPattern: kind))
        self.reply.append(CChar(bitPattern: UInt8(ascii: ".")))
        self.appendDigits(UInt64(lane))
        self.reply.append(CChar(bitPattern: UInt8(ascii: ".")))
        self.appendDigits(number)
        self.reply.append(0)
    }

    private mutating func appendDigits(_ number: UInt64) {
        let start = self.reply.count
        var rest = number
        repeat {
            self.reply.append(CChar(0x30 + rest % 10))
            rest /= 10
        } while rest > 0
        self.reply[start...].reverse()
    }
}
