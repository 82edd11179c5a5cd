import MarketModel
import OrderBook
import Testing

@Suite("Books whose snapshots come in the stream")
struct StreamFedBookTests {
    private static let bids = [Level(price: 100, size: 5), Level(price: 99, size: 6)]
    private static let asks = [Level(price: 101, size: 7), Level(price: 102, size: 8)]

    private static func counts(_ fixture: BookFixture) -> BookCounts {
        fixture.keeper.withBook(fixture.id) { $0.counts }
    }

    private static func state(_ fixture: BookFixture) -> BookState {
        fixture.keeper.withBook(fixture.id) { $0.state }
    }

    /// The last view among the events.
    private static func view(_ events: [MarketEvent]) -> OrderBookView? {
        for case .orderBook(let view) in events.reversed() { return view }
        return nil
    }

    private static func delta(_ events: [MarketEvent]) -> OrderBookDelta? {
        for case .orderBookDelta(let delta) in events { return delta }
        return nil
    }

    private static func price(_ trusted: OrderBookView.TrustedTo?) -> Int64? {
        if case .price(let price) = trusted { return price }
        return nil
    }

    @Test("A snapshot of the stream makes a book live at once and tells its view")
    func seeds() throws {
        let fixture = BookFixture(BookSettings(depth: 5), .full)
        let view = try #require(Self.view(fixture.reset(10, bids: Self.bids, asks: Self.asks)))
        #expect(view.state == .live && view.head.reseeds == 1 && view.head.sequence == 1)
        #expect(fixture.levels(view.bids) == Self.bids && view.head.trustedDepth == 5)
        #expect(view.head.venueSequence == 10)
    }

    @Test("A snapshot of the stream replaces a live book: a new chain, and no loss")
    func replaces() throws {
        let fixture = BookFixture(BookSettings(depth: 5), .full)
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(10, 12, bids: [Level(price: 98, size: 1)])
        let view = try #require(Self.view(fixture.reset(14, bids: Self.bids, asks: Self.asks)))
        #expect(view.state == .live && view.head.reseeds == 2 && view.head.sequence == 1)
        #expect(fixture.levels(view.bids) == Self.bids)
        let losses = fixture.keeper.takeLosses()
        let requests = fixture.keeper.takeRequests()
        #expect(losses.isEmpty && requests.isEmpty)
        #expect(Self.counts(fixture).resets == 1 && Self.counts(fixture).snapshots == 2)
        let next = try #require(Self.delta(fixture.delta(14, 15, asks: [Level(price: 101, size: 0)])))
        #expect(next.previousSequence == 1 && next.head.reseeds == 2)
    }

    @Test("A snapshot that the book has passed is counted and changes nothing")
    func staleSnapshot() {
        let fixture = BookFixture(BookSettings(depth: 5), .full)
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(10, 12, bids: [Level(price: 98, size: 1)])
        let events = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        #expect(events.isEmpty)
        #expect(Self.counts(fixture).staleSnapshots == 1 && Self.counts(fixture).resets == 0)
        #expect(fixture.top(3).bids.count == 3)
    }

    @Test("After a gap the book asks once, keeps nothing, and ends its loss with the next snapshot")
    func gap() {
        let fixture = BookFixture(BookSettings(depth: 5), .window(400))
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(11, 12)
        #expect(Self.state(fixture) == .broken)
        let requests = fixture.keeper.takeRequests()
        #expect(requests == [SnapshotRequest(instrument: fixture.id, purpose: .seed)])
        for id in UInt64(12)..<20 { _ = fixture.delta(id, id + 1, bids: [Level(price: 98, size: 1)]) }
        let kept = fixture.keeper.withBook(fixture.id) { $0.keptCount }
        // The update at which the gap was seen is one of those of no use.
        #expect(kept == 0 && Self.counts(fixture).beforeSnapshot == 9 && Self.counts(fixture).gaps == 1)
        _ = fixture.reset(30, bids: Self.bids, asks: Self.asks)
        let losses = fixture.keeper.takeLosses()
        #expect(losses.map(\.from) == [11, 11] && losses.last?.to == 30)
        #expect(Self.state(fixture) == .live)
    }

