import MarketModel
import OrderBook
import Testing

@Suite("The audit of a book")
struct BookAuditTests {
    private static let bids = [Level(price: 100, size: 5), Level(price: 99, size: 6)]
    private static let asks = [Level(price: 101, size: 7), Level(price: 102, size: 8)]

    /// A live book of Binance's kind, at id 12.
    private static func limited(_ settings: BookSettings = BookSettings(depth: 2, refreshBelow: 0)) -> BookFixture {
        let fixture = BookFixture(settings)
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(10, 12)
        return fixture
    }

    /// A live linked book, at id 10.
    private static func linked(_ semantics: DepthSemantics = .full) -> BookFixture {
        let fixture = BookFixture(BookSettings(depth: 5), semantics)
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        return fixture
    }

    @Test("An answer is brought up to the book, found equal, and nobody reads anything of it")
    func equal() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1_000))
        let delta = fixture.delta(12, 15, bids: [Level(price: 99, size: 9)])
        #expect(delta.count == 1)
        // Of a moment inside what the update covers: its sizes are absolute.
        #expect(fixture.audit(13, bids: Self.bids, asks: Self.asks).isEmpty)
        let results = fixture.keeper.takeAudits()
        #expect(results.map(\.outcome) == [.equal] && results.map(\.levels) == [4])
        #expect(fixture.state == .live && fixture.keeper.withBook(fixture.id) { $0.keptCount } == 0)
        let next = fixture.delta(15, 16, asks: [Level(price: 101, size: 1)])
        #expect(next.count == 1 && fixture.keeper.withBook(fixture.id) { $0.keptCount } == 0)
    }

    @Test("A book that differs in one level breaks as a mismatch, is lost from then on and asks for its snapshot")
    func mismatch() throws {
        let fixture = Self.limited()
        let isChanged = fixture.keeper.corrupt(fixture.id, bidAtRank: 1)
        #expect(isChanged)
        #expect(fixture.beginAudit(limit: 1_000))
        let events = fixture.audit(12, bids: Self.bids, asks: Self.asks)
        let results = fixture.keeper.takeAudits()
        #expect(results.map(\.outcome) == [.mismatched] && results.map(\.levels) == [4])
        guard case .status(let change) = try #require(events.first) else {
            Issue.record("no change of state is told")
            return
        }
        #expect(change.state == .broken && change.reason == .mismatch)
        let requests = fixture.keeper.takeRequests()
        let losses = fixture.keeper.takeLosses()
        #expect(requests.map(\.purpose) == [.seed])
        #expect(losses.map(\.reason) == [.mismatch] && losses.map(\.from) == [13])
        let counts = fixture.keeper.withBook(fixture.id) { $0.counts }
        #expect(counts.mismatches == 1 && counts.breaks.mismatch == 1)
        // The snapshot that is asked for starts it anew.
        _ = fixture.snapshot(14, bids: Self.bids, asks: Self.asks)
        #expect(fixture.state == .seeded)
    }

    @Test("A level too many and a level too few are differences too, on either side", arguments: [0, 1, 2, 3])
    func missing(_ place: Int) {
        let fixture = Self.limited()
        var (bids, asks) = (Self.bids, Self.asks)
        switch place {
        case 0: bids.removeLast()
        case 1: bids.append(Level(price: 98, size: 1))
        case 2: asks.removeFirst()
        default: asks.append(Level(price: 103, size: 1))
        }
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.audit(12, bids: bids, asks: asks)
        #expect(fixture.audited() == [.mismatched])
    }

    @Test("An answer older than the asking is not compared, whatever it says")
    func older() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.delta(12, 15)
        _ = fixture.audit(11, bids: [Level(price: 98, size: 1)], asks: Self.asks)
        #expect(fixture.audited() == [.notAligned] && fixture.state == .live)
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.audit(14, bids: [], asks: [])
        #expect(fixture.audited() == [.notAligned] && fixture.state == .live)
    }

    @Test("An answer ahead of the stream waits for it, then is compared")
    func ahead() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1_000))
        let later = [Level(price: 100, size: 5)]
        _ = fixture.audit(14, bids: later, asks: Self.asks)
        #expect(fixture.audited().isEmpty)
        _ = fixture.delta(12, 13)
        #expect(fixture.audited().isEmpty)
        _ = fixture.delta(13, 16, bids: [Level(price: 99, size: 0)])
        #expect(fixture.audited() == [.equal] && fixture.state == .live)
    }

    @Test("An answer that the stream does not reach in time is given up, and nothing said of the book")
    func patience() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.audit(14, bids: [], asks: [])
        _ = fixture.pass(microseconds: 9_000_000)
        #expect(fixture.audited().isEmpty)
        _ = fixture.pass(microseconds: 1_100_000)
        #expect(fixture.audited() == [.notAligned] && fixture.state == .live)
        _ = fixture.delta(12, 15)
        #expect(fixture.audited().isEmpty && fixture.state == .live)
    }

    @Test("An audit that is never answered is given up; a clock that was set moves its deadline along")
    func unanswered() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1_000))
        fixture.keeper.clockStepped(by: 3_600_000_000)
        fixture.now += 3_600_000_000
        _ = fixture.pass(microseconds: 119_000_000)
        #expect(fixture.audited().isEmpty)
        _ = fixture.pass(microseconds: 2_000_000)
        #expect(fixture.audited() == [.failed])
        #expect(fixture.beginAudit(limit: 1_000))
    }

    @Test("A linked book is compared only at an id that it came through", arguments: [UInt64(10), 20, 30])
    func met(_ id: UInt64) {
        let fixture = Self.linked()
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.delta(10, 20, bids: [Level(price: 99, size: 0)])
        _ = fixture.delta(20, 30, bids: [Level(price: 98, size: 4)])
        let bids = [
            10: Self.bids, 20: [Self.bids[0]], 30: [Self.bids[0], Level(price: 98, size: 4)],
        ]
        _ = fixture.audit(id, bids: bids[Int(id)] ?? [], asks: Self.asks)
        #expect(fixture.audited() == [.equal])
    }

    @Test("Between two ids of a linked book nothing is said", arguments: [UInt64(5), 15, 25])
    func unmet(_ id: UInt64) {
        let fixture = Self.linked()
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.delta(10, 20)
        _ = fixture.delta(20, 30)
        _ = fixture.audit(id, bids: [], asks: [])
        #expect(fixture.audited() == [.notAligned] && fixture.state == .live)
    }

    @Test("A linked book that passes the answer's id without meeting it is not compared; one that meets it is")
    func reached() {
        let fixture = Self.linked()
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.audit(25, bids: [], asks: [])
        _ = fixture.delta(10, 20)
        #expect(fixture.audited().isEmpty)
        _ = fixture.delta(20, 30)
        #expect(fixture.audited() == [.notAligned] && fixture.state == .live)
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.audit(40, bids: Self.bids, asks: [Self.asks[0]])
        _ = fixture.delta(30, 40, asks: [Level(price: 102, size: 0)])
        #expect(fixture.audited() == [.equal])
    }

    @Test("Where ids start anew an id may come twice: nothing is said")
    func restart() {
        let fixture = Self.linked()
        _ = fixture.delta(10, 1_000)
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.delta(1_000, 5, bids: [Level(price: 99, size: 1)])
        _ = fixture.delta(5, 1_000, bids: [Level(price: 99, size: 2)])
        // As of the second 1,000, after which the update to 1 never came.
        _ = fixture.delta(1_000, 1_001, bids: [Level(price: 98, size: 2)])
        _ = fixture.audit(1_000, bids: [Self.bids[0], Level(price: 99, size: 2)], asks: Self.asks)
        #expect(fixture.audited() == [.notAligned] && fixture.state == .live)
    }

    @Test("A gap ends the audit: the answer is not compared, does not start the book, and the next snapshot does")
    func gap() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.delta(12, 15)
        _ = fixture.delta(17, 20, bids: [Level(price: 98, size: 3)])
        #expect(fixture.audited() == [.abandoned] && fixture.state == .broken)
        #expect(fixture.audit(18, bids: Self.bids, asks: Self.asks).isEmpty)
        #expect(fixture.state == .broken && fixture.last == nil && fixture.audited().isEmpty)
        // Of what was kept, only the update that showed the gap belongs to the next book.
        #expect(fixture.keeper.withBook(fixture.id) { $0.keptCount } == 1)
        _ = fixture.snapshot(18, bids: Self.bids, asks: Self.asks)
        #expect(fixture.state == .live && fixture.top(3).bids == Self.bids + [Level(price: 98, size: 3)])
    }

    @Test("Only a live book is audited, once at a time; an answer never makes a book")
    func states() {
        let fixture = BookFixture(BookSettings())
        #expect(!fixture.beginAudit(limit: 10))
        _ = fixture.audit(12, bids: Self.bids, asks: Self.asks)
        #expect(fixture.state == .waiting && fixture.last == nil)
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        #expect(fixture.state == .seeded && !fixture.beginAudit(limit: 10))
        _ = fixture.delta(10, 12)
        #expect(fixture.beginAudit(limit: 10) && !fixture.beginAudit(limit: 10))
        fixture.keeper.cancelAudit(fixture.id)
        #expect(fixture.audited().isEmpty && fixture.beginAudit(limit: 10))
        fixture.keeper.auditFailed(fixture.id)
        #expect(fixture.audited() == [.failed])
        fixture.keeper.release(fixture.id, at: fixture.now, &fixture.batch)
        #expect(!fixture.beginAudit(limit: 10))
    }

    @Test("Numbers that want wider scales are compared all the same, kept or held")
    func rescale() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.delta(12, 14, bids: [Level(price: 98, size: 4)])
        _ = fixture.audit(15, bids: Self.bids, asks: Self.asks)
        let isWidened = fixture.keeper.rescale(fixture.id, price: 1, size: 2)
        #expect(isWidened)
        // The update to 14 was kept, and is not in the answer as of 15: the book lost what 15 took away.
        _ = fixture.delta(14, 16, bids: [Level(price: 980, size: 0), Level(price: 975, size: 25)])
        #expect(fixture.audited() == [.equal])
        #expect(fixture.top(1).bids == [Level(price: 1_000, size: 500)])
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.delta(16, 17, bids: [Level(price: 975, size: 0)])
        let isWidenedAgain = fixture.keeper.rescale(fixture.id, price: 0, size: 1)
        #expect(isWidenedAgain)
        _ = fixture.audit(
            16, bids: [Level(price: 1_000, size: 5_000), Level(price: 990, size: 6_000), Level(price: 975, size: 250)],
            asks: [Level(price: 1_010, size: 7_000), Level(price: 1_020, size: 8_000)])
        #expect(fixture.audited() == [.equal])
    }

    @Test("Past the limit of what is kept, an answer from before is not compared, and one from after it is")
    func overflow() {
        var settings = BookSettings(depth: 2, refreshBelow: 0)
        settings.kept = KeptUpdates.Limits(frames: 2)
        let fixture = Self.limited(settings)
        #expect(fixture.beginAudit(limit: 1_000))
        for id in UInt64(12)..<15 { _ = fixture.delta(id, id + 1) }
        _ = fixture.audit(13, bids: [], asks: [])
        #expect(fixture.audited() == [.notAligned] && fixture.state == .live)
        #expect(fixture.beginAudit(limit: 1_000))
        for id in UInt64(15)..<18 { _ = fixture.delta(id, id + 1) }
        _ = fixture.audit(17, bids: Self.bids, asks: Self.asks)
        #expect(fixture.audited() == [.equal])
        #expect(fixture.keeper.withBook(fixture.id) { $0.counts.keptOverflows } == 0)
    }

    // MARK: - What is known

    @Test("A window is compared as deep as both know it, whether or not the venue says what leaves it")
    func window() {
        let bids = [Level(price: 100, size: 5), Level(price: 99, size: 6), Level(price: 98, size: 7)]
        let fixture = BookFixture(BookSettings(depth: 3), .window(3))
        _ = fixture.reset(10, bids: bids, asks: Self.asks)
        #expect(fixture.beginAudit(limit: 3))
        // 98 leaves the window unsaid, goes from there unsaid, and the window is not full any more.
        _ = fixture.delta(10, 11, bids: [Level(price: 101, size: 1)])
        _ = fixture.delta(11, 12, bids: [Level(price: 101, size: 0)])
        _ = fixture.audit(10, bids: bids, asks: Self.asks)
        #expect(fixture.audited() == [.equal])
        // What comes into the window from below its answer is not in the answer.
        #expect(fixture.beginAudit(limit: 3))
        _ = fixture.delta(
            12, 13, bids: [Level(price: 100, size: 0), Level(price: 97, size: 2), Level(price: 96, size: 3)])
        _ = fixture.audit(12, bids: Array(bids.prefix(2)) + [Level(price: 98, size: 1)], asks: Self.asks)
        #expect(fixture.audited() == [.mismatched])
    }

    @Test("Beyond the last level of a full answer nothing is compared; a shorter answer is the whole side")
    func limit() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1))
        _ = fixture.audit(12, bids: [Self.bids[0]], asks: [Self.asks[0]])
        #expect(fixture.keeper.takeAudits().map(\.levels) == [2])
        #expect(fixture.beginAudit(limit: 2))
        _ = fixture.audit(12, bids: [Self.bids[0]], asks: Self.asks)
        #expect(fixture.audited() == [.mismatched])
    }

    @Test("Two books without a level in common were not compared, and two empty ones were")
    func nothingInCommon() {
        let settings = BookSettings(depth: 2, refreshBelow: 0, snapshotLimit: 2)
        let fixture = Self.limited(settings)
        #expect(fixture.beginAudit(limit: 2))
        let gone = Self.bids.map { Level(price: $0.price, size: 0) }
        _ = fixture.delta(12, 13, bids: gone, asks: Self.asks.map { Level(price: $0.price, size: 0) })
        _ = fixture.audit(
            13, bids: [Level(price: 90, size: 1), Level(price: 89, size: 1)],
            asks: [Level(price: 110, size: 1), Level(price: 111, size: 1)])
        #expect(fixture.audited() == [.notAligned] && fixture.state == .live)
        let empty = BookFixture(BookSettings(depth: 2), .full)
        _ = empty.reset(10, bids: [], asks: [])
        #expect(empty.beginAudit(limit: 10))
        _ = empty.audit(10, bids: [], asks: [])
        #expect(empty.audited() == [.equal])
    }

    @Test("A book that is crossed for a moment is compared as it stands")
    func crossed() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1_000))
        let crossing = Level(price: 101, size: 2)
        _ = fixture.delta(12, 13, bids: [crossing])
        _ = fixture.audit(13, bids: [crossing] + Self.bids, asks: Self.asks)
        #expect(fixture.audited() == [.equal] && fixture.state == .live)
    }

    @Test("Levels that are out of order are no answer")
    func disorder() {
        let fixture = Self.limited()
        #expect(fixture.beginAudit(limit: 1_000))
        _ = fixture.audit(12, bids: Self.bids.reversed(), asks: Self.asks)
        #expect(fixture.audited() == [.failed] && fixture.state == .live)
    }

    // MARK: - Giving way

    @Test("A book that is to be known deeper is refreshed, and not compared")
    func refresh() {
        var settings = BookSettings(depth: 2, retain: 3, refreshBelow: 3, snapshotLimit: 3)
        settings.refreshSpacingMicroseconds = 0
        let bids = [Level(price: 100, size: 5), Level(price: 99, size: 6), Level(price: 98, size: 7)]
        let asks = [Level(price: 101, size: 5), Level(price: 102, size: 6), Level(price: 103, size: 7)]
        let fixture = BookFixture(settings)
        _ = fixture.snapshot(10, bids: bids, asks: asks)
        _ = fixture.delta(10, 12)
        #expect(fixture.state == .live && fixture.beginAudit(limit: 3))
        _ = fixture.delta(12, 13, bids: [Level(price: 99, size: 0)])
        #expect(fixture.state == .refreshing && fixture.audited() == [.abandoned])
        #expect(!fixture.beginAudit(limit: 3))
        // The answer to the audit is none to the refresh.
        _ = fixture.audit(13, bids: [], asks: [])
        #expect(fixture.state == .refreshing && fixture.audited().isEmpty)
        let fresh = [Level(price: 100, size: 5), Level(price: 98, size: 7), Level(price: 97, size: 8)]
        _ = fixture.snapshot(13, bids: fresh, asks: asks)
        #expect(fixture.state == .live && fixture.top(3).bids == fresh)
    }

    @Test("A snapshot of the stream, the end of the connection and the end of the book end an audit")
    func ends() {
        let fixture = Self.linked()
        #expect(fixture.beginAudit(limit: 10))
        _ = fixture.delta(10, 20)
        _ = fixture.reset(30, bids: Self.bids, asks: Self.asks)
        #expect(fixture.audited() == [.abandoned] && fixture.state == .live)
        #expect(fixture.keeper.withBook(fixture.id) { $0.keptCount } == 0)
        #expect(fixture.beginAudit(limit: 10))
        fixture.keeper.breakBook(fixture.id, reason: .closed, at: fixture.now, &fixture.batch)
        #expect(fixture.audited() == [.abandoned])
        _ = fixture.reset(40, bids: Self.bids, asks: Self.asks)
        #expect(fixture.beginAudit(limit: 10))
        fixture.keeper.release(fixture.id, at: fixture.now, &fixture.batch)
        #expect(fixture.audited() == [.abandoned])
    }
}
