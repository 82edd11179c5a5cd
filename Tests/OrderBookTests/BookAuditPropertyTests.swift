import MarketModel
import OrderBook
import TestSupport
import Testing

@Suite("Audits of books that a venue feeds late, in bursts and with losses")
struct BookAuditPropertyTests {
    /// What the runs of all seeds met.
    struct Totals {
        var outcomes: [BookAuditResult.Outcome: Int] = [:]
        var corrupted = 0

        subscript(outcome: BookAuditResult.Outcome) -> Int { self.outcomes[outcome] ?? 0 }
    }

    /// An answer on its way.
    struct Answer {
        var last: UInt64
        var bids: [Level]
        var asks: [Level]
        /// Steps until it arrives.
        var left: Int
    }

    /// An audit by chance: when it begins, when the venue answers, when the answer arrives.
    struct Auditor {
        var chance: SeededGenerator
        private(set) var isUnderWay = false
        private var untilServed = 0
        private var answer: Answer?
        /// The chain of the book in which a level was changed last.
        private var corrupted: UInt32?
        private let limit: Int

        init(seed: UInt64, limit: Int) {
            self.chance = SeededGenerator(seed: seed &+ 23)
            self.limit = limit
        }

        private mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self.chance) == 0 }

        /// Begins an audit now and then, of a book with a wrong level sometimes; asks and delivers when it is time.
        mutating func step(
            _ fixture: BookFixture, _ totals: inout Totals, serve: (inout SeededGenerator) -> Answer
        ) {
            if !self.isUnderWay, self.oneIn(6) {
                if self.oneIn(5), fixture.state == .live {
                    let rank = Int.random(in: 0..<10, using: &self.chance)
                    if fixture.keeper.corrupt(fixture.id, bidAtRank: rank) {
                        self.corrupted = fixture.keeper.withBook(fixture.id) { $0.reseeds }
                        totals.corrupted += 1
                    }
                }
                if fixture.beginAudit(limit: self.limit) {
                    self.isUnderWay = true
                    self.untilServed = Int.random(in: 0...3, using: &self.chance)
                }
            }
            if self.isUnderWay, self.answer == nil {
                if self.untilServed == 0 { self.answer = serve(&self.chance) }
                self.untilServed -= 1
            }
            if var answer = self.answer {
                answer.left -= 1
                self.answer = answer
                guard answer.left <= 0 else { return }
                self.answer = nil
                _ = fixture.audit(answer.last, bids: answer.bids, asks: answer.asks)
                // One that ended before is over only when its answer has come.
                self.isUnderWay = false
            }
        }

        /// Takes what ended; nothing but a changed level may be a mismatch, and an equal book is the venue's.
        func check(
            _ fixture: BookFixture, _ totals: inout Totals, _ place: String, isTrue: () -> Bool?
        ) {
            for result in fixture.keeper.takeAudits() {
                totals.outcomes[result.outcome, default: 0] += 1
                switch result.outcome {
                case .mismatched:
                    let chain = fixture.keeper.withBook(fixture.id) { $0.reseeds }
                    #expect(self.corrupted == chain, "a false alarm: \(place)")
                    #expect(fixture.state == .broken)
                case .equal:
                    if let isTrue = isTrue() { #expect(isTrue, "a difference was missed: \(place)") }
                case .notAligned, .abandoned: break
                case .failed: Issue.record("failed: \(place)")
                }
            }
        }
    }

    @Test("Binance's way: no false alarm, and no difference within what is known is missed", arguments: [8, 30, 500])
    func limited(_ snapshot: Int) {
        var totals = Totals()
        for seed in UInt64(1)...30 {
            var settings = BookSettings(depth: 5, retain: 40, refreshBelow: 0, snapshotLimit: snapshot)
            settings.auditPatienceMicroseconds = 300_000
            let fixture = BookFixture(settings)
            var stream = SimulatedStream(seed: seed, levels: 60)
            var chance = SeededGenerator(seed: seed &+ 3)
            var auditor = Auditor(seed: seed, limit: snapshot)
            var line: [SimulatedStream.Update] = []
            var truth = stream.book
            var history = [(last: stream.last, book: stream.book)]
            for step in 0..<500 {
                line.append(stream.next())
                history.append((stream.last, stream.book))
                let present = history
                auditor.step(fixture, &totals) { chance in
                    let moment = present[max(0, present.count - 1 - Int.random(in: 0...3, using: &chance))]
                    return Answer(
                        last: moment.last, bids: moment.book.topBids(snapshot), asks: moment.book.topAsks(snapshot),
                        left: Int.random(in: 0...6, using: &chance))
                }
                auditor.check(fixture, &totals, "seed \(seed), step \(step)") { nil }
                let count = max(line.count - Int.random(in: 0...5, using: &chance), 0)
                for update in line.prefix(count) {
                    truth.apply(bids: update.bids, asks: update.asks)
                    if Int.random(in: 0..<150, using: &chance) == 0 { continue }
                    _ = fixture.delta(update.before, update.last, bids: update.bids, asks: update.asks)
                    let isThere = fixture.last == update.last
                    auditor.check(fixture, &totals, "seed \(seed), step \(step)") {
                        isThere ? Self.isTrue(fixture, truth) : nil
                    }
                }
                line.removeFirst(count)
                if fixture.needsSeed {
                    _ = fixture.snapshot(
                        stream.last, bids: stream.book.topBids(snapshot), asks: stream.book.topAsks(snapshot))
                }
                _ = fixture.keeper.takeRequests()
                _ = fixture.pass(microseconds: 0)
            }
        }
        #expect(totals[.equal] > 300 && totals[.mismatched] > 50, "\(totals)")
        #expect(totals[.notAligned] > 5 && totals[.abandoned] > 5, "\(totals)")
    }

    /// Whether the best levels that the book trusts are the venue's.
    private static func isTrue(_ fixture: BookFixture, _ truth: NaiveBook) -> Bool {
        let depth = fixture.keeper.withBook(fixture.id) { $0.trustedDepth(5) }
        let (bids, asks) = fixture.top(depth)
        return bids == truth.topBids(depth) && asks == truth.topAsks(depth)
    }

    @Test(
        "The linked way: no false alarm, whatever an answer between two ids says",
        arguments: [DepthSemantics.full, .window(20), .window(70)])
    func linked(_ semantics: DepthSemantics) {
        var totals = Totals()
        for seed in UInt64(1)...12 {
            var settings = BookSettings(depth: 5, retain: 500)
            settings.auditPatienceMicroseconds = 300_000
            let fixture = BookFixture(settings, semantics)
            var venue = LinkedVenue(seed: seed, semantics: semantics)
            let window = if case .window(let levels) = semantics { levels } else { 1_000 }
            var auditor = Auditor(seed: seed, limit: window)
            for step in 0..<600 {
                venue.advance()
                let present = venue
                auditor.step(fixture, &totals) { chance in
                    let back = Int.random(in: 0...3, using: &chance)
                    let place = max(0, present.history.count - 1 - back)
                    var (last, bids, asks) = present.snapshot(place)
                    // Of a moment before the next id: a level has changed, and will change back.
                    let isBetween = Int.random(in: 0..<3, using: &chance) == 0
                    let next = place + 1 < present.history.count ? present.history[place + 1].last : UInt64.max
                    if isBetween, next > last + 1, next < .max, !bids.isEmpty {
                        last += 1
                        bids[0].size += 1_000
                        asks = Array(asks.dropLast())
                    }
                    return Answer(last: last, bids: bids, asks: asks, left: Int.random(in: 0...6, using: &chance))
                }
                auditor.check(fixture, &totals, "seed \(seed), step \(step)") { nil }
                for item in venue.takeItems() {
                    switch item {
                    case .snapshot(let position):
                        let snapshot = venue.snapshot(position)
                        _ = fixture.reset(snapshot.last, bids: snapshot.bids, asks: snapshot.asks)
                        auditor.check(fixture, &totals, "seed \(seed), step \(step)") { nil }
                    case .frame(let frame):
                        _ = fixture.delta(frame.before, frame.last, bids: frame.bids, asks: frame.asks)
                        let isThere = fixture.last == frame.last
                        let moment = venue.history[frame.to]
                        auditor.check(fixture, &totals, "seed \(seed), step \(step)") {
                            guard isThere else { return nil }
                            let depth = fixture.keeper.withBook(fixture.id) { $0.trustedDepth(5) }
                            let (bids, asks) = fixture.top(depth)
                            return bids == Array(moment.bids.prefix(depth)) && asks == Array(moment.asks.prefix(depth))
                        }
                    }
                }
                _ = fixture.keeper.takeRequests()
                if !venue.isAsked, fixture.needsSeed { venue.subscribeAgain() }
                _ = fixture.pass(microseconds: 0)
            }
        }
        #expect(totals[.equal] > 200 && totals[.mismatched] > 30, "\(totals)")
        #expect(totals[.notAligned] > 100 && totals[.abandoned] > 20, "\(totals)")
    }
}
