import TestSupport
import MarketModel
import OrderBook

/// A venue behind a slow line: frames arrive late and in bursts, some are lost, some come twice; the answer to a
/// request is taken at the venue's present and arrives later, or not at all.
struct DelayedVenue {
    struct Snapshot {
        var last: UInt64
        var bids: [Level]
        var asks: [Level]
    }

    struct Answer {
        var purpose: SnapshotRequest.Purpose
        /// Nil when the request failed.
        var snapshot: Snapshot?
    }

    /// The true book as of the last frame that left the line, lost ones included.
    struct Delivered {
        var book: NaiveBook
        var last: UInt64
    }

    private(set) var delivered: Delivered
    private(set) var answersBehind = 0
    private(set) var answersAhead = 0
    private(set) var answersFailed = 0
    private var stream: SimulatedStream
    private var line: [SimulatedStream.Update] = []
    private var chance: SeededGenerator
    private let snapshotLevels: Int
    private var asked: (purpose: SnapshotRequest.Purpose, untilTaken: Int, untilArrival: Int, taken: Snapshot?)?

    init(seed: UInt64, snapshotLevels: Int) {
        self.stream = SimulatedStream(seed: seed, levels: 60)
        self.chance = SeededGenerator(seed: seed &+ 7)
        self.snapshotLevels = snapshotLevels
        self.delivered = Delivered(book: self.stream.book, last: self.stream.last)
    }

    var isAsked: Bool { self.asked != nil }

    mutating func request(_ purpose: SnapshotRequest.Purpose) {
        self.asked = (
            purpose, Int.random(in: 0...4, using: &self.chance), Int.random(in: 0...6, using: &self.chance), nil
        )
    }

    /// Lets the venue's book move on, and takes the snapshot that was asked for when its moment has come.
    mutating func advance() {
        self.line.append(self.stream.next())
        guard var asked = self.asked else { return }
        if asked.taken == nil {
            if asked.untilTaken == 0 {
                asked.taken = Snapshot(
                    last: self.stream.last, bids: self.stream.book.topBids(self.snapshotLevels),
                    asks: self.stream.book.topAsks(self.snapshotLevels))
            }
            asked.untilTaken -= 1
        } else {
            asked.untilArrival -= 1
        }
        self.asked = asked
    }

    /// The answer, once it has arrived; one in eight is a failure.
    mutating func takeAnswer() -> Answer? {
        guard let asked = self.asked, let taken = asked.taken, asked.untilArrival <= 0 else { return nil }
        self.asked = nil
        if Int.random(in: 0..<8, using: &self.chance) == 0 {
            self.answersFailed += 1
            return Answer(purpose: asked.purpose, snapshot: nil)
        }
        if taken.last < self.delivered.last { self.answersBehind += 1 }
        if taken.last > self.delivered.last { self.answersAhead += 1 }
        return Answer(purpose: asked.purpose, snapshot: taken)
    }

    /// The frames that arrive now: none to all of those under way; one in 150 is lost.
    mutating func takeFrames() -> [SimulatedStream.Update] {
        let count = max(self.line.count - Int.random(in: 0...5, using: &self.chance), 0)
        let arrived = self.line.prefix(count)
        self.line.removeFirst(count)
        var frames: [SimulatedStream.Update] = []
        for frame in arrived {
            self.delivered.book.apply(bids: frame.bids, asks: frame.asks)
            self.delivered.last = frame.last
            if Int.random(in: 0..<150, using: &self.chance) != 0 { frames.append(frame) }
        }
        return frames
    }

    mutating func comesTwice() -> Bool { Int.random(in: 0..<20, using: &self.chance) == 0 }
}