    @Test("A snapshot that comes unasked takes the request back")
    func unasked() {
        let fixture = BookFixture(BookSettings(depth: 5), .full)
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(11, 12)
        _ = fixture.reset(13, bids: Self.bids, asks: Self.asks)
        let requests = fixture.keeper.takeRequests()
        #expect(requests.isEmpty)
    }

    @Test("A snapshot out of order breaks the book, and the loss begins after the last good update")
    func malformed() {
        let fixture = BookFixture(BookSettings(depth: 5), .full)
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.reset(20, bids: Self.bids.reversed(), asks: Self.asks)
        #expect(Self.state(fixture) == .broken)
        let losses = fixture.keeper.takeLosses()
        #expect(losses.map(\.from) == [11] && losses.map(\.reason) == [.mismatch])
    }

    @Test("A keep-alive confirms the book and changes nothing; a maintenance reset goes on from the small id")
    func keepAliveAndReset() throws {
        let fixture = BookFixture(BookSettings(depth: 5), .window(400))
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        let quiet = fixture.delta(10, 10)
        #expect(quiet.isEmpty && Self.counts(fixture).applied == 1)
        let reset = try #require(Self.delta(fixture.delta(10, 3, bids: [Level(price: 98, size: 1)])))
        #expect(reset.head.venueSequence == 3)
        _ = fixture.delta(3, 4)
        #expect(fixture.last == 4 && Self.counts(fixture).gaps == 0)
    }

    // MARK: - Depth

    @Test("A full window trusts down to its worst level, and takes a level that enters below it")
    func window() throws {
        let fixture = BookFixture(BookSettings(depth: 2), .window(3))
        let deep = Self.bids + [Level(price: 98, size: 3)]
        let seeded = try #require(Self.view(fixture.reset(10, bids: deep, asks: Self.asks)))
        #expect(Self.price(seeded.bidTrustedTo) == 98)
        // Two of three asks: that is all there are.
        #expect(Self.price(seeded.askTrustedTo) == nil && seeded.head.trustedDepth == 2)
        let moved = fixture.delta(10, 11, bids: [Level(price: 99, size: 0), Level(price: 90, size: 2)])
        let delta = try #require(Self.delta(moved))
        #expect(fixture.levels(delta.bids) == [Level(price: 99, size: 0), Level(price: 98, size: 3)])
        #expect(fixture.top(9).bids.map(\.price) == [100, 98, 90])
        _ = fixture.delta(11, 12, bids: [Level(price: 90, size: 0)])
        fixture.batch.removeAll()
        fixture.keeper.publish(fixture.id, at: fixture.now, &fixture.batch)
        let whole = try #require(Self.view(fixture.batch.events))
        #expect(Self.price(whole.bidTrustedTo) == nil)
    }

    @Test("What a frame pushes out of the window is cut and not known again until it is named")
    func cut() {
        let fixture = BookFixture(BookSettings(depth: 2), .window(3))
        let deep = Self.bids + [Level(price: 98, size: 3)]
        _ = fixture.reset(10, bids: deep + [Level(price: 97, size: 1)], asks: Self.asks)
        #expect(fixture.top(9).bids == deep)
        _ = fixture.delta(10, 11, bids: [Level(price: 101, size: 1)], asks: [Level(price: 101, size: 0)])
        #expect(fixture.top(9).bids.map(\.price) == [101, 100, 99])
        _ = fixture.delta(11, 12, bids: [Level(price: 101, size: 0)])
        #expect(fixture.top(9).bids.map(\.price) == [100, 99])
    }

