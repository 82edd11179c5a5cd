/// What the publisher keeps on disk, with the lanes that belong to it; used on the publisher's thread.
final class PublisherStore {
    let spool: Spool
    let marks: TradeMarks
    let journal: LedgerJournal
    /// The spool's oldest records on their way to the server: filled and emptied by the publisher.
    let replay: PublishLane
    /// The accounts of what an earlier process left in the spool; nothing is ever queued in it.
    let recovered: PublishLane

    init(spool: Spool, marks: TradeMarks, journal: LedgerJournal, limits: QueueLimits, waker: PublisherWaker) {
        self.spool = spool
        self.marks = marks
        self.journal = journal
        self.replay = PublishLane(kind: .log, limits: limits, waker: waker)
        self.recovered = PublishLane(kind: .log, limits: QueueLimits(bytes: 0, messages: 0), waker: waker)
        for type in MessageType.allCases {
            for _ in 0..<spool.recovery.recordsByType[Int(type.rawValue)] { self.recovered.foundInSpool(type) }
        }
    }
}

extension PublisherStore {
    /// Tells the ledger what an earlier process brought to safety besides what its mark says, and what it passed over
    /// between; from here on the mark says it.
    func reconcile(_ subject: [UInt8], holding runs: TradeRuns, with output: LedgerOutput) {
        let place = subject.withUnsafeBytes { output.subjects.gapSubject(of: $0) }
        output.ledger.holds(place, trades: runs)
        let key = TradeMarks.key(of: subject)
        guard let last = runs.last else { return }
        let now = PublishClock.wall()
        if let mark = self.marks.last(of: key), mark.id < last {
            let loss = GapLoss(
                place, of: .messages(.trade), cause: .restart, from: mark.microseconds, to: now,
                missing: last - mark.id)
            output.ledger.record(loss.numbered(.tradeID, mark.id + 1, last))
        }
        self.marks.set(key, id: last, microseconds: now)
    }
}

/// What the publisher knows of its spool from round to round.
struct Spooling {
    /// The place of records that an earlier process wrote, instead of a lane's.
    static let recoveredOrigin = UInt8.max

    let store: PublisherStore
    /// The place of the replay lane among the drivers.
    let replay: Int
    /// When the spool was last looked through for what is too old, µs.
    var expiredAt: Int64 = 0
    /// Unreadable records of which the accounts know.
    var lostSettled: UInt64 = 0
    /// Whether the disk took everything when it was last looked at.
    var works = true
}
