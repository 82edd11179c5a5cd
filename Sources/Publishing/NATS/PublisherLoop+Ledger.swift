/// What the publisher itself loses goes on the ledger, and the ledger goes out through a lane of its own.
extension PublisherLoop {
    /// Tells the ledger of a record that was given up or is not known to have arrived.
    func tellLost(_ record: QueueRecord, as outcome: PublishLane.Outcome) {
        guard let output = self.ledger?.output, let cause = GapCause(outcome), record.type != .gap else { return }
        let subject = output.subjects.gapSubject(
            of: UnsafeRawBufferPointer(start: record.subject, count: record.subjectLength))
        let time = record.receivedMicroseconds > 0 ? record.receivedMicroseconds : record.enqueuedMicroseconds
        var loss = GapLoss(subject, of: .messages(record.type), cause: cause, from: time, to: time, missing: 1)
        if record.type == .trade, let id = Self.number(record.id) {
            loss = loss.numbered(.tradeID, id, id)
        } else if let number = Self.messageNumber(record.payload) {
            loss = loss.numbered(.number, number, number)
        }
        output.ledger.record(loss)
    }

    /// Queues the ledger's entries that are due, noted on disk before; true when there were any.
    func writeLedger(_ now: Int64, isLast: Bool = false) -> Bool {
        guard self.ledger?.write(at: now, isLast: isLast) == true else { return false }
        _ = self.keepLosses()
        return true
    }

    /// Keeps on disk what is known to be lost and not safely told; false when the disk does not take it.
    func keepLosses() -> Bool {
        guard let ledger = self.ledger, let store = self.spooling?.store else { return true }
        let entries = ledger.output.ledger.unsafeTrades(
            releasedBelow: ledger.lane.releasedCount, isReconciled: self.resuming.isReconciled
        ) { loss in
            let subject = ledger.output.subjects.subject(
                .trade, venue: loss.subject.venue, market: loss.subject.market, symbol: loss.subject.symbol)
            return store.marks.kept(TradeMarks.key(of: subject.utf8)).map { $0 >= loss.last } ?? true
        }
        return store.journal.write(entries)
    }

    /// Keeps in mind how far the trades of a subject have come to safety.
    func remember(_ record: QueueRecord) {
        guard let marks = self.spooling?.store.marks, record.type == .trade, let id = Self.number(record.id) else {
            return
        }
        let subject = UnsafeRawBufferPointer(start: record.subject, count: record.subjectLength)
        marks.set(TradeMarks.key(of: subject), id: id, microseconds: record.enqueuedMicroseconds)
    }

    /// The number that `text` is, if it is one.
    static func number(_ text: UnsafeRawBufferPointer) -> UInt64? {
        guard !text.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// The envelope's `n`, which stands behind the part that is the same for all messages of a subject.
    private static func messageNumber(_ payload: UnsafeRawBufferPointer) -> UInt64? {
        let key: [UInt8] = Array(",\"n\":".utf8)
        guard payload.count > key.count else { return nil }
        for start in 0..<min(payload.count - key.count, 1024)
        where payload[start..<start + key.count].elementsEqual(key) {
            let digits = payload[(start + key.count)...].prefix { $0 >= 0x30 && $0 <= 0x39 }
            return self.number(UnsafeRawBufferPointer(rebasing: digits))
        }
        return nil
    }
}

extension GapCause {
    /// The cause of what became of a record; nil when it was not lost.
    init?(_ outcome: PublishLane.Outcome) {
        switch outcome {
        case .confirmed, .spooled: return nil
        case .unconfirmed: self = .unconfirmed
        case .dropped(let reason): self.init(reason)
        }
    }

    package init(_ reason: DropReason) {
        switch reason {
        case .queueFull: self = .queueFull
        case .disconnected: self = .disconnected
        case .tooLarge: self = .tooLarge
        case .encoding: self = .encoding
        case .refused: self = .refused
        case .spoolFull: self = .spoolFull
        case .spoolExpired: self = .spoolExpired
        case .spoolCorrupt: self = .spoolCorrupt
        }
    }
}
