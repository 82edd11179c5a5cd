import Testing

@testable import Publishing

@Suite("The journal of losses")
struct LedgerJournalTests {
    private static func entry(_ number: Int, venueSymbol: String? = "BTCUSDT") -> LedgerEntry {
        let subject = GapSubject(venue: "binance", market: "spot", symbol: "BTC-USDT", venueSymbol: venueSymbol)
        let loss = GapLoss(
            subject, of: .messages(.trade), cause: .spoolFull, from: 1, to: number == 2 ? nil : 7, missing: 5)
        return LedgerEntry(
            kept: "i:b:\(number)", loss.numbered(.tradeID, 11, 15), foundIDs: TradeRuns([11...11, 13...13]), toldAt: 4)
    }

    private static func told(_ entries: [LedgerEntry]) -> [GapEntry] {
        entries.map { entry in
            var entry = entry
            return entry.publish(wall: 3, mayClose: true)
        }
    }

    @Test("Entries come back as they were, also what they do not have")
    func comesBack() {
        let files = MemoryFiles()
        let entries = [Self.entry(1), Self.entry(2, venueSymbol: nil)]
        #expect(LedgerJournal(path: "losses", files: files).write(entries))
        #expect(Self.told(LedgerJournal(path: "losses", files: files).read()) == Self.told(entries))
    }

    @Test("The last that was written counts, also when it says nothing")
    func lastCounts() {
        let files = MemoryFiles()
        let journal = LedgerJournal(path: "losses", files: files)
        for count in [3, 1, 2] {
            #expect(journal.write((0..<count).map { Self.entry($0) }))
            #expect(LedgerJournal(path: "losses", files: files).read().count == count)
        }
        #expect(journal.write([]))
        #expect(LedgerJournal(path: "losses", files: files).read().isEmpty)
    }

    @Test("A file torn at any byte leaves the one before")
    func torn() throws {
        let files = MemoryFiles()
        let journal = LedgerJournal(path: "losses", files: files)
        #expect(journal.write([Self.entry(1)]))
        #expect(journal.write([Self.entry(1), Self.entry(2)]))
        // The first is written into the file of odd numbers.
        let newer = try files.open("losses.0", .update)
        let size = try newer.size()
        for length in (0..<size).reversed() {
            try newer.truncate(to: length)
            #expect(LedgerJournal(path: "losses", files: files).read().map(\.id) == ["i:b:1"])
        }
    }

    @Test("Bytes that are none of ours are nothing")
    func garbage() throws {
        let files = MemoryFiles()
        let file = try files.open("losses.0", .update)
        let bytes = [UInt8](repeating: 0xFF, count: 100)
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        #expect(LedgerJournal(path: "losses", files: files).read().isEmpty)
    }
}