    @Test("A view deeper than the window says which levels the window lost, each price once")
    func cutInView() throws {
        let fixture = BookFixture(BookSettings(depth: 5), .window(3))
        let deep = Self.bids + [Level(price: 98, size: 3)]
        let seeded = try #require(Self.view(fixture.reset(10, bids: deep, asks: Self.asks)))
        #expect(seeded.head.trustedDepth == 3)
        let events = fixture.delta(
            10, 11,
            bids: [Level(price: 101, size: 1), Level(price: 99, size: 9), Level(price: 98, size: 4)]
                + [Level(price: 97, size: 2)],
            asks: [Level(price: 101, size: 0)])
        let delta = try #require(Self.delta(events))
        #expect(
            fixture.levels(delta.bids)
                == [Level(price: 101, size: 1), Level(price: 99, size: 9), Level(price: 98, size: 0)])
        #expect(delta.head.trustedDepth == 3)
        #expect(fixture.top(9).bids.map(\.price) == [101, 100, 99])
        // A level that nothing was said of is named when it goes.
        let again = try #require(Self.delta(fixture.delta(11, 12, bids: [Level(price: 102, size: 1)])))
        #expect(fixture.levels(again.bids) == [Level(price: 102, size: 1), Level(price: 99, size: 0)])
    }

    @Test("A full book is trusted without end until more stands than is retained")
    func full() throws {
        let fixture = BookFixture(BookSettings(depth: 3, retain: 4, refreshBelow: 0), .full)
        let seeded = try #require(Self.view(fixture.reset(10, bids: Self.bids, asks: Self.asks)))
        #expect(Self.price(seeded.bidTrustedTo) == nil && seeded.head.trustedDepth == 3)
        let deep = (0..<6).map { Level(price: 100 - $0, size: 1) }
        let cut = try #require(Self.view(fixture.reset(11, bids: deep, asks: Self.asks)))
        #expect(Self.price(cut.bidTrustedTo) == 97)
        _ = fixture.delta(11, 12, bids: [Level(price: 100, size: 0), Level(price: 99, size: 0)])
        let trusted = fixture.keeper.withBook(fixture.id) { $0.trustedDepth(3) }
        #expect(trusted == 2)
    }

    @Test("Only a book that retains less than the venue tells asks to be known deeper, and a snapshot serves it")
    func reserve() {
        let deep = (0..<9).map { Level(price: 100 - $0, size: 1) }
        for (semantics, retain, asks) in [
            (DepthSemantics.full, 4, true), (.window(9), 4, true), (.window(9), 9, false), (.full, 20, false),
        ] {
            let fixture = BookFixture(BookSettings(depth: 2, retain: retain, refreshBelow: 4), semantics)
            _ = fixture.reset(10, bids: deep, asks: Self.asks)
            _ = fixture.delta(10, 11, bids: [Level(price: 100, size: 0)])
            let requests = fixture.keeper.takeRequests()
            #expect(requests.map(\.purpose) == (asks ? [.refresh] : []), "\(semantics), retain \(retain)")
            guard asks else { continue }
            _ = fixture.delta(11, 12, bids: [Level(price: 99, size: 0)])
            let kept = fixture.keeper.withBook(fixture.id) { $0.keptCount }
            #expect(Self.state(fixture) == .refreshing && kept == 0)
            _ = fixture.reset(12, bids: Array(deep.dropFirst(2)), asks: Self.asks)
            #expect(Self.state(fixture) == .live && Self.counts(fixture).refreshes == 1)
            #expect(fixture.top(9).bids.count == 4)
        }
    }

    @Test("A released book that is taken into use again keeps its venue's rules")
    func reopened() {
        let fixture = BookFixture(BookSettings(depth: 2), .window(3))
        fixture.keeper.release(fixture.id, at: fixture.now, &fixture.batch)
        let ignored = fixture.reset(9, bids: Self.bids, asks: Self.asks)
        #expect(ignored.isEmpty)
        fixture.keeper.reopen(fixture.id)
        _ = fixture.reset(10, bids: Self.bids, asks: Self.asks)
        _ = fixture.delta(10, 3)
        let semantics = fixture.keeper.withBook(fixture.id) { $0.semantics }
        #expect(fixture.last == 3 && semantics == .window(3))
    }
}
