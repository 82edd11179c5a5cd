import Synchronization
import Testing

@testable import Publishing

@Suite("The ledger of losses")
struct GapLedgerTests {
    private static let btc = GapSubject(venue: "binance", market: "spot", symbol: "BTC-USDT", venueSymbol: "BTCUSDT")

    /// A ledger whose time is moved by hand.
    private final class Rig: Sendable {
        private let now = Mutex<Int64>(0)
        private let box = Mutex<GapLedger?>(nil)

        init(entries: Int = 100, repairs: Bool = false) {
            var limits = GapLedger.Limits()
            limits.entries = entries
            let ledger = GapLedger(instance: "i", boot: "b", limits: limits, repairs: repairs) { [unowned self] in
                self.now.withLock { $0 }
            }
            self.box.withLock { $0 = ledger }
        }

        var ledger: GapLedger { self.box.withLock { $0.unsafelyUnwrapped } }

        func pass(_ microseconds: Int64) { self.now.withLock { $0 += microseconds } }

        /// What is due after the time that an entry has to be quiet.
        func due() -> [GapEntry] {
            self.pass(1_000_000)
            return self.ledger.takeDue(1000, wall: 77)
        }
    }

    private static func trades(
        _ first: UInt64, _ last: UInt64, _ cause: GapCause = .tradeJump, subject: GapSubject = Self.btc,
        at time: Int64 = 5
    ) -> GapLoss {
        GapLoss(subject, of: .messages(.trade), cause: cause, from: time, to: time, missing: last - first + 1)
            .numbered(.tradeID, first, last)
    }

    @Test("Losses that follow each other are one entry, told once it was quiet for a second")
    func joining() throws {
        let rig = Rig()
        rig.ledger.record(Self.trades(10, 12, at: 5))
        rig.pass(900_000)
        rig.ledger.record(Self.trades(13, 20, at: 9))
        rig.pass(999_999)
        #expect(rig.ledger.takeDue(10, wall: 77).isEmpty)
        #expect(rig.ledger.counts.waiting == 1)
        rig.pass(1)
        let entry = try #require(rig.ledger.takeDue(10, wall: 77).first)
        #expect(entry.id == "i:b:1" && entry.missing == 11 && entry.repaired == 0)
        #expect(entry.range == GapRange(.tradeID, from: "10", to: "20"))
        #expect(entry.fromMicroseconds == 5 && entry.toMicroseconds == 9 && entry.receivedMicroseconds == 77)
        #expect(rig.ledger.counts.losses == 2 && rig.ledger.counts.entries == 1)
        #expect(rig.due().isEmpty)
    }

    @Test("A loss that grows without end is told after ten seconds, and again under its id once it changed")
    func growing() throws {
        let rig = Rig()
        var told: [GapEntry] = []
        for number in 0..<UInt64(120) {
            rig.ledger.record(Self.trades(number, number))
            told += rig.ledger.takeDue(10, wall: 77)
            rig.pass(100_000)
        }
        #expect(told.map(\.missing) == [101])
        let last = try #require(rig.due().first)
        #expect(last.id == "i:b:1" && last.missing == 120)
    }

    @Test("What is told again is never older than before, also when the clock was set back")
    func clockSetBack() throws {
        let rig = Rig()
        rig.ledger.record(Self.trades(10, 12))
        rig.pass(1_000_000)
        #expect(rig.ledger.takeDue(10, wall: 900).map(\.receivedMicroseconds) == [900])
        rig.ledger.found(Self.btc, trades: 11...11)
        rig.pass(1_000_000)
        let again = try #require(rig.ledger.takeDue(10, wall: 77).first)
        #expect(again.id == "i:b:1" && again.repaired == 1 && again.receivedMicroseconds == 900)
    }

    @Test("Ids with a hole between them are two entries, in whichever order they come", arguments: [false, true])
    func holes(isReversed: Bool) {
        let rig = Rig()
        let losses = [Self.trades(10, 12), Self.trades(14, 15)]
        for loss in isReversed ? losses.reversed() : losses { rig.ledger.record(loss) }
        let ranges = Set(rig.due().map { "\($0.range?.from ?? "")-\($0.range?.to ?? "") \($0.missing ?? 0)" })
        #expect(ranges == ["10-12 3", "14-15 2"])
    }

    @Test("Another subject, kind or cause is another entry")
    func keys() {
        let rig = Rig()
        rig.ledger.record(Self.trades(10, 12))
        rig.ledger.record(Self.trades(13, 14, .queueFull))
        rig.ledger.record(Self.trades(13, 14, subject: GapSubject(venue: "binance", market: "spot", symbol: "X")))
        rig.ledger.record(
            GapLoss(Self.btc, of: .messages(.bbo), cause: .tradeJump, from: 1, to: 1, missing: 2))
        #expect(rig.due().count == 4)
        #expect(rig.ledger.counts.missing[GapCause.tradeJump.ordinal] == 7)
    }

