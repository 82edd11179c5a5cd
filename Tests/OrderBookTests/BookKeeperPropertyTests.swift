import MarketModel
import OrderBook
import Testing

@Suite("A capped book against an uncapped one")
struct BookKeeperPropertyTests {
    /// Depth, levels to retain, levels of a snapshot.
    struct Shape: CustomTestStringConvertible {
        var depth: Int
        var retain: Int
        var snapshot: Int
        var testDescription: String { "depth \(self.depth), retain \(self.retain), snapshot \(self.snapshot)" }
    }

    /// What the runs of all seeds met.
    struct Totals {
        var refreshes: UInt64 = 0
        var behind = 0
        var ahead = 0
        var failed = 0

        mutating func add(_ counts: BookCounts, _ venue: DelayedVenue) {
            self.refreshes += counts.refreshes
            self.behind += venue.answersBehind
            self.ahead += venue.answersAhead
            self.failed += venue.answersFailed
        }
    }

    static let shapes = [
        Shape(depth: 5, retain: 5, snapshot: 5), Shape(depth: 5, retain: 20, snapshot: 40),
        Shape(depth: 10, retain: 30, snapshot: 30), Shape(depth: 20, retain: 60, snapshot: 500),
    ]

    @Test("Every frame: the view agrees, or says how much less it knows; a reader of deltas follows", arguments: shapes)
    func agrees(_ shape: Shape) {
        var totals = Totals()
        for seed in UInt64(1)...40 {
            var settings = BookSettings(
                depth: shape.depth, retain: shape.retain, refreshBelow: shape.retain - 2, snapshotLimit: shape.snapshot)
            settings.refreshSpacingMicroseconds = 50_000
            settings.snapshotIntervalMicroseconds = 40_000
            var venue = DelayedVenue(seed: seed, snapshotLevels: shape.snapshot)
            let fixture = BookFixture(settings)
            var reader = NaiveReader(depth: shape.depth)
            venue.request(.seed)

            for step in 0..<600 {
                venue.advance()
                if let answer = venue.takeAnswer() {
                    if let snapshot = answer.snapshot {
                        reader.take(
                            fixture.snapshot(snapshot.last, bids: snapshot.bids, asks: snapshot.asks), fixture.levels)
                    } else {
                        reader.take(fixture.failed(answer.purpose), fixture.levels)
                    }
                }
                for frame in venue.takeFrames() {
                    reader.take(
                        fixture.delta(frame.before, frame.last, bids: frame.bids, asks: frame.asks), fixture.levels)
                    guard venue.comesTwice() else { continue }
                    let events = fixture.delta(frame.before, frame.last, bids: frame.bids, asks: frame.asks)
                    #expect(events.isEmpty, "seed \(seed): a frame that came twice changes nothing")
                }
                if !venue.isAsked {
                    let requests = fixture.keeper.takeRequests()
                    #expect(requests.count <= 1)
                    if let request = requests.first { venue.request(request.purpose) }
                    if fixture.needsSeed { fixture.keeper.requestSeed(fixture.id) }
                }
                guard fixture.last == venue.delivered.last else { continue }
                let trusted = fixture.keeper.withBook(fixture.id) { $0.trustedDepth(shape.depth) }
                let (bids, asks) = fixture.top(trusted)
                #expect(bids == venue.delivered.book.topBids(trusted), "seed \(seed), step \(step)")
                #expect(asks == venue.delivered.book.topAsks(trusted), "seed \(seed), step \(step)")
            }
            let counts = fixture.keeper.withBook(fixture.id) { $0.counts }
            #expect(reader.problems.isEmpty, "seed \(seed): \(reader.problems.prefix(3))")
            #expect(reader.applied > 20, "seed \(seed): the reader hardly followed")
            #expect(reader.compared > 5, "seed \(seed): the reader hardly compared")
            #expect(counts.mismatches == 0, "seed \(seed): a refresh contradicted a sound book")
            totals.add(counts, venue)
        }
        // Each path was walked: refreshes that served, answers behind the stream and ahead of it, requests that failed.
        #expect(totals.behind > 50 && totals.ahead > 50 && totals.failed > 20)
        if shape.snapshot > shape.depth { #expect(totals.refreshes > 100) }
    }

    @Test("Without a cap the book is the reference's")
    func unlimited() {
        for seed in UInt64(1)...20 {
            let fixture = BookFixture(BookSettings(depth: nil))
            var stream = SimulatedStream(seed: seed, levels: 40)
            _ = fixture.snapshot(
                stream.last, bids: stream.book.topBids(Int.max), asks: stream.book.topAsks(Int.max))
            for _ in 0..<300 {
                let update = stream.next()
                _ = fixture.delta(update.before, update.last, bids: update.bids, asks: update.asks)
            }
            let (bids, asks) = fixture.top(Int.max)
            #expect(bids == stream.book.topBids(Int.max), "seed \(seed)")
            #expect(asks == stream.book.topAsks(Int.max), "seed \(seed)")
        }
    }
}
