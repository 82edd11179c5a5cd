import MarketModel
import OrderBook

/// A keeper with one book, fed by hand.
final class BookFixture {
    var keeper: BookKeeper
    var batch = EventBatch()
    let id = InstrumentID(0)
    var now: Int64 = 1_000_000

    init(_ settings: BookSettings, books: Int = 1) {
        self.keeper = BookKeeper(settings: settings)
        for index in 0..<books { self.keeper.add(InstrumentID(index)) }
    }

    /// A book for each of `limits`, the levels a side of its snapshots.
    init(_ settings: BookSettings, limits: [Int]) {
        self.keeper = BookKeeper(settings: settings)
        for (index, limit) in limits.enumerated() {
            self.keeper.add(InstrumentID(index), snapshotLimit: limit)
        }
    }

    /// A linked book.
    init(_ settings: BookSettings, _ semantics: DepthSemantics) {
        self.keeper = BookKeeper(settings: settings)
        self.keeper.add(InstrumentID(0), rule: .linked, semantics: semantics)
    }

    func delta(
        _ before: UInt64, _ last: UInt64, bids: [Level] = [], asks: [Level] = [], on id: InstrumentID? = nil,
        checksum: BookChecksum = .none
    ) -> [MarketEvent] {
        self.take(.delta, before, last, bids, asks, id ?? self.id, checksum)
    }

    func reset(
        _ last: UInt64, bids: [Level], asks: [Level], checksum: BookChecksum = .none
    ) -> [MarketEvent] {
        self.take(.reset, 0, last, bids, asks, self.id, checksum)
    }

    func snapshot(_ last: UInt64, bids: [Level], asks: [Level], on id: InstrumentID? = nil) -> [MarketEvent] {
        self.take(.snapshot, 0, last, bids, asks, id ?? self.id)
    }

    /// Begins an audit whose answer holds so many levels a side.
    func beginAudit(limit: Int) -> Bool {
        self.keeper.beginAudit(self.id, limit: limit, at: self.now)
    }

    /// The venue's book that an audit asked for.
    func audit(_ last: UInt64, bids: [Level], asks: [Level]) -> [MarketEvent] {
        self.take(.audit, 0, last, bids, asks, self.id)
    }

    /// What became of audits since the last look.
    func audited() -> [BookAuditResult.Outcome] { self.keeper.takeAudits().map(\.outcome) }

    /// Tells the keeper that no snapshot came.
    func failed(_ purpose: SnapshotRequest.Purpose) -> [MarketEvent] {
        self.batch.removeAll()
        self.now += 10_000
        self.keeper.snapshotFailed(
            SnapshotRequest(instrument: self.id, purpose: purpose), at: self.now, &self.batch)
        return Array(self.batch.events)
    }

    /// Lets the keeper do what is due after `microseconds` of nothing.
    func pass(microseconds: Int64) -> [MarketEvent] {
        self.batch.removeAll()
        self.now += microseconds
        for index in 0..<self.keeper.count {
            self.keeper.publishDue(InstrumentID(index), at: self.now, &self.batch)
        }
        return Array(self.batch.events)
    }

    var state: BookState { self.keeper.withBook(self.id) { $0.state } }

    /// The venue's id of the book's last update, nil without a valid book.
    var last: UInt64? { self.keeper.withBook(self.id) { $0.synchronizer.last } }

    var needsSeed: Bool { self.last == nil }

    func levels(_ run: LevelBuffer.Run) -> [Level] {
        self.batch.levels.withLevels(run) { Array($0) }
    }

    private func take(
        _ kind: DepthUpdate.Kind, _ before: UInt64, _ last: UInt64, _ bids: [Level], _ asks: [Level],
        _ id: InstrumentID, _ checksum: BookChecksum = .none
    ) -> [MarketEvent] {
        self.batch.removeAll()
        self.now += 10_000
        let bidStart = self.batch.levels.count
        for level in bids { _ = self.batch.levels.append(level) }
        let askStart = self.batch.levels.count
        for level in asks { _ = self.batch.levels.append(level) }
        let update = DepthUpdate(
            instrument: id, kind: kind, before: before, last: last, eventTime: Timestamp(microseconds: self.now),
            sentTime: .none, receivedMicroseconds: self.now,
            bids: LevelBuffer.Run(start: Int32(bidStart), count: Int32(bids.count)),
            asks: LevelBuffer.Run(start: Int32(askStart), count: Int32(asks.count)), checksum: checksum)
        self.keeper.take(update, &self.batch)
        return Array(self.batch.events)
    }

    /// The best levels of the kept book.
    func top(_ depth: Int) -> (bids: [Level], asks: [Level]) {
        self.keeper.withBook(self.id) { book in
            (
                (0..<min(depth, book.bids.count)).map { book.bids.level(atRank: $0) },
                (0..<min(depth, book.asks.count)).map { book.asks.level(atRank: $0) }
            )
        }
    }
}