    @Test("Numbers of a boot join over holes: the count says how many of the range are missing")
    func numbered() throws {
        let rig = Rig()
        for number in [UInt64(10), 20, 15] {
            rig.ledger.record(
                GapLoss(Self.btc, of: .messages(.orderbook), cause: .queueFull, from: 1, to: 1, missing: 1)
                    .numbered(.number, number, number))
        }
        let entries = rig.due()
        #expect(entries.count == 1)
        #expect(entries.first?.range == GapRange(.number, from: "10", to: "20") && entries.first?.missing == 3)
    }

    @Test("What lasts is told open, then closed under its id")
    func lasting() throws {
        let rig = Rig()
        let subject = GapSubject(venue: "binance", symbol: "_conn-a")
        rig.ledger.record(GapLoss(subject, of: .connection, cause: .reconnect, from: 100, to: nil))
        let open = try #require(rig.due().first)
        #expect(open.toMicroseconds == nil && open.missing == nil)
        rig.pass(60_000_000)
        #expect(rig.due().isEmpty)
        rig.ledger.record(GapLoss(subject, of: .connection, cause: .reconnect, from: 100, to: 900))
        let closed = try #require(rig.due().first)
        #expect(closed.id == open.id && closed.fromMicroseconds == 100 && closed.toMicroseconds == 900)
        rig.pass(2_000_000)
        #expect(rig.due().isEmpty)
        rig.ledger.record(GapLoss(subject, of: .connection, cause: .reconnect, from: 2000, to: nil))
        #expect(rig.due().first?.id == "i:b:2")
    }

    @Test(
        "What lasts takes its numbers when it ends, trade ids too", arguments: [GapNumbering.venueSequence, .tradeID])
    func numberedAtItsEnd(numbering: GapNumbering) {
        let rig = Rig()
        rig.ledger.record(GapLoss(Self.btc, of: .messages(.trade), cause: .reconnect, from: 100, to: nil))
        #expect(rig.due().first?.range == nil)
        rig.ledger.record(
            GapLoss(Self.btc, of: .messages(.trade), cause: .reconnect, from: 100, to: 900, missing: 5)
                .numbered(numbering, 40, 44))
        let closed = rig.due()
        #expect(closed.map(\.id) == ["i:b:1"])
        #expect(closed.first?.range == GapRange(numbering, from: "40", to: "44") && closed.first?.missing == 5)
        #expect(closed.first?.toMicroseconds == 900)
    }

    @Test("Ids found at the front narrow an entry, others repair it; what is found whole before it is told is no loss")
    func found() throws {
        let rig = Rig()
        rig.ledger.record(Self.trades(10, 19))
        rig.ledger.found(Self.btc, trades: 5...12)
        let narrowed = try #require(rig.due().first)
        #expect(narrowed.range == GapRange(.tradeID, from: "13", to: "19"))
        #expect(narrowed.missing == 7 && narrowed.repaired == 0)
        rig.ledger.found(Self.btc, trades: 15...15)
        rig.ledger.found(Self.btc, trades: 19...30)
        let repaired = try #require(rig.due().first)
        #expect(repaired.id == narrowed.id && repaired.missing == 7 && repaired.repaired == 2)
        rig.ledger.found(Self.btc, trades: 100...200)
        rig.ledger.found(GapSubject(venue: "binance", market: "spot", symbol: "X"), trades: 13...19)
        #expect(rig.due().isEmpty)

        rig.ledger.record(Self.trades(50, 51, .restart))
        rig.ledger.found(Self.btc, trades: 50...51)
        #expect(rig.due().isEmpty)
        #expect(rig.ledger.counts.repaired == 7)
    }

