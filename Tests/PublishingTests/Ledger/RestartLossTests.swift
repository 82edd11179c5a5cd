import Testing

@testable import Publishing

@Suite("Losses of restarts on the ledger")
struct RestartLossTests {
    private static let subject = GapSubject(
        venue: "binance", market: "spot", symbol: "BTC-USDT", venueSymbol: "BTCUSDT")
    /// As it is read from a message's subject.
    private static let place = GapSubject(venue: "binance", market: "spot", symbol: "BTC-USDT")

    private let ledger = GapLedger(instance: "i", boot: "b", clock: { 0 })

    private func lose(_ ids: ClosedRange<UInt64>, cause: GapCause = .restart) {
        let loss = GapLoss(
            Self.subject, of: .messages(.trade), cause: cause, from: 1, to: 2, missing: UInt64(ids.count))
        self.ledger.record(loss.numbered(.tradeID, ids.lowerBound, ids.upperBound))
    }

    /// What the entries given out by now say, the last of each id: ranges in order, and how many are still missing.
    private func told() -> [String] {
        self.ledger.takeDue(100, wall: 9, isLast: true).map { entry in
            "\(entry.range?.from ?? "-")-\(entry.range?.to ?? "-") \(entry.stillMissing ?? 0)"
        }.sorted()
    }

    private func kept(releasedBelow number: UInt64, isReconciled: Bool = true, isPassed: Bool = true) -> [LedgerEntry] {
        self.ledger.unsafeTrades(releasedBelow: number, isReconciled: isReconciled) { _ in isPassed }
    }

    @Test("Ids that a stream holds are no loss, whether the stream was read before or after")
    func heldIsNotLost() {
        self.ledger.holds(Self.place, trades: TradeRuns(11...12))
        self.lose(11...19)
        #expect(self.told() == ["13-19 7"])
        self.ledger.holds(Self.place, trades: TradeRuns(13...15))
        #expect(self.told() == ["16-19 4"])
    }

    @Test("A run in the middle makes two losses of one")
    func splits() {
        self.lose(11...19)
        self.ledger.holds(Self.place, trades: TradeRuns(14...15))
        #expect(self.told() == ["11-13 3", "16-19 4"])
        #expect(self.ledger.counts.repaired == 2)
    }

    @Test("A published loss that turns out to be none says so under its id")
    func publishedIsPutRight() {
        self.lose(11...19)
        let ids = self.ledger.takeDue(10, wall: 9, isLast: true).map(\.id)
        self.ledger.holds(Self.place, trades: TradeRuns(1...30))
        let later = self.ledger.takeDue(10, wall: 9, isLast: true)
        #expect(later.map(\.id) == ids)
        #expect(later.map(\.stillMissing) == [0])
    }

    @Test("What a venue left out is a loss although a stream holds what is around it")
    func otherCauses() {
        self.ledger.holds(Self.place, trades: TradeRuns(1...30))
        self.lose(11...12, cause: .tradeJump)
        #expect(self.told() == ["11-12 2"])
    }

    @Test("Ids that an earlier process told, or was about to tell, are told once")
    func toldOnce() {
        let loss = GapLoss(Self.subject, of: .messages(.trade), cause: .tradeJump, from: 1, to: 2, missing: 3)
        self.ledger.restore([LedgerEntry(kept: "i:a:7", loss.numbered(.tradeID, 14, 16), foundIDs: TradeRuns())])
        self.lose(11...19)
        self.lose(11...25)
        let entries = self.ledger.takeDue(10, wall: 9, isLast: true)
        #expect(entries.contains { $0.id == "i:a:7" && $0.range?.from == "14" && $0.range?.to == "16" })
        let ranges = entries.map { "\($0.range?.from ?? "")-\($0.range?.to ?? "")" }
        #expect(Set(ranges) == ["11-13", "14-16", "17-25"])
    }

    @Test("An entry is kept for the next process until its message is safe, it is sure, and the mark is past it")
    func keptUntilSafe() {
        self.lose(11...19)
        #expect(self.kept(releasedBelow: 0).count == 1)
        _ = self.told()
        self.ledger.queued(below: 5)
        #expect(self.kept(releasedBelow: 4).count == 1)
        #expect(self.kept(releasedBelow: 5, isReconciled: false).count == 1)
        #expect(self.kept(releasedBelow: 5, isPassed: false).count == 1)
        #expect(self.kept(releasedBelow: 5).isEmpty)
    }

    @Test("What is kept of an entry is its last word")
    func lastWordIsKept() {
        self.lose(11...19)
        _ = self.told()
        self.ledger.queued(below: 5)
        self.ledger.holds(Self.place, trades: TradeRuns(14...19))
        _ = self.told()
        self.ledger.queued(below: 6)
        // The mark is past what is left of it, and not past what it said at first.
        let kept = self.ledger.unsafeTrades(releasedBelow: 6, isReconciled: true) { $0.last <= 13 }
        #expect(kept.isEmpty)
    }

    @Test("Trades that come late are taken off either end of a loss")
    func lateTrades() {
        self.lose(11...19)
        self.ledger.found(Self.subject, trades: 19...19)
        self.ledger.found(Self.subject, trades: 11...12)
        #expect(self.told() == ["13-18 6"])
        self.ledger.found(Self.subject, trades: 15...15)
        #expect(self.told() == ["13-18 5"])
    }
}
