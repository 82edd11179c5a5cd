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

    static let shapes = [
        Shape(depth: 5, retain: 5, snapshot: 5), Shape(depth: 5, retain: 20, snapshot: 40),
        Shape(depth: 10, retain: 30, snapshot: 30), Shape(depth: 20, retain: 60, snapshot: 500),
    ]

    @Test("Every frame: the view agrees, or says how much less it knows; a reader of deltas follows", arguments: shapes)
    func agrees(_ shape: Shape) {
        for seed in UInt64(1)...60 {
            var settings = BookSettings(
                depth: shape.depth, retain: shape.retain, refreshBelow: shape.depth + 2, snapshotLimit: shape.snapshot)
            settings.refreshSpacingMicroseconds = 50_000
            settings.snapshotIntervalMicroseconds = 40_000
            let fixture = BookFixture(settings)
            var stream = SimulatedStream(seed: seed, levels: 60)
            var chance = SeededGenerator(seed: seed &+ 7)
            var reader = NaiveReader(depth: shape.depth)
            var short = 0
            var pending: (delay: Int, isRefresh: Bool)? = (2, false)

            for step in 0..<400 {
                if let wanted = pending, wanted.delay == 0 {
                    pending = nil
                    let bids = stream.book.topBids(shape.snapshot)
                    let asks = stream.book.topAsks(shape.snapshot)
                    let events = fixture.snapshot(stream.last, bids: bids, asks: asks)
                    reader.take(events, fixture.levels)
                } else if let wanted = pending {
                    pending = (wanted.delay - 1, wanted.isRefresh)
                }
                let update = stream.next()
                // A frame in fifty is lost: the next one shows the gap.
                guard Int.random(in: 0..<50, using: &chance) != 0 || step < 20 else { continue }
                var events = fixture.delta(update.before, update.last, bids: update.bids, asks: update.asks)
                reader.take(events, fixture.levels)
                if Int.random(in: 0..<20, using: &chance) == 0 {
                    events = fixture.delta(update.before, update.last, bids: update.bids, asks: update.asks)
                    #expect(events.isEmpty, "seed \(seed): a frame that came twice changes nothing")
                }
                for request in fixture.keeper.takeRequests() where pending == nil {
                    let delay = Int.random(in: 0...6, using: &chance)
                    pending = (delay, request.purpose == .refresh)
                }
                let isValid = fixture.keeper.withBook(fixture.id) { $0.synchronizer.last == stream.last }
                guard isValid else { continue }
                let trusted = fixture.keeper.withBook(fixture.id) { $0.trustedDepth(shape.depth) }
                let (bids, asks) = fixture.top(trusted)
                #expect(bids == stream.book.topBids(trusted), "seed \(seed), step \(step)")
                #expect(asks == stream.book.topAsks(trusted), "seed \(seed), step \(step)")
                if trusted < shape.depth { short += 1 }
            }
            #expect(reader.problems.isEmpty, "seed \(seed): \(reader.problems.prefix(3))")
            #expect(reader.applied > 20, "seed \(seed): the reader hardly followed")
            let mismatches = fixture.keeper.withBook(fixture.id) { $0.counts.mismatches }
            #expect(mismatches == 0, "seed \(seed): a refresh contradicted a sound book")
        }
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