    @Test("An entry is repaired wherever it stands: made way for another, or told long ago")
    func foundLater() throws {
        let rig = Rig()
        rig.ledger.record(Self.trades(10, 12))
        rig.ledger.record(Self.trades(20, 22))
        // The first has made way and waits to be told.
        rig.ledger.found(Self.btc, trades: 11...11)
        #expect(rig.ledger.counts.repaired == 1)
        let told = rig.due().sorted { $0.id < $1.id }
        #expect(told.map(\.repaired) == [1, 0])
        for _ in 0..<5 { #expect(rig.due().isEmpty) }
        rig.ledger.found(Self.btc, trades: 12...12)
        rig.ledger.found(Self.btc, trades: 21...21)
        let again = rig.due().sorted { $0.id < $1.id }
        #expect(again.map(\.id) == ["i:b:1", "i:b:2"] && again.map(\.repaired) == [2, 1])
        #expect(again.map(\.missing) == [3, 3])
    }

    @Test("What a stream holds is taken off the loss of a restart, told before or after")
    func streamHolds() throws {
        let rig = Rig()
        rig.ledger.holds(Self.btc, trades: TradeRuns(90...105))
        rig.ledger.record(Self.trades(100, 109, .restart))
        let entry = try #require(rig.due().first)
        #expect(entry.range == GapRange(.tradeID, from: "106", to: "109") && entry.missing == 4)

        let other = GapSubject(venue: "binance", market: "spot", symbol: "ETH-USDT")
        rig.ledger.record(Self.trades(100, 109, .restart, subject: other))
        rig.ledger.holds(other, trades: TradeRuns(90...105))
        #expect(rig.due().first?.range == GapRange(.tradeID, from: "106", to: "109"))

        let whole = GapSubject(venue: "binance", market: "spot", symbol: "SOL-USDT")
        rig.ledger.holds(whole, trades: TradeRuns(90...200))
        rig.ledger.record(Self.trades(100, 109, .restart, subject: whole))
        #expect(rig.due().isEmpty)
        // A jump is the venue's: what the stream held before is no part of it.
        rig.ledger.record(Self.trades(100, 109, .tradeJump, subject: whole))
        #expect(rig.due().first?.missing == 10)
    }

    @Test("Past its limit losses join the entry of their cause, and no number is lost")
    func limits() {
        let rig = Rig(entries: 16)
        for number in 0..<100 {
            let subject = GapSubject(venue: "binance", market: "spot", symbol: "S\(number)")
            rig.ledger.record(Self.trades(1, 2, .queueFull, subject: subject))
        }
        let counts = rig.ledger.counts
        #expect(counts.entries == 17 && counts.joined == 84)
        let entries = rig.due()
        #expect(entries.count == 17)
        #expect(entries.reduce(0) { $0 + ($1.missing ?? 0) } == 200)
        let joint = entries.filter { $0.subject == GapSubject(venue: nil) }
        #expect(joint.map(\.missing) == [168] && joint.first?.range == nil)
        // What is told makes room for others.
        rig.ledger.record(Self.trades(1, 2, .queueFull, subject: GapSubject(venue: "binance", symbol: "NEW")))
        #expect(rig.due().contains { $0.subject.symbol == "NEW" })
    }

    @Test("A batch takes no more than it may; the end of the process waits for nothing")
    func batches() {
        let rig = Rig()
        for number in 0..<10 {
            rig.ledger.record(
                Self.trades(1, 2, subject: GapSubject(venue: "binance", market: "spot", symbol: "S\(number)")))
        }
        #expect(rig.ledger.takeDue(100, wall: 1).isEmpty)
        let first = rig.ledger.takeDue(4, wall: 1, isLast: true)
        let rest = rig.ledger.takeDue(100, wall: 1, isLast: true)
        #expect(first.count == 4 && rest.count == 6)
        #expect(Set((first + rest).map(\.id)).count == 10)
    }

    // MARK: - Repairing

    @Test("What is told names its holes until they are found; then it is closed, with what was repaired")
    func holesUntilFound() throws {
        let rig = Rig(repairs: true)
        rig.ledger.record(Self.trades(10, 19, .reconnect))
        #expect(rig.ledger.holes().isEmpty, "nobody was told yet: it may still come")
        let told = try #require(rig.due().first)
        #expect(!told.isClosed)
        #expect(rig.ledger.holes().map(\.ids) == [[10...19]])
        rig.ledger.found(Self.btc.place, trades: TradeRuns([10...12, 15...15]))
        #expect(rig.ledger.holes().map(\.ids) == [[13...14, 16...19]])
        let half = try #require(rig.due().first)
        #expect(half.id == told.id && half.missing == 10 && half.repaired == 4 && !half.isClosed)
        #expect(half.range == told.range)
        rig.ledger.found(Self.btc.place, trades: TradeRuns(1...100))
        #expect(rig.ledger.holes().isEmpty)
        let whole = try #require(rig.due().first)
        #expect(whole.repaired == 10 && whole.stillMissing == 0 && whole.isClosed)
        #expect(rig.ledger.counts.repaired == 10)
    }

    @Test("What the venue does not have is closed as missing, and is repaired all the same if it comes")
    func givenUp() throws {
        let rig = Rig(repairs: true)
        rig.ledger.record(Self.trades(10, 19))
        let told = try #require(rig.due().first)
        rig.ledger.giveUp(told.id)
        #expect(rig.ledger.holes().isEmpty)
        let closed = try #require(rig.due().first)
        #expect(closed.id == told.id && closed.isClosed && closed.stillMissing == 10)
        rig.ledger.found(Self.btc.place, trades: TradeRuns(11...12))
        #expect(rig.due().map(\.stillMissing) == [8])
    }

    @Test("Losses that cannot be repaired, and those of a ledger that nobody repairs, are closed when they end")
    func closedAtOnce() {
        let rig = Rig(repairs: true)
        rig.ledger.record(Self.trades(10, 19, .unconfirmed))
        rig.ledger.record(
            GapLoss(GapSubject(venue: "okx"), of: .connection, cause: .reconnect, from: 1, to: nil))
        #expect(rig.due().sorted { $0.fromMicroseconds < $1.fromMicroseconds }.map(\.isClosed) == [false, true])
        #expect(rig.ledger.holes().isEmpty)
        let plain = Rig()
        plain.ledger.record(Self.trades(10, 19))
        #expect(plain.due().map(\.isClosed) == [true] && plain.ledger.holes().isEmpty)
    }

    @Test("What a stream holds is no loss, and says nothing of what was repaired before")
    func heldBesideRepaired() throws {
        let rig = Rig(repairs: true)
        rig.ledger.record(Self.trades(10, 19))
        _ = rig.due()
        rig.ledger.found(Self.btc.place, trades: TradeRuns(10...13))
        rig.ledger.holds(Self.btc, trades: TradeRuns(10...15))
        let entries = rig.due()
        #expect(entries.reduce(0) { $0 + $1.repaired } == 4)
        #expect(entries.reduce(0) { $0 + ($1.stillMissing ?? 0) } == 4)
        #expect(rig.ledger.holes().flatMap(\.ids) == [16...19])
    }

    @Test("Ids of a venue that counts anew are not looked for: they are other trades now")
    func renumbered() {
        let rig = Rig(repairs: true)
        rig.ledger.record(Self.trades(10, 19))
        _ = rig.due()
        rig.ledger.renumbered(GapSubject(venue: "binance", market: "spot", symbol: "ETH-USDT"))
        #expect(rig.ledger.holes().count == 1)
        rig.ledger.renumbered(Self.btc)
        #expect(rig.ledger.holes().isEmpty && rig.due().map(\.isClosed) == [true])
    }

    @Test("Holes outlive the process until they are closed")
    func keptForTheNext() throws {
        let rig = Rig(repairs: true)
        rig.ledger.record(Self.trades(10, 19))
        let told = try #require(rig.due().first)
        rig.ledger.queued(below: 5)
        rig.ledger.found(Self.btc.place, trades: TradeRuns(12...13))
        _ = rig.due()
        rig.ledger.queued(below: 6)
        func kept() -> [LedgerEntry] {
            rig.ledger.unsafeTrades(releasedBelow: 100, isReconciled: true) { _ in true }
        }
        let files = MemoryFiles()
        #expect(LedgerJournal(path: "losses", files: files).write(kept()))
        let next = GapLedger(instance: "i", boot: "c", repairs: true) { 5_000_000 }
        next.restore(LedgerJournal(path: "losses", files: files).read())
        #expect(next.holes().map(\.ids) == [[10...11, 14...19]] && next.holes().map(\.id) == [told.id])
        rig.ledger.giveUp(told.id)
        _ = rig.due()
        rig.ledger.queued(below: 7)
        #expect(kept().isEmpty)
    }

    @Test("Bars of a hole are open until they are answered for, and closed with what did not come")
    func series() throws {
        let rig = Rig(repairs: true)
        for _ in 0..<2 {
            rig.ledger.record(
                GapLoss(Self.btc, of: .messages(.kline), cause: .restart, from: 1, to: 9, missing: 5))
        }
        let told = try #require(rig.due().first)
        #expect(told.missing == 10 && !told.isClosed)
        rig.ledger.answered(Self.btc, .kline, cause: .restart, found: 5, of: 5)
        let half = try #require(rig.due().first)
        #expect(half.id == told.id && half.repaired == 5 && !half.isClosed)
        rig.pass(60_000_000)
        _ = rig.due()
        rig.ledger.answered(Self.btc, .kline, cause: .restart, found: 2, of: 5)
        let whole = try #require(rig.due().first)
        #expect(whole.id == told.id && whole.repaired == 7 && whole.stillMissing == 3 && whole.isClosed)
        #expect(rig.ledger.counts.repaired == 7)
    }
}
