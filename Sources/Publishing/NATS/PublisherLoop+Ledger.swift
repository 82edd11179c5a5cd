/// What the publisher itself loses goes on the ledger, and the ledger goes out through a lane of its own.
extension PublisherLoop {
    /// Tells the ledger of a record that was given up or is not known to have arrived.
    func tellLost(_ record: QueueRecord, as outcome: PublishLane.Outcome) {
        guard let output = self.ledger?.output, let cause = GapCause(outcome), record.type != .gap else { return }
        let subject = output.subjects.gapSubject(
            of: UnsafeRawBufferPointer(start: record.subject, count: record.subjectLength))
        let time = record.receivedMicroseconds > 0 ? record.receivedMicroseconds : record.enqueuedMicroseconds
        var loss = GapLoss(subject, of: .messages(record.type), cause: cause, from: time, to: time, missing: 1)
        if record.type == .trade, let ids = TradeSpan.ids(record.id) {
            loss = loss.numbered(.tradeID, ids.lowerBound, ids.upperBound)
            loss.missing = ids.upperBound - ids.lowerBound &+ 1
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
        guard record.type == .trade, let ids = TradeSpan.ids(record.id) else { return }
        let subject = UnsafeRawBufferPointer(start: record.subject, count: record.subjectLength)
        if record.isAwaited { self.gather(ids, of: subject) }
        self.spooling?.store.marks.set(
            TradeMarks.key(of: subject), id: ids.upperBound, microseconds: record.enqueuedMicroseconds)
    }

    /// Notes trades that the ledger counts as missing: it is told of many at once.
    private func gather(_ ids: ClosedRange<UInt64>, of subject: UnsafeRawBufferPointer) {
        let key = Array(subject)
        self.found[key, default: TradeRuns()].insert(ids)
        if (self.found[key]?.runs.count ?? 0) >= TradeRuns.most / 2 { self.tellFound() }
    }

    /// Tells the ledger of trades that it counted as missing and that are safe now.
    func tellFound() {
        guard !self.found.isEmpty, let output = self.ledger?.output else { return }
        for (subject, runs) in self.found {
            output.ledger.found(subject.withUnsafeBytes { output.subjects.gapSubject(of: $0) }, trades: runs)
        }
        self.found.removeAll(keepingCapacity: true)
    }

    /// The envelope's `n`, which stands behind the part that is the same for all messages of a subject.
    private static func messageNumber(_ payload: UnsafeRawBufferPointer) -> UInt64? {
        let key: [UInt8] = Array(",\"n\":".utf8)
        guard payload.count > key.count else { return nil }
        for start in 0..<min(payload.count - key.count, 1024)
        where payload[start..<start + key.count].elementsEqual(key) {
            let digits = payload[(start + key.count)...].prefix { $0 >= 0x30 && $0 <= 0x39 }
            return TradeSpan.ids(UnsafeRawBufferPointer(rebasing: digits))?.lowerBound
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
