import MarketModel
import OrderBook
import Testing

@Suite("Book keeper")
struct BookKeeperTests {
    private static let bids = [Level(price: 100, size: 5), Level(price: 99, size: 6)]
    private static let asks = [Level(price: 101, size: 7), Level(price: 102, size: 8)]

    private static func expect(
        _ fixture: BookFixture, is expected: BookState, book index: Int = 0,
        at location: SourceLocation = #_sourceLocation
    ) {
        let state = fixture.keeper.withBook(InstrumentID(index)) { $0.state }
        #expect(state == expected, sourceLocation: location)
    }

    @Test("A gap breaks one book, asks for its snapshot, and leaves the neighbour alone")
    func gap() {
        let fixture = BookFixture(BookSettings(), books: 2)
        let other = InstrumentID(1)
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks, on: other)
        _ = fixture.delta(10, 12)
        _ = fixture.delta(10, 12, on: other)
        Self.expect(fixture, is: .live)
        Self.expect(fixture, is: .live, book: 1)
        _ = fixture.delta(13, 15)
        Self.expect(fixture, is: .broken)
        Self.expect(fixture, is: .live, book: 1)
        let requests = fixture.keeper.takeRequests()
        #expect(requests.map(\.instrument) == [fixture.id] && requests.map(\.purpose) == [.seed])
    }

    @Test("A span without a book is told when it begins and when it ends, by the ids that are missing")
    func losses() {
        let fixture = BookFixture(BookSettings())
        _ = fixture.delta(1, 2)
        let beforeTheFirst = fixture.keeper.takeLosses()
        #expect(beforeTheFirst.isEmpty)
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(10, 12)
        let lastGood = fixture.now
        _ = fixture.delta(13, 15)
        let begun = fixture.keeper.takeLosses()
        #expect(begun.map(\.reason) == [.gap] && begun.map(\.from) == [13])
        #expect(begun.first?.to == nil && begun.first?.toMicroseconds == nil)
        #expect(begun.first?.fromMicroseconds == lastGood)
        _ = fixture.snapshot(14, bids: Self.bids, asks: Self.asks)
        let ended = fixture.keeper.takeLosses()
        #expect(ended.map(\.from) == [13] && ended.map(\.to) == [15])
        #expect(ended.first?.toMicroseconds == fixture.now)
        let nothingMore = fixture.keeper.takeLosses()
        #expect(nothingMore.isEmpty)
    }

    @Test("A snapshot that is older than the kept frames leaves the book broken, a newer one brings it up")
    func snapshotAge() {
        let fixture = BookFixture(BookSettings())
        _ = fixture.delta(20, 25, bids: [Level(price: 98, size: 1)])
        _ = fixture.delta(25, 30)
        _ = fixture.snapshot(15, bids: Self.bids, asks: Self.asks)
        Self.expect(fixture, is: .broken)
        _ = fixture.snapshot(22, bids: Self.bids, asks: Self.asks)
        Self.expect(fixture, is: .live)
        let found1 = fixture.keeper.withBook(fixture.id) { $0.venueSequence }
        #expect(found1 == 30)
        let found7 = fixture.top(3).bids.last
        #expect(found7 == Level(price: 98, size: 1))
    }

    @Test("A book crossed for longer than a second is broken; shorter is only counted")
    func crossed() {
        let fixture = BookFixture(BookSettings())
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(10, 11, bids: [Level(price: 103, size: 1)])
        Self.expect(fixture, is: .live)
        fixture.now += 1_100_000
        _ = fixture.delta(11, 12)
        Self.expect(fixture, is: .broken)
        let found2 = fixture.keeper.withBook(fixture.id) { $0.counts.crossed }
        #expect(found2 == 2)
    }

    @Test("A frame that does not change the view publishes no delta")
    func quiet() {
        let fixture = BookFixture(BookSettings(depth: 2, retain: 4, refreshBelow: 0, snapshotLimit: 4))
        let deep = Self.bids + [Level(price: 98, size: 1), Level(price: 97, size: 1)]
        _ = fixture.snapshot(10, bids: deep, asks: Self.asks)
        _ = fixture.delta(10, 11)
        let events = fixture.delta(11, 12, bids: [Level(price: 97, size: 9)])
        #expect(events.isEmpty)
    }

    @Test("A removed level lets the next one slide in, named with its size")
    func slidesIn() throws {
        let fixture = BookFixture(BookSettings(depth: 2, retain: 4, refreshBelow: 0, snapshotLimit: 4))
        _ = fixture.snapshot(10, bids: Self.bids + [Level(price: 98, size: 3)], asks: Self.asks)
        _ = fixture.delta(10, 11)
        let events = fixture.delta(11, 12, bids: [Level(price: 100, size: 0)])
        guard case .orderBookDelta(let delta) = try #require(events.first) else {
            Issue.record("no delta")
            return
        }
        #expect(fixture.levels(delta.bids) == [Level(price: 100, size: 0), Level(price: 98, size: 3)])
        #expect(delta.asks.isEmpty)
    }

    @Test("A refresh whose snapshot contradicts the book breaks it")
    func mismatch() {
        var settings = BookSettings(depth: 2, retain: 3, refreshBelow: 3, snapshotLimit: 3)
        settings.refreshSpacingMicroseconds = 0
        let fixture = BookFixture(settings)
        let bids = Self.bids + [Level(price: 98, size: 3)]
        let asks = Self.asks + [Level(price: 103, size: 3)]
        _ = fixture.snapshot(10, bids: bids, asks: asks)
        _ = fixture.delta(10, 11)
        _ = fixture.delta(11, 12, bids: [Level(price: 98, size: 0)])
        Self.expect(fixture, is: .refreshing)
        _ = fixture.snapshot(12, bids: [Level(price: 100, size: 55)] + bids.dropFirst(), asks: asks)
        Self.expect(fixture, is: .broken)
        let found3 = fixture.keeper.withBook(fixture.id) { $0.counts.mismatches }
        #expect(found3 == 1)
    }

    @Test("A snapshot ahead of the stream is held until the stream has caught up")
    func held() {
        var settings = BookSettings(depth: 2, retain: 3, refreshBelow: 3, snapshotLimit: 3)
        settings.refreshSpacingMicroseconds = 0
        let fixture = BookFixture(settings)
        let bids = Self.bids + [Level(price: 98, size: 3)]
        let asks = Self.asks + [Level(price: 103, size: 3)]
        _ = fixture.snapshot(10, bids: bids, asks: asks)
        _ = fixture.delta(10, 11)
        _ = fixture.delta(11, 12, bids: [Level(price: 98, size: 0)])
        _ = fixture.snapshot(14, bids: Self.bids + [Level(price: 97, size: 4)], asks: asks)
        Self.expect(fixture, is: .refreshing)
        _ = fixture.delta(12, 14)
        Self.expect(fixture, is: .live)
        let found8 = fixture.top(3).bids.last
        #expect(found8 == Level(price: 97, size: 4))
    }

    @Test("A refresh that is never answered is given up, and asked for again after its spacing")
    func lostRefresh() {
        var settings = BookSettings(depth: 2, retain: 3, refreshBelow: 3, snapshotLimit: 3)
        settings.refreshSpacingMicroseconds = 5_000_000
        settings.refreshTimeoutMicroseconds = 60_000_000
        let fixture = BookFixture(settings)
        _ = fixture.snapshot(10, bids: Self.bids + [Level(price: 98, size: 3)], asks: Self.asks)
        _ = fixture.delta(10, 11)
        _ = fixture.delta(11, 12, bids: [Level(price: 98, size: 0)])
        Self.expect(fixture, is: .refreshing)
        let first = fixture.keeper.takeRequests()
        #expect(first.map(\.purpose) == [.refresh])
        _ = fixture.pass(microseconds: 59_000_000)
        Self.expect(fixture, is: .refreshing)
        _ = fixture.pass(microseconds: 2_000_000)
        Self.expect(fixture, is: .live)
        _ = fixture.delta(12, 13)
        let early = fixture.keeper.takeRequests()
        #expect(early.isEmpty)
        _ = fixture.pass(microseconds: 6_000_000)
        _ = fixture.delta(13, 14)
        let second = fixture.keeper.takeRequests()
        #expect(second.map(\.purpose) == [.refresh])
    }

    @Test("A book whose connection went asks for nothing until it is told to; a request is handed out once")
    func requests() {
        let fixture = BookFixture(BookSettings())
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(12, 13)
        fixture.keeper.breakBook(fixture.id, reason: .closed, at: fixture.now, &fixture.batch)
        let none = fixture.keeper.takeRequests()
        #expect(none.isEmpty)
        fixture.keeper.requestSeed(fixture.id)
        fixture.keeper.requestSeed(fixture.id)
        let one = fixture.keeper.takeRequests()
        #expect(one == [SnapshotRequest(instrument: fixture.id, purpose: .seed)])
        _ = fixture.snapshot(20, bids: Self.bids, asks: Self.asks)
        fixture.keeper.requestSeed(fixture.id)
        let seeded = fixture.keeper.takeRequests()
        #expect(seeded.isEmpty)
    }

    @Test("A book that stays crossed is broken although no frame comes")
    func crossedAndSilent() {
        let fixture = BookFixture(BookSettings())
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(10, 11, bids: [Level(price: 101, size: 1)])
        _ = fixture.pass(microseconds: 900_000)
        Self.expect(fixture, is: .live)
        _ = fixture.pass(microseconds: 200_000)
        Self.expect(fixture, is: .broken)
    }

    @Test("A clock that is set moves no deadline: what was due in a second still is")
    func clockStep() {
        for step in [Int64(-3_600_000_000), 3_600_000_000] {
            let fixture = BookFixture(BookSettings())
            _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
            _ = fixture.delta(10, 11, bids: [Level(price: 103, size: 1)])
            fixture.now += step
            fixture.keeper.clockStepped(by: step)
            let atOnce = fixture.pass(microseconds: 100_000)
            #expect(atOnce.isEmpty)
            Self.expect(fixture, is: .live)
            _ = fixture.pass(microseconds: 1_000_000)
            Self.expect(fixture, is: .broken)
        }
    }

    @Test("Breaks are counted by cause, once each, and only of books that were in use")
    func breaks() {
        let fixture = BookFixture(BookSettings())
        _ = fixture.delta(20, 25)
        _ = fixture.snapshot(15, bids: Self.bids, asks: Self.asks)
        var breaks = fixture.keeper.withBook(fixture.id) { $0.counts.breaks }
        #expect(breaks == BookCounts.Breaks())
        _ = fixture.snapshot(25, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(25, 26)
        _ = fixture.delta(27, 28)
        _ = fixture.delta(29, 30)
        breaks = fixture.keeper.withBook(fixture.id) { $0.counts.breaks }
        #expect(breaks.gap == 1 && breaks.crossed == 0 && breaks.mismatch == 0 && breaks.closed == 0)
        _ = fixture.snapshot(40, bids: Self.bids, asks: Self.asks)
        fixture.keeper.breakBook(fixture.id, reason: .closed, at: fixture.now, &fixture.batch)
        fixture.keeper.breakBook(fixture.id, reason: .closed, at: fixture.now, &fixture.batch)
        breaks = fixture.keeper.withBook(fixture.id) { $0.counts.breaks }
        #expect(breaks.gap == 1 && breaks.closed == 1)
    }

    @Test("What is kept while waiting is bounded, and the overflow counted")
    func bounded() {
        var settings = BookSettings()
        settings.kept = KeptUpdates.Limits(frames: 3, bytes: 1 << 20)
        let fixture = BookFixture(settings)
        for id in UInt64(1)...10 { _ = fixture.delta(id, id + 1) }
        let found4 = fixture.keeper.withBook(fixture.id) { $0.keptCount }
        #expect(found4 <= 3)
        let found5 = fixture.keeper.withBook(fixture.id) { $0.counts.keptOverflows }
        #expect(found5 == 3)
    }

    @Test("A book holds no more than is retained, however far its price goes")
    func retained() {
        let fixture = BookFixture(BookSettings(depth: 2, retain: 8, refreshBelow: 0, snapshotLimit: 8))
        let bids = (Int64(0)..<8).map { Level(price: 100 - $0, size: 1) }
        let asks = (Int64(0)..<8).map { Level(price: 101 + $0, size: 1) }
        _ = fixture.snapshot(10, bids: bids, asks: asks)
        var most = 0
        for step in Int64(0)..<2_000 {
            let id = UInt64(10 + step)
            let bid = Level(price: 101 + step, size: 1)
            _ = fixture.delta(
                id, id + 1, bids: [bid], asks: [Level(price: bid.price, size: 0), Level(price: bid.price + 8, size: 1)])
            most = max(most, fixture.keeper.withBook(fixture.id) { max($0.bids.count, $0.asks.count) })
        }
        // Up to 256 more stand until they are cut off together.
        #expect(most > 8 && most <= 8 + 256)
        Self.expect(fixture, is: .live)
    }

    @Test("A released book says that it stopped, gives its memory back and takes nothing more")
    func release() {
        let fixture = BookFixture(BookSettings())
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        let now = fixture.now
        fixture.batch.removeAll()
        fixture.keeper.release(fixture.id, at: now, &fixture.batch)
        Self.expect(fixture, is: .stopped)
        let isIgnored = fixture.delta(10, 11).isEmpty
        #expect(isIgnored)
        let found6 = fixture.keeper.withBook(fixture.id) { $0.bids.count }
        #expect(found6 == 0)
    }

    @Test("Wider scales keep every level; a value that does not fit is told")
    func rescale() {
        let fixture = BookFixture(BookSettings())
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        let fits = fixture.keeper.rescale(fixture.id, price: 2, size: 1)
        #expect(fits)
        let found9 = fixture.top(1).bids
        #expect(found9 == [Level(price: 10_000, size: 50)])
        let found10 = fixture.top(1).asks
        #expect(found10 == [Level(price: 10_100, size: 70)])
        let isTooWide = fixture.keeper.rescale(fixture.id, price: 18, size: 0)
        #expect(!isTooWide)
    }

    @Test("A short snapshot is the whole side only below its own book's limit")
    func ownLimit() {
        let fixture = BookFixture(BookSettings(depth: 5, retain: 8, refreshBelow: 0), limits: [2, 3])
        let other = InstrumentID(1)
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.snapshot(10, bids: Self.bids, asks: Self.asks, on: other)
        // Two levels are a full answer of two, and all there is of an answer of three.
        let cut = fixture.keeper.withBook(fixture.id) { $0.trustedDepth(5) }
        #expect(cut == 2)
        let whole = fixture.keeper.withBook(other) { $0.trustedDepth(5) }
        #expect(whole == 5)
    }

    @Test("A book is refreshed only where its own snapshots reach deeper than what it is refreshed below")
    func ownRefresh() {
        let bids = (0..<8).map { Level(price: 100 - $0, size: 1) }
        let asks = (0..<8).map { Level(price: 101 + $0, size: 1) }
        let fixture = BookFixture(BookSettings(depth: 2, retain: 100, refreshBelow: 9), limits: [8, 20, 2])
        for (index, count) in [8, 8, 2].enumerated() {
            let id = InstrumentID(index)
            let bids = Array(bids.prefix(count))
            let asks = Array(asks.prefix(count))
            // Of the second the answer has all: nothing deeper could be known.
            _ = fixture.snapshot(10, bids: bids, asks: asks, on: id)
            _ = fixture.delta(10, 11, on: id)
            Self.expect(fixture, is: .live, book: index)
        }
        // Five of eight are left, and half of what is behind the view is the threshold of a short snapshot.
        for (step, price) in [Int64(100), 99, 98, 97].enumerated() {
            _ = fixture.delta(UInt64(11 + step), UInt64(12 + step), bids: [Level(price: price, size: 0)])
            Self.expect(fixture, is: step < 3 ? .live : .refreshing)
        }
        let asked = fixture.keeper.takeRequests()
        #expect(asked.map(\.instrument) == [fixture.id])
    }
}
